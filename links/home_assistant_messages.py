"""What Home Assistant is told: the discovery of a site as one device, and its state.

Source: Home Assistant, "MQTT", sections "MQTT discovery" and "Device discovery payload".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from links.moments import iso
from links.people_message import people_message
from presence.estimate import PeopleNow
from presence.faults import FaultReason, advice_for
from presence.overview import Overview, RadioState
from presence.radio import Radio
from presence.sensors import SensorRow, SensorState
from presence.today import Today

# Each sensor takes some 400 bytes of a message that is kept at the broker: these are 80 KB. A larger site is looked at
# in Grafana.
MOST_SENSORS = 200

# JSON, by Home Assistant's own names.
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SiteCard:
    """Who is announced.

    Attributes:
        topic: What the topics of the site begin with; no other site at the broker has the same.
        name: The place's name, as shown.
        version: Of this programme.
        page_url: Where its page is.
    """

    topic: str
    name: str
    version: str
    page_url: str

    @property
    def device_id(self) -> str:
        """What Home Assistant knows the site by; of letters, digits, - and _ only."""
        return "presence_" + re.sub(r"[^A-Za-z0-9_-]", "_", self.topic)

    @property
    def discovery_topic(self) -> str:
        """Where the site is announced."""
        return f"homeassistant/device/{self.device_id}/config"

    @property
    def state_topic(self) -> str:
        """Where its state is told."""
        return f"{self.topic}/state"

    @property
    def availability_topic(self) -> str:
        """Where "online" stands, or "offline"."""
        return f"{self.topic}/status"


def sensor_key(name: str) -> str:
    """What a sensor goes by in topics and templates: a name is its owner's own words, and may hold anything."""
    return "sensor_" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]


def discovery(
    card: SiteCard, sensors: Sequence[SensorRow], gone: Iterable[str], more: Mapping[str, Message] | None = None
) -> Message:
    """The announcement of the site.

    Args:
        card: Who is announced.
        sensors: The sensors to announce.
        gone: Keys of sensors announced before that are no more: a component with its platform alone is removed.
        more: Other components of the site, by their keys.
    """
    components = {
        "people": _people(card),
        "people_now": _count(card, "people_now", "People now", "measurement"),
        "visitors_today": _count(card, "visitors_today", "Visitors today", "total_increasing"),
        "visitors_total": _count(card, "visitors_total", "Visitors in all", "total_increasing"),
        "last_scan": _component(
            card, "last_scan", "sensor", "Last scan", "{{ value_json.last_scan_at }}", device_class="timestamp"
        ),
        **{f"{radio.value}_problem": _radio_problem(card, radio) for radio in Radio},
        **{sensor_key(row.card.name): _connectivity(card, row.card.name) for row in sensors},
        **{key: {"p": "binary_sensor"} for key in gone},
        **(more or {}),
    }
    return {
        "dev": {
            "ids": [card.device_id],
            "name": card.name,
            "mf": "Wi-Fi and Bluetooth Tracking",
            "sw": card.version,
            "cu": card.page_url,
        },
        "o": {"name": "Wi-Fi and Bluetooth Tracking", "sw": card.version},
        "cmps": components,
        "state_topic": card.state_topic,
        "availability_topic": card.availability_topic,
        "qos": 1,
    }


def state(overview: Overview, today: Today, sensors: Sequence[SensorRow], people: PeopleNow | None = None) -> Message:
    """How the site is. What was not heard is null, which Home Assistant shows as unknown."""
    return {
        "people": people_message(people),
        "people_now": overview.people_now,
        "visitors_today": today.visitor_count,
        "visitors_total": overview.people_total,
        "last_scan_at": iso(overview.last_scan_at),
        "radios": {radio.radio.value: _radio(radio) for radio in overview.radios},
        "sensors": {sensor_key(row.card.name): _sensor(row) for row in sensors},
    }


def _count(card: SiteCard, key: str, name: str, state_class: str) -> Message:
    template = f"{{{{ value_json.{key} }}}}"
    return _component(
        card,
        key,
        "sensor",
        name,
        template,
        state_class=state_class,
        unit_of_measurement="people",
        icon="mdi:account-group",
    )


def _people(card: SiteCard) -> Message:
    """The estimate; its range, and what is usual, are attributes."""
    return _count(card, "people", "People, estimated", "measurement") | {
        "value_template": "{{ value_json.people.likely }}",
        "suggested_display_precision": 0,
        "json_attributes_topic": card.state_topic,
        "json_attributes_template": "{{ value_json.people | tojson }}",
    }


def _radio_problem(card: SiteCard, radio: Radio) -> Message:
    told = f"value_json.radios.{radio.value}"
    return _component(
        card,
        f"{radio.value}_problem",
        "binary_sensor",
        radio.label,
        f"{{{{ {told}.problem }}}}",
        device_class="problem",
        json_attributes_topic=card.state_topic,
        json_attributes_template=f"{{{{ {told} | tojson }}}}",
    )


def _connectivity(card: SiteCard, name: str) -> Message:
    key = sensor_key(name)
    told = f"value_json.sensors.{key}"
    return _component(
        card,
        key,
        "binary_sensor",
        f"Sensor {name}",
        f"{{{{ {told}.connected }}}}",
        device_class="connectivity",
        json_attributes_topic=card.state_topic,
        json_attributes_template=f"{{{{ {told} | tojson }}}}",
    )


def _component(card: SiteCard, key: str, platform: str, name: str, template: str, **more: str) -> Message:
    unique = {"unique_id": f"{card.device_id}_{key}", "state_topic": card.state_topic}
    return {"p": platform, "name": name, "value_template": template, **unique, **more}


def _radio(radio: RadioState) -> Message:
    fault = radio.fault
    is_well = fault is None or fault.reason is FaultReason.SWITCHED_OFF  # which is what its owner wants
    return {
        "problem": "OFF" if is_well else "ON",
        "device_count": radio.device_count,
        "fault": None if fault is None else fault.reason.value,
        "advice": None if fault is None else advice_for(radio.radio, fault.reason),
        "last_heard_at": iso(radio.last_heard_at),
    }


def _sensor(row: SensorRow) -> Message:
    return {
        "connected": "OFF" if row.state is SensorState.SILENT else "ON",
        "state": row.state.value,
        "place": row.card.place,
        "device_count": row.device_count,
        "last_received_at": iso(row.last_received_at),
    }
