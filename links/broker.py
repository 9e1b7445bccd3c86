"""The MQTT broker: one connection to it, kept up, with plain words for what is wrong when it is down."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from links.errors import LinkSettingsError
from links.unreachable import CertificateFileError, trusting, why_unreachable

_log = logging.getLogger(__name__)

# What stands, retained, under a topic of availability; Home Assistant expects these words unless told otherwise.
ONLINE, OFFLINE = b"online", b"offline"

# A broker gives a silent connection up after one and a half of these (MQTT 5, 3.1.2.10), so that a sensor that lost its
# power is known to be offline within a minute.
_KEEP_ALIVE_SECONDS = 40
# Seconds before the second try, doubling up to the most. Each connection takes ones of its own within these ranges, so
# that a hundred sensors do not all come back in the same second when a broker does.
_FIRST_PAUSE_SECONDS = (1, 3)
_LONGEST_PAUSE_SECONDS = (30, 60)
# A broker of MQTT 3.1.1 must take an identifier of 23 letters and digits (3.1.3.1), and need not take more.
_IDENTIFIER_LENGTH = 23
# The connection speaks MQTT 3.1.1 when asked to; anything else is 5.
_OLDER_PROTOCOL = "3.1.1"
_CA_SETTING = "links.broker_ca_file"

# MQTT 5, 2.4: reason codes of a refusal. paho gives those of 3.1.1 in the same numbers.
_REFUSALS = {
    0x84: "does not speak this version of MQTT. Set links.broker_protocol to the other one.",
    0x85: "does not accept the name of this connection.",
    0x86: "does not accept the user or the password. Check links.broker_user and the password file.",
    0x87: "does not let this user in. Check links.broker_user, the password file, and the broker's list of rights.",
    0x88: "is not available. It is asked again.",
    0x89: "is busy. It is asked again.",
    0x8A: "has locked this user or address out. Ask whoever runs it.",
    0x8B: "is shutting down. It is asked again.",
    0x8E: "ended this connection because another came under the same name: no two sensors may have one name.",
    0x95: "ended the connection because a batch was larger than it takes. Raise max_packet_size in its settings.",
    0x97: "has had more from this user than it allows.",
}


class BrokerError(LinkSettingsError):
    """The settings for the broker cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How to reach the broker; from config.toml.

    Attributes:
        host: Its name or address.
        port: Its port; 8883 with TLS, 1883 usually without.
        tls: Whether the connection is encrypted, and the broker's certificate verified.
        ca_file: The certificate to trust, as PEM; None for those that the whole world trusts.
        user: The user name there; None for none.
        password: The password there; None for none.
        protocol: The version of MQTT, "5" or "3.1.1".
        topic: What the topics of this site begin with.
    """

    host: str
    port: int
    tls: bool
    ca_file: Path | None
    user: str | None
    password: str | None = field(repr=False)
    protocol: str
    topic: str

    def scans_topic(self, sensor: str) -> str:
        """Where batches of a sensor go; "+" stands for every sensor."""
        return f"{self.topic}/scans/{sensor}"

    def tags_heard_topic(self, sensor: str) -> str:
        """Where a sensor's reports of tags go; "+" stands for every sensor."""
        return f"{self.topic}/tags-heard/{sensor}"

    @property
    def register_topic(self) -> str:
        """Where the register of tags stands, retained, for sensors to listen by."""
        return f"{self.topic}/register"

    @property
    def site_topic(self) -> str:
        """Where the hub says, retained, which site's scans it takes: 16 hexadecimal digits."""
        return f"{self.topic}/site"

    def sensor_state_topic(self, sensor: str) -> str:
        """Where "online" or "offline" stands for a sensor, retained; "+" stands for every sensor."""
        return f"{self.topic}/sensors/{sensor}/state"


class BrokerConnection:
    """A connection to the broker, made anew whenever it is lost, on a thread of paho's.

    The callbacks run on that thread. They must be quick, and must not raise, which would end it.

    Args:
        settings: How to reach the broker.
        name: What the broker knows this connection by, the same at each start, and one of a kind there: a second
            connection of the same name ends the first. It is shortened to what every broker takes.
        availability_topic: Where "online" is to stand, retained, while the connection does, and "offline" after it,
            by the broker's own hand if need be; None for nowhere.
        session_seconds: How long the broker keeps subscriptions, and what comes for them, while this connection is
            down; 0 for not at all. MQTT 3.1.1 knows no time: there, anything but 0 is for ever.
        most_unacknowledged: How many messages the broker may send ahead of their acknowledgement (MQTT 5 only); None
            for as many as it likes.
        acknowledges_itself: Whether whoever takes messages acknowledges each by `client.ack`, when it is safe.
        on_connected: Called at each new connection, the place to subscribe.
        on_message: Called with each message.
        on_change: Called with a sentence when the connection is lost or cannot be made, once, and with None when it
            stands; None for writing so into the log.
        pauses: Whole seconds before the second try to connect, and at most; None for the usual.

    Attributes:
        client: paho's client, to subscribe, publish and acknowledge with.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        name: str,
        *,
        availability_topic: str | None = None,
        session_seconds: int = 0,
        most_unacknowledged: int | None = None,
        acknowledges_itself: bool = False,
        on_connected: Callable[[Client], None] | None = None,
        on_message: Callable[[MQTTMessage], None] | None = None,
        on_change: Callable[[str | None], None] | None = None,
        pauses: tuple[int, int] | None = None,
    ) -> None:
        """Prepare the connection; nothing is opened yet.

        Raises:
            BrokerError: The settings cannot be used.
        """
        self._settings = settings
        self._far = f"The broker at {settings.host}, port {settings.port},"
        self._availability_topic = availability_topic
        self._on_connected = on_connected
        self._on_change = on_change or _log_change
        self._problem: str | None = None
        self._is_connected = False
        self._most_bytes: int | None = None
        self._is_answered = False
        self._is_stopping = False
        self.client = self._client(name, keeps_session=session_seconds > 0, acknowledges_itself=acknowledges_itself)
        if on_message is not None:
            self.client.on_message = lambda _client, _data, message: on_message(message)
        self.client.reconnect_delay_set(*(pauses or _own_pauses(name)))
        self._prepare_to_connect(session_seconds, most_unacknowledged)

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands."""
        return self._is_connected

    @property
    def problem(self) -> str | None:
        """Why the connection does not stand, in a sentence; None while it does, and before the first try has ended."""
        return self._problem

    @property
    def most_bytes(self) -> int | None:
        """The largest message, all told, that the broker takes; None when it does not say."""
        return self._most_bytes

    def start(self) -> None:
        """Begin to connect, on a thread of its own, and go on until `stop`."""
        self.client.loop_start()

    def stop(self) -> None:
        """Say goodbye and end the thread; what was not acknowledged is given up. Harmless when called twice."""
        self._is_stopping = True
        if self._is_connected and self._availability_topic is not None:
            # A goodbye takes the last will back, so it is said by hand. Sent in order, so nobody needs to wait for it.
            self.client.publish(self._availability_topic, OFFLINE, qos=0, retain=True)
        self.client.disconnect()
        self.client.drop_out_messages()  # paho would else wait for them to be acknowledged
        self.client.loop_stop()

    def _client(self, name: str, *, keeps_session: bool, acknowledges_itself: bool) -> Client:
        settings = self._settings
        is_older = settings.protocol == _OLDER_PROTOCOL
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=_identifier(name),
            clean_session=not keeps_session if is_older else None,
            protocol=MQTTv311 if is_older else MQTTv5,
            manual_ack=acknowledges_itself,
        )
        if settings.user is not None:
            client.username_pw_set(settings.user, settings.password)
        if settings.tls:
            try:
                client.tls_set_context(trusting(settings.ca_file, _CA_SETTING))
            except CertificateFileError as error:
                raise BrokerError(str(error)) from error
        if self._availability_topic is not None:
            client.will_set(self._availability_topic, OFFLINE, qos=1, retain=True)
        client.on_pre_connect = self._begin_try
        client.on_connect_fail = self._fail_to_reach
        client.on_connect = self._take_answer
        client.on_disconnect = self._lose
        return client

    def _prepare_to_connect(self, session_seconds: int, most_unacknowledged: int | None) -> None:
        settings = self._settings
        try:
            settings.host.encode("idna")  # as the socket will; paho's thread would end by an error of this
        except UnicodeError as error:
            raise BrokerError(f"{settings.host!r} (links.broker_host) cannot be the name of a machine.") from error
        if settings.protocol == _OLDER_PROTOCOL:
            self.client.connect_async(settings.host, settings.port, _KEEP_ALIVE_SECONDS)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's omission
        properties.SessionExpiryInterval = session_seconds
        if most_unacknowledged is not None:
            properties.ReceiveMaximum = most_unacknowledged
        self.client.connect_async(
            settings.host,
            settings.port,
            _KEEP_ALIVE_SECONDS,
            clean_start=session_seconds == 0,
            properties=properties,
        )

    def _begin_try(self, _client: Client, _data: object) -> None:
        self._is_answered = False

    def _fail_to_reach(self, _client: Client, _data: object) -> None:
        error = sys.exception()  # paho calls this while it handles the error, and does not pass it
        self._tell(why_unreachable(error or OSError(), self._far, _CA_SETTING))

    def _take_answer(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._is_answered = True
        if reason.is_failure:
            self._tell(self._refusal(reason))
            return
        self._is_connected = True
        self._most_bytes = getattr(properties, "MaximumPacketSize", None)  # paho has no such attribute without it
        if self._problem is not None:
            self._problem = None
            self._on_change(None)
        if self._availability_topic is not None:
            client.publish(self._availability_topic, ONLINE, qos=1, retain=True)
        if self._on_connected is not None:
            self._on_connected(client)

    def _lose(
        self, _client: Client, _data: object, flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        was_connected, self._is_connected = self._is_connected, False
        if self._is_stopping:
            return
        if flags.is_disconnect_packet_from_server:
            self._tell(self._refusal(reason))
        elif was_connected:
            # Not every broker says why it ended a connection.
            self._tell(f"{self._far} was lost. It is tried again; if this goes on, another has the same name.")
        elif not self._is_answered:
            self._tell(why_unreachable(ConnectionResetError(), self._far, _CA_SETTING))

    def _refusal(self, reason: ReasonCode) -> str:
        return f"{self._far} {_REFUSALS.get(reason.value, f'refuses: {reason}.')}"

    def _tell(self, problem: str) -> None:
        """Keep what is wrong now; it is told when it begins, not at each try that fails."""
        is_new = self._problem is None
        self._problem = problem
        if is_new:
            self._on_change(problem)


def _log_change(problem: str | None) -> None:
    if problem is None:
        _log.info("The broker is back.")
    else:
        _log.warning("%s", problem)


def _identifier(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_IDENTIFIER_LENGTH]


def _own_pauses(name: str) -> tuple[int, int]:
    """Pauses of its own for each name, within the ranges."""
    first, longest, *_ = hashlib.sha256(name.encode()).digest()
    return _within(_FIRST_PAUSE_SECONDS, first), _within(_LONGEST_PAUSE_SECONDS, longest)


def _within(ends: tuple[int, int], number: int) -> int:
    least, most = ends
    return least + number % (most - least + 1)
