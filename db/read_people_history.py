"""Reading estimates of the past: a range of time, what is usual, and the hours of the week."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from statistics import fmean, median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, literal, select

from db.buckets import bucket_edges, hour_start
from db.people_schema import PEOPLE_HOURS, PEOPLE_MINUTES
from db.read_usual import LEAST_WEEKS, WEEKS_LOOKED_AT, same_hours
from presence.estimate import BusyWeek, PeopleHistory, PeoplePoint, Usual
from presence.ranges import TimeRange

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)

_HoursKnown = Mapping[datetime, float]
"""Mean likely people by the start of the hour."""


def read_people_history(
    connection: Connection, time_range: TimeRange, now_at: datetime, time_zone: ZoneInfo, sensor: str
) -> PeopleHistory:
    """A range of time: up to a day from the estimates of each minute, beyond from those of each hour."""
    edges = bucket_edges(time_range, now_at, time_zone)
    table = _select_minutes() if time_range.span <= _DAY else _select_hours()
    buckets: list[list[tuple[int, float, float, float]]] = [[] for _ in edges[:-1]]
    for at, *means in connection.execute(table, {"of": sensor, "from_at": edges[0], "to_at": edges[-1]}):
        moments, low, likely, high = means
        buckets[bisect_right(edges, at) - 1].append((moments, low, likely, high))
    points = tuple(_point(at, bucket) for at, bucket in zip(edges, buckets, strict=False))
    if time_range.span > _WEEK:
        return PeopleHistory(time_range, points)
    known = _hours_known(connection, sensor, edges[0], edges[-1])
    hours = [hour_start(point.at, time_zone) for point in points]
    usual = {hour_at: usual_at(known, hour_at, time_zone) for hour_at in set(hours)}
    return PeopleHistory(time_range, points, tuple(None if (one := usual[at]) is None else one.people for at in hours))


def read_usual_people(connection: Connection, now_at: datetime, time_zone: ZoneInfo, sensor: str) -> Usual | None:
    """What is usual at this hour of this weekday; None while fewer than three weeks are known."""
    return usual_at(_hours_known(connection, sensor, now_at, now_at), now_at, time_zone)


def read_busy_week(connection: Connection, now_at: datetime, time_zone: ZoneInfo, sensor: str) -> BusyWeek:
    """Mean people by weekday and hour, over the last two months; the running hour aside."""
    cells: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    weeks = set()
    running_at = hour_start(now_at, time_zone)
    for hour_at, likely in _hours_known(connection, sensor, now_at, now_at + _WEEK).items():
        if hour_at < running_at:
            local = hour_at.astimezone(time_zone)
            cells[local.weekday(), local.hour].append(likely)
            weeks.add((now_at - hour_at) // _WEEK)
    rows = tuple(tuple(_mean(cells.get((day, hour))) for hour in range(24)) for day in range(7))
    return BusyWeek(rows, len(weeks))


def usual_at(known: _HoursKnown, at: datetime, time_zone: ZoneInfo) -> Usual | None:
    """The median of the last weeks at the same hour by the clock of the place; None with fewer than three."""
    people = [known[hour_at] for hour_at in same_hours(at, time_zone) if hour_at in known]
    return Usual(median(people), len(people)) if len(people) >= LEAST_WEEKS else None


def _hours_known(connection: Connection, sensor: str, first_at: datetime, last_at: datetime) -> _HoursKnown:
    """The hours that say what is usual between two moments, with an hour and more to spare where clocks change."""
    spare = timedelta(hours=2)
    times = {"of": sensor, "from_at": first_at - WEEKS_LOOKED_AT * _WEEK - spare, "to_at": last_at - _WEEK + spare}
    return {row.hour_at: row.likely for row in connection.execute(_select_hours(), times)}


def _point(at: datetime, bucket: Sequence[tuple[int, float, float, float]]) -> PeoplePoint:
    moments = sum(some[0] for some in bucket)
    if not moments:
        return PeoplePoint(at, None, None, None)
    low, likely, high = (sum(some[0] * some[which] for some in bucket) / moments for which in (1, 2, 3))
    return PeoplePoint(at, low, likely, high)


def _mean(values: Sequence[float] | None) -> float | None:
    return fmean(values) if values else None


# Built once, as in `db.followed`.
@cache
def _select_minutes() -> Select[*tuple[Any, ...]]:
    minute = PEOPLE_MINUTES.c
    return select(minute.at, literal(1), minute.low, minute.likely, minute.high).where(
        minute.sensor == bindparam("of"), minute.at >= bindparam("from_at"), minute.at < bindparam("to_at")
    )


@cache
def _select_hours() -> Select[*tuple[Any, ...]]:
    hour = PEOPLE_HOURS.c
    return select(hour.hour_at, hour.moments, hour.low, hour.likely, hour.high).where(
        hour.sensor == bindparam("of"), hour.hour_at >= bindparam("from_at"), hour.hour_at < bindparam("to_at")
    )
