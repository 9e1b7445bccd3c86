"""Reading the people estimate: the read side of all that is told of people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, func, select

from db.buckets import hour_start
from db.connect import Connections
from db.gaps import last_scans
from db.people_basis import reach, read_basis, read_counts
from db.people_schema import ESTIMATE_STATE, FITS, SCAN_COUNTS
from db.people_sums import SITE
from db.read_calibration import read_calibration
from db.read_people_history import read_busy_week, read_people_history, read_usual_people
from db.read_stays import read_returning, read_stays
from db.read_what_if import read_what_if
from db.settings import StoreSettings
from presence.estimate import (
    BusyWeek,
    Calibration,
    CrowdStays,
    HeadCount,
    NoSuchHeadCountError,
    PeopleEstimate,
    PeopleHistory,
    PeopleNow,
    Returning,
    Usual,
    WhatIf,
)
from presence.ranges import TimeRange

# Where more sensors send, one does every few seconds, and an estimate of all takes the longer: then an answer holds for
# some seconds, whatever was heard meanwhile.
_FEW_SENSORS = 20
_HOLDS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What an answer was made from: another one is another answer."""

    newest_scan_id: int | None
    fit_id: int | None
    change: int
    hour_at: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, when it was made and from what."""

    mark: _Mark
    made_at: datetime
    sensor_count: int
    as_of_at: datetime | None
    estimate: PeopleEstimate | None
    usual: Usual | None

    def holds(self, mark: _Mark, now_at: datetime) -> bool:
        """Whether it still does."""
        if self.sensor_count > _FEW_SENSORS and abs(now_at - self.made_at) < _HOLDS:
            return replace(mark, newest_scan_id=self.mark.newest_scan_id) == self.mark
        return mark == self.mark


class PeopleReader:
    """The read side of the people estimate. May be used from many threads at once, and while scans are recorded."""

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self._connections = connections
        self._settings = settings
        self._kept: dict[str, _Kept] = {}

    def people_now(self, now_at: datetime, sensor: str | None = None) -> PeopleNow:
        """The people now, with every step that led there: at one sensor, or at all of the site.

        An estimate takes a Pi a tenth of a second, and a page, the feed and every rule ask for it: it is made once for
        each scan.

        Raises:
            DatabaseError: The database cannot be read.
        """
        name = SITE if sensor is None else sensor
        with self._connections.read() as connection:
            newest_scan_id, fit_id, change = connection.execute(_select_mark()).one()
            mark = _Mark(newest_scan_id, fit_id, change, hour_start(now_at, self._settings.time_zone))
            kept = self._kept.get(name)
            if kept is None or not kept.holds(mark, now_at):
                kept = self._estimate(connection, mark, now_at, sensor)
        if kept.as_of_at is not None:  # whoever asks for a sensor that does not exist leaves nothing behind
            self._kept[name] = kept
        is_recent = kept.as_of_at is not None and abs(now_at - kept.as_of_at) <= reach(self._settings)
        return PeopleNow(kept.as_of_at, kept.estimate if is_recent else None, kept.usual, self._settings.capacity)

    def people_history(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> PeopleHistory:
        """A range of time up to now, with what is usual: at one sensor, or at all of the site.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            name = SITE if sensor is None else sensor
            return read_people_history(connection, time_range, now_at, self._settings.time_zone, name)

    def busy_week(self, now_at: datetime) -> BusyWeek:
        """The hours of the week as they were in the last two months.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_busy_week(connection, now_at, self._settings.time_zone, SITE)

    def calibration(self) -> Calibration:
        """How the estimate was fitted to the place, with all head counts.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_calibration(connection, self._settings)

    def head_count(self, head_count_id: int) -> HeadCount:
        """One head count.

        Raises:
            NoSuchHeadCountError: There is none of this number.
            DatabaseError: The database cannot be read.
        """
        found = [one for one in self.calibration().head_counts if one.head_count_id == head_count_id]
        if not found:
            raise NoSuchHeadCountError("There is no such head count; perhaps it was deleted for good.")
        return found[0]

    def stays(self, time_range: TimeRange, now_at: datetime) -> CrowdStays | None:
        """How long the crowd of a range of time stays; None when too few keep their address to say.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_stays(connection, self._settings, time_range, now_at)

    def returning(self, time_range: TimeRange, now_at: datetime) -> Returning | None:
        """Who came back; None where the visitor key is replaced every day, so that nobody can be told to.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_returning(connection, self._settings, time_range, now_at)

    def what_if(
        self, visible_share: float | None, cut_dbm: int | None, time_range: TimeRange, now_at: datetime
    ) -> WhatIf:
        """What other settings would have said of a range of time.

        Args:
            visible_share: The share of people who can be heard; None for the one in force.
            cut_dbm: From which RSSI on devices count; None for the medium zone's. Neither changes anything once head
                counts tell what devices mean.
            time_range: Of which past.
            now_at: Its end.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_what_if(
                connection,
                self._settings,
                visible_share=visible_share,
                cut_dbm=cut_dbm,
                time_range=time_range,
                now_at=now_at,
            )

    def _estimate(self, connection: Connection, mark: _Mark, now_at: datetime, sensor: str | None) -> _Kept:
        usual = read_usual_people(connection, now_at, self._settings.time_zone, SITE if sensor is None else sensor)
        newest_at = _newest_at(connection, sensor)
        if newest_at is None:
            return _Kept(mark, now_at, 0, None, None, usual)
        rows = read_counts(connection, newest_at - reach(self._settings), newest_at + reach(self._settings))
        basis = read_basis(connection, self._settings)
        counted = {
            row.sensor: basis.counts(row.wifi, row.bluetooth) for row in {row.sensor: row for row in rows}.values()
        }
        estimate = basis.estimate(counted) if sensor is None else basis.estimate_at(sensor, counted)
        return _Kept(mark, now_at, len(counted), newest_at, estimate, usual)


@cache
def _select_mark() -> Select[*tuple[Any, ...]]:
    """Changes with every scan, every fit and every decision on a fixture."""
    return select(
        select(func.max(SCAN_COUNTS.c.scan_id)).scalar_subquery(),
        select(func.max(FITS.c.id)).scalar_subquery(),
        ESTIMATE_STATE.c.change,
    )


def _newest_at(connection: Connection, sensor: str | None) -> datetime | None:
    """When the newest scan began, by its number: a clock may have been put back since. None before the first."""
    if sensor is not None:
        return last_scans(connection, [sensor]).get(sensor)
    return connection.scalar(select(SCAN_COUNTS.c.started_at).order_by(SCAN_COUNTS.c.scan_id.desc()).limit(1))
