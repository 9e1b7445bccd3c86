"""Routes, answered by the real web server on a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, FastAPI

from links.impatience import PATIENCE, Patience
from links.server import Certificate, open_port, web_server
from tests.links.waiting import wait_until


@contextmanager
def served(*routers: APIRouter) -> Iterator[str]:
    """Serve routes until the block ends; gives host and port."""
    app = FastAPI()
    for router in routers:
        app.include_router(router)
    with served_app(app) as place:
        yield place


@contextmanager
def served_app(
    app: FastAPI, certificate: Certificate | None = None, patience: Patience = PATIENCE, most: int | None = None
) -> Iterator[str]:
    """Serve an application until the block ends; gives host and port."""
    listening = open_port("127.0.0.1", 0)
    server = web_server(app, certificate, patience, most)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_until(lambda: server.started, "the server")
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
