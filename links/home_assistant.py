"""Home Assistant finds the site by itself, through the broker, and is told how it is after each scan."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, MQTTMessage

from db.errors import DatabaseError
from links.broker import BrokerConnection, BrokerSettings
from links.health import PartHealth
from links.home_assistant_messages import MOST_SENSORS, Message, SiteCard, discovery, sensor_key, state
from links.home_assistant_owned import OwnedTopics, alert_components
from links.owned_source import OwnedReads
from presence.estimate import PeopleNow
from presence.overview import Overview
from presence.sensors import SensorRow
from presence.today import Today

_log = logging.getLogger(__name__)

# Where Home Assistant itself says "online" when it has started, and wants to hear everything again.
_BIRTH_TOPIC = "homeassistant/status"
# A site with many sensors has several scans a second; nobody's dashboard needs more than this.
_REST_SECONDS = 1.0
# A sensor falls silent by itself, without a scan that would tell.
_AT_LATEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SiteReads:
    """What is told; each may raise DatabaseError.

    Attributes:
        overview: Reads the place now.
        today: Reads the local day so far.
        sensors: Reads the sensors of the site.
        owned: Reads tags and alerts; None where there are none to know of.
        people: Reads the people now; None where nobody estimates them.
    """

    overview: Callable[[], Overview]
    today: Callable[[], Today]
    sensors: Callable[[], Sequence[SensorRow]]
    owned: OwnedReads | None = None
    people: Callable[[], PeopleNow] | None = None


class HomeAssistant:
    """Announces the site, and tells its state from a thread of its own, so that no scan ever waits for a broker.

    Args:
        settings: How to reach the broker.
        card: Who is announced.
        reads: What is told.
    """

    def __init__(self, settings: BrokerSettings, card: SiteCard, reads: SiteReads) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            BrokerError: The settings cannot be used.
        """
        self._card = card
        self._reads = reads
        self._connection = BrokerConnection(
            settings,
            f"{card.device_id}_home_assistant",
            availability_topic=card.availability_topic,
            on_connected=self._connected,
            on_message=self._heard,
        )
        self._thread = threading.Thread(target=self._work, name="home assistant", daemon=True)
        self._wake = threading.Event()
        self._must_announce = threading.Event()
        self._stopping = threading.Event()
        self._announced: frozenset[str] = frozenset()  # keys of the sensors that Home Assistant knows of
        self._told: Message | None = None
        self._is_database_away = False
        self._owned = None if reads.owned is None else OwnedTopics(card, reads.owned, self._publish)

    def start(self) -> None:
        """Connect, and go on trying for as long as the broker is away."""
        self._connection.start()
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye, so that Home Assistant shows the site as unavailable at once."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._connection.stop()

    def nudge(self) -> None:
        """Tell the state anew, something was committed. May be called from any thread, and does not wait."""
        self._wake.set()

    def health(self) -> PartHealth:
        """Whether the broker is reached."""
        problem = self._connection.problem
        says = problem or "The site is announced at the broker."
        return PartHealth("home_assistant", is_fine=problem is None, is_needed=False, says=says)

    def _connected(self, client: Client) -> None:
        client.subscribe(_BIRTH_TOPIC, qos=1)
        self._must_announce.set()
        self._wake.set()

    def _heard(self, message: MQTTMessage) -> None:
        if message.payload == b"online":
            self._must_announce.set()
            self._wake.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(_AT_LATEST_SECONDS)
            self._wake.clear()
            if self._connection.is_connected and not self._stopping.is_set():
                self._tell()
                self._stopping.wait(_REST_SECONDS)

    def _tell(self) -> None:
        """Announce the site where that is due, and tell its state where it is another."""
        try:
            overview, today = self._reads.overview(), self._reads.today()
            people = None if self._reads.people is None else self._reads.people()
            active = [row for row in self._reads.sensors() if row.is_active][:MOST_SENSORS]
            is_due = self._must_announce.is_set()
            alerts = None if self._owned is None else self._owned.tell(active, is_due=is_due)
        except DatabaseError as error:
            if not self._is_database_away:
                _log.warning("Home Assistant is told nothing while the database is away: %s", error)
            self._is_database_away = True
            return
        if self._is_database_away:
            _log.info("Home Assistant is told of the site again.")
        self._is_database_away = False
        now = state(overview, today, active, people) | ({} if alerts is None else {"alerts": alerts})
        keys = frozenset(sensor_key(row.card.name) for row in active)
        if is_due:
            self._must_announce.clear()
        # The state comes first, so that a component finds its part of it as soon as it is announced.
        if is_due or now != self._told:
            self._publish(self._card.state_topic, now)
            self._told = now
        if is_due or keys != self._announced:
            more = None if self._owned is None else alert_components(self._card)
            self._publish(self._card.discovery_topic, discovery(self._card, active, self._announced - keys, more))
            self._announced = keys

    def _publish(self, topic: str, message: Message | None) -> None:
        """Let a message stand on a topic, or with None nothing (an empty one: MQTT 5, 3.3.1.3)."""
        self._connection.client.publish(topic, b"" if message is None else json.dumps(message), qos=1, retain=True)
