"""Rate limits: how often somebody may try a password, and how fast a key may send."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Whoever has more addresses than this has more than a limit by address can hold; each takes 0.2 KB.
_MOST_CLIENTS = 4096

# Five tries for who mistypes; then a minute's wait that doubles up to a quarter of an hour, so 100 tries take a day.
# Who has not tried for an hour begins anew.
_FREE_TRIES = 5
_FIRST_WAIT_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 900.0
_FORGOTTEN_AFTER_SECONDS = 3600.0


class TokenBuckets:
    """Lets each client do something so often, with bursts. For one thread: the server's loop.

    Args:
        per_second: How often in the long run.
        burst: How often at once, by who has been quiet.
        monotonic: Counts seconds.
    """

    def __init__(self, per_second: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        # For each client what is left, and when that was so; who was quiet for longest comes first.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, client: str) -> float:
        """Take one; 0 when there was one to take, else how long until there is."""
        now = self._monotonic()
        left, then = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        is_there = left >= 1
        self._buckets[client] = (left - 1 if is_there else left), now
        _bound(self._buckets)
        return 0.0 if is_there else (1 - left) / self._per_second


@dataclass(frozen=True, slots=True)
class _Tries:
    count: int
    last: float
    next: float


class GrowingDelay:
    """Lets each client try a few times, and then makes it wait, longer each time. For one thread: the server's loop.

    Args:
        monotonic: Counts seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._clients: OrderedDict[str, _Tries] = OrderedDict()

    def wait_seconds(self, client: str) -> float:
        """Note a try; 0 when it may be made, else how long to wait. One that may not be made does not count."""
        now = self._monotonic()
        so_far = self._clients.get(client)
        if so_far is not None and now < so_far.next:
            return so_far.next - now
        is_new = so_far is None or now - so_far.last >= _FORGOTTEN_AFTER_SECONDS
        count = 1 if is_new or so_far is None else so_far.count + 1
        self._clients[client] = _Tries(count, now, now + _wait_after(count))
        self._clients.move_to_end(client)
        _bound(self._clients)
        return 0.0

    def forgive(self, client: str) -> None:
        """The try was right: the next one begins anew."""
        self._clients.pop(client, None)


def _wait_after(tries: int) -> float:
    if tries < _FREE_TRIES:
        return 0.0
    # The exponent is bounded too: 2.0 to the power of what a patient machine tries in a year is no float.
    return min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0 ** min(tries - _FREE_TRIES, 10))


def _bound(clients: OrderedDict[str, Any]) -> None:
    if len(clients) > _MOST_CLIENTS:
        clients.popitem(last=False)


def client_name(host: str | None) -> str:
    """Whom an address stands for: of IPv6 the network, since every machine may choose from 2^64 addresses in it."""
    if host is None:
        return ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address.packed[:8] + bytes(8), 64)))
