"""The simulated site that the tests look at; one for all of them, since asking it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scans.simulated.site import SimulatedSite

TIME_ZONE = ZoneInfo("Europe/Prague")

# A Monday.
MONDAY = datetime(2027, 3, 1, tzinfo=TIME_ZONE)


@pytest.fixture(scope="session")
def site() -> SimulatedSite:
    """A site without outages."""
    return SimulatedSite(seed=1, time_zone=TIME_ZONE)


def wall_from(start: datetime, times_as_fast: float = 1.0) -> Callable[[], datetime]:
    """A wall clock that shows `start` now, and goes on from there."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=(time.monotonic() - begun) * times_as_fast)
