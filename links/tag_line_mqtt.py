"""The way of tags through an MQTT broker: a sensor publishes reports and reads the register, a hub the other way."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from paho.mqtt.client import Client, MQTTMessage

from db.errors import DatabaseError
from db.intake import SensorInactiveError
from links.broker import BrokerConnection, BrokerSettings
from links.health import PartHealth
from links.tag_intake import TagIntake
from links.uplink import SendError
from links.wire import WireError
from links.wire_tags import decode_register
from presence.tags import Watched

_log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 10.0
# A hub looks this often whether the register is another.
_LOOK_SECONDS = 1.0
# Messages that wait while the hub writes: of a hundred sensors, twenty seconds.
_MOST_WAITING = 2000
_MOST_COMPLAINTS = 200


class MqttTagLine:
    """Speaks with a hub through a broker (a `links.tag_uplink.TagLine`).

    Args:
        settings: How to reach the broker.
        sensor: The name of this sensor.
    """

    def __init__(self, settings: BrokerSettings, sensor: str) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            BrokerError: The settings cannot be used.
        """
        self._topic = settings.tags_heard_topic(sensor)
        self._register_topic = settings.register_topic
        self._watched: tuple[Watched, ...] | None = None
        self._connection = BrokerConnection(
            settings,
            f"{settings.topic} tags {sensor}",
            on_connected=self._subscribe,
            on_message=self._hear,
            on_change=lambda _problem: None,  # whoever sends says it
        )

    def start(self) -> None:
        """Begin to connect, and go on for as long as the broker is away."""
        self._connection.start()

    def stop(self) -> None:
        """Say goodbye."""
        self._connection.stop()

    def send(self, body: bytes) -> None:
        """Publish reports with QoS 1, and wait until the broker has them."""
        if not self._connection.is_connected:
            raise SendError(self._connection.problem or "The broker is not reached yet.")
        sent = self._connection.client.publish(self._topic, body, qos=1)
        try:
            sent.wait_for_publish(_PATIENCE_SECONDS)
        except (RuntimeError, ValueError) as error:  # the connection was lost just now, or paho's queue is full
            raise SendError("The connection to the broker was lost.") from error
        if not sent.is_published():
            raise SendError("The broker does not acknowledge what is sent.")

    def register(self) -> tuple[Watched, ...] | None:
        """The register when another one came since the last time."""
        watched, self._watched = self._watched, None
        return watched

    def _subscribe(self, client: Client) -> None:
        client.subscribe(self._register_topic, qos=1)

    def _hear(self, message: MQTTMessage) -> None:
        try:
            _, self._watched = decode_register(bytes(message.payload))
        except WireError as error:
            _log.warning("The register of tags at the broker is not used. %s", error)


class MqttTagIntake:
    """Takes what sensors publish of tags, and publishes, retained, what they go by: the register, and the hub's site.

    Every hub of a site takes all reports, for whoever follows tags must hear of all sensors. The site stands here and
    not on the connection for scans, which writes nothing: mosquitto 2.0.11 hangs up on who writes without the right.

    Args:
        settings: How to reach the broker.
        name: What the broker knows this hub by, one of a kind there.
        intake: Takes reports, and knows the register.
        site: Tells the site whose scans are taken; None while there is no key.
    """

    def __init__(self, settings: BrokerSettings, name: str, intake: TagIntake, site: Callable[[], str | None]) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            BrokerError: The settings cannot be used.
        """
        self._heard_topic = settings.tags_heard_topic("+")
        self._register_topic = settings.register_topic
        self._intake = intake
        self._waiting: queue.Queue[MQTTMessage] = queue.Queue(_MOST_WAITING)
        self._published: str | None = None
        self._site_topic = settings.site_topic
        self._site = site
        self._published_site: str | None = None
        self._complaints: set[tuple[str, str]] = set()
        self._trouble = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="tag intake", daemon=True)
        self._connection = BrokerConnection(
            settings, f"{name} tags", on_connected=self._subscribe, on_message=self._hear
        )

    def start(self) -> None:
        """Connect, and go on trying for as long as the broker is away."""
        self._connection.start()
        self._thread.start()

    def stop(self) -> None:
        """Disconnect."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._connection.stop()

    def health(self) -> PartHealth:
        """Whether what sensors hear of tags comes from the broker, and is written down."""
        problem = self._connection.problem or self._trouble
        says = problem or "The broker is reached."
        return PartHealth("tag_broker", is_fine=not problem, is_needed=False, says=says)

    def _subscribe(self, client: Client) -> None:
        client.subscribe(self._heard_topic, qos=1)
        self._published = self._published_site = None  # the broker may have lost them

    def _hear(self, message: MQTTMessage) -> None:
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self._complain("a sensor", "More comes than can be written down, so some of it is dropped.")

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except DatabaseError as error:
                if not self._trouble:
                    _log.error("What sensors hear of tags is not written down. %s", error)
                self._trouble = str(error)
            else:
                if self._trouble:
                    _log.info("What sensors hear of tags is written down again.")
                self._trouble = ""

    def _step(self) -> None:
        self._publish_site()
        self._publish_register()
        try:
            message = self._waiting.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            return
        sender = message.topic.rpartition("/")[2]
        try:
            self._intake.receive(bytes(message.payload), sender)
        except (WireError, SensorInactiveError) as error:
            self._complain(sender, str(error))

    def _publish_site(self) -> None:
        """Say whose scans are taken, so that a sensor of another site keeps its own and says why."""
        site = self._site()
        if site is not None and site != self._published_site and self._connection.is_connected:
            self._connection.client.publish(self._site_topic, site.encode(), qos=1, retain=True)
            self._published_site = site

    def _publish_register(self) -> None:
        if not self._connection.is_connected:
            return
        if (version := self._intake.tags.register_version()) != self._published:
            _, body = self._intake.register()
            self._connection.client.publish(self._register_topic, body, qos=1, retain=True)
            self._published = version

    def _complain(self, sender: str, why: str) -> None:
        if (sender, why) not in self._complaints and len(self._complaints) < _MOST_COMPLAINTS:
            self._complaints.add((sender, why))
            _log.warning("What %r sent of tags is dropped: %s", sender, why)
