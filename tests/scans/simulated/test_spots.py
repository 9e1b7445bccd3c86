from __future__ import annotations

from collections import defaultdict

from presence.radio import Radio
from scans.simulated.site import SimulatedSite
from tests.scans.simulated.clocks import NOON, TIME_ZONE


def strengths(site: SimulatedSite) -> dict[str, float]:
    """Mean RSSI of each address heard in a busy minute."""
    heard = defaultdict(list)
    for radio in Radio:
        for sighting in site.sightings(radio, NOON, 60):
            heard[sighting.address].append(sighting.rssi_dbm or 0)
    return {address: sum(readings) / len(readings) for address, readings in heard.items()}


def test_two_spots_hear_the_same_people_unlike() -> None:
    """Many devices are heard at both of two spots of a site, some nearer to the one and some to the other."""
    stairs = strengths(SimulatedSite(1, TIME_ZONE, spot="stairs"))
    cafe = strengths(SimulatedSite(1, TIME_ZONE, spot="cafe"))
    both = stairs.keys() & cafe.keys()
    assert len(both) > 20
    assert any(stairs[address] > cafe[address] + 6 for address in both)
    assert any(stairs[address] < cafe[address] - 6 for address in both)


def test_a_spot_hears_nobody_who_is_not_there(site: SimulatedSite) -> None:
    """Whoever is heard at a spot is heard in the middle of the site too, and some only there."""
    middle, stairs = strengths(site), strengths(SimulatedSite(1, TIME_ZONE, spot="stairs"))
    assert stairs.keys() < middle.keys()


def test_a_spot_is_the_same_again() -> None:
    """A spot depends on nothing but the seed, its name and the time."""
    assert strengths(SimulatedSite(1, TIME_ZONE, spot="stairs")) == strengths(
        SimulatedSite(1, TIME_ZONE, spot="stairs")
    )
