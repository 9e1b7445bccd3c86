"""What reading costs after a year, in times of what it costs after a day: `python -m bench.history_cost`.

Three databases are built, with a scan a minute and 2,740 visits a day (a million a year), each by another device: a
day; a year as retention leaves it (devices and visits of 30 days); and a year of which nothing was ever forgotten.
Everything the page shows is then read from each in turn, and the medians are compared.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import methodcaller
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, TypedColumns, insert

from bench.ordinary import ordinary_settings
from db import schema
from db.connect import Connections
from db.reader import Reader
from db.upgrade import upgrade
from presence.overview import DeviceQuery, DeviceSort
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import AddressKind
from presence.zones import Zone

_NOW_AT = datetime(2027, 11, 19, 15, 30, tzinfo=UTC)
_VISITS_A_DAY = 2740
_DAY_SECONDS = 86_400
_PRESENT = 60
_ROUNDS = 15
_MAKERS = tuple(f"Maker {number}" for number in range(30))
_TIME_ZONE = ZoneInfo("Europe/Prague")
_SETTINGS = ordinary_settings(str(_TIME_ZONE))

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Size:
    """How much a database holds, in days."""

    scans: int
    devices: int


_SIZES = {"day": _Size(1, 1), "year": _Size(365, 30), "year_unforgotten": _Size(365, 365)}


def _build(url: str, size: _Size) -> Reader:
    connections = Connections(url)
    upgrade(connections)
    with connections.write() as connection:
        _insert(connection, schema.SCANS, _scans(size.scans))
        _insert(connection, schema.HOURLY_SUMS, _hours(size.scans))
        _insert(connection, schema.DAILY_SUMS, _days(size.scans))
        _insert(connection, schema.MONTHLY_HOUR_SUMS, _monthly_hours(size.scans))
        _insert(connection, schema.DAILY_MAKER_SUMS, _makers(size.scans, 1))
        _insert(connection, schema.MONTHLY_MAKER_SUMS, _makers(-(-size.scans // 31), 31))
        _insert(connection, schema.GAPS, _gaps(size.scans))
        _insert(connection, schema.VISITS, _visits(size.devices))
        for radio, table in schema.DEVICES.items():
            _insert(connection, table, _devices(radio, size.devices))
            _insert(connection, schema.PRESENT[radio], _present(radio, size.devices))
        _insert(connection, schema.RADIO_STATES, _radio_states(size.scans))
    return Reader(connections, _SETTINGS)


def _insert(connection: Connection, table: Table[TypedColumns], rows: Iterable[Row]) -> None:
    waiting = iter(rows)
    while some := list(islice(waiting, 10_000)):
        connection.execute(insert(table), some)


def _scans(days: int) -> Iterator[Row]:
    for minute in range(days * 1440, 0, -1):
        counts = {f"{radio.value}_{name}": minute % 40 + 5 for radio in Radio for name in _COUNTS}
        yield {
            "sensor": "box",
            "started_at": _NOW_AT - timedelta(minutes=minute - 1),
            "duration_seconds": 10,
            "elapsed_seconds": 60,
            "key_period": 20_000,
            "clock_is_right": True,
            **counts,
        }


_COUNTS = ("device_count", "new_count", "sighting_count", "near_count", "medium_count", "far_count")


def _hours(days: int) -> Iterator[Row]:
    this_hour_at = _NOW_AT.replace(minute=0)
    for hour in range(days * 24):
        at = this_hour_at - timedelta(hours=hour)
        sums = {f"{radio.value}_{name}": 60 for radio in Radio for name in ("scans_heard", "device_sum")}
        of_day = at.astimezone(_TIME_ZONE).hour
        yield {"hour_at": at, "sensor": "box", "hour_of_day": of_day, "peak": 40, **sums}


def _days(days: int) -> Iterator[Row]:
    names = ("scans_heard", "scans_unheard", "device_sum", "new_count")
    for day in range(days):
        yield {
            "day": (_NOW_AT - timedelta(days=day)).date(),
            "sensor": "box",
            **{f"{radio.value}_{name}": 1440 for radio in Radio for name in names},
            "peak": 40,
            "visit_count": _VISITS_A_DAY,
            "visit_seconds_sum": 1_000_000,
            "visit_longest_seconds": 30_000,
        }


def _monthly_hours(days: int) -> Iterator[Row]:
    for month in range(-(-days // 31)):
        day = (_NOW_AT - timedelta(days=31 * month)).date().replace(day=1)
        for hour in range(24):
            sums = {f"{radio.value}_{name}": 1800 for radio in Radio for name in ("scans_heard", "device_sum")}
            yield {"month": day, "sensor": "box", "hour_of_day": hour, **sums}


def _makers(count: int, days_each: int) -> Iterator[Row]:
    for step in range(count):
        day = (_NOW_AT - timedelta(days=days_each * step)).date()
        for maker in ("", *_MAKERS):
            yield {
                "day": day if days_each == 1 else day.replace(day=1),
                "sensor": "box",
                "manufacturer": maker,
                "device_count": 90 * days_each,
            }


def _gaps(days: int) -> Iterator[Row]:
    for day in range(days, 0, -1):
        from_at = _NOW_AT - timedelta(days=day - 0.5)
        to_at = from_at + timedelta(minutes=20)
        yield {"sensor": "box", "radio": Radio.BLUETOOTH, "from_at": from_at, "to_at": to_at}


def _left_at(number: int, count: int, days: int) -> datetime:
    """When the device of this number was last heard: spread evenly, the last of them an hour ago."""
    return _NOW_AT - timedelta(hours=1, seconds=(count - number) * (days * _DAY_SECONDS - 3600) / count)


def _visits(days: int) -> Iterator[Row]:
    """A visit of each device."""
    count = days * _VISITS_A_DAY // 2
    for number in range(count):
        ended_at = _left_at(number, count, days)
        for radio in Radio:
            yield {
                "ended_at": ended_at,
                "radio": radio,
                "device_id": number + 1,
                "repeat": 0,
                "sensor": "box",
                "started_at": ended_at - timedelta(minutes=10),
                "stay_seconds": 660,
            }


def _devices(radio: Radio, days: int) -> Iterator[Row]:
    count = days * _VISITS_A_DAY // 2
    for number in range(count):
        last_seen_at = _left_at(number, count, days)
        yield {
            "key_period": 20_000,
            "part": number // 1024,
            "device_hash": hashlib.sha256(f"{radio.value} {number}".encode()).hexdigest(),
            "address_kind": AddressKind.RANDOMISED,
            "manufacturer": _MAKERS[number * 7 % 30] if number % 3 else None,
            "first_seen_at": last_seen_at - timedelta(minutes=10),
            **_latest(last_seen_at, number),
        }


def _present(radio: Radio, days: int) -> Iterator[Row]:
    count = days * _VISITS_A_DAY // 2
    started_at = _NOW_AT - timedelta(minutes=30)
    for number in range(_PRESENT // 2):
        visit = {"device_id": count - number, "visit_started_at": started_at, "credit_seconds": 60}
        yield visit | _latest(_NOW_AT, number + len(radio.value))


def _latest(last_seen_at: datetime, number: int) -> Row:
    return {
        "sensor": "box",
        "ssids": ("Kavárna U Lípy",) if number % 10 == 0 else None,
        "last_seen_at": last_seen_at,
        "rssi_mean_dbm": -40 - number * 7 % 50,
        "rssi_std_db": 2.5,
        "zone": Zone.MEDIUM,
        "time_spent_seconds": number * 13 % 5000,
        "round_id": 1,
    }


def _radio_states(days: int) -> Iterator[Row]:
    for radio in Radio:
        total = days * _VISITS_A_DAY // 2
        yield {
            "sensor": "box",
            "radio": radio,
            "device_total": total,
            "last_scan_at": _NOW_AT,
            "last_heard_at": _NOW_AT,
        }


def _readings() -> dict[str, Callable[[Reader], object]]:
    """Everything that is read, by name."""
    readings: dict[str, Callable[[Reader], object]] = {
        "latest_scan_id": Reader.latest_scan_id,
        "overview": methodcaller("overview", _NOW_AT),
    }
    for span in TimeRange:
        readings[f"history {span}"] = methodcaller("history", span, _NOW_AT)
        readings[f"report {span}"] = methodcaller("report", span, _NOW_AT)
        queries = {
            "": DeviceQuery(span),
            " by signal": DeviceQuery(span, sort=DeviceSort.RSSI),
            " search": DeviceQuery(span, search="maker 7"),
            " last page": DeviceQuery(span, offset=2500),
        }
        for name, query in queries.items():
            readings[f"devices {span}{name}"] = methodcaller("devices", query, _NOW_AT)
    return readings


def _milliseconds(read: Callable[[Reader], object], readers: dict[str, Reader]) -> dict[str, float]:
    """The median processor time of a reading from each database; they take turns, so that nothing else tells."""
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(_ROUNDS):
        for name, reader in readers.items():
            begun = time.thread_time()
            read(reader)
            times[name].append((time.thread_time() - begun) * 1000)
    return {name: round(statistics.median(taken), 2) for name, taken in times.items()}


def main() -> None:
    """Print the times and ratios of every reading, as one JSON object."""
    figures: dict[str, object] = {"target_ratio": 2}
    worst = dict.fromkeys(list(_SIZES)[1:], 0.0)
    with tempfile.TemporaryDirectory() as folder:
        readers = {name: _build(f"sqlite:///{Path(folder) / name}.db", size) for name, size in _SIZES.items()}
        for reading, read in _readings().items():
            taken: dict[str, float] = _milliseconds(read, readers)
            ratios = {f"{name}_ratio": round(taken[name] / taken["day"], 2) for name in worst}
            worst = {name: max(ratio, ratios[f"{name}_ratio"]) for name, ratio in worst.items()}
            figures[reading] = {**{f"{name}_ms": value for name, value in taken.items()}, **ratios}
    json.dump({**figures, **{f"worst_{name}_ratio": ratio for name, ratio in worst.items()}}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
