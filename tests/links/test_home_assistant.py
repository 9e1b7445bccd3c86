from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from db.errors import DatabaseError
from links.home_assistant import HomeAssistant, SiteReads
from links.home_assistant_messages import SiteCard, discovery, sensor_key, state
from presence.estimate import PeopleEstimate, PeopleNow
from presence.faults import Fault, FaultReason
from presence.overview import Overview
from presence.radio import Radio
from presence.sensors import SensorCard, SensorRow, SensorState
from tests.links.broker import Mosquitto, mosquitto
from tests.links.place import AT, OVERVIEW, SENSOR, TODAY
from tests.links.waiting import PATIENCE_SECONDS, wait_until

CARD = SiteCard(topic="museum", name="Museum", version="0.1.0", page_url="http://192.0.2.7:8050")


class Played:
    """Home Assistant as far as it matters: it hears announcements, and shows each component by its template."""

    def __init__(self, broker: Mosquitto) -> None:
        self.topics: dict[str, bytes] = {}
        self.announcements: list[dict[str, Any]] = []
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe([("homeassistant/#", 1), ("museum/#", 1)])
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_SECONDS)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.topics[message.topic] = bytes(message.payload)
        if message.topic.endswith("/config"):
            self.announcements.append(json.loads(message.payload))

    def start_up(self) -> None:
        """Say what Home Assistant says when it has started."""
        self._client.publish("homeassistant/status", "online", qos=1)

    def shows(self, component: str) -> Any:  # noqa: ANN401 - whatever stands there
        """What a component shows; None for unknown, "unavailable" where the site is."""
        if not self.announcements or self.topics.get("museum/status") != b"online":
            return "unavailable"
        config = self.announcements[-1]
        told = self.topics.get(config["cmps"][component]["state_topic"])
        return None if told is None else rendered(config["cmps"][component]["value_template"], json.loads(told))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def rendered(template: str, told: Any) -> Any:  # noqa: ANN401 - JSON of any kind
    """What a template makes of a state; those of ours only follow names."""
    followed = re.fullmatch(r"\{\{ value_json\.([a-z0-9_.]+)( \| tojson)? \}\}", template)
    assert followed, template
    for name in followed[1].split("."):
        told = told[name]
    return told


@dataclass
class Site:
    """What is told, as a test changes it."""

    overview: Overview = OVERVIEW
    sensors: list[SensorRow] = field(default_factory=lambda: [SENSOR])
    is_away: bool = False

    def reads(self) -> SiteReads:
        people = PeopleNow(AT, PeopleEstimate(3.0, 5.04, 9.0, (), 2), None, None)
        return SiteReads(self._overview, lambda: TODAY, lambda: self.sensors, people=lambda: people)

    def _overview(self) -> Overview:
        if self.is_away:
            raise DatabaseError("away")
        return self.overview


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@contextlib.contextmanager
def told(broker: Mosquitto, site: Site) -> Iterator[HomeAssistant]:
    teller = HomeAssistant(broker.settings(), CARD, site.reads())
    teller.start()
    try:
        yield teller
    finally:
        teller.stop()


@pytest.fixture
def home(broker: Mosquitto) -> Iterator[Played]:
    played = Played(broker)
    yield played
    played.close()


def test_home_assistant_finds_the_site(broker: Mosquitto, home: Played) -> None:
    """People, visitors, each radio, the last scan and each sensor are announced, and show what is known."""
    with told(broker, Site()):
        wait_until(lambda: home.shows("people_now") == 3, "the state")
        assert home.shows("visitors_today") == 7
        assert home.shows("people") == 5.0
        assert home.shows("visitors_total") == 9
        assert home.shows("last_scan") == "2027-03-01T12:00:00Z"
        assert [home.shows("wifi_problem"), home.shows("bluetooth_problem")] == ["OFF", "ON"]
        assert home.shows(sensor_key("box")) == "ON"
        attributes = home.announcements[-1]["cmps"]["bluetooth_problem"]["json_attributes_template"]
        assert rendered(attributes, json.loads(home.topics["museum/state"]))["fault"] == "no_dbus"


def test_each_commit_is_shown(broker: Mosquitto, home: Played) -> None:
    """After a nudge the new state is told; what is not heard is unknown, and nothing is told twice."""
    site = Site()
    with told(broker, site) as teller:
        wait_until(lambda: home.shows("people_now") == 3, "the state")
        site.overview = replace(OVERVIEW, people_now=None)
        teller.nudge()
        wait_until(lambda: home.shows("people_now") is None, "the state")
        assert len(home.announcements) == 1


def test_a_site_that_stops_is_unavailable(broker: Mosquitto, home: Played) -> None:
    """Home Assistant sees it at once when the programme stops, and when it is back."""
    for _ in range(2):
        with told(broker, Site()):
            wait_until(lambda: home.shows("people_now") == 3, "the state")
        wait_until(lambda: home.shows("people_now") == "unavailable", "the goodbye")


def test_a_broker_that_comes_back_is_told_everything_again(broker: Mosquitto, tmp_path: Path) -> None:
    """A broker that was killed, and lost what it kept, has it all again soon after its restart."""
    with told(broker, Site()) as teller:
        with contextlib.closing(Played(broker)) as before:
            wait_until(lambda: before.shows("people_now") == 3, "the state")
        broker.kill()
        (tmp_path / "broker" / "mosquitto.db").unlink(missing_ok=True)
        wait_until(lambda: not teller.health().is_fine, "the loss")
        broker.start()
        with contextlib.closing(Played(broker)) as after:
            wait_until(lambda: after.shows("people_now") == 3, "the state")
        wait_until(lambda: teller.health().is_fine, "health")


def test_home_assistant_that_starts_later_is_told_again(broker: Mosquitto, home: Played) -> None:
    """At its birth message the site is announced anew; and one that comes without finds what the broker keeps."""
    with told(broker, Site()):
        wait_until(lambda: len(home.announcements) == 1, "the announcement")
        home.start_up()
        wait_until(lambda: len(home.announcements) == 2, "the second announcement")
        with contextlib.closing(Played(broker)) as late:
            wait_until(lambda: late.shows("people_now") == 3, "the state")


def test_sensors_come_and_go(broker: Mosquitto, home: Played) -> None:
    """A new sensor is announced, a silent one is shown as disconnected, one that is switched off is removed."""
    site = Site()
    stairs = replace(SENSOR, card=SensorCard("{{ states('x') }} \U0001f600", None, None), state=SensorState.SILENT)
    key = sensor_key(stairs.card.name)
    with told(broker, site) as teller:
        wait_until(lambda: home.shows("people_now") == 3, "the state")
        site.sensors = [SENSOR, stairs]
        teller.nudge()
        wait_until(lambda: key in home.announcements[-1]["cmps"], "the sensor")
        wait_until(lambda: home.shows(key) == "OFF", "the sensor")
        site.sensors = [SENSOR, replace(stairs, is_active=False)]
        teller.nudge()
        wait_until(lambda: home.announcements[-1]["cmps"][key] == {"p": "binary_sensor"}, "the sensor")


def test_a_database_that_is_away_ends_nothing(
    broker: Mosquitto, home: Played, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and the site is told again when it is back."""
    caplog.set_level("INFO", "links.home_assistant")
    site = Site(is_away=True)
    with told(broker, site) as teller:
        wait_until(lambda: len(caplog.records) == 1, "the warning")
        site.is_away = False
        teller.nudge()
        wait_until(lambda: home.shows("people_now") == 3, "the state")
    assert [record.levelname for record in caplog.records if record.name == "links.home_assistant"] == [
        "WARNING",
        "INFO",
    ]


def test_what_is_announced_is_what_home_assistant_asks_for() -> None:
    """Each component has a platform and a name of its own; the device has an identifier, and an origin."""
    announced = discovery(CARD, [SENSOR], ["sensor_gone"])
    assert announced["dev"]["ids"] == ["presence_museum"]
    assert announced["o"]["name"]
    assert announced["availability_topic"] == "museum/status"
    components = [one for key, one in announced["cmps"].items() if key != "sensor_gone"]
    assert {one["p"] for one in components} == {"sensor", "binary_sensor"}
    assert len({one["unique_id"] for one in components}) == len(components) == 8
    assert announced["cmps"]["sensor_gone"] == {"p": "binary_sensor"}


def test_a_topic_of_several_levels_makes_an_identifier() -> None:
    """What Home Assistant knows the site by has only what it allows there."""
    assert replace(CARD, topic="prague/museum one").discovery_topic == (
        "homeassistant/device/presence_prague_museum_one/config"
    )


def test_a_radio_that_its_owner_switched_off_is_no_problem() -> None:
    """Only what should be heard and is not is a problem."""
    off = replace(OVERVIEW.bluetooth, fault=Fault(FaultReason.SWITCHED_OFF))
    radios = state(replace(OVERVIEW, bluetooth=off), TODAY, [])["radios"]
    assert radios[Radio.BLUETOOTH.value]["problem"] == "OFF"
