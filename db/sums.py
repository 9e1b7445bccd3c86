"""Sums: what a scan adds to its hour, its day and its month, so that long ranges need no scans."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table

from db import upsert
from db.buckets import hour_start, local_day, month_of
from db.schema import DAILY_MAKER_SUMS, DAILY_SUMS, HOURLY_SUMS, MONTHLY_HOUR_SUMS, MONTHLY_MAKER_SUMS
from presence.following import Taken
from presence.radio import Radio
from presence.scan import Scan
from presence.visits import Visit

DeviceCounts = dict[Radio, int | None]
"""Devices heard by each radio; None for one that was not heard."""


def peak_of(counts: DeviceCounts) -> int | None:
    """Devices over the radios heard; None when neither was."""
    heard = [count for count in counts.values() if count is not None]
    return sum(heard) if heard else None


class Sums:
    """What some scans add to the sums: put together in memory, and written at once."""

    def __init__(self, time_zone: ZoneInfo) -> None:
        self._time_zone = time_zone
        self._rows: defaultdict[Table[Any], list[upsert.Row]] = defaultdict(list)

    def add(self, scan: Scan, taken: Taken) -> None:
        """Add a scan, whose clock was right, and what came of it."""
        counts = {radio: len(taken.radios[radio].placed) if radio in taken.radios else None for radio in Radio}
        self._add_hour(scan, counts)
        self._add_day(scan, counts, {radio: len(some.arrived) for radio, some in taken.radios.items()})
        self._add_visits(taken.ended)
        self._add_makers(scan, [device.manufacturer for some in taken.radios.values() for device in some.arrived])

    def write(self, connection: Connection) -> None:
        """Write what was added."""
        for table, rows in self._rows.items():
            upsert.add_to_sums(connection, table, rows)

    def _add_hour(self, scan: Scan, counts: DeviceCounts) -> None:
        """Add a scan to its hour, and to that hour of the day in its month."""
        hour_at = hour_start(scan.started_at, self._time_zone)
        local = hour_at.astimezone(self._time_zone)
        wifi, bluetooth = counts[Radio.WIFI], counts[Radio.BLUETOOTH]
        row = {
            "sensor": scan.sensor,
            "hour_of_day": local.hour,
            "wifi_scans_heard": int(wifi is not None),
            "wifi_device_sum": wifi or 0,
            "bluetooth_scans_heard": int(bluetooth is not None),
            "bluetooth_device_sum": bluetooth or 0,
        }
        self._rows[HOURLY_SUMS].append({**row, "hour_at": hour_at, "peak": peak_of(counts)})
        self._rows[MONTHLY_HOUR_SUMS].append({**row, "month": month_of(local.date())})

    def _add_day(self, scan: Scan, counts: DeviceCounts, new_counts: dict[Radio, int]) -> None:
        wifi, bluetooth = counts[Radio.WIFI], counts[Radio.BLUETOOTH]
        row = _day_row(local_day(scan.started_at, self._time_zone), scan.sensor) | {
            "wifi_scans_heard": int(wifi is not None),
            "wifi_scans_unheard": int(wifi is None),
            "wifi_device_sum": wifi or 0,
            "wifi_new_count": new_counts.get(Radio.WIFI, 0),
            "bluetooth_scans_heard": int(bluetooth is not None),
            "bluetooth_scans_unheard": int(bluetooth is None),
            "bluetooth_device_sum": bluetooth or 0,
            "bluetooth_new_count": new_counts.get(Radio.BLUETOOTH, 0),
            "peak": peak_of(counts),
        }
        self._rows[DAILY_SUMS].append(row)

    def _add_visits(self, visits: Sequence[Visit]) -> None:
        """Add each visit to the day on which it ended, which may be before that of the scan that ended it."""
        for visit in visits:
            stay = {
                "visit_count": 1,
                "visit_seconds_sum": visit.stay_seconds,
                "visit_longest_seconds": visit.stay_seconds,
            }
            day = local_day(visit.ended_at, self._time_zone)
            self._rows[DAILY_SUMS].append(_day_row(day, visit.sensor) | stay)

    def _add_makers(self, scan: Scan, makers: Sequence[str | None]) -> None:
        """Count devices never heard before by their makers, in their day and in their month."""
        today = local_day(scan.started_at, self._time_zone)
        for table, day in ((DAILY_MAKER_SUMS, today), (MONTHLY_MAKER_SUMS, month_of(today))):
            self._rows[table] += [
                {"day": day, "sensor": scan.sensor, "manufacturer": maker, "device_count": count}
                for maker, count in Counter(maker or "" for maker in makers).items()
            ]


def _day_row(day: date, sensor: str) -> upsert.Row:
    """A row that adds nothing."""
    numbers = {column.name: 0 for column in DAILY_SUMS.c if not column.primary_key and not column.nullable}
    return {"day": day, "sensor": sensor, **numbers, "peak": None, "visit_longest_seconds": None}
