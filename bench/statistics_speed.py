"""How long the statistics routes take over 30 days of 100 sensors: `python -m bench.statistics_speed`.

The sums of 30 days are written as a hub would have made them, of sensors that hear 100 devices a minute, five of them
new: every hour and day of each sensor and of the site, the devices of the hours whose detections are kept, and the
detections of those hours that the questions cut through. Each route is then asked over HTTP, one question at a time,
and with the questions of all routes in turn, so that none is answered from what the one before left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Table, TypedColumns, insert, text

from bench.ordinary import ordinary_settings
from db import site_schema
from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.channels import Channels
from db.connect import Connections
from db.fixtures import Fixtures
from db.floor_plans import FloorPlans
from db.head_counts import HeadCounts
from db.overrides import Overrides
from db.read_detections import DetectionReader
from db.read_pages import PageReader
from db.read_people import PeopleReader
from db.read_statistics import Statistics
from db.reader import Reader
from db.schema import SCANS
from db.sensors import Sensors
from db.tag_log import TagLog
from db.tags import Tags
from db.upgrade import upgrade
from links.api.parts import AlertParts, ApiParts, EstimateParts, TagParts
from links.api.routes import api_router
from links.server import server_with
from presence.zones import Zone, ZoneThresholds
from scans.identities import identity_of
from scans.registry_key import RegistryKey
from tests.links.served import served_app
from tests.postgresql import Cluster, find_programs

_GOAL_MS = 50
_SENSORS, _DAYS, _DEVICES, _NEW_EACH_MINUTE = 100, 30, 100, 5
_NOW_AT = datetime(2027, 11, 19, 15, 37, 20, tzinfo=UTC)
_SETTINGS = ordinary_settings("UTC")
_HOUR = timedelta(hours=1)
_THIS_HOUR_AT = _NOW_AT.replace(minute=0, second=0)
_MIDNIGHT_AT = _NOW_AT.replace(hour=0, minute=0, second=0)
_FIRST_AT = _MIDNIGHT_AT - timedelta(days=_DAYS - 1)
# The running hour, and those in which a day ago and four days ago lie; before that come the 25 hours that may be asked.
_CUT_HOURS = tuple(_THIS_HOUR_AT - timedelta(days=days) for days in (0, 1, 4))
_NEW_EACH_HOUR = 60 * _NEW_EACH_MINUTE

_QUESTIONS: dict[str, dict[str, object]] = {
    "realtime": {},
    "realtime of an hour": {"minutes": 60},
    "realtime of an hour, one sensor": {"minutes": 60, "sensor": "s7"},
    "realtime of a day": {"minutes": 1440},
    "range of 30 days": {"start_time": _FIRST_AT.isoformat(), "end_time": _NOW_AT.isoformat()},
    "range of 4 days": {"start_time": (_NOW_AT - timedelta(days=4)).isoformat(), "end_time": _NOW_AT.isoformat()},
    "range of 30 days, one sensor": {
        "start_time": _FIRST_AT.isoformat(),
        "end_time": _NOW_AT.isoformat(),
        "sensor": "s7",
    },
    "hourly": {},
    "hourly of a day long ago": {"date": (_NOW_AT - timedelta(days=20)).date()},
    "daily of 30 days": {"days": _DAYS},
    "daily of 30 days, one sensor": {"days": _DAYS, "sensor": "s7"},
    "distribution": {},
    "distribution of 30 days": {"hours": 24 * (_DAYS - 1)},
    "histogram of the hour": {"range": "hour"},
    "histogram of today": {"range": "today"},
    "histogram of the week": {"range": "week"},
}

Row = dict[str, Any]


def build(connections: Connections) -> None:
    """Write the 30 days."""
    upgrade(connections)
    _write(connections, SCANS, [_a_scan()])
    _write(connections, site_schema.ZONE_HOURS, _zone_hours())
    _write(connections, site_schema.ZONE_DAYS, _zone_days())
    _write(connections, site_schema.HOUR_DEVICES, _hour_devices())
    _write(connections, site_schema.DETECTIONS, _detections())
    _write(connections, site_schema.DUE_HOURS, [{"hour_at": _THIS_HOUR_AT}])
    with connections.write() as connection:
        connection.execute(text("ANALYZE"))


def _write(connections: Connections, table: Table[TypedColumns], rows: Iterable[Row]) -> None:
    waiting = iter(rows)
    while some := list(islice(waiting, 2000)):
        with connections.write() as connection:
            connection.execute(insert(table), some)


def _a_scan() -> Row:
    return {"sensor": "s0", "started_at": _NOW_AT, "duration_seconds": 10, "key_period": 1, "clock_is_right": True}


def _hours(from_at: datetime) -> Iterator[datetime]:
    """The hours that are over."""
    while from_at < _THIS_HOUR_AT:
        yield from_at
        from_at += _HOUR


def _sensors() -> Iterator[tuple[str, int]]:
    """Each sensor, and the site, with how many sensors it is."""
    yield "", _SENSORS
    for number in range(_SENSORS):
        yield f"s{number}", 1


def _zoned(key: Row, devices: int, detections: int) -> Iterator[Row]:
    for zone in (*map(str, Zone), "all"):
        share = 1 if zone == "all" else 3
        sums = {"device_count": devices // share, "detection_count": detections // share, "rssi_sum_dbm": -65.0}
        yield {**key, "zone": zone, **sums}


def _zone_hours() -> Iterator[Row]:
    for at in _hours(_FIRST_AT):
        for name, count in _sensors():
            yield from _zoned({"hour_at": at, "sensor": name}, 400 * count, 6000 * count)


def _zone_days() -> Iterator[Row]:
    for day in range(1, _DAYS):
        for name, count in _sensors():
            key = {"day": (_NOW_AT - timedelta(days=day)).date(), "sensor": name}
            yield from _zoned(key, 7300 * count, 144_000 * count)


def _ids(hour_at: datetime, first: int, count: int, sensors: Iterable[int]) -> array[int]:
    """Rows of devices: the sensors' arrivals take turns."""
    begin = (hour_at - _FIRST_AT) // _HOUR * _NEW_EACH_HOUR + first
    return array("I", [number * _SENSORS + sensor for sensor in sensors for number in range(begin, begin + count)])


def _hour_devices() -> Iterator[Row]:
    for at in _hours(_NOW_AT - timedelta(days=_SETTINGS.keep_detections_days, hours=26)):
        for name, count in _sensors():
            sensors = range(_SENSORS) if count > 1 else (int(name[1:]),)
            ids = _ids(at, 0, _NEW_EACH_HOUR + _DEVICES, sensors)
            yield {"hour_at": at, "sensor": name, "wifi": None, "bluetooth": ids.tobytes() + b"\x0c" * len(ids)}


def _detections() -> Iterator[Row]:
    scan_id = 0
    for hour_at in sorted(_CUT_HOURS):
        for minute in range(60):
            at = hour_at + timedelta(minutes=minute)
            for sensor in range(_SENSORS if at <= _NOW_AT else 0):
                scan_id += 1
                ids = _ids(hour_at, minute * _NEW_EACH_MINUTE, _DEVICES, [sensor])
                packed = ids.tobytes() + b"\xbb" * _DEVICES + b"\x02" * _DEVICES
                yield {"scan_id": scan_id, "sensor": f"s{sensor}", "started_at": at, "wifi": None, "bluetooth": packed}


def measure(url: str, rounds: int) -> dict[str, Any]:
    """Milliseconds of each question over some rounds; the least is what others on the machine disturb least."""
    with contextlib.closing(Connections(url)) as connections:
        began = time.perf_counter()
        build(connections)
        built = time.perf_counter() - began
        with served_app(server_with(api_router(_parts(connections)))) as place:
            asking = http.client.HTTPConnection(place)
            first = {name: _ask(asking, name) for name in _QUESTIONS}
            took: dict[str, list[float]] = {name: [] for name in _QUESTIONS}
            for _ in range(rounds):
                for name in _QUESTIONS:
                    took[name].append(_ask(asking, name))
    p95 = {name: round(statistics.quantiles(some, n=20)[18], 1) for name, some in took.items()}
    return {
        "p95_ms": p95,
        "p50_ms": {name: round(statistics.median(some), 1) for name, some in took.items()},
        "least_ms": {name: round(min(some), 1) for name, some in took.items()},
        "worst_p95_ms": max(p95.values()),
        "worst_first_ms": round(max(first.values()), 1),
        "built_in_seconds": round(built),
    }


def _ask(asking: http.client.HTTPConnection, name: str) -> float:
    began = time.perf_counter()
    asking.request("GET", f"/api/v1/statistics/{name.split(maxsplit=1)[0]}?{urlencode(_QUESTIONS[name])}")
    answer = asking.getresponse()
    said = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(said.decode())
    return 1000 * (time.perf_counter() - began)


def _parts(connections: Connections) -> ApiParts:
    key = RegistryKey(None)
    return ApiParts(
        reader=Reader(connections, _SETTINGS),
        statistics=Statistics(connections, _SETTINGS),
        detections=DetectionReader(connections),
        pages=PageReader(connections),
        sensors=Sensors(connections, timedelta(seconds=60)),
        overrides=Overrides(connections),
        thresholds=ZoneThresholds(),
        settings=_SETTINGS,
        rehash=lambda device_hash: device_hash,
        clock=lambda: _NOW_AT,
        tagged=TagParts(
            Tags(connections),
            TagLog(connections),
            FloorPlans(connections),
            lambda kind, text: identity_of(kind, text, key),
            None,
        ),
        alerting=AlertParts(Alerts(connections), AlertRules(connections), Channels(connections, key)),
        estimating=EstimateParts(PeopleReader(connections, _SETTINGS), HeadCounts(connections), Fixtures(connections)),
        smallest_group=0,
        changed=lambda: None,
    )


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", default="postgresql", choices=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as undo:
        url = f"sqlite:///{Path(name) / 'tracking.db'}"
        if asked.db == "postgresql":
            programs = find_programs()
            if programs is None:
                sys.exit("PostgreSQL is not installed.")
            cluster = Cluster(programs)
            undo.callback(cluster.stop)
            cluster.start()
            url = cluster.new_database()
        figures = measure(url, asked.rounds)
    print(json.dumps({"db": asked.db, "sensors": _SENSORS, "days": _DAYS, "goal_ms": _GOAL_MS, **figures}))


if __name__ == "__main__":
    main()
