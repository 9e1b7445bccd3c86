"""Sums: what a scan adds to its hour, its day and its month, so that long ranges need no scans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from db import upsert
from db.buckets import hour_start, local_day, month_of
from db.schema import DAILY_MAKER_SUMS, DAILY_SUMS, HOURLY_SUMS, MONTHLY_HOUR_SUMS, MONTHLY_MAKER_SUMS
from presence.radio import Radio
from presence.scan import Scan
from presence.visits import Visit

DeviceCounts = dict[Radio, int | None]
"""Devices heard by each radio; None for one that was not heard."""


def peak_of(counts: DeviceCounts) -> int | None:
    """Devices over the radios heard; None when neither was."""
    heard = [count for count in counts.values() if count is not None]
    return sum(heard) if heard else None


def add_hour(connection: Connection, scan: Scan, counts: DeviceCounts, time_zone: ZoneInfo) -> None:
    """Add a scan to its hour, and to that hour of the day in its month."""
    hour_at = hour_start(scan.started_at, time_zone)
    local = hour_at.astimezone(time_zone)
    wifi, bluetooth = counts[Radio.WIFI], counts[Radio.BLUETOOTH]
    row = {
        "sensor": scan.sensor,
        "hour_of_day": local.hour,
        "wifi_scans_heard": int(wifi is not None),
        "wifi_device_sum": wifi or 0,
        "bluetooth_scans_heard": int(bluetooth is not None),
        "bluetooth_device_sum": bluetooth or 0,
    }
    upsert.add_to_sums(connection, HOURLY_SUMS, [{**row, "hour_at": hour_at, "peak": peak_of(counts)}])
    upsert.add_to_sums(connection, MONTHLY_HOUR_SUMS, [{**row, "month": month_of(local.date())}])


def add_day(
    connection: Connection,
    scan: Scan,
    counts: DeviceCounts,
    *,
    new_counts: dict[Radio, int],
    visits: Sequence[Visit],
    time_zone: ZoneInfo,
) -> None:
    """Add a scan to its day, and each visit to the day on which it ended (which may be the one before)."""
    wifi, bluetooth = counts[Radio.WIFI], counts[Radio.BLUETOOTH]
    of_scan = _day_row() | {
        "day": local_day(scan.started_at, time_zone),
        "wifi_scans_heard": int(wifi is not None),
        "wifi_scans_unheard": int(wifi is None),
        "wifi_device_sum": wifi or 0,
        "wifi_new_count": new_counts.get(Radio.WIFI, 0),
        "bluetooth_scans_heard": int(bluetooth is not None),
        "bluetooth_scans_unheard": int(bluetooth is None),
        "bluetooth_device_sum": bluetooth or 0,
        "bluetooth_new_count": new_counts.get(Radio.BLUETOOTH, 0),
        "peak": peak_of(counts),
        "sensor": scan.sensor,
    }
    rows = {(of_scan["day"], scan.sensor): of_scan}
    for visit in visits:
        day = local_day(visit.ended_at, time_zone)
        row = rows.setdefault((day, visit.sensor), _day_row() | {"day": day, "sensor": visit.sensor})
        row["visit_count"] += 1
        row["visit_seconds_sum"] += visit.stay_seconds
        row["visit_longest_seconds"] = max(row["visit_longest_seconds"] or 0, visit.stay_seconds)
    upsert.add_to_sums(connection, DAILY_SUMS, list(rows.values()))


def add_makers(connection: Connection, scan: Scan, makers: Sequence[str | None], time_zone: ZoneInfo) -> None:
    """Count devices never heard before by their makers, in their day and in their month."""
    today = local_day(scan.started_at, time_zone)
    for table, day in ((DAILY_MAKER_SUMS, today), (MONTHLY_MAKER_SUMS, month_of(today))):
        rows = [
            {"day": day, "sensor": scan.sensor, "manufacturer": maker, "device_count": count}
            for maker, count in Counter(maker or "" for maker in makers).items()
        ]
        upsert.add_to_sums(connection, table, rows)


def _day_row() -> upsert.Row:
    """A row that adds nothing."""
    numbers = {column.name: 0 for column in DAILY_SUMS.c if not column.primary_key and not column.nullable}
    return {**numbers, "peak": None, "visit_longest_seconds": None}
