from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from links.home_assistant import HomeAssistant, SiteReads
from links.home_assistant_messages import SiteCard
from links.owned_source import OwnedReads
from presence.alerts import AlertRow, RuleKind, Subject
from presence.tags import NEVER_HEARD, Measure, MeasureKind, TagCard, TagPlace, TagRow, Whereabouts
from presence.zones import Zone
from tests.links.broker import Mosquitto, mosquitto
from tests.links.place import AT, OVERVIEW, SENSOR, TODAY
from tests.links.waiting import PATIENCE_SECONDS, wait_until

CARD = SiteCard(topic="museum", name="Museum", version="0.1.0", page_url="http://192.0.2.7:8050")
AT_THE_BOX = TagPlace(Whereabouts.PRESENT, "box", Zone.NEAR, -50.0, 0.9, AT, AT)
PUMP = TagRow(
    tag_id=3,
    card=TagCard("Pump", "infusion pump"),
    identities=(),
    added_at=AT,
    place=AT_THE_BOX,
    measures=(Measure(MeasureKind.BATTERY_PERCENT, 81.0),),
    measured_at=AT,
    has_picture=False,
)
ALERT = AlertRow(7, 1, "Left", RuleKind.TAG_LEFT, Subject("tag 3", "Pump"), "Pump left.", AT, None, 0, None, None, None)
TRACKER = "homeassistant/device/presence_museum_tag_3/config"


class Listener:
    """Hears all that is published."""

    def __init__(self, broker: Mosquitto) -> None:
        self.heard: list[tuple[str, Any]] = []
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe([("homeassistant/#", 1), ("museum/#", 1)])
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_SECONDS)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        self.heard.append((message.topic, json.loads(payload) if payload.startswith(b"{") else payload))

    def on(self, topic: str) -> list[Any]:
        """All that came on a topic."""
        return [told for at, told in self.heard if at == topic]

    def shows(self, topic: str, location: str) -> bool:
        """Whether a tag was last told to be somewhere."""
        return bool(self.on(topic)[-1]["location"] == location)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@dataclass
class Site:
    """What is told, as a test changes it."""

    tags: list[TagRow] = field(default_factory=lambda: [PUMP])
    alerts: list[AlertRow] = field(default_factory=list)

    def reads(self) -> SiteReads:
        owned = OwnedReads(
            lambda: self.tags, lambda: [one for one in self.alerts if one.closed_at is None], lambda: self.alerts
        )
        return SiteReads(lambda: OVERVIEW, lambda: TODAY, lambda: [SENSOR], owned)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def listener(broker: Mosquitto) -> Iterator[Listener]:
    with contextlib.closing(Listener(broker)) as one:
        yield one


@contextlib.contextmanager
def told(broker: Mosquitto, site: Site) -> Iterator[HomeAssistant]:
    teller = HomeAssistant(broker.settings(), CARD, site.reads())
    teller.start()
    try:
        yield teller
    finally:
        teller.stop()


def test_a_tag_is_a_tracker_at_its_sensor_s_place(broker: Mosquitto, listener: Listener) -> None:
    """A tag is announced with what it told of itself, and its state names the place, away or unknown."""
    site = Site()
    with told(broker, site) as teller:
        wait_until(lambda: bool(listener.on(TRACKER)), "the announcement")
        (announced,) = listener.on(TRACKER)
        assert announced["cmps"].keys() == {"place", "battery"}
        assert announced["availability_topic"] == "museum/status"
        assert listener.on("museum/tags/3")[-1]["location"] == "by the stairs"
        for whereabouts, location in ((Whereabouts.AWAY, "not_home"), (Whereabouts.UNKNOWN, "None")):
            site.tags = [replace(PUMP, place=replace(NEVER_HEARD, whereabouts=whereabouts, sensor="box"))]
            teller.nudge()
            wait_until(partial(listener.shows, "museum/tags/3", location), location)
        assert listener.on(TRACKER) == [announced]


def test_a_tag_that_is_deleted_leaves_home_assistant(broker: Mosquitto, listener: Listener) -> None:
    """Nothing stands on its topics any more."""
    site = Site()
    with told(broker, site) as teller:
        wait_until(lambda: bool(listener.on(TRACKER)), "the announcement")
        site.tags = []
        teller.nudge()
        wait_until(lambda: listener.on("museum/tags/3")[-1] == b"", "the end")
        assert listener.on(TRACKER)[-1] == b""


def test_alerts_are_told_while_they_are_open(broker: Mosquitto, listener: Listener) -> None:
    """The site shows whether one is open and the latest, and the alert's own topic tells its end and is then empty."""
    site = Site()
    with told(broker, site) as teller:
        wait_until(lambda: bool(listener.on("museum/state")), "the state")
        assert listener.on("museum/state")[-1]["alerts"]["open"] == "OFF"
        wait_until(lambda: bool(listener.on("homeassistant/device/presence_museum/config")), "the site")
        cmps = listener.on("homeassistant/device/presence_museum/config")[-1]["cmps"]
        assert {"alert_open", "latest_alert"} <= cmps.keys()
        site.alerts = [ALERT]
        teller.nudge()
        wait_until(lambda: listener.on("museum/state")[-1]["alerts"]["latest"] == "Pump left.", "the alert")
        assert listener.on("museum/alerts/7")[-1]["closed_at"] is None
        site.alerts = [replace(ALERT, closed_at=AT)]
        teller.nudge()
        wait_until(lambda: listener.on("museum/alerts/7")[-1] == b"", "the end")
        assert listener.on("museum/alerts/7")[-2]["closed_at"] == "2027-03-01T12:00:00Z"
        wait_until(lambda: listener.on("museum/state")[-1]["alerts"]["open"] == "OFF", "that none is open")
