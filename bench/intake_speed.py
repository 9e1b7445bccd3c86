"""How many detections a second a hub takes in, everything on this machine: `python -m bench.intake_speed`.

Sensors post ready-made batches, one scan of 100 Bluetooth devices each, as fast as they are acknowledged; a twentieth
of the devices is new in each minute. The database, the hub and the senders share the cores. By HTTP a batch is
acknowledged once it is committed; by MQTT the broker acknowledges it at once, and what counts is when the hub has
stored them all. `direct` leaves out everything but the database: one commit takes a batch of each sensor.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing as mp
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench.ordinary import ordinary_settings
from bench.processor_time import database_seconds, process_seconds
from config import Config
from db.access import Access
from db.connect import Connections
from db.intake import Intake
from db.schema import SCANS
from db.store import open_store
from links.broker import BrokerConnection, BrokerSettings
from links.payloads import BATCHES_PATH
from links.wire import decode_batch, encode_batch, encode_message
from presence.access import Role
from presence.message import ScanMessage
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Scan
from presence.sensors import SensorCard
from presence.zones import ZoneThresholds
from scans.clock import machine_clock
from scans.visitor_key import VisitorKeys
from tests.links.broker import mosquitto
from tests.postgresql import Cluster, find_programs

_ROOT = Path(__file__).parents[1]
_DEVICES = 100
_NEW_EACH_MINUTE = 5
# Prepared for each second, over all sensors: 40,000 detections by HTTP, where sending ends with the time. By MQTT all
# that is prepared is sent, and stored.
_BATCHES_A_SECOND = {"http": 400, "mqtt": 200, "direct": 400}
# Sensors catch up with the days before: so many minutes lie between the first batch and now.
_BEGIN = timedelta(days=3)
_SITE = "0" * 16
_SENDERS = 2
_PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Where:
    """What senders need to know.

    Attributes:
        by: http or mqtt.
        port: Of the hub, or of the broker.
        keys: The key of each sensor, by its name.
        batches: How many each sensor has.
        seconds: How long to send by HTTP.
        site: The site of the hub.
    """

    by: str
    port: int
    keys: dict[str, str]
    batches: int
    seconds: float
    site: str


def site_in(folder: Path, url: str) -> str:
    """The site of a hub that is to be started on a folder: its key is made here, where the hub will find it."""
    scans = Config().scans
    path = folder / ("site.key" if url.startswith("postgresql") else "tracking.key")
    keys = VisitorKeys(path, scans.key_rotation, scans.key_rotation_hour, ZoneInfo("UTC"))
    return keys.key_at(datetime.now(UTC)).site


def batch(name: str, minute: int, begin_at: datetime, site: str = _SITE) -> bytes:
    """What a sensor sends of one minute."""
    started_at = begin_at + timedelta(minutes=minute)
    first = _NEW_EACH_MINUTE * minute
    devices = tuple(_device(name, number, started_at) for number in range(first, first + _DEVICES))
    period = begin_at.date().toordinal()
    scan = Scan(name, started_at, 10.0, 60.0, period, clock_is_right=True, wifi=Heard(()), bluetooth=Heard(devices))
    message = encode_message(ScanMessage(message_id(name, minute), scan))
    return encode_batch(SensorCard(name, None, "bench"), site, datetime.now(UTC), 0, [message])


def message_id(name: str, minute: int) -> str:
    """What that scan is known by."""
    return hashlib.md5(f"{name} {minute}".encode(), usedforsecurity=False).hexdigest()


def _device(name: str, number: int, at: datetime) -> DeviceObservation:
    device_hash = hashlib.sha256(f"{name} {number}".encode()).hexdigest()
    rssi = -40.0 - number % 50
    kind = AddressKind.NON_RESOLVABLE
    maker = f"Maker {number % 10}" if number % 2 else None
    return DeviceObservation(device_hash, Radio.BLUETOOTH, kind, maker, (), rssi, 2.5, 12, at, at, None)


def send(where: Where, ready: Any, begin: Event, told: Any) -> None:  # noqa: ANN401 - a multiprocessing.Queue has no type
    """Be some sensors: prepare everything, say so, and once told send it; tells how long each waited, in seconds."""
    begin_at = datetime.now(UTC) - _BEGIN
    bodies = {
        name: [batch(name, minute, begin_at, where.site) for minute in range(where.batches)] for name in where.keys
    }
    ready.put(None)
    begin.wait()
    used_before = process_seconds(os.getpid())
    waits = _post_all(where, bodies) if where.by == "http" else _publish_all(where, bodies)
    told.put((waits, process_seconds(os.getpid()) - used_before))


def _post_all(where: Where, bodies: dict[str, list[bytes]]) -> list[float]:
    """Post for each sensor over a connection of its own, its next batch when the one before is acknowledged.

    The sensors of a site have processors of their own, and these share the hub's: so one thread serves all.
    """
    waits: list[float] = []
    until = time.perf_counter() + where.seconds
    with contextlib.ExitStack() as undo:
        answering = undo.enter_context(selectors.DefaultSelector())
        for name, some in bodies.items():
            connection = undo.enter_context(socket.create_connection(("127.0.0.1", where.port)))
            sensor = _Posting(connection, where.keys[name], iter(some))
            sensor.post_next()
            answering.register(connection, selectors.EVENT_READ, sensor)
        while answering.get_map():
            for key, _ in answering.select():
                sensor = key.data
                if not sensor.is_answered():
                    continue
                now = time.perf_counter()
                waits.append(now - sensor.posted_at)
                if now > until or not sensor.post_next():
                    answering.unregister(key.fileobj)
    return waits


class _Posting:
    """A sensor that posts its batches, one by one."""

    def __init__(self, connection: socket.socket, key: str, bodies: Iterator[bytes]) -> None:
        self._connection = connection
        self._head = (
            f"POST {BATCHES_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._bodies = bodies
        self._answer = b""
        self.posted_at = 0.0

    def post_next(self) -> bool:
        """Post the next batch; False when there is none."""
        body = next(self._bodies, None)
        if body is None:
            return False
        self._answer = b""
        self.posted_at = time.perf_counter()
        self._connection.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        return True

    def is_answered(self) -> bool:
        """Read what has come; whether that is the whole answer, which must say that one scan is stored."""
        came = self._connection.recv(65536)
        if not came:
            raise ConnectionError("The hub hung up.")
        self._answer += came
        head, _, said = self._answer.partition(b"\r\n\r\n")
        if not said.endswith(b"}"):
            return False
        if not head.startswith(b"HTTP/1.1 200 ") or json.loads(said)["stored"] != 1:
            raise RuntimeError(self._answer.decode())
        return True


def _publish_all(where: Where, bodies: dict[str, list[bytes]]) -> list[float]:
    """Publish for each sensor from a thread of its own, as paho has it."""
    waits: list[float] = []
    threads = [threading.Thread(target=_publish, args=(where, name, some, waits)) for name, some in bodies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def _publish(where: Where, name: str, bodies: list[bytes], waits: list[float]) -> None:
    settings = broker_at(where.port)
    is_up = threading.Event()
    connection = BrokerConnection(settings, f"bench {name}", on_connected=lambda _client: is_up.set())
    connection.start()
    is_up.wait(_PATIENCE_SECONDS)
    for body in bodies:
        begin = time.perf_counter()
        connection.client.publish(settings.scans_topic(name), body, qos=1).wait_for_publish(_PATIENCE_SECONDS)
        waits.append(time.perf_counter() - begin)
    connection.stop()


def broker_at(port: int) -> BrokerSettings:
    """A broker of this machine."""
    return BrokerSettings("127.0.0.1", port, tls=False, ca_file=None, user=None, password=None, protocol="5", topic="b")


def listen(port: int, key: str, heard: list[float]) -> None:
    """Be a client of the feed, until the hub ends."""
    with connect(f"ws://127.0.0.1:{port}/ws", additional_headers={"Authorization": f"Bearer {key}"}) as feed:
        try:
            while True:
                if json.loads(feed.recv())["type"] == "scan":
                    heard.append(time.perf_counter())
        except ConnectionClosed as ended:
            print(f"The feed ended: {ended}", file=sys.stderr)


@contextlib.contextmanager
def hub(folder: Path, url: str, broker_port: int | None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A running hub, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "MALLOC_ARENA_MAX": "1",  # as ./run does
        "TRACKING_DB_FOLDER": str(folder),
        "TRACKING_LINKS_HOST": "127.0.0.1",
    }
    if broker_port is not None:
        environment |= {
            "TRACKING_LINKS_BROKER_HOST": "127.0.0.1",
            "TRACKING_LINKS_BROKER_PORT": str(broker_port),
            "TRACKING_LINKS_BROKER_TLS": "false",
            "TRACKING_LINKS_BROKER_TOPIC": "b",
        }
    command = [sys.executable, str(_ROOT / "app.py"), "hub", "--db", url, "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("The hub does not answer.")


def stored(connections: Connections) -> int:
    """How many scans are stored."""
    with connections.read() as connection:
        return connection.scalar(select(func.count()).select_from(SCANS)) or 0


def measure_hub(
    by: str, url: str, folder: Path, cluster: Cluster | None, *, count: int, seconds: float
) -> dict[str, Any]:
    """Let sensors send to a hub by HTTP or MQTT."""
    store = open_store(url, ordinary_settings("UTC"))
    access = Access(store.connections, machine_clock().monotonic)
    keys = {f"s{number}": access.make_key(f"s{number}", Role.SENSOR, datetime.now(UTC)).key for number in range(count)}
    viewer = access.make_key("feed", Role.VIEWER, datetime.now(UTC)).key
    batches = int(_BATCHES_A_SECOND[by] * seconds / count)
    heard: list[float] = []
    with contextlib.ExitStack() as undo:
        undo.callback(store.close)
        broker_port = None
        if by == "mqtt":
            lines = ("autosave_on_changes false", "autosave_interval 1800")
            broker_port = undo.enter_context(
                mosquitto(folder / "broker", certificates=None, asks_password=False, lines=lines)
            ).port
        site = site_in(folder, url)
        process, port = undo.enter_context(hub(folder, url, broker_port))
        threading.Thread(target=listen, args=(port, viewer, heard), daemon=True).start()
        where = Where(by, broker_port or port, keys, batches, seconds, site)
        waits, sender_seconds, took, cost = _let_send(where, store.connections, process.pid, cluster)
        done = stored(store.connections)
    return {
        "detections_a_second": round(done * _DEVICES / took),
        "scans_told_on_the_feed": len(heard),
        "scans": done,
        **_waits(waits),
        **cost,
        "sender_cpu_seconds": round(sender_seconds, 1),
        "seconds": round(took, 1),
    }


def _let_send(
    where: Where, connections: Connections, hub_id: int, cluster: Cluster | None
) -> tuple[list[float], float, float, dict[str, float]]:
    """Send everything; how long each wait was, the senders' processor time, how long it took, and what it cost."""
    context = mp.get_context("spawn")
    ready, told, begin = context.Queue(), context.Queue(), context.Event()
    names = sorted(where.keys)
    for number in range(_SENDERS):
        own = {name: where.keys[name] for name in names[number::_SENDERS]}
        part = Where(where.by, where.port, own, where.batches, where.seconds, where.site)
        context.Process(target=send, args=(part, ready, begin, told), daemon=True).start()
    for _ in range(_SENDERS):
        ready.get()
    hub_before, database_before = process_seconds(hub_id), database_seconds(cluster)
    started = time.perf_counter()
    begin.set()
    answers = [told.get() for _ in range(_SENDERS)]
    waits = [wait for some, _ in answers for wait in some]
    while stored(connections) < len(waits):
        time.sleep(0.2)
    took = time.perf_counter() - started
    cost = {
        "hub_cpu_seconds": round(process_seconds(hub_id) - hub_before, 1),
        "database_cpu_seconds": round(database_seconds(cluster) - database_before, 1),
    }
    return waits, sum(used for _, used in answers), took, cost


def measure_direct(url: str, cluster: Cluster | None, count: int, seconds: float) -> dict[str, Any]:
    """Let the database's own intake take a batch of each sensor in one commit."""
    settings = ordinary_settings("UTC")
    zone_of = ZoneThresholds().zone_of
    begin_at = datetime.now(UTC) - _BEGIN
    waits: list[float] = []
    with contextlib.closing(open_store(url, settings)) as store:
        intake = Intake(store.connections, settings, lambda: None)
        database_before, used = database_seconds(cluster), 0.0
        minute = 0
        while sum(waits) < seconds:
            group = [decode_batch(batch(f"s{number}", minute, begin_at), zone_of) for number in range(count)]
            began, used_before = time.perf_counter(), time.process_time()
            intake.take(group, datetime.now(UTC))
            waits.append(time.perf_counter() - began)
            used += time.process_time() - used_before
            minute += 1
    return {
        "detections_a_second": round(minute * count * _DEVICES / sum(waits)),
        **_waits(waits),
        "hub_cpu_seconds": round(used, 1),
        "database_cpu_seconds": round(database_seconds(cluster) - database_before, 1),
        "seconds": round(sum(waits), 1),
    }


def _waits(waits: list[float]) -> dict[str, float]:
    parts = statistics.quantiles(waits, n=20)
    return {"p50_ms": round(1000 * parts[9], 1), "p95_ms": round(1000 * parts[18], 1)}


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by", default="http", choices=["http", "mqtt", "direct"])
    parser.add_argument("--db", default="postgresql", choices=["sqlite", "postgresql"])
    parser.add_argument("--sensors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as undo:
        cluster, url = None, f"sqlite:///{name}/tracking.db"
        if asked.db == "postgresql":
            programs = find_programs()
            if programs is None:
                sys.exit("PostgreSQL is not installed.")
            cluster = Cluster(programs)
            undo.callback(cluster.stop)
            cluster.start()
            url = cluster.new_database()
        if asked.by == "direct":
            figures = measure_direct(url, cluster, asked.sensors, asked.seconds)
        else:
            figures = measure_hub(asked.by, url, Path(name), cluster, count=asked.sensors, seconds=asked.seconds)
        print(
            json.dumps({"by": asked.by, "db": asked.db, "sensors": asked.sensors, **figures, "cores": os.cpu_count()})
        )


if __name__ == "__main__":
    main()
