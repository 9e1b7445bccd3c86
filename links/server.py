"""The web server: what other programs ask, and the ground the page stands on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from datetime import datetime

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from presence.overview import Overview, RadioState

# Where a packet would go to reach the world. Nothing is sent: connecting a datagram socket only picks the interface.
# 192.0.2.1 belongs to nobody (RFC 5737).
_NOWHERE = ("192.0.2.1", 9)

# Time for a closing handshake, and for what was sent last to arrive; uvicorn's own patience with a handshake.
_CUT_OFF_SECONDS = 10.0


class ServerError(Exception):
    """The page cannot be served; the message says what to do."""


def create_server(overview: Callable[[], Overview]) -> FastAPI:
    """The server with its routes for programs; the page is added to it by its own room.

    Args:
        overview: Gives the place as it is now.
    """
    server = FastAPI(title="Wi-Fi and Bluetooth Tracking", docs_url=None, redoc_url=None)

    @server.get("/health")
    def health() -> JSONResponse:
        """Whether the box hears: 200 when a radio was heard in the latest scan, 503 when none was."""
        now = overview()
        is_heard = now.people_now is not None
        return JSONResponse(
            {
                "status": "ok" if is_heard else "not heard",
                "last_scan_at": _iso(now.last_scan_at),
                "radios": {state.radio.value: _radio(state) for state in now.radios},
            },
            status_code=200 if is_heard else 503,
        )

    @server.api_route("/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def no_such_route(rest: str) -> None:
        """Say that a route does not exist, where the page would otherwise answer in its place."""
        raise HTTPException(404, detail=f"There is no route /api/{rest[:100]}.")

    return server


def _radio(state: RadioState) -> dict[str, object]:
    return {
        "device_count": state.device_count,
        "fault": None if state.fault is None else state.fault.reason.value,
        "last_heard_at": _iso(state.last_heard_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def open_port(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started, so that a second start says so at once.

    Raises:
        ServerError: Another programme has it, or this user may not use it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ServerError(_advice(host, port, error)) from error
    return listening


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use, perhaps by this programme. Stop it, or choose another: --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"This user may not use port {port}. Choose one above 1023, for example --port 8050"
    return f"The page cannot be served on {host} port {port}: {error.strerror}. Look at [links] in config.toml."


def serve(server: FastAPI, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, which is handed on to the handler that was there before."""
    web_server(server).run(sockets=[listening])


def web_server(server: FastAPI) -> uvicorn.Server:
    """What serves the routes, ready to run."""
    settings = uvicorn.Config(
        server,
        log_level="warning",
        # Who looks at the page is nobody's business, and a line a request wears out the card.
        access_log=False,
        timeout_graceful_shutdown=3,
        ws=_ImpatientWebSocket,
        # Those who listen to the live feed have nothing to say but a ping.
        ws_max_size=4096,
        # Events of half a kilobyte on a LAN: to compress each for each client costs a Pi more than to send them.
        ws_per_message_deflate=False,
    )
    return uvicorn.Server(settings)


class _ImpatientWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is cut off some time after its route has ended.

    As it comes, a connection whose other side has stopped reading stays open, with all that it was sent in memory, for
    as long as that side pleases.
    """

    async def run_asgi(self) -> None:
        """Run the route, and see to it that the connection ends with it."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(_CUT_OFF_SECONDS, self.transport.abort)


def lan_address() -> str:
    """The address by which others on the LAN reach this machine; 127.0.0.1 when it is on none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address
