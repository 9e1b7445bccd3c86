"""Examines what the page needs of this machine."""

from __future__ import annotations

import contextlib
import json
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import get_args

from links.health import Status
from links.server import ServerError, lan_address, open_port
from presence.findings import Finding

# The programme answers within milliseconds, on a busy Pi within a second.
_ANSWER_SECONDS = 5.0


def examine_server(host: str, port: int, *, is_https: bool) -> tuple[Finding, ...]:
    """Whether the page can be served, or is being served already."""
    address = f"{'https' if is_https else 'http'}://{lan_address()}:{port}"
    try:
        with contextlib.closing(open_port(host, port)):
            return (Finding("Page", f"port {port} is free; the page will be at {address}"),)
    except ServerError as error:
        if _status(port, is_https=is_https) is not None:
            return (Finding("Page", f"is being served at {address}"),)
        return (Finding("Page", f"cannot be served on port {port}", str(error)),)


def is_answering(port: int, *, is_https: bool) -> bool:
    """Whether the programme answers on this machine, and every part that it cannot do without works.

    A box that hears no radio does: that is told on its page.
    """
    return _status(port, is_https=is_https) not in {None, "failing"}


def _status(port: int, *, is_https: bool) -> Status | None:
    """What the programme says of its health; None when none answers, or another."""
    connection = _secure_connection(port) if is_https else HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/health")
            said = json.load(connection.getresponse())
        except (OSError, HTTPException, ValueError):
            return None
    status = said.get("status") if isinstance(said, dict) else None
    return next((known for known in get_args(Status) if known == status), None)


def _secure_connection(port: int) -> HTTPSConnection:
    # The certificate bears the name on the LAN, which is not what is asked here; and nothing is told to who answers.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS, context=context)
