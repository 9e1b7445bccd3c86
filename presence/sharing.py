"""What may be told to others of how many devices there were: nothing of groups so small that one may know who it was.

A count below the smallest group is not told, and neither is anything that it could be reckoned from: of each hour that
is over, sensor and zone there is one figure, and what is told of several is made of the figures that are told. So
whatever the hidden ones are, what others get is the same. (An ordinary total, of which the others are taken off, would
give the hidden one back.) Nought is hidden with the rest: that nobody was there is told of one person too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from presence.statistics import ZoneFigures
from presence.zones import Zone


@dataclass(frozen=True, slots=True)
class CountedHour:
    """What was counted in an hour that is over.

    Attributes:
        hour_at: When it began.
        sensor: By which sensor.
        zones: The figures of each zone; None when no radio was heard.
    """

    hour_at: datetime
    sensor: str
    zones: Mapping[Zone, ZoneFigures] | None


@dataclass(frozen=True, slots=True)
class SharedHour:
    """What is told of it.

    Attributes:
        hour_at: When it began.
        sensor: By which sensor.
        is_heard: Whether a radio was heard; if not, nothing is known of it, which is no small count.
        zones: Different devices in each zone; None for fewer than the smallest group.
        together: The figures that are told, added up; None when there is none. A device in two zones counts in both.
    """

    hour_at: datetime
    sensor: str
    is_heard: bool
    zones: Mapping[Zone, int | None]
    together: int | None


def shared(hours: Iterable[CountedHour], smallest_group: int) -> Iterator[SharedHour]:
    """What others are told of some hours.

    Args:
        hours: What was counted.
        smallest_group: Counts below this are hidden; 0 hides none.
    """
    for hour in hours:
        figures = {} if hour.zones is None else hour.zones
        zones = {zone: _told(figures[zone].device_count, smallest_group) if zone in figures else None for zone in Zone}
        told = [count for count in zones.values() if count is not None]
        yield SharedHour(hour.hour_at, hour.sensor, hour.zones is not None, zones, sum(told) if told else None)


def _told(count: int, smallest_group: int) -> int | None:
    return count if count >= smallest_group else None
