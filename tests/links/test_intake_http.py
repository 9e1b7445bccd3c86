from __future__ import annotations

import gzip
import http.client
import json
import socket
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.connect import Connections
from db.errors import DatabaseError
from db.intake import Intake
from db.reader import Reader
from db.sensors import Sensors
from links.intake import IntakeFullError, IntakeQueue, Reading, Taker
from links.intake_http import IntakeRoutes
from links.server import server_with
from links.short_way import ShortWay
from links.wire import MOST_BATCH_BYTES, encode_batch, encode_message
from presence.message import Batch, Receipt, ScanMessage
from presence.scan import Scan
from presence.sensors import SensorCard
from presence.zones import ZoneThresholds
from tests.db.scanning import HUNG, SETTINGS, hash_of, minute, scan
from tests.links.served import served_app
from tests.links.test_intake import Gate, running
from tests.links.test_older_payload import Key
from tests.links.waiting import wait_until
from tests.sqlite import new_database

NOW = minute(5)
CARD = SensorCard("stairs", "first floor", "0.1.0")
BATCHES, BULK, SINGLE = "/api/v1/batches", "/api/v1/detections/bulk", "/api/v1/detections/"
PACKED = gzip.compress(b"{}", mtime=0)  # without a time, so that tests named by it are named alike in each process
READING = Reading(ZoneThresholds, lambda: Key(NOW.date().toordinal()), lambda: NOW)


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    said: Any
    retry_after: str | None


@dataclass(frozen=True)
class Hub:
    """A hub that is served, and what it knows."""

    place: str
    connections: Connections
    reader: Reader

    def post(self, path: str, body: bytes, **headers: str) -> Answer:
        with closing(http.client.HTTPConnection(self.place, timeout=60)) as asked:
            asked.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = asked.getresponse()
            return Answer(answer.status, json.loads(answer.read()), answer.getheader("Retry-After"))


def _served(intake: IntakeRoutes) -> FastAPI:
    """The routes as a hub serves them: by the short way where there is one."""
    server = server_with(intake.router)
    server.add_middleware(ShortWay, posted=intake.posted)
    return server


@contextmanager
def serving(
    url: str,
    through: Callable[[Taker], Taker] = lambda taker: taker,
    patience: float = 60,
    reading: Reading = READING,
) -> Iterator[Hub]:
    with (
        closing(Connections(url)) as connections,
        running(through(Intake(connections, SETTINGS, lambda: "00" * 8))) as queue,
        served_app(_served(IntakeRoutes(queue, reading, patience))) as place,
    ):
        yield Hub(place, connections, Reader(connections, SETTINGS))


@pytest.fixture(scope="module")
def any_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for tests that do not look at what it has stored."""
    with serving(new_database(tmp_path_factory.mktemp("hub") / "hub.db")) as hub:
        yield hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub without a scan."""
    with serving(new_database(tmp_path / "hub.db")) as serves:
        yield serves


def heard(number: int, *names: str) -> Scan:
    one = scan(minute(number), HUNG, names, key_period=NOW.date().toordinal())
    return replace(one, sensor=CARD.name)


def batch(*scans: Scan, sensor: SensorCard = CARD) -> bytes:
    bodies = [encode_message(ScanMessage(hash_of(str(one.started_at))[:32], one)) for one in scans]
    return encode_batch(sensor, "00" * 8, NOW, 3, bodies)


def older(*names: str, **more: str) -> dict[str, Any]:
    times = {"timestamp": "2027-03-10T08:31:00Z"}
    return {
        "device_id": "pi-entrance",
        "detections": [{"device_hash": hash_of(name), "rssi": -61, "zone": "MEDIUM", **times} for name in names],
        **more,
    }


def test_a_batch_is_answered_once_it_is_stored(hub: Hub) -> None:
    """A sensor learns how many scans were new, and by then they can be read; a repeat is told as one."""
    body = batch(heard(1, "a", "b"), heard(2, "a"))
    assert hub.post(BATCHES, body).said == {"stored": 2, "repeated": 0, "detections": 3}
    assert hub.reader.overview(NOW).bluetooth_total == 2
    assert hub.post(BATCHES, body) == Answer(200, {"stored": 0, "repeated": 2, "detections": 0}, None)


def test_not_heard_arrives_as_not_heard(hub: Hub) -> None:
    """A radio that could not listen is one here too, with its fault."""
    assert hub.post(BATCHES, batch(heard(4, "a"))).status == 200
    overview = hub.reader.overview(NOW)
    assert (overview.wifi.device_count, overview.wifi.fault) == (None, HUNG)
    assert overview.bluetooth.device_count == 1


def test_a_packed_batch_is_the_same(hub: Hub) -> None:
    """What comes packed by gzip is unpacked."""
    packed = gzip.compress(batch(heard(1, "a")))
    assert hub.post(BATCHES, packed, Content_Encoding="gzip").said["stored"] == 1


def test_the_older_agents_detections_are_stored_once(hub: Hub) -> None:
    """The bulk route answers how many were stored, as the older system did, and drops what comes again."""
    body = json.dumps(older("a", "b", location="hall")).encode()
    said = hub.post(BULK, body).said
    assert said == {"message": "2 detections stored", "device_id": "pi-entrance", "count": 2, "stored": 2}
    assert hub.post(BULK, body).said["count"] == 0
    (row,) = Sensors(hub.connections, minute(1) - minute(0)).all(NOW)
    assert (row.card, row.device_count) == (SensorCard("pi-entrance", "hall", None), 2)


def test_a_single_detection_may_name_its_sensor_in_the_address(hub: Hub) -> None:
    """The route for one detection takes it beside its sensor, and also what the bulk route takes."""
    (one,) = older("a")["detections"]
    assert hub.post(f"{SINGLE}?device_id=pi-entrance", json.dumps(one).encode()).said["count"] == 1
    assert hub.post(SINGLE, json.dumps(older("b")).encode()).said["count"] == 1
    assert hub.reader.overview(NOW).bluetooth_total == 2


def test_what_is_wrong_is_answered_with_its_reason(any_hub: Hub) -> None:
    """A body that is no batch, a scan of no day and a bad hash are each refused for good, with the reason."""
    answer = any_hub.post(BATCHES, b"{}")
    assert (answer.status, answer.said) == (
        422,
        {"detail": "This is not a batch: Object missing required field `version`."},
    )
    late = replace(heard(1, "a"), key_period=7)
    assert "visitor key" in any_hub.post(BATCHES, batch(late)).said["detail"]
    assert any_hub.post(BATCHES, batch(late)).status == 422
    bad = json.dumps(older("a")).replace(hash_of("a"), "z" * 64).encode()
    assert "hexadecimal" in any_hub.post(BULK, bad).said["detail"]
    assert any_hub.post(BULK, bad).status == 422


def test_another_version_may_be_kept_by_its_sender(any_hub: Hub) -> None:
    """A batch of a newer version is not refused for good: it can be taken once the hub is updated."""
    body = batch(heard(1, "a")).replace(b'"version":1', b'"version":2', 1)
    answer = any_hub.post(BATCHES, body)
    assert answer.status == 501
    assert "update the receiver" in answer.said["detail"]


def test_a_sensor_that_is_switched_off_may_keep_what_it_has(hub: Hub) -> None:
    """Its scans are turned away, but not for good."""
    sensors = Sensors(hub.connections, minute(1) - minute(0))
    sensors.register(CARD, NOW)
    sensors.set_active(CARD.name, is_active=False)
    assert hub.post(BATCHES, batch(heard(1, "a"))).status == 403
    sensors.set_active(CARD.name, is_active=True)
    assert hub.post(BATCHES, batch(heard(1, "a"))).status == 200


def test_a_sensor_of_another_site_is_told_to_join_this_one(hub: Hub) -> None:
    """Its scans would count each visitor twice: it is to keep them, and hears what to do."""
    other = batch(heard(1, "a")).replace(b'"0000000000000000"', b'"1111111111111111"')
    answer = hub.post(BATCHES, other)
    assert (answer.status, "Let it join" in answer.said["detail"]) == (409, True)


def test_what_cannot_be_read_yet_is_to_come_again(tmp_path: Path) -> None:
    """While the visitor key cannot be had, who sends what needs it keeps it and hears why."""

    def key() -> Key:
        raise IntakeFullError("The visitor key cannot be written. Make room on the disk.")

    with serving(new_database(tmp_path / "hub.db"), reading=replace(READING, key=key)) as hub:
        answer = hub.post(BULK, json.dumps(older("a")).encode())
    assert (answer.status, answer.retry_after, "Make room" in answer.said["detail"]) == (503, "5", True)


def test_a_zip_bomb_is_not_unpacked(any_hub: Hub) -> None:
    """What unpacks to more than a batch may have is refused as soon as that is seen, and takes no more memory."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packing.compress(bytes(1024 * 1024)) for _ in range(256)) + packing.flush()
    assert len(bomb) < 300_000
    tracemalloc.start()
    try:
        assert any_hub.post(BATCHES, bomb, Content_Encoding="gzip").status == 413
        assert tracemalloc.get_traced_memory()[1] < 3.5 * MOST_BATCH_BYTES
    finally:
        tracemalloc.stop()


def test_a_body_that_is_too_large_is_refused(any_hub: Hub) -> None:
    """One byte more than a batch may have is too much."""
    assert any_hub.post(BULK, bytes(MOST_BATCH_BYTES)).status == 422
    assert any_hub.post(BULK, bytes(MOST_BATCH_BYTES + 1)).status == 413


@pytest.mark.parametrize(
    ("body", "encoding", "status", "reason"),
    [
        (b"not packed", "gzip", 422, "not packed by gzip"),
        (PACKED[:-4], "gzip", 422, "not whole"),
        (PACKED + b"more", "gzip", 422, "follows"),
        (PACKED + PACKED, "gzip", 422, "follows"),
        (b"", "gzip", 422, "not whole"),
        (b"{}", "br", 415, "by gzip, or not at all"),
    ],
)
def test_a_body_that_is_packed_wrongly_is_refused(
    any_hub: Hub, body: bytes, encoding: str, status: int, reason: str
) -> None:
    """What is no gzip, is cut off, or has something after it, is refused with a reason."""
    answer = any_hub.post(BATCHES, body, Content_Encoding=encoding)
    assert answer.status == status
    assert reason in answer.said["detail"]


_HOSTILE = st.binary(max_size=200) | st.sampled_from([batch(heard(1, "a")), json.dumps(older("a")).encode()]).flatmap(
    lambda body: st.tuples(st.integers(0, len(body)), st.binary(max_size=4)).map(
        lambda cut: body[: cut[0]] + cut[1] + body[cut[0] + len(cut[1]) :]
    )
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    path=st.sampled_from([BATCHES, BULK, SINGLE, f"{SINGLE}?device_id=a", f"{SINGLE}?device_id=%00%ff"]),
    body=_HOSTILE,
    is_packed=st.booleans(),
)
def test_no_body_is_answered_with_a_server_error(any_hub: Hub, path: str, body: bytes, is_packed: bool) -> None:
    """Whatever is posted is stored, or refused with a reason."""
    answer = any_hub.post(path, body, **({"Content_Encoding": "gzip"} if is_packed else {}))
    assert answer.status in {200, 422, 501}
    assert answer.status == 200 or answer.said["detail"]


def test_while_the_database_is_away_sensors_are_told_to_come_again(tmp_path: Path) -> None:
    """One that waits is answered after a while, others at once, each with when to come; nothing they sent is lost."""
    gates: list[Gate] = []

    def closed(taker: Taker) -> Gate:
        gates.append(Gate(taker, DatabaseError("The database is away, and its address is secret.")))
        return gates[0]

    with serving(new_database(tmp_path / "hub.db"), closed, patience=0.2) as hub:
        for _ in range(2):
            answer = hub.post(BATCHES, batch(heard(1, "a")))
            assert (answer.status, answer.retry_after) == (503, "5")
            assert "secret" not in answer.said["detail"]
        gates[0].opened.set()
        wait_until(lambda: hub.post(BATCHES, batch(heard(1, "a"))).status == 200, "the database")
        assert hub.post(BATCHES, batch(heard(1, "a"))).said["repeated"] == 1
        assert hub.reader.overview(NOW).bluetooth_total == 1


def test_sensors_that_post_at_once_are_stored_at_once(hub: Hub) -> None:
    """Twenty sensors that post side by side are each told of their own scans."""

    def post(number: int) -> int:
        card = SensorCard(f"sensor {number}", None, None)
        one = replace(heard(1, "a", f"own {number}"), sensor=card.name)
        message = ScanMessage(hash_of(card.name)[:32], one)
        said: dict[str, int] = hub.post(BATCHES, encode_batch(card, "00" * 8, NOW, 0, [encode_message(message)])).said
        return said["stored"]

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(post, range(20))) == [1] * 20
    assert hub.reader.overview(NOW).bluetooth_total == 21


def test_a_sensor_that_leaves_within_its_body_disturbs_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A connection that ends halfway is forgotten without an error being logged, and the next is answered."""
    with serving(new_database(tmp_path / "hub.db")) as hub:
        host, _, port = hub.place.partition(":")
        with socket.create_connection((host, int(port))) as leaving:
            leaving.sendall(f"POST {BATCHES} HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\n\r\nhalf".encode())
        assert hub.post(BATCHES, b"{}").status == 422
    assert capfd.readouterr().err == ""


def test_the_routes_are_in_the_document() -> None:
    """Whoever reads the API's document finds the intake, with its bodies and answers."""
    idle = IntakeQueue(_Nothing(), lambda: NOW, is_clock_right=lambda: True, committed=lambda: None)
    document = FastAPI(openapi_url="/openapi.json")
    document.include_router(IntakeRoutes(idle, READING).router)
    paths = document.openapi()["paths"]
    for path in (BATCHES, BULK, SINGLE):
        assert paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert {"200", "413", "422", "503"} <= paths[path]["post"]["responses"].keys()


class _Nothing:
    """A taker for a queue that is never started."""

    def take(self, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        raise NotImplementedError(batches, received_at)
