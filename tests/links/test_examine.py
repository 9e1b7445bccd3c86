from __future__ import annotations

import socket

from links.examine import examine_server


def test_a_free_port_is_fine() -> None:
    """A port that nobody has is fine, and the address of the page is told."""
    (finding,) = examine_server("127.0.0.1", 0)
    assert finding.is_fine
    assert "http://" in finding.says


def test_a_port_of_another_programme_is_not() -> None:
    """A port that something else has is not fine, and another is offered."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        (finding,) = examine_server("127.0.0.1", port)
    assert "--port" in finding.remedy
