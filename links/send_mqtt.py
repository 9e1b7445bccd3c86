"""Sending to a hub through an MQTT broker: a message is acknowledged when the broker has it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from links.broker import BrokerConnection, BrokerSettings
from links.payloads import OLDER_TOPIC
from links.uplink import RefusedError, SendError

# A broker acknowledges at once; a megabyte over a mobile line takes seconds.
_PATIENCE_SECONDS = 30.0

# MQTT 5, 3.3: a message but for topic and payload: 5 for its kind and length, 2 each for the lengths of topic and of
# properties, of which there are none, and for its number; and some to spare.
_HEADER_BYTES = 16
# MQTT 5, 3.4.2.1: what a broker may say of a message.
_NOBODY_LISTENS = 0x10
_NOT_AUTHORISED = 0x87
# These say that the message itself is wrong: payload format invalid, packet too large.
_FOR_GOOD = frozenset({0x99, 0x95})

_SITE = re.compile(rb"[0-9a-f]{16}")
_OF_ANOTHER_SITE = (
    "The hub at this broker takes no scans of another site. Let this sensor join its site, or check links.broker_topic."
)


class MqttSender:
    """Publishes bodies, one at a time, with QoS 1. For one thread.

    Args:
        settings: How to reach the broker.
        sensor: The name of this sensor, one of a kind at its broker.
        site: The site of this sensor. A hub of another one drops what it sends, so nothing is then sent.
        is_older: Whether they are the older BLE agent's payload, which has a topic of its own and names no site.
        patience_seconds: How long a connection, and then an acknowledgement, is waited for.
        pauses: As `BrokerConnection` takes them.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        sensor: str,
        site: str,
        *,
        is_older: bool = False,
        patience_seconds: float = _PATIENCE_SECONDS,
        pauses: tuple[int, int] | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            BrokerError: The settings cannot be used.
        """
        self._topic = OLDER_TOPIC if is_older else settings.scans_topic(sensor)
        self._site_topic = None if is_older else settings.site_topic
        self._site = site.encode()
        self._other_site: str | None = None
        self._patience_seconds = patience_seconds
        self._connection = BrokerConnection(
            settings,
            f"{settings.topic} sensor {sensor}",
            availability_topic=None if is_older else settings.sensor_state_topic(sensor),
            on_connected=self._subscribe,
            on_message=self._hear_site,
            on_change=self._look_again,
            pauses=pauses,
        )
        self._connection.client.on_publish = self._acknowledge
        # What the broker said of messages, by their numbers; only that of the last one is asked for.
        self._said: dict[int, ReasonCode] = {}
        self._changed = threading.Condition()
        self._is_stopping = False

    @property
    def problem(self) -> str | None:
        """Why nothing can be sent, in a sentence: no connection, or a hub of another site; None while all is well."""
        return self._connection.problem or self._other_site

    def start(self) -> None:
        """Begin to connect, and go on for as long as the broker is away."""
        self._connection.start()

    def stop(self) -> None:
        """Say goodbye to the broker; a message that waits for its acknowledgement fails."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._connection.stop()

    def send(self, body: bytes) -> None:
        """As `links.uplink.Sender` says. The broker has it then; docs/wire.md says how to let it keep what it has."""
        client = self._connection.client
        self._said.clear()
        try:
            self._wait_until(lambda: self._connection.is_connected)
            if not self._connection.is_connected:
                raise SendError(self._why_not())
            self._check_site()
            self._check_size(body)
            # Not under the lock: paho holds one of its own here, and when it calls `_acknowledge`.
            message = client.publish(self._topic, body, qos=1)
            if message.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise SendError(self._why_not())
            self._wait_until(lambda: message.mid in self._said or not self._connection.is_connected)
            if message.mid not in self._said:
                raise SendError(self._why_not())
            self._judge(self._said[message.mid])
            # What a hub said before comes ahead of the first acknowledgement of a connection: it was asked for earlier.
            self._check_site()
        finally:
            # Unless it was acknowledged: paho would send it again by itself, after later ones. The outbox does that.
            client.drop_out_messages()

    def _wait_until(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or holds(), self._patience_seconds)

    def _check_site(self) -> None:
        if self._other_site is not None:
            raise SendError(self._other_site)

    def _check_size(self, body: bytes) -> None:
        """A broker of MQTT 5 says what it takes, and hangs up on more."""
        most_bytes = self._connection.most_bytes
        if most_bytes is not None and len(body) + len(self._topic.encode()) + _HEADER_BYTES > most_bytes:
            raise RefusedError(
                f"The broker takes no more than {most_bytes} bytes at once. Raise max_packet_size in its settings."
            )

    def _judge(self, said: ReasonCode) -> None:
        if said.value == _NOBODY_LISTENS:
            # The broker has thrown it away. (MQTT 3.1.1 brokers do not say.)
            raise SendError("No hub has ever taken scans from this broker, so it keeps none. Start the hub once.")
        if said.value in _FOR_GOOD:
            raise RefusedError(f"The broker refuses it: {said}.")
        if said.value == _NOT_AUTHORISED:
            raise SendError(f"The broker does not let this user write to {self._topic}. Check its list of rights.")
        if said.is_failure:
            raise SendError(f"The broker does not take it: {said}. It is tried again.")

    def _why_not(self) -> str:
        if self._is_stopping:
            return "The uplink is stopping."
        return self._connection.problem or "The broker has not answered yet. It is tried again."

    def _acknowledge(
        self, _client: Client, _data: object, number: int, said: ReasonCode, _properties: Properties
    ) -> None:
        with self._changed:
            self._said[number] = said
            self._changed.notify_all()

    def _subscribe(self, client: Client) -> None:
        if self._site_topic is not None:
            client.subscribe(self._site_topic, qos=1)
        self._look_again(None)

    def _hear_site(self, message: MQTTMessage) -> None:
        """A hub says whose scans it takes. Anything that is no name of a site, nothing too, says nothing."""
        is_of_another = _SITE.fullmatch(message.payload) is not None and message.payload != self._site
        self._other_site = _OF_ANOTHER_SITE if is_of_another else None

    def _look_again(self, _change: object) -> None:
        """The connection stands or was lost: whoever waits looks again. The uplink writes the log."""
        with self._changed:
            self._changed.notify_all()
