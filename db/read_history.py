"""Reading a range of time as a chart draws it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, and_, case, func, select, type_coerce

from db.buckets import bucket_edges, local_day
from db.schema import DAILY_SUMS, HOURLY_SUMS, SCANS
from db.types import UtcTime
from presence.overview import History, HistoryPoint
from presence.ranges import TimeRange

# When, by which sensor, scans heard and devices in them by Wi-Fi, the same by Bluetooth, and the most devices in one of
# the scans.
Sums = Row[Any, str, int, int | None, int, int | None, int | None]
_Select = Select[Any, str, int, int | None, int, int | None, int | None]


@dataclass(slots=True)
class _SensorSums:
    """What the scans of one sensor in a bucket add up to."""

    wifi_scans: int = 0
    wifi_devices: int = 0
    bluetooth_scans: int = 0
    bluetooth_devices: int = 0
    peak: int | None = None

    def add(self, row: Sums) -> None:
        """Add the sums of some scans."""
        _, _, wifi_scans, wifi_devices, bluetooth_scans, bluetooth_devices, peak = row
        self.wifi_scans += wifi_scans
        self.wifi_devices += wifi_devices or 0
        self.bluetooth_scans += bluetooth_scans
        self.bluetooth_devices += bluetooth_devices or 0
        if peak is not None and (self.peak is None or peak > self.peak):
            self.peak = peak


class _Bucket:
    """The scans of a bucket. A device is placed at one sensor, so the sensors' means add up to that of the site."""

    def __init__(self) -> None:
        self._sensors: defaultdict[str, _SensorSums] = defaultdict(_SensorSums)

    def add(self, row: Sums) -> None:
        """Add the sums of some scans of one sensor."""
        self._sensors[row[1]].add(row)

    def point(self, at: datetime) -> HistoryPoint:
        """Its point of the chart."""
        sensors = self._sensors.values()
        wifi = [one.wifi_devices / one.wifi_scans for one in sensors if one.wifi_scans]
        bluetooth = [one.bluetooth_devices / one.bluetooth_scans for one in sensors if one.bluetooth_scans]
        peaks = [one.peak for one in sensors if one.peak is not None]
        return HistoryPoint(
            at=at,
            wifi=sum(wifi) if wifi else None,
            bluetooth=sum(bluetooth) if bluetooth else None,
            peak=sum(peaks) if peaks else None,
        )


def read_history(
    connection: Connection, time_range: TimeRange, now_at: datetime, time_zone: ZoneInfo, sensor: str | None = None
) -> History:
    """A range of time: up to a day from the ledger, a week and a month from hourly sums, a year from daily sums.

    Of one sensor, or of all.
    """
    edges = bucket_edges(time_range, now_at, time_zone)
    buckets = [_Bucket() for _ in edges[:-1]]
    if time_range is TimeRange.YEAR:
        by_day = {local_day(at, time_zone): bucket for at, bucket in zip(edges, buckets, strict=False)}
        for row in connection.execute(_of_sensor(_daily(min(by_day), max(by_day)), DAILY_SUMS.c.sensor, sensor)):
            by_day[row[0]].add(row)
    else:
        starts = [UtcTime.milliseconds(edge) for edge in edges]
        if time_range.span <= timedelta(days=1):
            sums = _of_sensor(_scans(edges), SCANS.c.sensor, sensor)
        else:
            sums = _of_sensor(_hourly(edges), HOURLY_SUMS.c.sensor, sensor)
        for row in connection.execute(sums):
            buckets[bisect_right(starts, row[0]) - 1].add(row)
    points = tuple(bucket.point(at) for bucket, at in zip(buckets, edges, strict=False))
    return History(time_range, edges[0], edges[-1], points)


def _of_sensor(sums: _Select, column: ColumnElement[str], sensor: str | None) -> _Select:
    return sums if sensor is None else sums.where(column == sensor)


def _scans(edges: Sequence[datetime]) -> _Select:
    """The sums of each sensor in each bucket that holds a scan, from the ledger. These buckets are all equally wide."""
    scan = SCANS.c
    first, width = UtcTime.milliseconds(edges[0]), UtcTime.milliseconds(edges[1]) - UtcTime.milliseconds(edges[0])
    started = type_coerce(scan.started_at, BigInteger)
    bucket = started - (started - first) % width
    people = func.coalesce(scan.wifi_device_count, 0) + func.coalesce(scan.bluetooth_device_count, 0)
    is_unheard = and_(scan.wifi_device_count.is_(None), scan.bluetooth_device_count.is_(None))
    return (
        select(
            bucket,
            scan.sensor,
            func.count(scan.wifi_device_count),
            func.sum(scan.wifi_device_count),
            func.count(scan.bluetooth_device_count),
            func.sum(scan.bluetooth_device_count),
            func.max(case((is_unheard, None), else_=people)),
        )
        .where(scan.started_at >= edges[0], scan.started_at < edges[-1], scan.clock_is_right)
        .group_by(bucket, scan.sensor)
    )


def _hourly(edges: Sequence[datetime]) -> _Select:
    hour = HOURLY_SUMS.c
    return select(
        type_coerce(hour.hour_at, BigInteger),
        hour.sensor,
        hour.wifi_scans_heard,
        hour.wifi_device_sum,
        hour.bluetooth_scans_heard,
        hour.bluetooth_device_sum,
        hour.peak,
    ).where(hour.hour_at >= edges[0], hour.hour_at < edges[-1])


def _daily(first: date, last: date) -> _Select:
    day = DAILY_SUMS.c
    return select(
        day.day,
        day.sensor,
        day.wifi_scans_heard,
        day.wifi_device_sum,
        day.bluetooth_scans_heard,
        day.bluetooth_device_sum,
        day.peak,
    ).where(day.day.between(first, last))
