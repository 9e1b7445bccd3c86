"""A guarded server with a few routes that say who asks, for tests of who may."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI
from starlette.websockets import WebSocket

from db.access import Access
from db.connect import Connections
from links.door import Door
from links.guard import Guard, current_identity
from links.keys import keys_router
from links.login import login_router
from links.server import server_with
from tests.links.served import served_app
from tests.sqlite import new_database

NOW_AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse"  # noqa: S105 - of a test


class Stopwatch:
    """A clock that goes on when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Guarded:
    """A server that is running.

    Attributes:
        place: Its host and port.
        access: Its keys and password.
        connections: Its database.
        watch: The clock its limits go by.
    """

    place: str
    access: Access
    connections: Connections
    watch: Stopwatch

    @property
    def address(self) -> str:
        return f"http://{self.place}"

    def client(self, **headers: str) -> httpx.Client:
        """A client that sends these headers (underscores for dashes) with each request, and follows no redirect."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(base_url=self.address, headers=sent, timeout=60)

    def ask(self, method: str, path: str, **headers: str) -> httpx.Response:
        """The answer to one request."""
        with self.client(**headers) as client:
            return client.request(method, path)


def routes() -> APIRouter:
    router = APIRouter()

    def who() -> dict[str, str | None]:
        identity = current_identity()
        return {"name": None if identity is None else identity.name}

    for path in ("/", "/devices", "/health", "/metrics", "/api/v1/statistics/realtime", "/api/v1/detections/recent"):
        router.get(path)(who)
    for path in ("/api/v1/detections/bulk", "/api/v1/settings/thresholds/reset", "/_dash-update-component"):
        router.post(path)(who)

    @router.websocket("/ws")
    async def feed(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(who())
        await websocket.close()

    return router


@contextlib.contextmanager
def guarded(
    folder: Path,
    *,
    login_required: bool = False,
    own_names: frozenset[str] = frozenset(),
    add_page: Callable[[FastAPI], None] | None = None,
    more: Sequence[APIRouter] = (),
) -> Iterator[Guarded]:
    """Serve routes behind a guard until the block ends, with a database of its own."""
    watch = Stopwatch()
    with contextlib.closing(Connections(new_database(folder / "tracking.db"))) as connections:
        access = Access(connections, time.monotonic)
        access.set_password(PASSWORD, NOW_AT)
        login = login_router(access, Door(access, lambda: NOW_AT, watch), lambda: NOW_AT, "Museum")
        app = server_with(login, keys_router(access, lambda: NOW_AT), *([] if add_page else [routes()]), *more)
        if add_page:
            add_page(app)
        app.add_middleware(
            Guard,
            access=access,
            login_required=login_required,
            clock=lambda: NOW_AT,
            monotonic=watch,
            own_names=own_names,
        )
        with served_app(app) as place:
            yield Guarded(place, access, connections, watch)
