"""What is remembered of who asked lately, so that the database is not asked each time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from presence.access import Identity

# So long may another process go on letting in whom this one has put out.
_LASTS_SECONDS = 60.0
# A key for each sensor of a site of 5,000, and some more; 0.3 KB each.
_MOST = 8192


class Remembered:
    """Identities by the hash of their secret, for a minute each. May be used from many threads at once.

    Args:
        monotonic: Counts seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[Identity, float]] = OrderedDict()
        self._times_forgotten = 0

    def get(self, digest: bytes) -> Identity | None:
        """Whom a hash belongs to; None when that is not remembered."""
        with self._lock:
            identity, until = self._known.get(digest, (None, 0.0))
        return identity if self._monotonic() < until else None

    def mark(self) -> int:
        """To be taken before the database is asked: what it says may be out of date once all was forgotten."""
        with self._lock:
            return self._times_forgotten

    def put(self, digest: bytes, identity: Identity, mark: int) -> None:
        """Remember what the database said, unless all was forgotten since the mark was taken."""
        with self._lock:
            if mark != self._times_forgotten:
                return
            self._known[digest] = identity, self._monotonic() + _LASTS_SECONDS
            self._known.move_to_end(digest)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def forget_all(self) -> None:
        """Forget everybody: somebody was put out. It happens seldom, and asking again costs each a millisecond."""
        with self._lock:
            self._known.clear()
            self._times_forgotten += 1
