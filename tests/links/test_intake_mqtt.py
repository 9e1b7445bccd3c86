from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from db.connect import Connections
from db.errors import DatabaseError
from db.intake import Intake
from db.read_scans import read_scans_after
from db.sensors import Sensors
from links.intake import IntakeFullError, IntakeQueue, Reading, Taker
from links.intake_mqtt import IntakeState, MqttIntake
from links.older_payload import SiteKey
from presence.message import Batch, Receipt
from presence.scan import Scan
from presence.sensors import SensorCard
from presence.zones import ZoneThresholds
from tests.db.scanning import SETTINGS, minute
from tests.links.broker import PASSWORD, USER, Mosquitto, make_certificates, mosquitto
from tests.links.test_intake import Gate, running
from tests.links.test_intake_http import CARD, NOW, READING, batch, heard, older
from tests.links.waiting import PATIENCE_SECONDS, wait_until
from tests.sqlite import new_database

TOPIC = "museum/scans/stairs"
HALL = SensorCard("hall", None, None)


@dataclass(frozen=True)
class Hub:
    """A hub that hears a broker."""

    connections: Connections
    queue: IntakeQueue
    intake: MqttIntake

    def scan_count(self) -> int:
        with self.connections.read() as connection:
            return len(read_scans_after(connection, 0, 1000))

    def state(self) -> IntakeState:
        return self.intake.state()

    def wait_for(self, *, taken: int, repeated: int = 0, refused: int = 0) -> None:
        """Wait until it is well and has counted so."""
        state = IntakeState(is_connected=True, problem=None, taken=taken, repeated=repeated, refused=refused)
        wait_until(lambda: self.state() == state, str(state))


class Dies:
    """A taker that commits, and is not heard of again."""

    def __init__(self, taker: Taker) -> None:
        self._taker: Taker | None = taker

    def take(self, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        if self._taker is not None:
            self._taker.take(batches, received_at)
            self._taker = None
        raise DatabaseError("The hub has died.")


@contextmanager
def hub_at(
    broker: Mosquitto,
    url: str,
    *,
    through: Callable[[Taker], Taker] = lambda taker: taker,
    protocol: str = "5",
    name: str = "hub",
    takes_older: bool = False,
    reading: Reading = READING,
) -> Iterator[Hub]:
    with (
        closing(Connections(url)) as connections,
        running(through(Intake(connections, SETTINGS, lambda: "00" * 8))) as queue,
    ):
        settings = broker.settings(protocol=protocol)
        intake = MqttIntake(settings, name, queue, reading, takes_older=takes_older, pauses=(1, 1), later_seconds=0.1)
        intake.start()
        try:
            wait_until(lambda: intake.state().is_connected or intake.state().problem is not None, "the broker")
            yield Hub(connections, queue, intake)
        finally:
            queue.stop()
            intake.stop()


@contextmanager
def publishing(broker: Mosquitto, tls: Path | None = None) -> Iterator[Callable[..., None]]:
    """A plain sensor: what it publishes is with the broker when it returns."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    if tls is not None:
        client.tls_set(str(tls))
        client.username_pw_set(USER, PASSWORD)
    client.connect("localhost", broker.port)
    client.loop_start()

    def publish(body: bytes, topic: str = TOPIC) -> None:
        client.publish(topic, body, qos=1).wait_for_publish(PATIENCE_SECONDS)

    try:
        yield publish
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of its own."""
    with mosquitto(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a database without a scan."""
    return new_database(tmp_path / "hub.db")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_a_sensor_publishes_is_stored_once(broker: Mosquitto, url: str, protocol: str) -> None:
    """A batch by MQTT is stored as it is by HTTP, by either version of the protocol, and a repeat of it is dropped."""
    with hub_at(broker, url, protocol=protocol) as hub, publishing(broker) as publish:
        publish(batch(heard(1, "a"), heard(2, "b")))
        publish(batch(heard(2, "b"), heard(3, "b")))
        hub.wait_for(taken=3, repeated=1, refused=0)
        assert hub.scan_count() == 3


def test_by_tls_and_password(tmp_path: Path, url: str) -> None:
    """The hub verifies the broker, and says who it is."""
    certificates = make_certificates(tmp_path / "certificates")
    with (
        mosquitto(tmp_path / "broker", certificates=certificates, asks_password=True) as broker,
        hub_at(broker, url) as hub,
        publishing(broker, tls=certificates.authority) as publish,
    ):
        publish(batch(heard(1, "a")))
        hub.wait_for(taken=1)


def test_what_comes_while_the_hub_is_away_is_kept(broker: Mosquitto, url: str) -> None:
    """Between two runs of the hub the broker keeps what sensors publish, over a restart of its own too."""
    with publishing(broker) as publish:
        with hub_at(broker, url):
            publish(batch(heard(1, "a")))
        publish(batch(heard(2, "a")))
    broker.stop()
    broker.start()
    with hub_at(broker, url) as hub:
        wait_until(lambda: hub.scan_count() == 2, "2 scans stored")


def test_a_hub_that_dies_before_its_commit_loses_nothing(broker: Mosquitto, url: str) -> None:
    """What was not committed was not acknowledged, and comes again at the next start."""
    with publishing(broker) as publish:
        with hub_at(broker, url, through=lambda taker: Gate(taker, DatabaseError("gone"))) as hub:
            publish(batch(heard(1, "a")))
            wait_until(lambda: hub.state().problem is not None, "a try")
            assert hub.scan_count() == 0
        with hub_at(broker, url) as hub:
            hub.wait_for(taken=1, repeated=0, refused=0)


def test_a_hub_that_dies_between_commit_and_acknowledgement_stores_once(broker: Mosquitto, url: str) -> None:
    """What was committed and not acknowledged comes again, and is dropped as a repeat."""
    with publishing(broker) as publish:
        with hub_at(broker, url, through=Dies) as hub:
            publish(batch(heard(1, "a")))
            wait_until(lambda: hub.scan_count() == 1, "1 scans stored")
        with hub_at(broker, url) as hub:
            hub.wait_for(taken=0, repeated=1, refused=0)
            assert hub.scan_count() == 1
        with hub_at(broker, url) as hub:
            publish(batch(heard(2, "a")))
            hub.wait_for(taken=1, repeated=0, refused=0)


def test_a_broker_that_is_restarted_in_the_middle_loses_nothing(broker: Mosquitto, url: str) -> None:
    """Messages that the hub holds while the broker goes and comes back are sent again, and stored once."""
    gates: list[Gate] = []

    def gated(taker: Taker) -> Gate:
        gates.append(Gate(taker))
        return gates[0]

    with hub_at(broker, url, through=gated) as hub:
        with publishing(broker) as publish:
            for number in range(5):
                publish(batch(heard(number, "a")))
        assert gates[0].asked.wait(PATIENCE_SECONDS)
        broker.stop()
        wait_until(lambda: not hub.state().is_connected, "the loss")
        broker.start()
        wait_until(lambda: hub.state().is_connected, "the broker")
        gates[0].opened.set()
        hub.wait_for(taken=5, repeated=5)
        with publishing(broker) as publish:
            publish(batch(heard(5, "a")))
        hub.wait_for(taken=6, repeated=5)
        assert hub.scan_count() == 6


def test_hubs_share_what_comes(broker: Mosquitto, url: str) -> None:
    """Of two hubs on one database and one broker each takes some, and each scan is stored once."""
    with ExitStack() as opened:
        hubs = [opened.enter_context(hub_at(broker, url, name=name)) for name in ("one", "other")]
        publish = opened.enter_context(publishing(broker))
        for number in range(20):
            publish(batch(heard(number, "a")))
        wait_until(lambda: sum(hub.state().taken for hub in hubs) == 20, "all scans")
        assert all(hub.state().taken > 0 for hub in hubs)
        assert hubs[0].scan_count() == 20


def test_what_cannot_be_understood_is_dropped_and_said_once(
    broker: Mosquitto, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that is no batch, or of another sensor than its topic, is counted, logged once, and not sent again."""
    with hub_at(broker, url) as hub, publishing(broker) as publish:
        for _ in range(3):
            publish(b"no batch")
        publish(batch(heard(1, "a")), "museum/scans/hall")
        publish(b"\xff\xfe", "museum/scans/\N{SNOWMAN}")
        publish(batch(heard(1, "a")))
        hub.wait_for(taken=1, repeated=0, refused=5)
    assert len([record for record in caplog.records if record.name == "links.intake_mqtt"]) == 3
    with hub_at(broker, url) as hub, publishing(broker) as publish:
        publish(batch(heard(2, "a")))
        hub.wait_for(taken=1, repeated=0, refused=0)


def test_a_bad_scan_does_not_lose_its_neighbours(broker: Mosquitto, url: str) -> None:
    """Nobody can be told to send the good scans of a batch again, so the hub takes those and drops the bad one."""
    bad = replace(heard(2, "b"), key_period=7)
    with hub_at(broker, url) as hub, publishing(broker) as publish:
        publish(batch(heard(1, "a"), bad, heard(3, "c")))
        hub.wait_for(taken=2, repeated=0, refused=1)
    with hub_at(broker, url) as hub, publishing(broker) as publish:
        publish(batch(heard(4, "a")))
        hub.wait_for(taken=1, repeated=0, refused=0)


def test_a_sensor_that_is_switched_off_is_not_taken_from(broker: Mosquitto, url: str) -> None:
    """Its scans are dropped and counted, and hold nobody else up."""
    with hub_at(broker, url) as hub, publishing(broker) as publish:
        sensors = Sensors(hub.connections, minute(1) - minute(0))
        sensors.register(CARD, minute(0))
        sensors.set_active(CARD.name, is_active=False)
        publish(batch(heard(1, "a"), heard(2, "a")))
        hub.wait_for(taken=0, repeated=0, refused=2)


def test_the_older_agents_payload_is_taken_when_asked_for(broker: Mosquitto, url: str) -> None:
    """Its topic is heard only while the setting says so, and its messages are stored once as well."""
    first, second = (json.dumps(older(*names)).encode() for names in ("ab", "abc"))
    with publishing(broker) as publish:
        with hub_at(broker, url, takes_older=True) as hub:
            publish(first, "tfg/detections/raw")
            publish(first, "tfg/detections/raw")
            publish(b"{}", "tfg/detections/raw")
            hub.wait_for(taken=1, repeated=1, refused=1)
        with hub_at(broker, url):
            publish(second, "tfg/detections/raw")
            publish(batch(heard(1, "a")))
            wait_until(lambda: hub.scan_count() == 2, "2 scans stored")
        with hub_at(broker, url, takes_older=True) as hub:
            publish(second, "tfg/detections/raw")
            hub.wait_for(taken=1)


def test_a_broker_that_refuses_the_topic_is_said(tmp_path: Path, url: str) -> None:
    """A hub that may not hear its sensors is connected, and says what its owner is to change."""
    plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"), None)
    if plugin is None:
        pytest.skip("mosquitto's dynamic security plugin is not installed")
    rights = tmp_path / "rights.json"
    rights.write_text(json.dumps({"defaultACLAccess": {"subscribe": False}}))
    lines = (f"plugin {plugin}", f"plugin_opt_config_file {rights}")
    with mosquitto(tmp_path / "broker", lines=lines) as broker, hub_at(broker, url) as hub:
        wait_until(lambda: "museum/scans/+" in (hub.state().problem or ""), "the refusal")


def test_the_broker_holds_back_while_nothing_is_committed(broker: Mosquitto, url: str) -> None:
    """No more than so many messages come ahead of their acknowledgement, and afterwards every one arrives."""
    gates: list[Gate] = []

    def gated(taker: Taker) -> Gate:
        gates.append(Gate(taker))
        return gates[0]

    with hub_at(broker, url, through=gated) as hub, publishing(broker) as publish:
        for number in range(150):
            publish(batch(scan_of(number)))
        assert gates[0].asked.wait(PATIENCE_SECONDS)
        wait_until(lambda: len(gates[0].groups[0]) + hub.queue.state().waiting_count >= 50, "what comes ahead")
        assert len(gates[0].groups[0]) + hub.queue.state().waiting_count == 50
        gates[0].opened.set()
        hub.wait_for(taken=150)


def scan_of(number: int) -> Scan:
    return replace(heard(0, "a"), started_at=minute(number / 100))


def test_scans_of_another_site_are_dropped_and_said(
    broker: Mosquitto, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They hold nobody up, the log has a line, and the sensor's row says what to do."""
    other = batch(heard(1, "a"), heard(2, "a")).replace(b'"0000000000000000"', b'"1111111111111111"')
    with hub_at(broker, url) as hub, publishing(broker) as publish:
        publish(other)
        publish(other)
        publish(batch(heard(3, "a"), sensor=HALL), "museum/scans/hall")
        hub.wait_for(taken=1, refused=4)
        refusals = {row.card.name: row.refusal for row in Sensors(hub.connections, minute(1) - minute(0)).all(NOW)}
    assert refusals["hall"] is None
    assert "another site" in (refusals["stairs"] or "")
    assert len([record for record in caplog.records if "another site" in record.getMessage()]) == 1


class KeyFile:
    """A visitor key that cannot be had until it can."""

    def __init__(self) -> None:
        self.is_there = False

    def key(self) -> SiteKey:
        if not self.is_there:
            raise IntakeFullError("The visitor key cannot be written. Make room on the disk.")
        return READING.key()


def test_what_cannot_be_read_yet_is_taken_once_it_can(broker: Mosquitto, url: str) -> None:
    """While the visitor key cannot be had a message is not acknowledged, is said to wait, and is tried again."""
    key_file = KeyFile()
    reading = replace(READING, key=key_file.key)
    with publishing(broker) as publish:
        with hub_at(broker, url, takes_older=True, reading=reading) as hub:
            publish(json.dumps(older("a")).encode(), "tfg/detections/raw")
            wait_until(lambda: "Make room" in (hub.state().problem or ""), "the problem")
            publish(batch(heard(1, "a")))
            wait_until(lambda: hub.state().taken == 1, "the scan that needs no key")
        with hub_at(broker, url, takes_older=True, reading=reading) as hub:
            wait_until(lambda: "Make room" in (hub.state().problem or ""), "the message again")
            key_file.is_there = True
            hub.wait_for(taken=1)


def test_what_is_of_a_newer_version_waits_for_an_update(broker: Mosquitto, url: str) -> None:
    """A batch that only a newer hub understands is not dropped: it comes again, to the hub after its update."""
    newer = batch(heard(1, "a")).replace(b'"version":1', b'"version":2', 1)
    with publishing(broker) as publish:
        with hub_at(broker, url) as hub:
            publish(newer)
            wait_until(lambda: "update the receiver" in (hub.state().problem or ""), "the problem")
        publish(newer.replace(b'"version":2', b'"version":0', 1))
        with hub_at(broker, url) as hub:
            wait_until(lambda: "update the receiver" in (hub.state().problem or ""), "the message again")
            wait_until(lambda: hub.state().refused == 1, "the older one, which no update will understand")


def test_what_fails_to_be_read_for_another_reason_is_not_lost(broker: Mosquitto, url: str) -> None:
    """Nobody foresaw it, so that it may pass: the message is tried again, and stays at the broker meanwhile."""
    failures = [MemoryError(), OSError()]

    def zoning() -> ZoneThresholds:
        if failures:
            raise failures.pop()
        return ZoneThresholds()

    with hub_at(broker, url, reading=replace(READING, zoning=zoning)) as hub, publishing(broker) as publish:
        publish(batch(heard(1, "a")))
        hub.wait_for(taken=1)
    assert failures == []
