"""Estimates of the past: made once, kept by the minute for a day and by the hour for ever, so that no page makes them.

A fit changes what the past is estimated to have been: every hour says which fit it was made with, and those of another
are made anew, the newest first, by whoever has the time for it (`db.refit`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from statistics import fmean
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, select, update

from db import bulk, upsert
from db.buckets import hour_end, hour_start
from db.connect import Connections
from db.people_basis import Basis, CountRow, reach, read_basis, read_counts
from db.people_schema import ESTIMATE_STATE, PEOPLE_HOURS, PEOPLE_MINUTES, SCAN_COUNTS
from db.settings import StoreSettings
from presence.counts import SensorCounts
from presence.estimate import PeopleEstimate

# Stands where a sensor would, for the whole site.
SITE = ""

# A chart of a day is drawn from minutes; the hour in which it begins is whole.
_MINUTES_KEPT = timedelta(hours=26)
# Of an hour before that only its mean is wanted. What is counted reaches ten minutes back, so that an estimate each
# five minutes misses nothing, and a year is estimated anew in a fifth of the time.
_SAMPLED_EVERY = timedelta(minutes=5)
# Scans looked at in one call: four minutes of 5,000 sensors. And moments estimated: three hours, 0.2 s with one box.
_MOST_SCANS = 20_000
_MOST_MOMENTS = 180


@dataclass(frozen=True, slots=True)
class _Moment:
    """An estimate at a moment, of one sensor or of the site."""

    sensor: str
    at: datetime
    estimate: PeopleEstimate

    def row(self) -> upsert.Row:
        """What is kept of it."""
        told = self.estimate
        return {"sensor": self.sensor, "at": self.at, "low": told.low, "likely": told.likely, "high": told.high}


class PeopleSums:
    """Makes the estimates of the past. It reads outside of the one writing transaction: no scan waits for it."""

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self._connections = connections
        self._settings = settings
        self._interval = timedelta(seconds=settings.interval_seconds)

    def roll_up(self, now_at: datetime) -> int:
        """Estimate the moments of scans that came since; tells of how many moments. A small step, for each minute.

        Raises:
            DatabaseError: It could not be done; what is due stays due.
        """
        with self._connections.read() as connection:
            done_id, wanted = self._wanted(connection)
            if not wanted:
                return 0
            basis = read_basis(connection, self._settings)
            is_current = set(connection.scalars(_select_current(), {"fit": basis.fit_id, "hours": list(wanted)}))
            made = {
                hour_at: self._estimate(connection, basis, hour_at, now_at, cells if hour_at in is_current else None)
                for hour_at, cells in wanted.items()
            }
        with self._connections.write() as connection:
            for hour_at, moments in made.items():
                self._write(connection, basis.fit_id, hour_at, now_at, moments)
            connection.execute(update(ESTIMATE_STATE).values(done_scan_id=done_id))
            if wanted.keys() - is_current:  # an hour begins
                connection.execute(delete(PEOPLE_MINUTES).where(PEOPLE_MINUTES.c.at < self._kept_from(now_at)))
        return sum(len(cells) for cells in wanted.values())

    def restate(self, now_at: datetime) -> bool:
        """Estimate the newest hour anew that was made with another fit; whether there was one.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.read() as connection:
            basis = read_basis(connection, self._settings)
            hour_at = connection.scalar(_select_stale(), {"fit": basis.fit_id})
            if hour_at is None:
                return False
            moments = self._estimate(connection, basis, hour_at, now_at, None)
        with self._connections.write() as connection:
            self._write(connection, basis.fit_id, hour_at, now_at, moments)
            # What is no longer counted anew, since its counts are forgotten, stays as it was.
            hour = PEOPLE_HOURS.c
            connection.execute(update(PEOPLE_HOURS).where(hour.hour_at == hour_at).values(fit_id=basis.fit_id))
        return True

    def _wanted(self, connection: Connection) -> tuple[int, Mapping[datetime, set[datetime]]]:
        """The moments to estimate next, by hour; and the newest scan among theirs."""
        done_id = connection.execute(select(ESTIMATE_STATE.c.done_scan_id)).scalar_one()
        wanted: defaultdict[datetime, set[datetime]] = defaultdict(set)
        count = 0
        for scan_id, started_at in connection.execute(_select_new(), {"done": done_id}):
            hour_at = hour_start(started_at, self._settings.time_zone)
            at = _cell_of(started_at, hour_at, self._interval)
            if at not in wanted[hour_at]:
                if count == _MOST_MOMENTS:
                    break
                count += 1
                wanted[hour_at].add(at)
            done_id = scan_id
        return done_id, {hour_at: cells for hour_at, cells in wanted.items() if cells}

    def _kept_from(self, now_at: datetime) -> datetime:
        return hour_start(now_at - _MINUTES_KEPT, self._settings.time_zone)

    def _estimate(
        self,
        connection: Connection,
        basis: Basis,
        hour_at: datetime,
        now_at: datetime,
        cells: Collection[datetime] | None,
    ) -> list[_Moment]:
        """The estimates of some moments of an hour; of all where none are named, or no minute of it is kept."""
        is_recent = hour_at >= self._kept_from(now_at)
        width = self._interval if is_recent else max(self._interval, _SAMPLED_EVERY)
        reach_back = reach(self._settings)
        if cells is not None and is_recent:
            rows = read_counts(connection, min(cells) - reach_back, max(cells) + width)
        else:
            rows, cells = (
                read_counts(connection, hour_at - reach_back, hour_end(hour_at, self._settings.time_zone)),
                None,
            )
        return list(_moments(basis, rows, hour_at, cells, width=width, reach_back=reach_back))

    def _write(
        self, connection: Connection, fit_id: int, hour_at: datetime, now_at: datetime, moments: Sequence[_Moment]
    ) -> None:
        if hour_at >= self._kept_from(now_at):
            upsert.replace_rows(connection, PEOPLE_MINUTES, [moment.row() for moment in moments])
            sensors = sorted({moment.sensor for moment in moments})
            end_at = hour_end(hour_at, self._settings.time_zone)
            wanted = {"from_at": hour_at, "to_at": end_at, "sensors": sensors}
            found = connection.execute(_select_means(connection.dialect.name), wanted).all()
            rows = [dict(row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's public name for a row by column names
        else:
            rows = _means(moments)
        for row in rows:
            row |= {"hour_at": hour_at, "fit_id": fit_id}
        upsert.replace_rows(connection, PEOPLE_HOURS, rows)


def is_stale(connection: Connection, basis: Basis) -> bool:
    """Whether part of the past is estimated by another fit."""
    return connection.scalar(_select_stale(), {"fit": basis.fit_id}) is not None


def _cell_of(at: datetime, hour_at: datetime, width: timedelta) -> datetime:
    return hour_at + (at - hour_at) // width * width


def _moments(
    basis: Basis,
    rows: Sequence[CountRow],
    hour_at: datetime,
    cells: Collection[datetime] | None,
    *,
    width: timedelta,
    reach_back: timedelta,
) -> Iterator[_Moment]:
    """Estimates at the last scan of each cell of time, from the newest counts of each sensor then."""
    newest: dict[str, CountRow] = {}
    unpacked: dict[int, SensorCounts] = {}
    for number, row in enumerate(rows):
        newest[row.sensor] = row
        at = _cell_of(row.started_at, hour_at, width)
        is_last = number + 1 == len(rows) or _cell_of(rows[number + 1].started_at, hour_at, width) != at
        if not is_last or at < hour_at or (cells is not None and at not in cells):
            continue
        near = [one for one in newest.values() if one.started_at > row.started_at - reach_back]
        unpacked = {one.scan_id: unpacked.get(one.scan_id) or basis.counts(one.wifi, one.bluetooth) for one in near}
        counted = {one.sensor: unpacked[one.scan_id] for one in near}
        site = basis.estimate(counted)
        told = {SITE: site} | {
            sensor: site if len(counted) == 1 else basis.estimate_at(sensor, counted) for sensor in counted
        }
        yield from (_Moment(sensor, at, estimate) for sensor, estimate in told.items() if estimate is not None)


def _means(moments: Sequence[_Moment]) -> list[upsert.Row]:
    by_sensor: defaultdict[str, list[PeopleEstimate]] = defaultdict(list)
    for moment in moments:
        by_sensor[moment.sensor].append(moment.estimate)
    return [
        {
            "sensor": sensor,
            "moments": len(told),
            "low": fmean(one.low for one in told),
            "likely": fmean(one.likely for one in told),
            "high": fmean(one.high for one in told),
        }
        for sensor, told in by_sensor.items()
    ]


# Built once, as in `db.followed`.
@cache
def _select_new() -> Select[*tuple[Any, ...]]:
    counts = SCAN_COUNTS.c
    new = select(counts.scan_id, counts.started_at).where(counts.scan_id > bindparam("done"))
    return new.order_by(counts.scan_id).limit(_MOST_SCANS)


@cache
def _select_current() -> Select[Any]:
    hour = PEOPLE_HOURS.c
    return select(hour.hour_at).where(
        hour.sensor == SITE,
        hour.fit_id == bindparam("fit"),
        hour.hour_at.in_(bindparam("hours", expanding=True)),
    )


@cache
def _select_stale() -> Select[Any]:
    hour = PEOPLE_HOURS.c
    stale = select(hour.hour_at).where(hour.sensor == SITE, hour.fit_id != bindparam("fit"))
    return stale.order_by(hour.hour_at.desc()).limit(1)


@cache
def _select_means(dialect: str) -> Select[*tuple[Any, ...]]:
    minute = PEOPLE_MINUTES.c
    means = [func.avg(column).label(column.name) for column in (minute.low, minute.likely, minute.high)]
    return (
        select(minute.sensor, func.count().label("moments"), *means)
        .where(bulk.is_among(minute.sensor, "sensors", dialect))
        .where(minute.at >= bindparam("from_at"), minute.at < bindparam("to_at"))
        .group_by(minute.sensor)
    )
