"""The library's own tags: two sensors that stay where they are, and a case that is carried about.

Positions are parts of a walk around the house, from 0 up to 1, where it ends at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from presence.tags import IdentityKind, TagCard, TagIcon
from scans.simulated import bluetooth_models
from scans.simulated.gadgets import BluetoothGadget, bluetooth_address
from scans.simulated.people import Role, seconds_at
from scans.simulated.presences import Presence
from scans.simulated.truth import TrueTag

CASE = BluetoothGadget("projector case", bluetooth_models.CASE_BEACON)
CELLAR_SENSOR = BluetoothGadget("cellar sensor", bluetooth_models.CELLAR_SENSOR)
REFRIGERATOR_SENSOR = BluetoothGadget("refrigerator sensor", bluetooth_models.RUUVI_TAG)

# The case goes on to the next of these every twenty minutes of the day (`signal_strength.SECONDS_AT_ONE_PLACE`), with
# its loss of signal to the middle of the house, where everything is heard best: 8 dB are 2 m, 20 dB 5.5 m.
_WALK = ((0.0, 8.0), (0.25, 14.0), (0.5, 20.0), (0.75, 14.0))
_PLACES_AN_HOUR = 3

# Local hours in which it is carried about, and in which it is out of the house; otherwise it stands where it begins.
_FIRST_HOUR = 8
_LAST_HOUR = 20
_GOES_OUT = 13
_COMES_BACK = 14

_CELLAR = (0.4, 22.0)
_REFRIGERATOR = (0.9, 10.0)


def tags_of_day(day: date, time_zone: ZoneInfo) -> Iterator[tuple[BluetoothGadget, Presence]]:
    """The tags, while they are in the house on a day, local time."""
    midnight, next_midnight = seconds_at(day, 0, time_zone), seconds_at(day + timedelta(days=1), 0, time_zone)
    yield CELLAR_SENSOR, _presence(midnight, next_midnight, [_CELLAR])
    yield REFRIGERATOR_SENSOR, _presence(midnight, next_midnight, [_REFRIGERATOR])
    first, out, back, last = (
        seconds_at(day, hour, time_zone) for hour in (_FIRST_HOUR, _GOES_OUT, _COMES_BACK, _LAST_HOUR)
    )
    yield CASE, _presence(midnight, first, _WALK[:1])
    yield CASE, _presence(first, out, _walked(_FIRST_HOUR, _GOES_OUT))
    yield CASE, _presence(back, last, _walked(_COMES_BACK, _LAST_HOUR))
    yield CASE, _presence(last, next_midnight, _WALK[:1])


def true_tags(seed: int) -> tuple[TrueTag, ...]:
    """How the library's tags are to be registered."""
    address = IdentityKind.ADDRESS
    return (
        TrueTag(
            CASE.name,
            TagCard("Projector case", "case", TagIcon.CASE, "Lent out at the desk; belongs into the hall."),
            IdentityKind.IBEACON,
            bluetooth_models.CASE_IDENTITY,
        ),
        TrueTag(
            CELLAR_SENSOR.name,
            TagCard("Cellar sensor", "sensor", TagIcon.SENSOR),
            address,
            bluetooth_address(seed, CELLAR_SENSOR, 0),
        ),
        TrueTag(
            REFRIGERATOR_SENSOR.name,
            TagCard("Refrigerator sensor", "sensor", TagIcon.SENSOR),
            address,
            bluetooth_address(seed, REFRIGERATOR_SENSOR, 0),
        ),
    )


def _walked(from_hour: int, to_hour: int) -> list[tuple[float, float]]:
    places = range((from_hour - _FIRST_HOUR) * _PLACES_AN_HOUR, (to_hour - _FIRST_HOUR) * _PLACES_AN_HOUR)
    return [_WALK[number % len(_WALK)] for number in places]


def _presence(begin: float, end: float, places: Sequence[tuple[float, float]]) -> Presence:
    positions, losses = zip(*places, strict=True)
    return Presence(Role.FIXTURE, begin, end, losses, begin, positions)
