"""Sums by zone: how many different devices each zone had in an hour and on a day, made once the time is over.

Whatever is heard makes its hour due. Until its sums have been made (again), an hour is counted from its detections, so
no answer depends on when that is done: it only costs less afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Insert, Row, delete, func, select

from db import upsert
from db.buckets import day_start, hour_end, hour_start, local_day
from db.connect import Connections
from db.settings import StoreSettings
from db.site_schema import DETECTIONS, DUE_HOURS, HOUR_DEVICES, ZONE_DAYS, ZONE_HOURS
from db.slices import mark_of
from db.tally import Counted, Packed, Tally, Zoned
from presence.radio import Radio

# Stands where a sensor would, for the whole site.
SITE = ""

HOUR = timedelta(hours=1)

# Hours and days done in one call, each minute: a week that arrives at once is caught up with in an hour.
_MOST_HOURS = 3
_MOST_DAYS = 1

# The devices of an hour are needed until its day has been summed, and again when a late scan changes that day; a day
# has up to 25 hours.
_LISTS_OUTLIVE_DETECTIONS = timedelta(hours=26)
# Rows deleted in one call: an hour of 300 sensors.
_STEP = 300


@dataclass(frozen=True, slots=True)
class _Hour:
    """The sums of one hour, of each sensor and of the site, and which detections they were made from."""

    hour_at: datetime
    tallies: Mapping[str, Tally]
    mark: tuple[int, int | None]


def note_due(connection: Connection, started_at: datetime, time_zone: ZoneInfo) -> None:
    """Note that a scan was kept: the sums of its hour are to be made, or made again.

    To be called in the transaction that keeps the detections of a scan.
    """
    connection.execute(_insert_due(connection.dialect.name), {"hour_at": hour_start(started_at, time_zone)})


@cache
def _insert_due(dialect: str) -> Insert:
    return upsert.insert_into(DUE_HOURS, dialect).on_conflict_do_nothing()


def kept_since(connection: Connection, settings: StoreSettings) -> datetime | None:
    """From when on all detections are kept; None when there is none at all.

    Counted back from the newest, and not from now, so that a clock that is wrong changes nothing.
    """
    newest_at = connection.scalar(select(func.max(DETECTIONS.c.started_at)))
    return None if newest_at is None else newest_at - timedelta(days=settings.keep_detections_days)


def unsummed_hours(
    connection: Connection, from_at: datetime, to_at: datetime, kept_since_at: datetime | None
) -> frozenset[datetime]:
    """The hours in a time that must be counted from their detections, as their sums lack some of them.

    An hour that was summed, and whose detections have since been forgotten, stays as it was summed.
    """
    due = set(connection.scalars(select(DUE_HOURS.c.hour_at).where(DUE_HOURS.c.hour_at.between(from_at, to_at))))
    forgotten = {hour_at for hour_at in due if kept_since_at is None or hour_at < kept_since_at}
    if forgotten:
        summed = select(ZONE_HOURS.c.hour_at).where(ZONE_HOURS.c.hour_at.in_(forgotten), ZONE_HOURS.c.sensor == SITE)
        due.difference_update(connection.scalars(summed))
    return frozenset(due)


class ZoneSums:
    """Makes the sums. The reading is done outside of the one writing transaction, so that no scan waits for it."""

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self._connections = connections
        self._settings = settings
        self._time_zone = settings.time_zone

    def roll_up(self, now_at: datetime) -> int:
        """Make the sums of some hours and days that are over and due; tells how many hours were done.

        A small step, to be called each minute. It also forgets the devices of hours whose detections are gone.

        Raises:
            DatabaseError: It could not be done; what is due stays due.
        """
        running_at = hour_start(now_at, self._time_zone)
        done = sum(self._settle(hour_at) for hour_at in self._due_before(running_at))
        for day in self._unsummed_days(local_day(now_at, self._time_zone)):
            self._sum_day(day)
        self._forget_some()
        return done

    def _due_before(self, before_at: datetime) -> list[datetime]:
        due = DUE_HOURS.c.hour_at
        with self._connections.read() as connection:
            return list(connection.scalars(select(due).where(due < before_at).order_by(due).limit(_MOST_HOURS)))

    def _settle(self, hour_at: datetime) -> bool:
        """Sum an hour, unless more of it was heard meanwhile: then the next call does."""
        end_at = hour_end(hour_at, self._time_zone)
        with self._connections.read() as connection:
            kept_since_at = kept_since(connection, self._settings)
            is_wanted = hour_at in unsummed_hours(connection, hour_at, hour_at, kept_since_at)
            hour = _sum_hour(connection, hour_at, end_at) if is_wanted else None
        with self._connections.write() as connection:
            if hour is not None and hour.mark != mark_of(connection, hour_at, end_at):
                return False
            if hour is not None:
                _write_hour(connection, hour)
                day = local_day(hour_at, self._time_zone)
                connection.execute(delete(ZONE_DAYS).where(ZONE_DAYS.c.day == day))
            connection.execute(delete(DUE_HOURS).where(DUE_HOURS.c.hour_at == hour_at))
        return hour is not None

    def _unsummed_days(self, today: date) -> list[date]:
        """Days that are over, none of whose hours is due, and that have no sums yet; some of them."""
        hours = select(HOUR_DEVICES.c.hour_at).where(HOUR_DEVICES.c.sensor == SITE)
        with self._connections.read() as connection:
            days = {local_day(hour_at, self._time_zone) for hour_at in connection.scalars(hours)}
            due = {local_day(at, self._time_zone) for at in connection.scalars(select(DUE_HOURS.c.hour_at))}
            summed = set(connection.scalars(select(ZONE_DAYS.c.day).where(ZONE_DAYS.c.day.in_(days))))
        return sorted(day for day in days - due - summed if day < today)[:_MOST_DAYS]

    def _sum_day(self, day: date) -> None:
        start_at, end_at = day_start(day, self._time_zone), day_start(day + timedelta(days=1), self._time_zone)
        with self._connections.read() as connection:
            tallies = _day_tallies(connection, start_at, end_at)
            rows = [row for sensor, tally in tallies.items() for row in _rows({"day": day}, sensor, tally.counted())]
        with self._connections.write() as connection:
            due = DUE_HOURS.c.hour_at
            if connection.scalar(select(due).where(due >= start_at, due < end_at).limit(1)) is None:
                upsert.replace_rows(connection, ZONE_DAYS, rows)

    def _forget_some(self) -> None:
        with self._connections.write() as connection:
            kept_since_at = kept_since(connection, self._settings)
            hours = select(HOUR_DEVICES.c.hour_at).order_by(HOUR_DEVICES.c.hour_at).limit(_STEP)
            if kept_since_at is not None:
                hours = hours.where(HOUR_DEVICES.c.hour_at < kept_since_at - _LISTS_OUTLIVE_DETECTIONS)
            connection.execute(delete(HOUR_DEVICES).where(HOUR_DEVICES.c.hour_at.in_(hours.scalar_subquery())))


def _sum_hour(connection: Connection, hour_at: datetime, end_at: datetime) -> _Hour:
    found = DETECTIONS.c
    detections = select(found.sensor, found.wifi, found.bluetooth).where(
        found.started_at >= hour_at, found.started_at < end_at
    )
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for sensor, wifi, bluetooth in connection.execute(detections):
        packed: Packed = {Radio.WIFI: wifi, Radio.BLUETOOTH: bluetooth}
        tallies[sensor].add_scan(packed)
        tallies[SITE].add_scan(packed)
    return _Hour(hour_at, tallies, mark_of(connection, hour_at, end_at))


def _write_hour(connection: Connection, hour: _Hour) -> None:
    key = {"hour_at": hour.hour_at}
    devices: list[upsert.Row] = []
    sums: list[upsert.Row] = []
    for sensor, tally in sorted(hour.tallies.items()):
        packed = tally.packed()
        devices.append({**key, "sensor": sensor, **{radio.value: packed[radio] for radio in Radio}})
        sums += _rows(key, sensor, tally.counted())
    upsert.replace_rows(connection, HOUR_DEVICES, devices)
    upsert.replace_rows(connection, ZONE_HOURS, sums)


def _day_tallies(connection: Connection, start_at: datetime, end_at: datetime) -> Mapping[str, Tally]:
    """What each sensor, and the site, counted from one moment to another, from the hours between."""
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    hour = HOUR_DEVICES.c
    devices = select(hour.sensor, hour.wifi, hour.bluetooth).where(hour.hour_at >= start_at, hour.hour_at < end_at)
    for sensor, wifi, bluetooth in connection.execute(devices):
        tallies[sensor].add_hour({Radio.WIFI: wifi, Radio.BLUETOOTH: bluetooth})
    sums = select(ZONE_HOURS).where(ZONE_HOURS.c.hour_at >= start_at, ZONE_HOURS.c.hour_at < end_at)
    for row in connection.execute(sums):
        tallies[row.sensor].add_sums({row.zone: counted_of(row)})
    return tallies


def counted_of(row: Row[*tuple[Any, ...]]) -> Counted:
    """What a row of the sums by zone holds."""
    return Counted(row.device_count, row.detection_count, row.rssi_sum_dbm)


def _rows(key: upsert.Row, sensor: str, zoned: Zoned) -> list[upsert.Row]:
    return [
        {
            **key,
            "sensor": sensor,
            "zone": str(zone),
            "device_count": counted.device_count,
            "detection_count": counted.detection_count,
            "rssi_sum_dbm": counted.rssi_sum_dbm,
        }
        for zone, counted in zoned.items()
    ]
