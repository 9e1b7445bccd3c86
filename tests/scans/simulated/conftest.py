"""The simulated site that the tests look at; one for all of them, since asking it changes nothing."""

from __future__ import annotations

import pytest

from scans.simulated.site import SimulatedSite
from tests.scans.simulated.clocks import TIME_ZONE


@pytest.fixture(scope="session")
def site() -> SimulatedSite:
    """A site without outages."""
    return SimulatedSite(seed=1, time_zone=TIME_ZONE)
