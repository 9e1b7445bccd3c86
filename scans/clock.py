"""The clocks of a box: one that counts, and one that can be wrong."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# No scan can have been made before this programme was written: a clock that shows an earlier time is not set yet.
WRITTEN_AT = datetime(2026, 11, 1, tzinfo=UTC)

# A clock may be put back a little by its owner. Further back than this, without a time server saying so, it is wrong.
_TOLERATED_STEP_BACK = timedelta(days=1)

_DAY_SECONDS = 86_400.0

# adjtimex(2): the state TIME_ERROR says that the clock is not synchronised. `struct timex` has 208 bytes on 64-bit
# Linux; its first field, `modes`, is 0 here: nothing is set, the state is only read.
_TIME_ERROR = 5
_TIMEX_BYTES = 256


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from.

    Attributes:
        wall: The time of day, aware, in UTC. It can jump by months when a Pi without a clock battery gets the time.
        monotonic: Seconds that only ever go forward; for every interval.
        is_synchronised: Whether a time server keeps the wall clock right, as the kernel knows it.
    """

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]
    is_synchronised: Callable[[], bool]


def machine_clock() -> Clock:
    """The clocks of this machine."""
    return Clock(wall=lambda: datetime.now(UTC), monotonic=time.monotonic, is_synchronised=_kernel_is_synchronised)


def is_right(now_at: datetime, newest_at: datetime | None, is_synchronised: bool) -> bool:
    """Whether a wall clock can be believed.

    Args:
        now_at: What it shows.
        newest_at: The latest time it was believed to show; None when it never was.
        is_synchronised: Whether a time server keeps it right.
    """
    if now_at < WRITTEN_AT:
        return False
    return is_synchronised or newest_at is None or now_at >= newest_at - _TOLERATED_STEP_BACK


class Jump:
    """Notices when the wall clock is put ahead by more than a day while the programme runs. For one thread.

    That may be a Pi that learned the time at last, or a clock that is wrong; nobody can tell at once. What cannot be
    undone, such as to forget what looks old by it, waits until a day has passed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._settled = self._offset()
        self._ahead_since: float | None = None

    def is_recent(self) -> bool:
        """Whether it was put ahead within the last day, and was not put back since. To be asked each minute."""
        offset, monotonic = self._offset(), self._clock.monotonic()
        if offset - self._settled <= _DAY_SECONDS:
            self._ahead_since = None
        elif self._ahead_since is None:
            self._ahead_since = monotonic
        if self._ahead_since is not None and monotonic - self._ahead_since < _DAY_SECONDS:
            return True
        self._settled, self._ahead_since = offset, None
        return False

    def _offset(self) -> float:
        return self._clock.wall().timestamp() - self._clock.monotonic()


def _kernel_is_synchronised() -> bool:
    state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _TIME_ERROR
