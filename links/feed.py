"""The live feed: whoever listens on `/ws` hears of every new scan and change of state within a second of its commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect

from db.errors import DatabaseError
from links.feed_events import Standing, heartbeat_event, hello_event, reset_event, scan_event
from links.feed_source import FeedSource, News, ScanReader, Told
from links.guard import current_identity
from links.health import PartHealths
from links.owned_source import OwnedSource
from presence.access import Role
from presence.estimate import PeopleNow
from presence.sensors import SensorRow

_log = logging.getLogger(__name__)

FEED_PATH = "/ws"
"""Where the feed is listened to."""

# With a nudge after each commit this is for what other processes wrote: half of the second there is.
_LOOK_SECONDS = 0.5
# While nobody listens, only as often as is needed not to fall far behind.
_IDLE_LOOK_SECONDS = 10.0
# Commits may come by the hundred a second; ten looks a second tell them all in time.
_REST_SECONDS = 0.1
_HEARTBEAT_SECONDS = 20.0
# What a client may have missed and still be told: on a box, 16 hours.
_MOST_MISSED = 1000
# Each client costs some 50 KB, so these are 10 MB.
_MOST_CLIENTS = 200
# Events that may wait for one client: at 5,000 sensors a minute, a quarter of one.
_MOST_WAITING = 2000
_PATIENCE_SECONDS = 5.0

# The number of a scan, of 64 bits with a sign, has at most 19 digits; one digit less needs no check for what is beyond.
_CURSOR = re.compile(r"\d{1,18}", re.ASCII)

# RFC 6455, section 7.4, and the registry it set up: "try again later".
_TRY_AGAIN_LATER = 1013


class Feed:
    """The route `/ws`, and the task that follows the database for all who listen.

    What is told comes from the database, not from who wrote it, so that with several processes on one database every
    client of each hears all.

    Args:
        reader: Reads scans.
        clock: Tells the time, aware.
        sensors: Reads the sensors of the site; None where there are none to know of.
        parts: Tell how the parts of the programme are; each must be quick and must not raise.
        owned: Looks for what changed of tags and alerts, which viewers are told; None where there are none.
        people: Reads the people now; None where nobody estimates them.
        most_clients: How many may listen at once.
        most_waiting: Events that may wait for a client before it is dropped.
        heartbeat_seconds: Time between heartbeats.

    Attributes:
        router: Brings the route and the task into a server.
    """

    def __init__(
        self,
        reader: ScanReader,
        clock: Callable[[], datetime],
        *,
        sensors: Callable[[], Sequence[SensorRow]] | None = None,
        parts: PartHealths = (),
        owned: OwnedSource | None = None,
        people: Callable[[], PeopleNow] | None = None,
        most_clients: int = _MOST_CLIENTS,
        most_waiting: int = _MOST_WAITING,
        heartbeat_seconds: float = _HEARTBEAT_SECONDS,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._source = FeedSource(reader, sensors, parts, time.monotonic, owned, people=people)
        self._most_clients = most_clients
        self._most_waiting = most_waiting
        self._heartbeat_seconds = heartbeat_seconds
        self._clients: set[_Client] = set()
        self._last_id = 0
        self._standing = Standing()
        self._begun = asyncio.Event()
        self._nudged = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.router = APIRouter(lifespan=self._run)
        self.router.add_api_websocket_route(FEED_PATH, self._attend)

    @property
    def connection_count(self) -> int:
        """How many listen now."""
        return len(self._clients)

    @property
    def last_id(self) -> int:
        """The number of the newest scan that was told; 0 before the first."""
        return self._last_id

    def nudge(self) -> None:
        """Look at once, something was committed. May be called from any thread, and while no server runs."""
        loop = self._loop
        if loop is not None and self._clients:
            with contextlib.suppress(RuntimeError):  # the server stopped just now, and its loop is closed
                loop.call_soon_threadsafe(self._nudged.set)

    @contextlib.asynccontextmanager
    async def _run(self, _server: FastAPI) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        following = asyncio.create_task(self._follow())
        following.add_done_callback(_log_failure)
        try:
            yield
        finally:
            self._loop = None
            following.cancel()
            await asyncio.wait([following])

    async def _follow(self) -> None:
        """Look for news and tell them, for ever. The heartbeat beats here, so that it stops should this ever stop."""
        beaten_at = time.monotonic()
        while True:
            self._nudged.clear()
            news = await asyncio.to_thread(self._source.look)
            if news is not None:
                self._tell(news)
            if time.monotonic() - beaten_at >= self._heartbeat_seconds:
                beaten_at = time.monotonic()
                self._send_to_all((None, heartbeat_event(self._last_id, self._clock())))
            if news is None or not news.is_more:
                await asyncio.sleep(_REST_SECONDS)
                patience = _LOOK_SECONDS if self._clients or news is None else _IDLE_LOOK_SECONDS
                with contextlib.suppress(TimeoutError):  # nobody nudged
                    await asyncio.wait_for(self._nudged.wait(), patience - _REST_SECONDS)

    def _tell(self, news: News) -> None:
        self._last_id, self._standing = news.last_id, news.standing
        self._send_to_all(*news.events)
        for client in self._clients:
            if client.is_viewer:
                client.put([(None, text) for text in news.owned])
        self._begun.set()

    def _send_to_all(self, *events: Told) -> None:
        for client in self._clients:
            client.put(events)

    async def _attend(self, websocket: WebSocket, cursor: str | None = None) -> None:
        """Let one client listen until it leaves, or is too slow.

        Args:
            websocket: The connection.
            cursor: Where the client was when it last heard something; None for a new one.
        """
        await websocket.accept()
        with contextlib.suppress(TimeoutError):  # it is told below
            await asyncio.wait_for(self._begun.wait(), _PATIENCE_SECONDS)
        if not self._begun.is_set():
            return await _close(websocket, "The database does not answer. Come back in a minute.")
        if len(self._clients) >= self._most_clients:
            return await _close(websocket, f"{self._most_clients} programs listen already, which is the most.")
        # At the same moment, so that what was told already does not come by the queue, and all else does.
        client = _Client(self._most_waiting, self._last_id, self._standing, is_viewer=_is_viewer())
        self._clients.add(client)
        self._nudged.set()
        try:
            await _until_first_ends(
                self._send(websocket, client, cursor), _until_gone(websocket), client.is_too_slow.wait()
            )
        except WebSocketDisconnect:
            return None
        except DatabaseError:
            return await _close(websocket, "The database does not answer. Come back in a minute.")
        finally:
            self._clients.discard(client)
        if client.is_too_slow.is_set():
            await _close(
                websocket, f"Too slow: more than {self._most_waiting} events waited. Come back with the cursor."
            )
        return None

    async def _send(self, websocket: WebSocket, client: _Client, asked: str | None) -> None:
        """Send what a client missed, and then whatever comes."""
        known, missed = client.came_at, list[str]()
        if asked is not None:
            known, missed = await asyncio.to_thread(self._missed, asked, client.came_at)
        await websocket.send_text(hello_event(known, client.standing, self._heartbeat_seconds, self._clock()))
        for text in missed:
            await websocket.send_text(text)
        while True:
            scan_id, text = await client.queue.get()
            if scan_id is None or scan_id > known:
                await websocket.send_text(text)

    def _missed(self, asked: str, now: int) -> tuple[int, list[str]]:
        """What a client missed that comes back with a cursor, and the number of the scan it goes on from.

        Raises:
            DatabaseError: The database cannot be read.
        """
        if not _CURSOR.fullmatch(asked):
            return now, [reset_event("The cursor is not one of this feed's.", now)]
        known = int(asked)
        # Another process on this database may have been quicker than the last look here, but not than the database.
        if known > max(now, self._reader.latest_scan_id() or 0):
            return now, [reset_event("The cursor is ahead of the database, which must be another one now.", now)]
        rows = [row for row in self._reader.scans_after(known, _MOST_MISSED + 1) if row.scan_id <= now]
        if len(rows) > _MOST_MISSED:
            return now, [reset_event(f"More than {_MOST_MISSED} scans were missed.", now)]
        return known, [scan_event(row) for row in rows]


class _Client:
    """One who listens, what waits for it, and what had been told, and was not well, when it came."""

    def __init__(self, most_waiting: int, came_at: int, standing: Standing, *, is_viewer: bool) -> None:
        self.came_at = came_at
        self.is_viewer = is_viewer
        self.standing = standing if is_viewer else replace(standing, owned=None)
        self.queue: asyncio.Queue[Told] = asyncio.Queue(most_waiting)
        self.is_too_slow = asyncio.Event()

    def put(self, events: Sequence[Told]) -> None:
        """Let events wait for the client; nobody waits for it to take them."""
        for event in events:
            if self.queue.full():
                self.is_too_slow.set()
                return
            self.queue.put_nowait(event)


def _is_viewer() -> bool:
    """Whether who connects just now may see tags, which are their owner's and not for anybody on the LAN."""
    identity = current_identity()
    return identity is not None and identity.role.includes(Role.VIEWER)


def _log_failure(following: asyncio.Task[None]) -> None:
    """Say at once that the feed has ended by an error of its own, and not when the programme stops."""
    if not following.cancelled():
        _log.error("The live feed has ended. Start the programme again.", exc_info=following.exception())


async def _until_gone(websocket: WebSocket) -> None:
    """Wait until the client leaves. What it says meanwhile is not listened to."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        continue


async def _until_first_ends(*ways: Coroutine[Any, Any, Any]) -> None:
    """Run all until the first ends, by itself or by an error, and end the others."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _close(websocket: WebSocket, reason: str) -> None:
    """Close with a reason. One who does not read does not get it, and is not waited for."""
    with contextlib.suppress(TimeoutError, WebSocketDisconnect):
        await asyncio.wait_for(websocket.close(_TRY_AGAIN_LATER, reason), _PATIENCE_SECONDS)
