"""The web server: what other programs ask, and the ground the page stands on."""

from __future__ import annotations

import errno
import json
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from db.errors import DatabaseError
from links.api_page import DOCUMENT_PATH, api_page_router
from links.impatience import PATIENCE, Crowd, ImpatientHttp, ImpatientWebSocket, Patience
from links.refusals import answer_of, database_away
from presence.alerts import AlertError, NoSuchAlertError
from presence.estimate import EstimateError, NoSuchFixtureError, NoSuchHeadCountError
from presence.plans import NoSuchPlanError, PlanError
from presence.sealing import SealError
from presence.tags import IdentityTakenError, NoSuchTagError, TagError

# Where a packet would go to reach the world. Nothing is sent: connecting a datagram socket only picks the interface.
# 192.0.2.1 belongs to nobody (RFC 5737).
_NOWHERE = ("192.0.2.1", 9)


class ServerError(Exception):
    """The page cannot be served; the message says what to do."""


def server_with(*routers: APIRouter) -> FastAPI:
    """The server with its routes for programs; the page is added to it by its own room.

    Args:
        routers: The routes, each with what it opens and closes while the server runs.
    """
    server = FastAPI(
        title="Wi-Fi and Bluetooth Tracking",
        summary="How people use a place, told from the Wi-Fi and Bluetooth around it.",
        version="1",
        openapi_url=DOCUMENT_PATH,
        docs_url=None,
        redoc_url=None,
        # Nothing here is traced. To look at each request whether it should be takes a tenth of the time of a short one.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for router in (*routers, api_page_router()):
        server.include_router(router)
    server.add_exception_handler(DatabaseError, _refuse_without_database)
    server.add_exception_handler(RequestValidationError, _refuse_input)
    for status, kinds in _REFUSED.items():
        for kind in kinds:
            server.add_exception_handler(kind, partial(_refuse, status))

    @server.api_route("/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def no_such_route(rest: str) -> None:
        """Say that a route does not exist, where the page would otherwise answer in its place."""
        raise HTTPException(404, detail=f"There is no route /api/{rest[:100]}.")

    return server


def _refuse_without_database(_request: Request, _error: Exception) -> JSONResponse:
    """Answer for every route that cannot read: why is in the log, and nobody else's business."""
    return answer_of(database_away())


# What cannot be done as asked; the most special of those that fit an error counts. Each says why, and what to do.
_WRONG_INPUT = 422
_REFUSED: dict[int, tuple[type[Exception], ...]] = {
    404: (NoSuchTagError, NoSuchPlanError, NoSuchAlertError, NoSuchHeadCountError, NoSuchFixtureError),
    409: (IdentityTakenError,),
    _WRONG_INPUT: (TagError, PlanError, AlertError, EstimateError),
    503: (SealError,),
}


def _refuse(status: int, request: Request, error: Exception) -> Response:
    if status == _WRONG_INPUT:
        mistake = {"type": "value_error", "loc": ("body",), "msg": str(error)}
        return _refuse_input(request, RequestValidationError([mistake]))
    return answer_of(HTTPException(status, str(error)))


def _refuse_input(_request: Request, error: Exception) -> Response:
    """Say what is wrong with a request, but not what it held: that may be a password, or not even be text."""
    mistakes = error.errors() if isinstance(error, RequestValidationError) else ()
    said = [{"loc": one["loc"], "msg": one["msg"], "type": one["type"]} for one in mistakes]
    return Response(json.dumps({"detail": said}), status_code=422, media_type="application/json")


def open_port(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started, so that a second start says so at once.

    Raises:
        ServerError: Another programme has it, or this user may not use it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only where the protocol is named; without, each answer on a connection that is
    # kept alive waits 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ServerError(_advice(host, port, error)) from error
    return listening


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use, perhaps by this programme. Stop it, or choose another: --port {port + 1}, or "
            "links.port in the settings."
        )
    if error.errno == errno.EACCES:
        return f"This user may not use port {port}. Choose one above 1023: --port 8050, or links.port in the settings."
    return f"The page cannot be served on {host} port {port}: {error.strerror}. Look at [links] in config.toml."


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the page is served with over https.

    Attributes:
        certificate_file: The certificate and those above it, as PEM.
        key_file: Its private key.
    """

    certificate_file: Path
    key_file: Path


def web_server(
    server: FastAPI, certificate: Certificate | None = None, patience: Patience = PATIENCE, most: int | None = None
) -> uvicorn.Server:
    """What serves the routes, ready to run; over https where there is a certificate.

    It runs until `end`, or until SIGINT or SIGTERM, which is handed on to the handler that was there before.

    Args:
        server: The routes.
        certificate: What it is served with; None for plain http.
        patience: What a connection may take.
        most: How many connections may be open; None for as many as `links.impatience.Crowd` says.

    Raises:
        ServerError: The certificate cannot be used.
    """
    crowd = Crowd(patience.per_address, most)
    settings = uvicorn.Config(
        server,
        # Its log goes where ours does, in the same lines. Whoever likes can send what is no HTTP, and would fill the
        # card with warnings of it.
        log_config=None,
        log_level="error",
        # Who looks at the page is nobody's business, and a line a request wears out the card.
        access_log=False,
        timeout_graceful_shutdown=3,
        # uvicorn calls these, and does not mind what they are.
        http=partial(ImpatientHttp, crowd=crowd, patience=patience),  # type: ignore[arg-type]
        ws=partial(ImpatientWebSocket, crowd=crowd),  # type: ignore[arg-type]
        # Those who listen to the live feed have nothing to say but a ping.
        ws_max_size=4096,
        # Events of half a kilobyte on a LAN: to compress each for each client costs a Pi more than to send them.
        ws_per_message_deflate=False,
        ssl_certfile=None if certificate is None else certificate.certificate_file,
        ssl_keyfile=None if certificate is None else certificate.key_file,
    )
    try:
        settings.load()
    except OSError as error:  # which an error of TLS is too
        files = "" if certificate is None else f"{certificate.certificate_file} and {certificate.key_file}"
        raise ServerError(
            f"The page cannot be served over https with {files}: {error.strerror or error}. "
            "Look at links.tls_certificate_file and links.tls_key_file in config.toml."
        ) from error
    return uvicorn.Server(settings)


def end(server: uvicorn.Server) -> None:
    """Let a server end, as a signal would. May be called from any thread."""
    server.should_exit = True


def lan_address() -> str:
    """The address by which others on the LAN reach this machine; 127.0.0.1 when it is on none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address
