"""Impatience: connections that are too many, or too slow to say what they want, are cut off.

Whoever opens connections and says nothing, or a byte a minute, would otherwise hold each for ever ("slowloris"), until
there is none left for anybody else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from links.rate_limit import client_name

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

# Time for a closing handshake, and for what was sent last to arrive; uvicorn's own patience with a handshake.
_CUT_OFF_SECONDS = 10.0

# Bytes of a request that are no part of its body: its head, what frames each chunk, and what follows the last. Where
# uvicorn bounds a head, with h11, it is the same; what pages and sensors send has 1 KiB or two.
_MOST_BESIDE_BODY = 64 * 1024

# Requests that may wait while another of their connection is answered, 3 KiB each. Browsers and sensors send none
# ahead.
_MOST_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Patience:
    """What a connection may take.

    Attributes:
        head_seconds: From the connection, or the first byte after the request before, until the headers of a request
            are there. A browser needs milliseconds, and opens a connection now and then which it does not use.
        body_seconds: From then on until its body is there: 16 MiB, the largest, come at 1.1 Mbit/s in this time.
        per_address: Connections of one address at a time. A browser opens seven; a house behind one address has some.
    """

    head_seconds: float = 20.0
    body_seconds: float = 120.0
    per_address: int = 100


PATIENCE = Patience()
"""What a connection may take as a rule."""


class Crowd:
    """Counts connections, all of them and by address. For one thread: the server's loop.

    What comes from this machine itself, as from a proxy in front of the programme, is bounded by the whole alone.

    Args:
        per_address: How many of one address may be open.
        most: How many may be open in all; half of the files that the process may open, where none are named, for a
            process that can open no file more can neither read its database nor take a connection.
    """

    def __init__(self, per_address: int, most: int | None = None) -> None:
        self._per_address = per_address
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 if most is None else most
        self._of: dict[object, str] = {}
        self._counts: Counter[str] = Counter()

    def let_in(self, connection: object, host: str | None) -> bool:
        """Count a connection, by whatever stands for it; False when it is one too many."""
        name = client_name(host)
        is_own = _is_loopback(name)
        if len(self._of) >= self._most or (not is_own and self._counts[name] >= self._per_address):
            return False
        self._of[connection] = name
        self._counts[name] += 1
        return True

    def leave(self, connection: object) -> None:
        """A connection has ended; harmless for one that was not let in."""
        name = self._of.pop(connection, None)
        if name is not None:
            self._counts[name] -= 1
            if not self._counts[name]:
                del self._counts[name]


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:  # a network of IPv6, or nothing at all
        return name == "::/64"


class _Part(Enum):
    """What of a request has not come yet."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class ImpatientHttp(HttpToolsProtocol):
    """HTTP, cut off when a request does not come to its end, or takes more room than requests do.

    The parser (llhttp) knows no bounds of its own, and is more forgiving about `Host` than RFC 9112 (3.2) is.

    Args:
        crowd: Counts connections.
        patience: How long each part of a request may take.
        given: What uvicorn gives each connection.
    """

    def __init__(self, *, crowd: Crowd, patience: Patience, **given: Any) -> None:  # noqa: ANN401 - uvicorn's own business
        super().__init__(**given)
        self._crowd = crowd
        self._patience = patience
        self._awaited = _Part.NOTHING
        self._deadline: asyncio.TimerHandle | None = None
        self._beside_body = 0
        self._answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, unless there are too many."""
        super().connection_made(transport)
        if self._crowd.let_in(transport, None if self.client is None else self.client[0]):
            self._await(_Part.HEAD)
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Go on with a request."""
        if self._awaited is _Part.NOTHING:
            self._await(_Part.HEAD)
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > _MOST_BESIDE_BODY:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._await(_Part.HEAD)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin to answer a request, or let it wait until those before it are answered.

        Raises:
            ValueError: It is not answered, for what is wrong with it. The parser makes an error of its own of it, and
                uvicorn a 400 of that.
        """
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("It does not name one host.")
        if len(self.pipeline) >= _MOST_AHEAD:
            raise ValueError("Too many were sent ahead.")
        self._await(_Part.BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take some of the body of a request."""
        self._beside_body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._await(_Part.NOTHING)
        self._beside_body = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def handle_websocket_upgrade(self) -> None:
        """Go on as a WebSocket, which has a patience of its own."""
        self._await(_Part.NOTHING)
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._await(_Part.NOTHING)
        self._crowd.leave(self.transport)
        # uvicorn tells the request that came last, which may still wait behind the one that is being answered.
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def _await(self, part: _Part) -> None:
        """Give a part of a request its time, once: more bytes of it do not prolong that."""
        if part is self._awaited:
            return
        self._awaited = part
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if part is not _Part.NOTHING:
            seconds = self._patience.head_seconds if part is _Part.HEAD else self._patience.body_seconds
            self._deadline = self.loop.call_later(seconds, self.transport.abort)


class ImpatientWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is cut off some time after its route has ended.

    As it comes, a connection whose other side has stopped reading stays open, with all that it was sent in memory, for
    as long as that side pleases.

    Args:
        crowd: Counts connections.
        given: What uvicorn gives each connection.
    """

    def __init__(self, *, crowd: Crowd, **given: Any) -> None:  # noqa: ANN401 - uvicorn's own business
        super().__init__(**given)
        self._crowd = crowd

    async def run_asgi(self) -> None:
        """Run the route, and see to it that the connection ends with it."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(_CUT_OFF_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._crowd.leave(self.transport)
        super().connection_lost(exc)
