from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage

from db.connect import Connections
from db.outbox import Outbox, OutboxLimits
from links.broker import BrokerConnection, BrokerSettings
from links.payloads import OwnPayload
from links.send_mqtt import MqttSender
from links.uplink import RefusedError, SendError, Uplink
from links.wire import decode_batch
from presence.sensors import SensorCard
from presence.zones import ZoneThresholds
from tests.db.scanning import minute, scan
from tests.links.broker import make_certificates, mosquitto
from tests.links.waiting import wait_until
from tests.sqlite import new_database

QUICK = (1, 1)
SITE = "0" * 16
ZONE_OF = ZoneThresholds().zone_of


class Listener:
    """A hub's ear at the broker, with a session that is kept while it is away."""

    def __init__(self, settings: BrokerSettings, topic: str = "museum/scans/+") -> None:
        self.came: list[tuple[str, bytes]] = []
        self._topic = topic
        self._has_subscribed = threading.Event()
        self._connection = BrokerConnection(
            settings, "hub", session_seconds=600, on_connected=self._subscribe, on_message=self._take, pauses=QUICK
        )
        self._connection.client.on_subscribe = lambda *_: self._has_subscribed.set()

    def start(self) -> None:
        self._connection.start()
        wait_until(self._has_subscribed.is_set, "the subscription")

    def stop(self) -> None:
        self._connection.stop()

    def minutes(self) -> list[int]:
        """The scans that came, by the minute they began in."""
        began = [one.scan.started_at for _, body in list(self.came) for one in decode_batch(body, ZONE_OF).messages]
        return [round((at - minute(0)) / timedelta(minutes=1)) for at in began]

    def _subscribe(self, client: Client) -> None:
        client.subscribe(self._topic, qos=1)

    def _take(self, message: MQTTMessage) -> None:
        self.came.append((message.topic, bytes(message.payload)))


@contextlib.contextmanager
def listening(settings: BrokerSettings, topic: str = "museum/scans/+") -> Iterator[Listener]:
    listener = Listener(settings, topic)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


@contextlib.contextmanager
def sending_to(
    settings: BrokerSettings, *, is_older: bool = False, patience_seconds: float = 30
) -> Iterator[MqttSender]:
    sender = MqttSender(settings, "hall", SITE, is_older=is_older, patience_seconds=patience_seconds, pauses=QUICK)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


@contextlib.contextmanager
def uplink_over(settings: BrokerSettings, folder: Path) -> Iterator[tuple[Uplink, Outbox]]:
    """An uplink that sends three scans at a time."""
    with contextlib.closing(Connections(new_database(folder / "tracking.db"))) as connections:
        outbox = Outbox(connections, OutboxLimits(10**9, timedelta(days=14)))
        payload = OwnPayload(SensorCard("hall", None, None), SITE, lambda: minute(0))
        payload.most_messages = 3
        sender = MqttSender(settings, "hall", SITE, patience_seconds=2, pauses=QUICK)
        uplink = Uplink(outbox, sender, payload, lambda: minute(0), random.Random(7), pauses=(0.01, 0.05))
        uplink.start()
        try:
            yield uplink, outbox
        finally:
            uplink.stop()


def is_in_order(numbers: list[int]) -> bool:
    """Whether each comes no later than those after it, but for repeats."""
    seen = -1
    for number in numbers:
        if number > seen + 1:
            return False
        seen = max(seen, number)
    return True


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_batch_goes_to_the_sensor_s_topic(tmp_path: Path, protocol: str) -> None:
    """It is on the topic of the sensor when `send` returns."""
    with mosquitto(tmp_path) as broker, listening(broker.settings()) as listener:
        with sending_to(broker.settings(protocol=protocol)) as sender:
            for number in range(50):
                sender.send(b"%d" % number)
            assert sender.problem is None
        wait_until(lambda: len(listener.came) == 50, "fifty messages")
    assert listener.came == [("museum/scans/hall", b"%d" % number) for number in range(50)]


def test_the_older_payload_has_a_topic_of_its_own(tmp_path: Path) -> None:
    """It goes to the topic of the older BLE agent, and nothing else is said there or elsewhere."""
    with mosquitto(tmp_path) as broker, listening(broker.settings(), "#") as listener:
        with sending_to(broker.settings(), is_older=True) as sender:
            sender.send(b"{}")
        wait_until(lambda: bool(listener.came), "a message")
    assert listener.came == [("tfg/detections/raw", b"{}")]


@pytest.mark.parametrize("kills", [True, False], ids=["killed", "stopped"])
def test_nothing_is_lost_over_a_broker_that_comes_and_goes(tmp_path: Path, kills: bool) -> None:
    """Over TLS with a password, a broker that ends and starts again in the middle costs no scan and no order."""
    certificates = make_certificates(tmp_path / "certificates")
    with (
        mosquitto(tmp_path / "broker", certificates=certificates, asks_password=True) as broker,
        listening(broker.settings()) as listener,
        uplink_over(broker.settings(), tmp_path) as (uplink, outbox),
    ):
        for number in range(300):
            uplink.keep(scan(minute(number), ["phone"]))
            if number in {80, 200}:
                broker.kill() if kills else broker.stop()
            if number in {110, 220}:
                broker.start()
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
        wait_until(lambda: len(set(listener.minutes())) == 300, "all scans")
        assert uplink.state().problem is None
    assert is_in_order(listener.minutes())


def test_what_a_hub_missed_waits_at_the_broker(tmp_path: Path) -> None:
    """While the hub is away the broker keeps what it acknowledged, its own restart included."""
    with mosquitto(tmp_path / "broker") as broker, uplink_over(broker.settings(), tmp_path) as (uplink, outbox):
        with listening(broker.settings()):
            pass
        for number in range(20):
            uplink.keep(scan(minute(number), ["phone"]))
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
        broker.stop()
        broker.start()
        with listening(broker.settings()) as listener:
            wait_until(lambda: len(set(listener.minutes())) == 20, "all scans")
    assert is_in_order(listener.minutes())


def test_a_broker_where_nobody_listens_acknowledges_nothing(tmp_path: Path) -> None:
    """A broker throws away what nobody has subscribed to; the sensor keeps it until a hub has."""
    with mosquitto(tmp_path) as broker, sending_to(broker.settings()) as sender:
        with pytest.raises(SendError, match="Start the hub"):
            sender.send(b"lost")
        with listening(broker.settings()) as listener:
            sender.send(b"kept")
            wait_until(lambda: bool(listener.came), "a message")
    assert listener.came == [("museum/scans/hall", b"kept")]


def test_a_user_who_may_not_write_there_is_told(tmp_path: Path) -> None:
    """A broker's list of rights that forbids the topic is named as what to check."""
    rights = tmp_path / "rights"
    rights.write_text("user sensor\ntopic read museum/#\ntopic write museum/sensors/#\n")
    with (
        mosquitto(tmp_path / "broker", asks_password=True, lines=(f"acl_file {rights}",)) as broker,
        sending_to(broker.settings()) as sender,
        pytest.raises(SendError, match="museum/scans/hall"),
    ):
        sender.send(b"{}")


def test_what_is_too_large_for_the_broker_is_refused(tmp_path: Path) -> None:
    """A broker that says how much it takes is not sent more, so that the uplink can send less at once."""
    with (
        mosquitto(tmp_path, lines=("max_packet_size 1000",)) as broker,
        listening(broker.settings()) as listener,
        sending_to(broker.settings()) as sender,
    ):
        with pytest.raises(RefusedError, match="1000 bytes"):
            sender.send(b"a" * 1000)
        sender.send(b"a" * 960)
        wait_until(lambda: bool(listener.came), "a message")


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    """A sender without a connection says why, and sends once there is one."""
    with mosquitto(tmp_path) as broker, listening(broker.settings()) as listener:
        broker.stop()
        with sending_to(broker.settings(), patience_seconds=0.2) as sender:
            wait_until(lambda: sender.problem is not None, "a try to connect")
            with pytest.raises(SendError, match="not running"):
                sender.send(b"lost")
            broker.start()
            wait_until(lambda: sender.problem is None, "a connection")
            sender.send(b"{}")
            wait_until(lambda: bool(listener.came), "a message")
    assert listener.came == [("museum/scans/hall", b"{}")]


def test_a_broker_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """Without an acknowledgement in time it is not sent, and paho does not send it by itself later."""
    with mosquitto(tmp_path) as broker, listening(broker.settings()) as listener:
        with sending_to(broker.settings(), patience_seconds=2) as sender:
            sender.send(b"first")
            broker.pause()
            with pytest.raises(SendError):
                sender.send(b"in vain")
            broker.kill()
            broker.start()
            wait_until(lambda: sender.problem is None, "the connection again")
            sender.send(b"last")
        wait_until(lambda: listener.came[-1:] == [("museum/scans/hall", b"last")], "the last message")
    assert [body for _, body in listener.came] == [b"first", b"last"]


def test_stopping_does_not_wait_for_the_broker(tmp_path: Path) -> None:
    """Whoever waits for an acknowledgement is let go when the sender stops."""
    with mosquitto(tmp_path) as broker:
        sender = MqttSender(broker.settings(), "hall", SITE, patience_seconds=600)
        failed: list[str] = []

        def send() -> None:
            with pytest.raises(SendError) as error:
                sender.send(b"{}")
            failed.append(str(error.value))

        sender.start()
        wait_until(lambda: sender.problem is None, "a connection")
        broker.pause()
        waiting = threading.Thread(target=send)
        waiting.start()
        sender.stop()
        waiting.join(60)
    assert len(failed) == 1
