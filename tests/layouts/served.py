"""A page over a fake place, answered by a real server on a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from layouts.needs import PageSettings
from layouts.needs_people import Estimating
from layouts.needs_tags import Following
from layouts.page import build_page
from links.feed import FEED_PATH, Feed
from tests.layouts.fake_people import FakePeople
from tests.layouts.fake_place import NOW_AT, SETTINGS, FakePlace


@contextmanager
def served(
    place: FakePlace,
    settings: PageSettings = SETTINGS,
    port: int = 0,
    *,
    feed: Feed | None = None,
    following: Following | None = None,
    estimating: Estimating | None = None,
) -> Iterator[str]:
    """Serve a page until the block ends.

    Args:
        place: What the page shows.
        settings: What it goes by.
        port: Where; 0 takes a free one.
        feed: Tells of scans; None for a server without a live feed.
        following: What the views of tags and alerts are joined to; None for a page without.
        estimating: What the views of people are joined to; None for a made-up place.

    Yields:
        Its address, without a slash at the end.
    """
    api = FastAPI(openapi_url=None)
    if feed is not None:
        api.include_router(feed.router)
    build_page(
        api,
        reader=place,
        commands=place,
        activity=place.activity,
        clock=lambda: NOW_AT,
        settings=settings,
        save_report=place.save_report,
        may_change=lambda: place.may_change,
        managing=place.managing(),
        estimating=estimating or FakePeople().estimating(),
        following=following,
        feed_path=None if feed is None else FEED_PATH,
    )
    listening = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(api, log_level="warning", timeout_graceful_shutdown=1, ws="websockets-sansio")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        _wait_until_started(server)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _wait_until_started(server: uvicorn.Server) -> None:
    patience_ends = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > patience_ends:
            raise TimeoutError("the page's server did not start")
        time.sleep(0.02)
