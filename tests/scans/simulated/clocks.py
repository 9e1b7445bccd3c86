"""The times at which the tests look at the simulated site."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("Europe/Prague")
MONDAY = datetime(2027, 3, 1, tzinfo=TIME_ZONE)
NOON = MONDAY + timedelta(hours=12, minutes=30)


def wall_from(start: datetime, times_as_fast: float = 1.0) -> Callable[[], datetime]:
    """A wall clock that shows `start` now, and goes on from there."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=(time.monotonic() - begun) * times_as_fast)
