from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter

from links.examine import examine_server, is_answering
from links.server import Certificate, server_with
from tests.links.broker import make_certificates
from tests.links.served import served_app


@contextlib.contextmanager
def telling(status: object, certificate: Certificate | None = None) -> Iterator[int]:
    """Serve a health that says so; gives the port."""
    router = APIRouter()

    @router.get("/health")
    def health() -> dict[str, object]:
        return {"status": status}

    with served_app(server_with(router), certificate) as place:
        yield int(place.partition(":")[2])


def test_a_free_port_is_fine() -> None:
    """A port that nobody has is fine, and the address of the page is told."""
    (finding,) = examine_server("127.0.0.1", 0, is_https=False)
    assert finding.is_fine
    assert "http://" in finding.says


def test_a_port_of_another_programme_is_not() -> None:
    """A port that something else has is not fine, and another is offered."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        (finding,) = examine_server("127.0.0.1", port, is_https=False)
    assert "--port" in finding.remedy


@pytest.mark.parametrize(
    ("status", "answers"), [("ok", True), ("impaired", True), ("not heard", True), ("failing", False)]
)
def test_a_port_of_this_programme_is_fine(status: str, answers: bool) -> None:
    """Whatever it says of its health, it is being served; it does its work unless a part that it needs fails."""
    with telling(status) as port:
        (finding,) = examine_server("127.0.0.1", port, is_https=False)
        assert is_answering(port, is_https=False) == answers
    assert finding.says.startswith("is being served at http://")


@pytest.mark.parametrize("status", ["UP", None, ["ok"]])
def test_who_tells_another_health_is_another(status: object) -> None:
    """Other programmes tell their health at the same path, in other words."""
    with telling(status) as port:
        (finding,) = examine_server("127.0.0.1", port, is_https=False)
        assert not is_answering(port, is_https=False)
    assert "--port" in finding.remedy


def test_a_page_over_https_is_found(tmp_path: Path) -> None:
    """A page that is served over https is asked and told so."""
    made = make_certificates(tmp_path)
    with telling("ok", Certificate(made.certificate, made.key)) as port:
        (finding,) = examine_server("127.0.0.1", port, is_https=True)
        assert is_answering(port, is_https=True)
    assert finding.says.startswith("is being served at https://")
