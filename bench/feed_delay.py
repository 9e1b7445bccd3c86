"""How late the live feed is with 5,000 sensors, everything on this machine: `python -m bench.feed_delay`.

Each sensor sends a scan of 100 Bluetooth devices once a minute, spread evenly over it: 83 scans a second. A process of
its own sends them, when they are due and not when the hub is ready; another one listens at /ws, and for each scan two
delays are told: since it was sent, and since the hub began the transaction that stored it (it notes that moment beside
the message's identifier, so the delay since the commit is shorter). If the hub fell behind, each minute would be later
than the one before.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import multiprocessing as mp
import os
import statistics
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

from sqlalchemy import select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench.intake_speed import batch, broker_at, hub, message_id, site_in
from bench.ordinary import ordinary_settings
from bench.processor_time import database_seconds, process_seconds
from db.access import Access
from db.connect import Connections
from db.site_schema import RECEIVED
from db.store import open_store
from links.broker import BrokerConnection
from links.payloads import BATCHES_PATH
from presence.access import Role
from scans.clock import machine_clock
from tests.links.broker import mosquitto
from tests.postgresql import Cluster, find_programs

_GOAL_SHARE, _GOAL_SECONDS = 0.99, 1.0
# Each has something to send every three seconds at least, so that the hub does not end its connection meanwhile.
_THREADS, _SENSORS_A_THREAD = 8, 20
_MINUTE_SECONDS = 60.0
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """What the sending process needs to know.

    Attributes:
        by: http or mqtt.
        port: Of the hub, or of the broker.
        keys: Keys to send with, each as fast as one key may.
        sensors: How many.
        minutes: Scans of each.
        begin_at: When the first scan of all begins.
        site: The site of the hub.
    """

    by: str
    port: int
    keys: tuple[str, ...]
    sensors: int
    minutes: int
    begin_at: datetime
    site: str


Seen = dict[tuple[str, int], float]
"""Times of scans, by their sensor and their minute, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What one thread sends.

    Attributes:
        key: Its key.
        due: What it sends, and how many seconds after `began`: a sensor's name and a minute.
        bodies: What they are.
        began: Seconds since 1970.
        sent: When each was due; a hub that is slow to answer makes the next ones late, and that is its fault.
    """

    key: str
    due: list[tuple[float, str, int]]
    bodies: dict[tuple[str, int], bytes]
    began: float
    sent: Seen

    def one_by_one(self) -> Iterator[tuple[str, bytes]]:
        """Each sensor's name and body, when it is due."""
        for after, name, minute in self.due:
            due_at = self.began + after
            time.sleep(max(0.0, due_at - time.time()))
            self.sent[name, minute] = due_at
            yield name, self.bodies[name, minute]


def send(crowd: Crowd, ready: Any, begin: Event, told: Any) -> None:  # noqa: ANN401 - a multiprocessing.Queue has no type
    """Be all sensors: prepare everything, say so, and once told send each scan when it is due; tells when each was."""
    due = [
        (minute * _MINUTE_SECONDS + number * _MINUTE_SECONDS / crowd.sensors, f"s{number}", minute)
        for minute in range(crowd.minutes)
        for number in range(crowd.sensors)
    ]
    bodies = {(name, minute): batch(name, minute, crowd.begin_at, crowd.site) for _, name, minute in due}
    ready.put(None)
    begin.wait()
    sent: Seen = {}
    began = time.time()
    one_sends = _post if crowd.by == "http" else _publish
    works = [_Work(key, due[place :: len(crowd.keys)], bodies, began, sent) for place, key in enumerate(crowd.keys)]
    threads = [threading.Thread(target=one_sends, args=(crowd.port, work)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put(sent)


def _post(port: int, work: _Work) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {work.key}", "Content-Type": "application/json"}
    for _, body in work.one_by_one():
        connection.request("POST", BATCHES_PATH, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(said.decode())


def _publish(port: int, work: _Work) -> None:
    settings = broker_at(port)
    is_up = threading.Event()
    connection = BrokerConnection(settings, f"bench {work.due[0][1]}", on_connected=lambda _client: is_up.set())
    connection.start()
    is_up.wait(_PATIENCE_SECONDS)
    for name, body in work.one_by_one():
        last = connection.client.publish(settings.scans_topic(name), body, qos=1)
    last.wait_for_publish(_PATIENCE_SECONDS)
    connection.stop()


def listen(port: int, key: str, count: int, begin_at: datetime, told: Any) -> None:  # noqa: ANN401 - as above
    """Be a client of the feed, until all scans were told of or the hub ends; tells when each was."""
    heard: Seen = {}
    with connect(f"ws://127.0.0.1:{port}/ws", additional_headers={"Authorization": f"Bearer {key}"}) as feed:
        told.put(None)
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            while len(heard) < count:
                event = json.loads(feed.recv(_PATIENCE_SECONDS))
                if event["type"] == "scan":
                    minute = round((datetime.fromisoformat(event["started_at"]) - begin_at) / timedelta(minutes=1))
                    heard[event["sensor"], minute] = time.time()
    told.put(heard)


def measure(by: str, cluster: Cluster, folder: Path, sensors: int, minutes: int) -> dict[str, Any]:
    """Let the sensors send for some minutes."""
    url = cluster.new_database()
    store = open_store(url, ordinary_settings("UTC"))
    access = Access(store.connections, machine_clock().monotonic)
    now_at = datetime.now(UTC)
    threads = min(_THREADS, -(-sensors // _SENSORS_A_THREAD))
    keys = tuple(access.make_key(f"sender {number}", Role.SENSOR, now_at).key for number in range(threads))
    viewer = access.make_key("feed", Role.VIEWER, now_at).key
    context = mp.get_context("spawn")
    ready, sent_told, heard_told, begin = context.Queue(), context.Queue(), context.Queue(), context.Event()
    with contextlib.ExitStack() as undo:
        undo.callback(store.close)
        broker_port = None
        if by == "mqtt":
            lines = ("autosave_on_changes false", "autosave_interval 1800", "max_queued_messages 0")
            broker_port = undo.enter_context(
                mosquitto(folder / "broker", certificates=None, asks_password=False, lines=lines)
            ).port
        site = site_in(folder, url)
        process, port = undo.enter_context(hub(folder, url, broker_port))
        crowd = Crowd(by, broker_port or port, keys, sensors, minutes, now_at, site)
        context.Process(target=send, args=(crowd, ready, begin, sent_told), daemon=True).start()
        listening = (port, viewer, sensors * minutes, now_at, heard_told)
        context.Process(target=listen, args=listening, daemon=True).start()
        heard_told.get()
        ready.get()
        hub_before, database_before = process_seconds(process.pid), database_seconds(cluster)
        begin.set()
        sent: Seen = sent_told.get()
        heard: Seen = heard_told.get()
        cost = {
            "hub_cores": round((process_seconds(process.pid) - hub_before) / (_MINUTE_SECONDS * minutes), 2),
            "database_cores": round((database_seconds(cluster) - database_before) / (_MINUTE_SECONDS * minutes), 2),
        }
        return {**_delays(sent, heard, _received(store.connections, sent)), **cost}


def _received(connections: Connections, sent: Seen) -> Seen:
    """When the hub began to store each scan."""
    with connections.read() as connection:
        found = {row.message_id.hex(): row.received_at.timestamp() for row in connection.execute(select(RECEIVED))}
    return {key: at for key in sent if (at := found.get(message_id(*key))) is not None}


def _delays(sent: Seen, heard: Seen, received: Seen) -> dict[str, Any]:
    since_stored = [heard[key] - at for key, at in received.items() if key in heard]
    since_sent = {key: heard[key] - at for key, at in sent.items() if key in heard}
    by_minute = [
        [late for (_, minute), late in since_sent.items() if minute == one]
        for one in sorted({minute for _, minute in since_sent})
    ]
    return {
        "scans_sent": len(sent),
        "scans_told": len(heard),
        "share_within_1_s_of_storing": _share(since_stored, len(sent)),
        "share_within_1_s_of_sending": _share(list(since_sent.values()), len(sent)),
        "p99_seconds_since_sending_by_minute": [round(statistics.quantiles(some, n=100)[98], 2) for some in by_minute],
        "worst_seconds_since_sending": round(max(since_sent.values()), 2),
    }


def _share(delays: list[float], count: int) -> float:
    return round(sum(late <= _GOAL_SECONDS for late in delays) / count, 4)


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by", default="mqtt", choices=["http", "mqtt"])
    parser.add_argument("--sensors", type=int, default=5000)
    parser.add_argument("--minutes", type=int, default=3)
    asked = parser.parse_args()
    programs = find_programs()
    if programs is None:
        sys.exit("PostgreSQL is not installed.")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as undo:
        cluster = Cluster(programs)
        undo.callback(cluster.stop)
        cluster.start()
        figures = measure(asked.by, cluster, Path(name), asked.sensors, asked.minutes)
    goal = {"goal_share": _GOAL_SHARE, "goal_seconds": _GOAL_SECONDS}
    print(json.dumps({"by": asked.by, "sensors": asked.sensors, **goal, **figures, "cores": os.cpu_count()}))


if __name__ == "__main__":
    main()
