"""Trends: a range of time by zone and by sensor, in whole hours or whole days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presence.ranges import TimeRange
from presence.zones import Zone


@dataclass(frozen=True, slots=True)
class SensorTrend:
    """One sensor, or several folded into one.

    Attributes:
        names: The sensor; of several folded into one, all of them.
        means: For each block of time, the mean number of devices placed at it, those of several added up; None where
            none of them was heard.
    """

    names: tuple[str, ...]
    means: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Trends:
    """A range of time, block by block.

    Attributes:
        time_range: How far back it looks; the last day in hours for a range of a day or less.
        edges: Starts of the blocks, oldest first, and the end of the newest, which is not over.
        zones: For each block the different devices of each zone; None where none was heard. A device that was heard in
            several zones counts in each of them.
        sensors: Those with the most devices, the greatest first, and last all others as one; empty for a single sensor.
    """

    time_range: TimeRange
    edges: tuple[datetime, ...]
    zones: tuple[Mapping[Zone, int] | None, ...]
    sensors: tuple[SensorTrend, ...]

    @property
    def starts(self) -> tuple[datetime, ...]:
        """Starts of the blocks."""
        return self.edges[:-1]
