"""What it costs PostgreSQL to forget, beside dropping a partition: `python -m bench.retention_cost --days 30`.

The ledger and the detections are filled with as many days of sensors as are kept. Then minutes go by as at a hub: the
scans of each are added, and what has become too old goes, as the programme does it. Beside it stands what a partition
of a day would cost to drop, and how large the tables were before and after with PostgreSQL's own autovacuum.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from bench.ordinary import ordinary_settings
from db.connect import Connections
from db.store import open_store
from tests.postgresql import cluster

_AT = datetime(2027, 3, 10, tzinfo=UTC)
# What 50 devices of each radio take, see `db.detections`.
_PACKED_BYTES = 300
# Times are kept as milliseconds (`db.types.UtcTime`).
_MINUTE = 60_000
_TABLES = ("scans", "scan_detections")
# Scans of each sensor, a minute apart: those of minutes `:first` to `:last`, counted from `_AT`.
_ADD_SCANS = """
    INSERT INTO scans (sensor, started_at, duration_seconds, elapsed_seconds, key_period, clock_is_right,
                       wifi_device_count, wifi_new_count, wifi_sighting_count, wifi_near_count, wifi_medium_count,
                       wifi_far_count, bluetooth_device_count, bluetooth_new_count, bluetooth_sighting_count,
                       bluetooth_near_count, bluetooth_medium_count, bluetooth_far_count)
    SELECT 'sensor ' || sensor, CAST(:at AS bigint) + minute * CAST(:minute_long AS bigint) + sensor,
           10000, 60000, 740000, true,
           50, 2, 300, 10, 20, 20, 50, 2, 300, 10, 20, 20
    FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS minute,
         generate_series(1, CAST(:sensors AS integer)) AS sensor
    RETURNING id, sensor, started_at
"""
# Rows this short are never compressed, so any bytes will do.
_ADD_ALL = f"""
    WITH added AS ({_ADD_SCANS}), packed AS (SELECT decode(repeat('5a', {_PACKED_BYTES}), 'hex') AS bytes)
    INSERT INTO scan_detections (scan_id, sensor, started_at, wifi, bluetooth)
    SELECT id, sensor, started_at, bytes, bytes FROM added, packed
"""  # noqa: S608 - our own words


def _add(connection: Connection, sensors: int, first: int, last: int) -> None:
    """Add the scans of some minutes."""
    at = int(_AT.timestamp()) * 1000
    given = {"at": at, "minute_long": _MINUTE, "sensors": sensors, "first": first, "last": last}
    connection.execute(text(_ADD_ALL), given)


def _fill(connections: Connections, sensors: int, days: int) -> None:
    for day in range(-days, 0):
        with connections.write() as connection:
            _add(connection, sensors, day * 1440, day * 1440 + 1439)


def _megabytes(connections: Connections) -> dict[str, float]:
    with connections.read() as connection:
        sizes = {name: connection.execute(text("SELECT pg_total_relation_size(:of)"), {"of": name}) for name in _TABLES}
        return {name: round(size.scalar_one() / 1e6, 1) for name, size in sizes.items()}


def _drop_a_day(connections: Connections, sensors: int) -> float:
    """Milliseconds that a day's partition would take to drop: a table of a day's detections, which is what one is."""
    with connections.write() as connection:
        connection.execute(text(f"CREATE TABLE a_day AS SELECT * FROM scan_detections LIMIT {sensors * 1440}"))  # noqa: S608 - a number
    begun = time.perf_counter()
    with connections.write() as connection:
        connection.execute(text("DROP TABLE a_day"))
    return (time.perf_counter() - begun) * 1000


def measure(sensors: int, days: int, minutes: int) -> dict[str, object]:
    """Fill, let minutes go by, and tell what they cost."""
    settings = replace(ordinary_settings("UTC"), keep_scans_days=days, keep_detections_days=days)
    server = cluster()
    with contextlib.ExitStack() as undo:
        undo.callback(server.stop)
        store = open_store(server.new_database(), settings)
        undo.callback(store.close)
        begun = time.perf_counter()
        _fill(store.connections, sensors, days)
        filled_seconds = time.perf_counter() - begun
        before = _megabytes(store.connections)
        took, deleted = [], 0
        for minute in range(minutes):
            with store.connections.write() as connection:
                _add(connection, sensors, minute, minute)
            begun = time.perf_counter()
            deleted += store.recorder.forget_due(_AT + timedelta(minutes=minute + 1))
            took.append((time.perf_counter() - begun) * 1000)
        return {
            "sensors": sensors,
            "days": days,
            "rows_of_each_table": sensors * days * 1440,
            "filled_in_seconds": round(filled_seconds),
            "minutes": minutes,
            "rows_deleted": deleted,
            "milliseconds_a_minute_median": round(statistics.median(took), 1),
            "milliseconds_a_minute_99th": round(sorted(took)[int(len(took) * 0.99)], 1),
            "megabytes_before": before,
            "megabytes_after": _megabytes(store.connections),
            "milliseconds_to_drop_a_day": round(_drop_a_day(store.connections, sensors), 1),
        }


def main() -> None:
    """Measure and print, as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sensors", type=int, default=100)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--minutes", type=int, default=1440)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.sensors, arguments.days, arguments.minutes)))


if __name__ == "__main__":
    main()
