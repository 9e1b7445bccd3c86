"""Statistics: how many were counted in a time, zone by zone, and how far such a count can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from presence.zones import Zone

# The older BLE agent's backend reckoned with so many devices a person; its clients expect people to be told that way.
DEVICES_A_PERSON = 1.5


class DistinctWithin(StrEnum):
    """Within which span a device counts once, however often, wherever and by whatever sensors it was heard."""

    RANGE = "range"
    DAY = "day"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class ZoneFigures:
    """What was counted in one zone, or in all of them.

    Attributes:
        device_count: Different devices.
        detection_count: Detections: one for each device in each scan that heard it.
        rssi_mean_dbm: Mean over detections; None when none had a reading.
    """

    device_count: int
    detection_count: int
    rssi_mean_dbm: float | None


@dataclass(frozen=True, slots=True)
class ZoneStatistics:
    """What was counted in a time.

    Attributes:
        from_at: Its start.
        to_at: Its end, which is not part of it.
        zones: The figures of each zone; None when no radio was heard. A device that was heard in several zones counts
            in each of them.
        total: The same over all zones, and detections without a reading: a device counts once. None like `zones`.
        distinct_within: Within which span a device counts once in these figures; in two such spans it counts twice.
    """

    from_at: datetime
    to_at: datetime
    zones: Mapping[Zone, ZoneFigures] | None
    total: ZoneFigures | None
    distinct_within: DistinctWithin


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """What was counted on one local day."""

    day: date
    statistics: ZoneStatistics


def estimated_people(device_count: int) -> int:
    """People, as the older BLE agent's backend estimated them: none for no device, else at least one."""
    return max(1, round(device_count / DEVICES_A_PERSON)) if device_count else 0
