"""Reading all that a report says of a range of time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, func, or_, select, type_coerce, union

from db.buckets import day_start, local_day, next_month, report_start
from db.gaps import MISSING_AFTER_INTERVALS
from db.read_overview import fault_of, read_overview
from db.schema import (
    DAILY_MAKER_SUMS,
    DAILY_SUMS,
    DEVICES,
    GAPS,
    HOURLY_SUMS,
    MONTHLY_HOUR_SUMS,
    MONTHLY_MAKER_SUMS,
    PRESENT,
    SCANS,
    VISITS,
    HourlySumColumns,
    MonthlyHourSumColumns,
)
from db.settings import StoreSettings
from db.types import UtcTime
from presence.overview import BusyHour, Gap, Overview, RadioTotals, Report, Stays
from presence.radio import Radio
from presence.ranges import TimeRange

_MOST_HOURS = 5
_MOST_MAKERS = 10
_MOST_GAPS = 20
_QUARTER_MILLISECONDS = 15 * 60 * 1000


def read_report(connection: Connection, time_range: TimeRange, now_at: datetime, settings: StoreSettings) -> Report:
    """A report: up to a day from scans, visits and devices themselves, beyond from the sums of whole local days.

    The makers and the hours of a year would be ten thousand sums of days: from its second calendar month on, they are
    read by the month.
    """
    overview = read_overview(connection, now_at, settings)
    from_at = report_start(time_range, now_at, settings.time_zone)
    is_long = time_range.span > timedelta(days=1)
    gaps, gap_count = _gaps(connection, from_at, overview, settings)
    return Report(
        overview=overview,
        time_range=time_range,
        from_at=from_at,
        stays=_stays(connection, from_at, now_at, settings, is_long=is_long),
        busiest_hours=_busiest_hours(connection, from_at, settings, is_long=is_long),
        manufacturers=_makers(connection, from_at, settings, is_long=is_long),
        radios=_radio_totals(connection, from_at, settings, is_long=is_long),
        gaps=gaps,
        gap_count=gap_count,
    )


def _stays(
    connection: Connection, from_at: datetime, now_at: datetime, settings: StoreSettings, *, is_long: bool
) -> Stays:
    if is_long:
        day = DAILY_SUMS.c
        sums = select(func.sum(day.visit_count), func.sum(day.visit_seconds_sum), func.max(day.visit_longest_seconds))
        row = connection.execute(sums.where(day.day >= local_day(from_at, settings.time_zone))).one()
    else:
        stay = VISITS.c.stay_seconds
        sums = select(func.count(), func.sum(stay), func.max(stay))
        row = connection.execute(sums.where(VISITS.c.ended_at >= from_at)).one()
    count, seconds, longest = row
    ongoing = [
        select(func.count()).where(present.c.last_seen_at >= now_at - settings.visit_gap).scalar_subquery()
        for present in PRESENT.values()
    ]
    return Stays(
        count=int(count or 0),
        average_minutes=seconds / count / 60 if count and seconds is not None else None,
        longest_minutes=longest / 60 if longest is not None else None,
        ongoing_count=sum(connection.execute(select(*ongoing)).one()),
    )


def _busiest_hours(
    connection: Connection, from_at: datetime, settings: StoreSettings, *, is_long: bool
) -> tuple[BusyHour, ...]:
    """Mean devices a scan, over the scans each radio was heard in, by hour of the local day."""
    by_sensor: dict[tuple[int, str], list[int]] = {}
    for hour, sensor, sums in _sums_by_hour(connection, from_at, settings, is_long=is_long):
        so_far = by_sensor.setdefault((hour, sensor), [0, 0, 0, 0])
        by_sensor[hour, sensor] = [had + more for had, more in zip(so_far, sums, strict=True)]
    # A device is placed at one sensor, so the means of all sensors add up to that of the site.
    by_hour: dict[int, float] = {}
    for (hour, _), (wifi_scans, wifi, bluetooth_scans, bluetooth) in by_sensor.items():
        if wifi_scans or bluetooth_scans:
            mean = (wifi / wifi_scans if wifi_scans else 0) + (bluetooth / bluetooth_scans if bluetooth_scans else 0)
            by_hour[hour] = by_hour.get(hour, 0) + mean
    hours = [BusyHour(hour, mean) for hour, mean in by_hour.items()]
    return tuple(sorted(hours, key=lambda hour: (-hour.mean_devices, hour.hour))[:_MOST_HOURS])


def _sums_by_hour(
    connection: Connection, from_at: datetime, settings: StoreSettings, *, is_long: bool
) -> list[tuple[int, str, list[int]]]:
    """Hours of the local day and sensors, some several times: scans heard and devices in them, Wi-Fi then Bluetooth."""
    if not is_long:
        rows = connection.execute(_quarters(from_at))
        return [
            (at.astimezone(settings.time_zone).hour, sensor, [int(value or 0) for value in sums])
            for at, sensor, *sums in rows
        ]
    until = next_month(local_day(from_at, settings.time_zone))
    hourly, monthly = HOURLY_SUMS.c, MONTHLY_HOUR_SUMS.c
    first_month = _by_hour_of_day(HOURLY_SUMS).where(
        hourly.hour_at >= from_at, hourly.hour_at < day_start(until, settings.time_zone)
    )
    others = _by_hour_of_day(MONTHLY_HOUR_SUMS).where(monthly.month >= until)
    return [
        (row[0], row[1], list(row[2:])) for statement in (first_month, others) for row in connection.execute(statement)
    ]


def _quarters(from_at: datetime) -> Select[*tuple[Any, ...]]:
    """Sums of the ledger by quarters of an hour; clocks of the Earth differ by whole ones, so each lies in one hour."""
    scan = SCANS.c
    started = type_coerce(scan.started_at, BigInteger)
    quarter = started - started % _QUARTER_MILLISECONDS
    counted = [scan.wifi_device_count, scan.bluetooth_device_count]
    sums: list[ColumnElement[Any]] = [each(count) for count in counted for each in (func.count, func.sum)]
    statement = select(type_coerce(quarter, UtcTime), scan.sensor, *sums).group_by(quarter, scan.sensor)
    return statement.where(scan.started_at >= from_at, scan.clock_is_right)


def _by_hour_of_day(table: Table[HourlySumColumns] | Table[MonthlyHourSumColumns]) -> Select[*tuple[Any, ...]]:
    hour = table.c
    summed = [hour.wifi_scans_heard, hour.wifi_device_sum, hour.bluetooth_scans_heard, hour.bluetooth_device_sum]
    sums: list[ColumnElement[Any]] = [func.sum(column) for column in summed]
    return select(hour.hour_of_day, hour.sensor, *sums).group_by(hour.hour_of_day, hour.sensor)


def _makers(
    connection: Connection, from_at: datetime, settings: StoreSettings, *, is_long: bool
) -> tuple[tuple[str | None, int], ...]:
    """Makers of the devices first heard in the range."""
    if is_long:
        from_day = local_day(from_at, settings.time_zone)
        until = next_month(from_day)
        daily, monthly = DAILY_MAKER_SUMS.c, MONTHLY_MAKER_SUMS.c
        statements = [
            _by_maker(daily.manufacturer, func.sum(daily.device_count)).where(daily.day >= from_day, daily.day < until),
            _by_maker(monthly.manufacturer, func.sum(monthly.device_count)).where(monthly.day >= until),
        ]
    else:
        statements = [_first_seen_by_maker(radio, from_at) for radio in Radio]
    counts: Counter[str | None] = Counter()
    for statement in statements:
        for name, count in connection.execute(statement):
            counts[name or None] += int(count)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0] or ""))[:_MOST_MAKERS])


def _first_seen_by_maker(radio: Radio, from_at: datetime) -> Select[*tuple[Any, ...]]:
    """Who was first heard since then is on a visit still, or has ended one since then."""
    device = DEVICES[radio].c
    visited = select(VISITS.c.device_id).where(VISITS.c.ended_at >= from_at, VISITS.c.radio == radio)
    heard = union(visited, select(PRESENT[radio].c.device_id))
    return _by_maker(device.manufacturer, func.count()).where(device.id.in_(heard), device.first_seen_at >= from_at)


def _by_maker(manufacturer: ColumnElement[Any], count: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(manufacturer, count).group_by(manufacturer)


def _radio_totals(
    connection: Connection, from_at: datetime, settings: StoreSettings, *, is_long: bool
) -> tuple[RadioTotals, RadioTotals]:
    if is_long:
        statement = _daily_totals().where(DAILY_SUMS.c.day >= local_day(from_at, settings.time_zone))
    else:
        statement = _ledger_totals().where(SCANS.c.started_at >= from_at, SCANS.c.clock_is_right)
    numbers = [int(number or 0) for number in connection.execute(statement).one()]
    return _totals(Radio.WIFI, *numbers[:4]), _totals(Radio.BLUETOOTH, *numbers[4:])


def _daily_totals() -> Select[*tuple[Any, ...]]:
    columns = [
        DAILY_SUMS.c[f"{radio.value}_{name}"]
        for radio in Radio
        for name in ("scans_heard", "scans_unheard", "new_count", "device_sum")
    ]
    return select(*map(func.sum, columns))


def _ledger_totals() -> Select[*tuple[Any, ...]]:
    columns: list[ColumnElement[Any]] = []
    for radio in Radio:
        count, new = SCANS.c[f"{radio.value}_device_count"], SCANS.c[f"{radio.value}_new_count"]
        columns += [func.count(count), func.count() - func.count(count), func.sum(new), func.sum(count)]
    return select(*columns)


def _totals(radio: Radio, heard: int, unheard: int, new_devices: int, device_sum: int) -> RadioTotals:
    return RadioTotals(radio, heard, unheard, new_devices, device_sum / heard if heard else None)


def _gaps(
    connection: Connection, from_at: datetime, overview: Overview, settings: StoreSettings
) -> tuple[tuple[Gap, ...], int]:
    """The latest gaps that reach into the range, and how many do."""
    gap = GAPS.c
    in_range = or_(gap.to_at > from_at, gap.to_at.is_(None))
    count = connection.execute(select(func.count()).where(in_range)).scalar_one()
    rows = connection.execute(
        select(GAPS).where(in_range).order_by(gap.from_at.desc(), gap.id.desc()).limit(_MOST_GAPS)
    )
    recorded = [
        Gap(row.radio, row.from_at, row.to_at, fault_of(row.fault_reason, row.fault_detail, row.fault_recovery))
        for row in rows
    ]
    silent = _silent_now(overview, settings)
    return (*silent, *recorded)[:_MOST_GAPS], count + len(silent)


def _silent_now(overview: Overview, settings: StoreSettings) -> tuple[Gap, ...]:
    """Gaps of the radios that were heard in the latest scan, when the next is overdue: scanning itself has stopped."""
    last_scan_at = overview.last_scan_at
    if last_scan_at is None or not overview.clock_is_right:
        return ()
    missing_from_at = last_scan_at + timedelta(seconds=settings.interval_seconds)
    if overview.as_of_at - last_scan_at <= timedelta(seconds=MISSING_AFTER_INTERVALS * settings.interval_seconds):
        return ()
    heard = [state.radio for state in overview.radios if state.device_count is not None]
    return tuple(Gap(radio, missing_from_at, None, None) for radio in heard)
