from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage

from links.broker import BrokerConnection, BrokerError, BrokerSettings
from tests.links.broker import Mosquitto, make_certificates, mosquitto
from tests.links.waiting import PATIENCE_SECONDS, wait_until

QUICK = (1, 1)

# paho leaves a socket whose handshake failed to the garbage collector.
leaves_a_socket = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


@contextlib.contextmanager
def running(connection: BrokerConnection) -> Iterator[BrokerConnection]:
    connection.start()
    try:
        yield connection
    finally:
        connection.stop()


@contextlib.contextmanager
def listening(settings: BrokerSettings, topic: str) -> Iterator[list[tuple[str, bytes, bool]]]:
    """What comes on a topic: topic, payload, and whether it was retained."""
    heard: list[tuple[str, bytes, bool]] = []
    subscribed: list[int] = []

    def subscribe(client: Client) -> None:
        client.on_subscribe = lambda _client, _data, mid, _reasons, _properties: subscribed.append(mid)
        client.subscribe(topic, qos=1)

    def take(message: MQTTMessage) -> None:
        heard.append((message.topic, bytes(message.payload), message.retain))

    connection = BrokerConnection(
        settings, "a listener", on_connected=subscribe, on_message=take, session_seconds=600, pauses=QUICK
    )
    with running(connection):
        wait_until(lambda: bool(subscribed), "the subscription")
        yield heard


def problem_of(settings: BrokerSettings) -> str:
    """What is wrong with the first try to connect."""
    told: list[str | None] = []
    with running(BrokerConnection(settings, "a try", on_change=told.append, pauses=QUICK)) as connection:
        wait_until(lambda: bool(told), "the first try")
        assert connection.problem is not None
        assert not connection.is_connected
    assert told[0] is not None
    return told[0]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_it_connects_over_verified_tls_with_a_password(tmp_path: Path, protocol: str) -> None:
    """Both versions of MQTT come in with the right certificate, user and password."""
    certificates = make_certificates(tmp_path)
    with mosquitto(tmp_path / "broker", certificates=certificates, asks_password=True) as broker:
        connection = BrokerConnection(broker.settings(protocol=protocol), "a sensor")
        with running(connection):
            wait_until(lambda: connection.is_connected, "a connection")
            assert connection.problem is None
        assert not connection.is_connected


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_said(tmp_path: Path, protocol: str) -> None:
    """A wrong password is told as that, and is itself told to nobody."""
    with mosquitto(tmp_path, asks_password=True) as broker:
        settings = broker.settings(protocol=protocol, password="wrong-secret")  # noqa: S106 - wrong on purpose
        problem = problem_of(settings)
    assert "password" in problem
    assert "wrong-secret" not in problem + repr(settings)


@leaves_a_socket
def test_a_certificate_that_is_not_trusted_is_said(tmp_path: Path) -> None:
    """A certificate of another authority ends the connection, and the setting to mend is named."""
    certificates, others = make_certificates(tmp_path / "a"), make_certificates(tmp_path / "b")
    with mosquitto(tmp_path / "broker", certificates=certificates) as broker:
        for ca_file in (others.authority, None):
            problem = problem_of(replace(broker.settings(), ca_file=ca_file))
            assert "not trusted" in problem
            assert "links.broker_ca_file" in problem


@leaves_a_socket
def test_a_certificate_of_another_name_is_said(tmp_path: Path) -> None:
    """A trusted certificate that was made for another machine is not enough."""
    with mosquitto(tmp_path / "broker", certificates=make_certificates(tmp_path, host="elsewhere")) as broker:
        assert "another name" in problem_of(broker.settings())


@leaves_a_socket
def test_a_certificate_whose_time_is_over_is_said(tmp_path: Path) -> None:
    """A certificate that is over names the clock too, which on a Pi may be what is wrong."""
    with mosquitto(tmp_path / "broker", certificates=make_certificates(tmp_path, days=-1)) as broker:
        assert "clock" in problem_of(broker.settings())


@leaves_a_socket
def test_tls_where_there_is_none_and_the_other_way_round_is_said(tmp_path: Path) -> None:
    """One side that encrypts and one that does not find no connection, and are told to look at that."""
    certificates = make_certificates(tmp_path)
    with mosquitto(tmp_path / "plain") as broker:
        assert "encrypted" in problem_of(replace(broker.settings(), tls=True))
    with mosquitto(tmp_path / "broker", certificates=certificates) as broker:
        assert "encrypted" in problem_of(replace(broker.settings(), tls=False))


def test_a_broker_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A broker that is down, and a name that nobody knows, are told apart."""
    with mosquitto(tmp_path) as broker:
        broker.stop()
        assert "not running" in problem_of(broker.settings())
        assert "not known" in problem_of(replace(broker.settings(), host="nowhere.invalid"))


def test_settings_that_cannot_work_are_refused_at_once(tmp_path: Path) -> None:
    """A certificate file that is missing or empty, and a host that is no name, are told before anything starts."""
    settings = BrokerSettings(
        host="localhost",
        port=8883,
        tls=True,
        ca_file=tmp_path / "missing.pem",
        user=None,
        password=None,
        protocol="5",
        topic="museum",
    )
    with pytest.raises(BrokerError, match="cannot be read"):
        BrokerConnection(settings, "a sensor")
    (tmp_path / "empty.pem").touch()
    with pytest.raises(BrokerError, match="no certificate"):
        BrokerConnection(replace(settings, ca_file=tmp_path / "empty.pem"), "a sensor")
    with pytest.raises(BrokerError, match="name of a machine"):
        BrokerConnection(replace(settings, tls=False, host="a..b"), "a sensor")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_whether_it_is_online_stands_at_the_broker(tmp_path: Path, protocol: str) -> None:
    """While the connection stands so does "online"; "offline" after a goodbye, and by the broker's hand without one."""
    with mosquitto(tmp_path) as broker, listening(broker.settings(), "museum/#") as heard:
        topic = broker.settings().sensor_state_topic("hall")

        def last_is(word: bytes) -> bool:
            return bool(heard) and heard[-1][:2] == (topic, word)

        connection = BrokerConnection(broker.settings(protocol=protocol), "hall", availability_topic=topic)
        with running(connection):
            wait_until(lambda: last_is(b"online"), "online")
        wait_until(lambda: last_is(b"offline"), "offline after a goodbye")
        with running(BrokerConnection(broker.settings(protocol=protocol), "hall", availability_topic=topic)) as again:
            wait_until(lambda: last_is(b"online"), "online again")
            line = again.client.socket()
            assert isinstance(line, socket.socket)
            line.shutdown(socket.SHUT_RDWR)
            wait_until(lambda: (topic, b"offline", False) in heard[3:], "the last will")
            wait_until(lambda: last_is(b"online"), "online by itself")


def test_it_comes_back_by_itself_and_tells_once(tmp_path: Path) -> None:
    """A broker that is away and comes back is told as one end and one beginning, however many tries lie between."""
    with mosquitto(tmp_path) as broker:
        told: list[str | None] = []
        with running(BrokerConnection(broker.settings(), "hall", on_change=told.append, pauses=QUICK)) as connection:
            wait_until(lambda: connection.is_connected, "a connection")
            broker.kill()
            wait_until(lambda: "not running" in (connection.problem or ""), "a try that failed")
            time.sleep(2.5)
            broker.start()
            wait_until(lambda: connection.is_connected, "the connection again")
        assert told[0] is not None
        assert "lost" in told[0]
        assert told[1:] == [None]


def test_a_session_that_is_kept_misses_nothing(tmp_path: Path) -> None:
    """What comes while a listener with a session is away waits for it; the broker's restart included."""
    with mosquitto(tmp_path) as broker:
        with listening(broker.settings(), "museum/scans/+"):
            pass
        with running(BrokerConnection(broker.settings(), "hall")) as sender:
            wait_until(lambda: sender.is_connected, "a connection")
            sender.client.publish("museum/scans/hall", b"while away", qos=1).wait_for_publish(PATIENCE_SECONDS)
        broker.stop()
        broker.start()
        with listening(broker.settings(), "museum/scans/+") as heard:
            wait_until(lambda: bool(heard), "what waited")
    assert heard[0][1] == b"while away"


def test_two_of_one_name_are_told_so(tmp_path: Path) -> None:
    """The second connection of a name ends the first, whose owner is told why."""
    with mosquitto(tmp_path) as broker:
        told: list[str | None] = []
        with running(BrokerConnection(broker.settings(), "hall", on_change=told.append)) as first:
            wait_until(lambda: first.is_connected, "the first")
            with running(BrokerConnection(broker.settings(), "hall")):
                wait_until(lambda: bool(told), "the end of the first")
    assert told[0] is not None
    assert "same name" in told[0]


def test_topics_of_a_site(tmp_path: Path) -> None:
    """Batches and states have their places under the site's topic."""
    settings = Mosquitto(tmp_path, certificates=None, asks_password=False).settings()
    assert settings.scans_topic("hall") == "museum/scans/hall"
    assert settings.sensor_state_topic("+") == "museum/sensors/+/state"
