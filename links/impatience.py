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
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from links.rate_limit import client_name

# Time for a closing handshake, and for what was sent last to arrive; uvicorn's own patience with a handshake.
_CUT_OFF_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Patience:
    """What a connection may take.

    Attributes:
        head_seconds: From the connection, or the answer before, until the headers of a request are there. A browser
            needs milliseconds, and opens a connection now and then which it does not use.
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


class ImpatientHttp(H11Protocol):
    """HTTP, cut off when a request does not come to its end.

    Args:
        crowd: Counts connections.
        patience: How long each part of a request may take.
        given: What uvicorn gives each connection.
    """

    def __init__(self, *, crowd: Crowd, patience: Patience, **given: Any) -> None:  # noqa: ANN401 - uvicorn's own business
        super().__init__(**given)
        self._crowd = crowd
        self._patience = patience
        self._awaited: object = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, unless there are too many."""
        super().connection_made(transport)
        if self._crowd.let_in(transport, None if self.client is None else self.client[0]):
            self._set_deadline()
        else:
            transport.abort()

    def handle_events(self) -> None:
        """Go on with a request: with bytes that have come, or once the one before is answered with those kept back."""
        super().handle_events()
        self._set_deadline()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Go on as a WebSocket, which has a patience of its own."""
        self._awaited = None
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        self._crowd.leave(self.transport)
        super().connection_lost(exc)

    def _set_deadline(self) -> None:
        """Give the part of a request that is awaited its time, once: more bytes of it do not prolong that."""
        awaited = self.conn.their_state
        if awaited is self._awaited or self.transport.get_protocol() is not self:
            return
        self._awaited = awaited
        self._stop_waiting()
        seconds = {h11.IDLE: self._patience.head_seconds, h11.SEND_BODY: self._patience.body_seconds}.get(awaited)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


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
