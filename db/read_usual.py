"""Reading what is usual: how many are there at this hour of this weekday, as a rule."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from db.buckets import hour_start
from db.schema import HOURLY_SUMS

# Two months: long enough for a median that one holiday does not move, short enough to follow the seasons.
WEEKS_LOOKED_AT = 8
# Fewer say little: of two weeks one may have been a holiday.
LEAST_WEEKS = 3


def read_usual(connection: Connection, now_at: datetime, time_zone: ZoneInfo) -> float | None:
    """Devices heard in a scan at this hour of this weekday: the median of the last weeks' means, the running one aside.

    Both radios and all sensors are added up, as in the number of those who are there now. None while fewer than three
    weeks are known; a week in which nothing was heard at that hour is not known.
    """
    hour = HOURLY_SUMS.c
    rows = connection.execute(
        select(
            hour.hour_at,
            hour.wifi_scans_heard,
            hour.wifi_device_sum,
            hour.bluetooth_scans_heard,
            hour.bluetooth_device_sum,
        ).where(hour.hour_at.in_(same_hours(now_at, time_zone)))
    )
    means: dict[datetime, float] = defaultdict(float)
    for hour_at, wifi_scans, wifi_devices, bluetooth_scans, bluetooth_devices in rows:
        if wifi_scans or bluetooth_scans:
            means[hour_at] += wifi_devices / (wifi_scans or 1) + bluetooth_devices / (bluetooth_scans or 1)
    return median(means.values()) if len(means) >= LEAST_WEEKS else None


def same_hours(now_at: datetime, time_zone: ZoneInfo) -> tuple[datetime, ...]:
    """This hour of the last weeks, by the clock of the place."""
    local = now_at.astimezone(time_zone).replace(tzinfo=None)
    weeks = (local - timedelta(weeks=number) for number in range(1, WEEKS_LOOKED_AT + 1))
    return tuple(hour_start(one.replace(tzinfo=time_zone).astimezone(UTC), time_zone) for one in weeks)
