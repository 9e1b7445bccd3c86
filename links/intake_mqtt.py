"""The intake by MQTT: what sensors publish, acknowledged to the broker once it is committed."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from db.intake import IntakeRefusedError, OtherSiteError, SensorInactiveError
from links.broker import BrokerConnection, BrokerSettings
from links.health import PartHealth
from links.intake import IntakeFullError, IntakeQueue, Reading
from links.payloads import OLDER_TOPIC
from links.wire import WireError, WireVersionError
from presence.message import Batch, Receipt

_log = logging.getLogger(__name__)

# Hubs that share one broker share what comes for this group: each message goes to one of them (MQTT 5, 4.8.2).
_SHARED = "$share/hubs/"
# The broker keeps what comes while the hub is away for as long as a sensor keeps its scans (`links.outbox_max_days`).
_SESSION_SECONDS = 14 * 86_400
# Messages that the broker may send ahead of their acknowledgement. A commit takes all that wait, so at five commits a
# second these are 250 messages a second; and of a megabyte each, as after an outage, they still fit into memory. (While
# much is acknowledged quickly mosquitto 2.0.11 sends up to five times as many ahead; while nothing is, it keeps to it.)
_MOST_UNACKNOWLEDGED = 50
# Seconds after which what could not be read is tried again.
_LATER_SECONDS = 10.0
# Different complaints that are logged, once each; of more only the count tells.
_MOST_COMPLAINTS = 200


@dataclass(frozen=True, slots=True)
class IntakeState:
    """How the intake by MQTT is; counts are since the start.

    Attributes:
        is_connected: Whether the broker is reached, and sends what sensors publish.
        problem: What is wrong, in a sentence; None when all is well.
        taken: Scans stored.
        repeated: Scans that had come before, and were dropped.
        refused: Scans, and messages that are none, that were dropped for good.
    """

    is_connected: bool
    problem: str | None
    taken: int
    repeated: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A message as the broker sent it. Its number is good for one connection only."""

    number: int
    qos: int
    connection: int


class _Open:
    """What of a message has not been settled yet: its scans, once they are tried one by one."""

    def __init__(self, delivery: _Delivery, count: int) -> None:
        self.delivery = delivery
        self.count = count


class MqttIntake:
    """Takes what sensors publish, on threads of paho's and of the queue.

    A message is acknowledged once its scans are committed, or once it is known that they never will be. What was not,
    the broker sends again, to this hub or to another.

    Stop the queue first, so that what it is committing is still acknowledged, and then this.

    Args:
        settings: How to reach the broker.
        name: What the broker knows this hub by: the same at each start, so that it keeps what comes meanwhile, and
            another for each hub.
        queue: Takes what comes.
        reading: Reads it.
        takes_older: Whether the payload of the older BLE agent is taken too.
        pauses: As for `BrokerConnection`.
        later_seconds: After which what could not be read is tried again.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        name: str,
        queue: IntakeQueue,
        reading: Reading,
        *,
        takes_older: bool,
        pauses: tuple[int, int] | None = None,
        later_seconds: float = _LATER_SECONDS,
    ) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            BrokerError: The settings cannot be used.
        """
        self._scans_topic = settings.scans_topic("+")
        self._shared = "" if settings.protocol == "3.1.1" else _SHARED
        self._takes_older = takes_older
        self._queue = queue
        self._reading = reading
        self._lock = threading.Lock()
        self._connections = 0
        self._taken = self._repeated = self._refused = 0
        self._complaints: set[tuple[str, str]] = set()
        self._later_seconds = later_seconds
        self._unread: dict[_Delivery, str] = {}  # what could not be read yet, and why
        self._stopping = threading.Event()
        self._asked: int | None = None
        self._is_subscribed = False
        self._refusal: str | None = None
        self._connection = BrokerConnection(
            settings,
            f"{name} intake",
            session_seconds=_SESSION_SECONDS,
            most_unacknowledged=_MOST_UNACKNOWLEDGED,
            acknowledges_itself=True,
            on_connected=self._subscribe,
            on_message=self._hear,
            pauses=pauses,
        )
        self._connection.client.on_subscribe = self._take_answer

    def start(self) -> None:
        """Connect, and go on trying for as long as the broker is away."""
        self._connection.start()

    def stop(self) -> None:
        """Disconnect; the broker keeps what comes from now on."""
        self._stopping.set()
        self._connection.stop()

    def state(self) -> IntakeState:
        """How the intake is."""
        is_connected = self._connection.is_connected and self._is_subscribed
        with self._lock:
            unread = next(iter(self._unread.values()), None)
            problem = self._connection.problem or self._refusal or self._queue.state().problem or unread
            return IntakeState(is_connected, problem, self._taken, self._repeated, self._refused)

    def health(self) -> PartHealth:
        """Whether the broker is reached."""
        state = self.state()
        says = state.problem or "The broker is reached."
        figures = {"taken_total": float(state.taken), "refused_total": float(state.refused)}
        return PartHealth("broker", is_fine=state.problem is None, is_needed=False, says=says, figures=figures)

    def _subscribe(self, client: Client) -> None:
        with self._lock:
            self._connections += 1
            self._unread.clear()  # the broker sends it again
        self._is_subscribed, self._refusal = False, None
        # The broker remembers what was asked for before. It answers in order, so its second answer stands for both.
        if self._takes_older:
            client.subscribe(self._shared + OLDER_TOPIC, qos=1)
        else:
            client.unsubscribe(self._shared + OLDER_TOPIC)
        _, self._asked = client.subscribe(self._shared + self._scans_topic, qos=1)

    def _take_answer(
        self, _client: Client, _data: object, number: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            topic = self._scans_topic if number == self._asked else OLDER_TOPIC
            self._refusal = (
                f"The broker does not let this hub hear its sensors ({refused[0]}). Let its user read {topic} in the "
                "broker's list of rights."
            )
            _log.warning("%s", self._refusal)
        elif number == self._asked:
            self._is_subscribed = True

    def _hear(self, message: MQTTMessage) -> None:
        self._take(message, _Delivery(message.mid, message.qos, self._connections))

    def _take(self, message: MQTTMessage, delivery: _Delivery) -> None:
        """Let a message wait to be stored. It is acknowledged at once only when it can be read at no time."""
        sender = message.topic.rpartition("/")[2]
        try:
            batch = self._read(message, sender)
        except Exception as error:  # noqa: BLE001 - any that passes ends paho's thread, and the intake without a word
            if isinstance(error, WireError) and not (isinstance(error, WireVersionError) and error.is_newer):
                self._forget_unread(delivery)
                self._refuse(sender, str(error))
                self._acknowledge(delivery)
            else:
                is_told = isinstance(error, (WireError, IntakeFullError))
                why = str(error) if is_told else f"What a sensor sent cannot be read ({type(error).__name__})."
                self._take_later(message, delivery, why)
        else:
            self._forget_unread(delivery)
            self._put(_Open(delivery, 1), [batch])

    def _take_later(self, message: MQTTMessage, delivery: _Delivery, why: str) -> None:
        """Try a message again after a while; unacknowledged, it also comes again after a new connection or start."""
        with self._lock:
            if delivery.connection != self._connections:
                return
            if not self._unread:
                _log.warning("What sensors send by MQTT waits at the broker: %s", why)
            self._unread[delivery] = why
        later = threading.Timer(self._later_seconds, self._take_again, (message, delivery))
        later.daemon = True
        later.start()

    def _take_again(self, message: MQTTMessage, delivery: _Delivery) -> None:
        if delivery in self._unread and not self._stopping.is_set():
            self._take(message, delivery)

    def _forget_unread(self, delivery: _Delivery) -> None:
        with self._lock:
            if self._unread.pop(delivery, None) is not None and not self._unread:
                _log.info("What sensors send by MQTT is read again.")

    def _read(self, message: MQTTMessage, sender: str) -> Batch:
        if message.topic == OLDER_TOPIC:
            return self._reading.older(bytes(message.payload))
        batch = self._reading.batch(bytes(message.payload))
        if batch.sensor.name != sender:
            # A broker may let each sensor publish under its own name only; then none can speak for another.
            raise WireError("This came on the topic of another sensor.")
        return batch

    def _put(self, opened: _Open, batches: list[Batch]) -> None:
        for batch in batches:
            try:
                receipt = self._queue.put(batch, is_bounded=False)
            except IntakeFullError:
                return  # the hub stops; unacknowledged, all of it comes again
            receipt.add_done_callback(partial(self._settle, opened, batch))

    def _settle(self, opened: _Open, batch: Batch, receipt: Future[Receipt]) -> None:
        """Go on once it is known what became of a batch. On the queue's thread."""
        if receipt.cancelled():
            return
        error = receipt.exception()
        if error is None:
            with self._lock:
                self._taken += receipt.result().stored
                self._repeated += receipt.result().repeated
        elif (
            isinstance(error, IntakeRefusedError)
            and not isinstance(error, (OtherSiteError, SensorInactiveError))
            and len(batch.messages) > 1
        ):
            # Nobody can be told to send the others again, so each is tried by itself.
            opened.count += len(batch.messages) - 1
            self._put(opened, [replace(batch, messages=(message,)) for message in batch.messages])
            return
        else:
            self._refuse(batch.sensor.name, str(error), len(batch.messages))
        opened.count -= 1
        if opened.count == 0:
            self._acknowledge(opened.delivery)

    def _refuse(self, sender: str, why: str, count: int = 1) -> None:
        """Count what is dropped for good, and log each kind of it once for each sender."""
        with self._lock:
            self._refused += count
            is_new = (sender, why) not in self._complaints and len(self._complaints) < _MOST_COMPLAINTS
            if is_new:
                self._complaints.add((sender, why))
        if is_new:
            _log.warning("What %r sent by MQTT is dropped: %s", sender, why)

    def _acknowledge(self, delivery: _Delivery) -> None:
        """Acknowledge a message to the broker; after a new connection it comes again, maybe under another number."""
        with self._lock:
            if delivery.connection == self._connections:
                self._connection.client.ack(delivery.number, delivery.qos)
