"""Routes that tell what was counted: how many different devices, zone by zone, in a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from db.buckets import day_start, hour_end, hour_start
from links.api.answers import (
    Bucket,
    DailyAnswer,
    DistributionAnswer,
    Figures,
    HistogramAnswer,
    HourlyAnswer,
    PeriodFigures,
    RealtimeAnswer,
    Share,
    ZonesAnswer,
    total_figures,
    zone_figures,
)
from links.api.parameters import DAY_WORDS, MOMENT_WORDS, Day, Moment, SensorFilter, as_utc, refusal
from links.api.parts import ApiParts
from presence.statistics import ZoneStatistics
from presence.zones import Zone

# A week, as the older dashboard's longest choice of the last minutes.
_MOST_MINUTES = 7 * 24 * 60
_MOST_DAYS = 366
_MOST_HOURS = _MOST_DAYS * 24
_TEN_MINUTES = timedelta(minutes=10)


class HistogramRange(StrEnum):
    """What a histogram is of."""

    HOUR = "hour"
    TODAY = "today"
    WEEK = "week"


_BIN_WORDS = {HistogramRange.HOUR: "10 minutes", HistogramRange.TODAY: "3 hours", HistogramRange.WEEK: "1 day"}


def statistics_router(parts: ApiParts) -> APIRouter:
    """The routes below /statistics."""
    router = APIRouter(prefix="/statistics", tags=["Statistics"])
    _add_spans(router, parts)
    _add_periods(router, parts)
    _add_shapes(router, parts)
    return router


def _add_spans(router: APIRouter, parts: ApiParts) -> None:
    """What was counted from one moment to another."""
    read, share, time_zone = parts.statistics, parts.settings.visible_share, parts.settings.time_zone

    @router.get("/realtime")
    def statistics_realtime(
        minutes: Annotated[int, Query(ge=1, le=_MOST_MINUTES, description="How many minutes to look back.")] = 5,
        sensor: SensorFilter = None,
    ) -> RealtimeAnswer:
        """What was counted in the last minutes, zone by zone."""
        now = parts.clock()
        found = read.between(now - timedelta(minutes=minutes), now, sensor)
        return RealtimeAnswer.of(
            found,
            timestamp=now,
            time_window_minutes=minutes,
            by_zone=zone_figures(found, share),
            total=total_figures(found, share),
        )

    @router.get("/range")
    def statistics_range(
        start_time: Annotated[Moment, Query(description=MOMENT_WORDS)],
        end_time: Annotated[Moment, Query(description=MOMENT_WORDS)],
        sensor: SensorFilter = None,
    ) -> ZonesAnswer:
        """What was counted from one moment to another, zone by zone. At most 366 days."""
        start_at, end_at = as_utc(start_time, time_zone), as_utc(end_time, time_zone)
        if start_at >= end_at:
            raise refusal("end_time", "it must be after start_time")
        if end_at - start_at > timedelta(days=_MOST_DAYS):
            raise refusal("end_time", f"it must be at most {_MOST_DAYS} days after start_time")
        found = read.between(start_at, end_at, sensor)
        zones, total = zone_figures(found, share), total_figures(found, share)
        return ZonesAnswer.of(found, timestamp=parts.clock(), by_zone=zones, total=total)


def _add_periods(router: APIRouter, parts: ApiParts) -> None:
    """What was counted in each hour or day."""
    read, share, time_zone = parts.statistics, parts.settings.visible_share, parts.settings.time_zone

    @router.get("/hourly")
    def statistics_hourly(
        day: Annotated[Day | None, Query(alias="date", description=f"{DAY_WORDS} Without it, today.")] = None,
        sensor: SensorFilter = None,
    ) -> HourlyAnswer:
        """A day hour by hour, each zone by itself and all together."""
        now = parts.clock()
        day = day or now.astimezone(time_zone).date()
        hours = read.hours(day, now, sensor)
        rows = [row for hour in hours for row in _rows("hour", hour, time_zone, share)]
        return HourlyAnswer(date=day, statistics=_of_zones(rows), totals=_of_all(rows))

    @router.get("/daily")
    def statistics_daily(
        start_date: Annotated[Day | None, Query(description=DAY_WORDS)] = None,
        end_date: Annotated[Day | None, Query(description=f"{DAY_WORDS} Without it, today.")] = None,
        days: Annotated[int, Query(ge=1, le=_MOST_DAYS, description="How many days, without start_date.")] = 7,
        sensor: SensorFilter = None,
    ) -> DailyAnswer:
        """Day by day, each zone by itself and all together. At most 366 days."""
        last = end_date or parts.clock().astimezone(time_zone).date()
        first = start_date or last - timedelta(days=days - 1)
        _check_days(first, last)
        found = read.days(first, last, sensor)
        rows = [row for one in found for row in _rows("day", one.statistics, time_zone, share)]
        return DailyAnswer(start_date=first, end_date=last, statistics=_of_zones(rows), totals=_of_all(rows))


def _add_shapes(router: APIRouter, parts: ApiParts) -> None:
    """How what was counted is spread over zones, and over blocks of time."""
    read, time_zone = parts.statistics, parts.settings.time_zone

    @router.get("/distribution")
    def statistics_distribution(
        hours: Annotated[int, Query(ge=1, le=_MOST_HOURS, description="How many hours to look back.")] = 24,
        sensor: SensorFilter = None,
    ) -> DistributionAnswer:
        """How the detections of the last hours are spread over the zones."""
        now = parts.clock()
        return _distribution(read.between(now - timedelta(hours=hours), now, sensor))

    @router.get("/histogram")
    def statistics_histogram(
        histogram_range: Annotated[
            HistogramRange,
            Query(alias="range", description="hour: this hour; today: this day; week: seven days up to today."),
        ] = HistogramRange.HOUR,
        sensor: SensorFilter = None,
    ) -> HistogramAnswer:
        """Different devices in blocks of time: 10 minutes, 3 hours or a day each."""
        now = parts.clock()
        edges = _edges(histogram_range, now, time_zone)
        return HistogramAnswer(
            timestamp=now,
            range=histogram_range.value,
            bin_interval=_BIN_WORDS[histogram_range],
            start_time=edges[0],
            end_time=edges[-1],
            buckets=[_bucket(block) for block in read.blocks(edges, sensor)],
        )


def _check_days(first: date, last: date) -> None:
    if first > last:
        raise refusal("end_date", "it must not be before start_date")
    if (last - first).days >= _MOST_DAYS:
        raise refusal("end_date", f"it must be less than {_MOST_DAYS} days after start_date")


def _rows(
    period: Literal["hour", "day"], found: ZoneStatistics, time_zone: ZoneInfo, visible_share: float
) -> Iterator[PeriodFigures]:
    """The rows of an hour or a day: one for each zone, and one for all."""
    local = found.from_at.astimezone(time_zone)
    every: list[tuple[Zone | Literal["all"], Figures]] = [*zone_figures(found, visible_share).items()]
    for zone, of_zone in (*every, ("all", total_figures(found, visible_share))):
        yield PeriodFigures(
            period_type=period,
            period_start=found.from_at,
            date=local.date(),
            hour=local.hour if period == "hour" else None,
            zone=zone,
            heard=found.total is not None,
            **of_zone.model_dump(),
        )


def _of_zones(rows: Sequence[PeriodFigures]) -> list[PeriodFigures]:
    return [row for row in rows if row.zone != "all"]


def _of_all(rows: Sequence[PeriodFigures]) -> list[PeriodFigures]:
    return [row for row in rows if row.zone == "all"]


def _distribution(found: ZoneStatistics) -> DistributionAnswer:
    zones = found.zones
    if zones is None:
        unknown = dict.fromkeys(Zone, Share(count=None, percentage=None))
        return DistributionAnswer.of(found, total=None, distribution=unknown)
    total = sum(one.detection_count for one in zones.values())
    shares = {
        zone: Share(
            count=one.detection_count, percentage=round(100 * one.detection_count / total, 2) if total else None
        )
        for zone, one in zones.items()
    }
    return DistributionAnswer.of(found, total=total, distribution=shares)


def _edges(histogram_range: HistogramRange, now_at: datetime, time_zone: ZoneInfo) -> list[datetime]:
    """Where the blocks of a histogram begin, and where the last one ends."""
    today = now_at.astimezone(time_zone).date()
    if histogram_range is HistogramRange.HOUR:
        hour_at = hour_start(now_at, time_zone)
        end_at = hour_end(hour_at, time_zone)
        return [hour_at + step * _TEN_MINUTES for step in range((end_at - hour_at) // _TEN_MINUTES + 1)]
    if histogram_range is HistogramRange.WEEK:
        return [day_start(today + timedelta(days=step), time_zone) for step in range(-6, 2)]
    clocks = [datetime.combine(today, time(hour), time_zone) for hour in range(0, 24, 3)]
    return [*(clock.astimezone(UTC) for clock in clocks), day_start(today + timedelta(days=1), time_zone)]


def _bucket(block: ZoneStatistics) -> Bucket:
    zones, total = block.zones, block.total
    return Bucket(
        period_start=block.from_at,
        period_end=block.to_at,
        by_zone={zone: None if zones is None else zones[zone].device_count for zone in Zone},
        total=None if total is None else total.device_count,
        heard=total is not None,
    )
