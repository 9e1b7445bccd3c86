"""Answers about what was counted, as other programs read them.

What the older BLE agent's backend answered has the names it had there; what is added stands beside. Figures of a time
in which no radio was heard are null, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from presence.people import people_with_ratio
from presence.statistics import DistinctWithin, ZoneFigures, ZoneStatistics, estimated_people
from presence.zones import Zone


class Answer(BaseModel):
    """What every answer has in common: its fields are described by what stands below them."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Figures(Answer):
    """What was counted; null when no radio was heard."""

    unique_devices: int | None
    """Different devices: each once, however often, wherever and by whatever sensors it was heard."""
    total_detections: int | None
    """Detections: one for each device in each scan that heard it."""
    estimated_people: int | None
    """A person for each device and a half, rounded, and at least one where there is a device."""
    people_with_ratio: int | None
    """People by this programme's own rule: devices divided by the share of people who can be heard."""
    avg_rssi: float | None
    """Mean signal strength over detections, in dBm; null when none had a reading."""


class Counted(Answer):
    """How what was counted is to be read."""

    start_time: datetime
    """Where counting began: as asked, or the full hour before where single detections are no longer kept."""
    end_time: datetime
    """Where it ended; not part of it."""
    heard: bool
    """Whether any radio was heard; if not, all figures are null: nobody knows."""
    distinct_within: DistinctWithin
    """Within which span a device counts once: the whole range, each local day (in longer ranges), or each hour (where
    only sums are left)."""

    @classmethod
    def of(cls, statistics: ZoneStatistics, **more: object) -> Self:
        """The answer about some statistics, with what its kind says besides."""
        return cls.model_validate(
            {
                "start_time": statistics.from_at,
                "end_time": statistics.to_at,
                "heard": statistics.total is not None,
                "distinct_within": statistics.distinct_within,
                **more,
            }
        )


class ZonesAnswer(Counted):
    """What was counted in each zone, and in all."""

    timestamp: datetime
    """When this was read."""
    by_zone: dict[Zone, Figures]
    """Each zone; a device that was heard in several counts in each of them."""
    total: Figures
    """All zones, and what had no reading: a device counts once."""


class RealtimeAnswer(ZonesAnswer):
    """The last minutes."""

    time_window_minutes: int
    """How many of them."""


class PeriodFigures(Figures):
    """What was counted in an hour or on a day, in one zone or in all."""

    period_type: Literal["hour", "day"]
    """What kind of time it is."""
    period_start: datetime
    """When it began, in UTC; the place's day or hour."""
    date: date
    """The day of the place's calendar."""
    hour: int | None
    """The hour its clocks showed, for an hour; the one that is lived twice in autumn comes twice."""
    zone: Zone | Literal["all"]
    """The zone; "all" for all of them, where a device counts once."""
    heard: bool
    """Whether any radio was heard; if not, the figures are null."""


class HourlyAnswer(Answer):
    """A day, hour by hour."""

    date: date
    """The day."""
    statistics: list[PeriodFigures]
    """Every hour that has begun, and every zone."""
    totals: list[PeriodFigures]
    """Every hour over all zones."""


class DailyAnswer(Answer):
    """Several days."""

    start_date: date
    """The first of them."""
    end_date: date
    """The last of them."""
    statistics: list[PeriodFigures]
    """Every day, and every zone."""
    totals: list[PeriodFigures]
    """Every day over all zones."""


class Share(Answer):
    """One zone's share."""

    count: int | None
    """Detections in it."""
    percentage: float | None
    """Of those in all zones; null also when there are none."""


class DistributionAnswer(Counted):
    """How detections are spread over the zones."""

    total: int | None
    """Detections in all zones."""
    distribution: dict[Zone, Share]
    """Each zone's share of them."""


class Bucket(Answer):
    """A bar of the histogram."""

    period_start: datetime
    """Its start."""
    period_end: datetime
    """Its end; not part of it."""
    by_zone: dict[Zone, int | None]
    """Different devices in each zone; null when no radio was heard."""
    total: int | None
    """Different devices in all."""
    heard: bool
    """Whether any radio was heard."""


class HistogramAnswer(Answer):
    """Different devices in blocks of time."""

    timestamp: datetime
    """When this was read."""
    range: Literal["hour", "today", "week"]
    """What was asked for."""
    bin_interval: str
    """How long a block is, in words; where clocks change, blocks of the day are an hour longer or shorter."""
    start_time: datetime
    """Start of the first block."""
    end_time: datetime
    """End of the last block."""
    buckets: list[Bucket]
    """The blocks, the oldest first."""


class CountAnswer(Counted):
    """How many there were."""

    zone: Zone | None
    """The zone that was asked for; null for all."""
    unique_devices: int | None
    """Different devices."""
    estimated_people: int | None
    """A person for each device and a half."""
    people_with_ratio: int | None
    """People by this programme's own rule."""


NOT_HEARD = Figures(
    unique_devices=None, total_detections=None, estimated_people=None, people_with_ratio=None, avg_rssi=None
)


def figures(counted: ZoneFigures, visible_share: float) -> Figures:
    """What was counted, with people estimated by both rules."""
    mean = counted.rssi_mean_dbm
    return Figures(
        unique_devices=counted.device_count,
        total_detections=counted.detection_count,
        estimated_people=estimated_people(counted.device_count),
        people_with_ratio=people_with_ratio(counted.device_count, visible_share),
        avg_rssi=None if mean is None else round(mean, 2),
    )


def zone_figures(statistics: ZoneStatistics, visible_share: float) -> Mapping[Zone, Figures]:
    """The figures of each zone."""
    zones = statistics.zones
    return {zone: NOT_HEARD if zones is None else figures(zones[zone], visible_share) for zone in Zone}


def total_figures(statistics: ZoneStatistics, visible_share: float) -> Figures:
    """The figures over all zones."""
    return NOT_HEARD if statistics.total is None else figures(statistics.total, visible_share)
