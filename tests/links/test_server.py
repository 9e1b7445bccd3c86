from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
import schemathesis
from fastapi import APIRouter, Query
from jsonschema_rs import ValidationError

from db.errors import DatabaseError
from links.api_page import DOCUMENT_PATH, PAGE_PATH
from links.health import Watched, health_router
from links.metrics_route import metrics_router
from links.server import Certificate, ServerError, lan_address, open_port, server_with, web_server
from tests.links.broker import make_certificates
from tests.links.place import AT, OVERVIEW
from tests.links.served import served_app
from tests.links.test_metrics import PLACE


@pytest.fixture
def address() -> Iterator[str]:
    """A server with one route that works, and one whose database is away."""
    router = APIRouter(prefix="/api/v1", tags=["Scans"])

    @router.get("/scans")
    def scans(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[int]:
        """The numbers of scans."""
        return [limit]

    @router.get("/away")
    def away() -> None:
        raise DatabaseError("connection to 10.0.0.5 failed")

    health = health_router(Watched(lambda: OVERVIEW, is_listening=True), lambda: 0, lambda: AT)
    with served_app(server_with(health, metrics_router(PLACE), router)) as place:
        yield f"http://{place}"


def test_the_document_of_the_api_is_valid(address: str) -> None:
    """It is what OpenAPI says a document is, and holds the routes for programs, without those of the page."""
    document = httpx.get(f"{address}{DOCUMENT_PATH}", timeout=60).json()
    schemathesis.openapi.from_dict(document).validate()
    assert set(document["paths"]) == {"/health", "/metrics", "/api/v1/scans", "/api/v1/away"}


def test_a_document_that_is_none_is_refused() -> None:
    """What the test above goes by does find mistakes."""
    with pytest.raises(ValidationError):
        schemathesis.openapi.from_dict({"openapi": "3.1.0", "info": {"title": "x"}, "paths": {}}).validate()


def test_the_page_about_the_api_is_served(address: str) -> None:
    """Every route of the document is on it."""
    text = httpx.get(f"{address}{PAGE_PATH}", timeout=60).text
    assert all(path in text for path in ("/health", "/metrics", "/api/v1/scans"))


def test_wrong_input_is_said_with_its_reason(address: str) -> None:
    """A parameter beyond its limits is 422, and the limit is named."""
    answer = httpx.get(f"{address}/api/v1/scans?limit=1001", timeout=60)
    assert answer.status_code == 422
    assert "1000" in answer.text


def test_a_database_that_is_away_is_503_for_every_route(address: str) -> None:
    """No route has to think of it, and nothing of the database's own words is told."""
    answer = httpx.get(f"{address}/api/v1/away", timeout=60)
    assert answer.status_code == 503
    assert answer.json() == {"detail": "The database does not answer. Try again in a minute."}


def test_the_page_is_served_over_https(tmp_path: Path) -> None:
    """With a certificate, what comes is encrypted, and verified by whoever trusts its authority."""
    made = make_certificates(tmp_path)
    certificate = Certificate(made.certificate, made.key)
    with served_app(server_with(), certificate) as place:
        trusted = ssl.create_default_context(cafile=made.authority)
        port = place.partition(":")[2]
        answer = httpx.get(f"https://localhost:{port}{DOCUMENT_PATH}", verify=trusted, timeout=60)
    assert answer.status_code == 200


def test_a_certificate_that_cannot_be_used_is_said_clearly(tmp_path: Path) -> None:
    """A file that is missing, or no certificate, is named with the settings."""
    nothing = tmp_path / "nothing.pem"
    with pytest.raises(ServerError, match=r"nothing\.pem.*links\.tls_certificate_file"):
        web_server(server_with(), Certificate(nothing, nothing))
    nothing.write_text("no certificate")
    with pytest.raises(ServerError, match=r"links\.tls_key_file"):
        web_server(server_with(), Certificate(nothing, nothing))


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_route_for_programs_is_404(address: str, method: str) -> None:
    """A programme that asks for what is not there is told so, and not given a page."""
    answer = httpx.request(method, f"{address}/api/v1/nothing", timeout=60)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no route /api/v1/nothing."


def test_a_port_in_use_is_said_with_another_to_choose() -> None:
    """A second start on the same port says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"--port {port + 1}"):
            open_port("127.0.0.1", port)


def test_a_host_that_is_not_this_machine_is_said_clearly() -> None:
    """An address of somebody else cannot be served on, and the settings are named."""
    with pytest.raises(ServerError, match=r"config\.toml"):
        open_port("192.0.2.1", 8050)


def test_the_address_on_the_lan_is_an_address() -> None:
    """What is printed for others to open is an IPv4 address."""
    assert socket.inet_aton(lan_address())
