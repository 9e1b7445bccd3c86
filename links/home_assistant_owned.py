"""What Home Assistant is told of tags and alerts: each tag is a device of its own, alerts belong to the site.

Source: Home Assistant, "MQTT device tracker", "MQTT sensor" and "MQTT binary sensor".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from links.home_assistant_messages import Message, SiteCard
from links.moments import iso
from links.owned_messages import alert_message, tag_message
from links.owned_source import Owned, OwnedReads, OwnedSource
from presence.alerts import AlertRow
from presence.sensors import SensorRow
from presence.tags import MeasureKind, TagRow, Whereabouts

# The longest state that Home Assistant takes, in characters.
_LONGEST_STATE = 255

# Kinds of figures that Home Assistant knows: its device class, and the unit.
_MEASURES = {
    MeasureKind.BATTERY_PERCENT: ("battery", "%"),
    MeasureKind.TEMPERATURE_CELSIUS: ("temperature", "°C"),
    MeasureKind.HUMIDITY_PERCENT: ("humidity", "%"),
}

Publish = Callable[[str, Message | None], None]
"""Publishes, retained: on a topic, what is told; None for that nothing is to stand there any more."""


def tag_topic(card: SiteCard, tag_id: int) -> str:
    """Where a tag is told."""
    return f"{card.topic}/tags/{tag_id}"


def alert_topic(card: SiteCard, alert_id: int) -> str:
    """Where an alert is told while it is open."""
    return f"{card.topic}/alerts/{alert_id}"


def tag_discovery_topic(card: SiteCard, tag_id: int) -> str:
    """Where a tag is announced."""
    return f"homeassistant/device/{card.device_id}_tag_{tag_id}/config"


def tag_state(row: TagRow, places: Mapping[str, str]) -> Message:
    """A tag as it is told.

    Args:
        row: The tag.
        places: Where sensors stand, by their names.
    """
    return {**tag_message(row), "location": _location(row, places)}


def _location(row: TagRow, places: Mapping[str, str]) -> str:
    """Where it is, in words; "None" is what Home Assistant takes for unknown ("payload_reset")."""
    place = row.place
    if place.whereabouts is Whereabouts.AWAY:
        return "not_home"
    if place.whereabouts is Whereabouts.UNKNOWN or place.sensor is None:
        return "None"
    return places.get(place.sensor, place.sensor)


def tag_discovery(card: SiteCard, row: TagRow) -> Message:
    """The announcement of a tag: where it is, and those figures that it has told."""
    own = f"{card.device_id}_tag_{row.tag_id}"
    tracker: Message = {
        "p": "device_tracker",
        "name": None,  # that of the device
        "unique_id": own,
        "value_template": "{{ value_json.location }}",
        "source_type": "bluetooth_le",
        "json_attributes_topic": tag_topic(card, row.tag_id),
    }
    components: dict[str, Any] = {"place": tracker}
    for kind in sorted({one.kind for one in row.measures} & _MEASURES.keys()):
        device_class, unit = _MEASURES[kind]
        components[device_class] = {
            "p": "sensor",
            "unique_id": f"{own}_{device_class}",
            "device_class": device_class,
            "state_class": "measurement",
            "unit_of_measurement": unit,
            "value_template": f"{{{{ value_json.measures.{kind.value} }}}}",
        }
    return {
        "dev": {"ids": [own], "name": row.card.name, "mdl": row.card.kind or "tag", "via_device": card.device_id},
        "o": {"name": "Wi-Fi and Bluetooth Tracking", "sw": card.version},
        "cmps": components,
        "state_topic": tag_topic(card, row.tag_id),
        "availability_topic": card.availability_topic,
        "qos": 1,
    }


def alert_components(card: SiteCard) -> dict[str, Message]:
    """What of the site is announced about alerts: whether one is open, and the latest."""
    shared = {"json_attributes_topic": card.state_topic, "json_attributes_template": "{{ value_json.alerts | tojson }}"}
    return {
        "alert_open": {
            "p": "binary_sensor",
            "name": "Alert open",
            "unique_id": f"{card.device_id}_alert_open",
            "device_class": "problem",
            "value_template": "{{ value_json.alerts.open }}",
            **shared,
        },
        "latest_alert": {
            "p": "sensor",
            "name": "Latest alert",
            "unique_id": f"{card.device_id}_latest_alert",
            "icon": "mdi:bell-alert",
            "value_template": "{{ value_json.alerts.latest }}",
            **shared,
        },
    }


def alerts_state(owned: Owned, latest: AlertRow | None) -> Message:
    """How alerts stand, as a part of the site's state."""
    return {
        "open": "ON" if owned.alerts else "OFF",
        "open_count": len(owned.alerts),
        "latest": None if latest is None else latest.says[:_LONGEST_STATE],
        "latest_opened_at": None if latest is None else iso(latest.opened_at),
        "latest_closed_at": None if latest is None else iso(latest.closed_at),
    }


class OwnedTopics:
    """Keeps what stands at the broker of tags and alerts as it is. For one thread.

    Args:
        card: The site.
        reads: What is read.
        publish: Publishes.
    """

    def __init__(self, card: SiteCard, reads: OwnedReads, publish: Publish) -> None:
        self._card = card
        self._source = OwnedSource(reads)
        self._publish = publish
        self._told: dict[str, Message] = {}
        self._reads = reads

    def tell(self, sensors: Sequence[SensorRow], *, is_due: bool) -> Message:
        """Tell what is another than before, or everything where that is due; gives the state of alerts.

        Raises:
            DatabaseError: It cannot be read.
        """
        changes = self._source.look()
        newest = self._reads.newest_alerts()
        if is_due:
            self._told.clear()
        places = {row.card.name: row.card.place for row in sensors if row.card.place}
        owned = self._source.standing
        for row in owned.tags:
            self._tell(tag_topic(self._card, row.tag_id), tag_state(row, places))
            self._tell(tag_discovery_topic(self._card, row.tag_id), tag_discovery(self._card, row))
        for row in changes.gone:
            for topic in (tag_discovery_topic(self._card, row.tag_id), tag_topic(self._card, row.tag_id)):
                self._told.pop(topic, None)
                self._publish(topic, None)
        for alert in owned.alerts:
            self._tell(alert_topic(self._card, alert.alert_id), alert_message(alert))
        for turn, alert in changes.alerts:
            if turn == "closed":
                # Who listens hears of the end; who comes later finds nothing.
                topic = alert_topic(self._card, alert.alert_id)
                self._told.pop(topic, None)
                self._publish(topic, alert_message(alert))
                self._publish(topic, None)
        return alerts_state(owned, newest[0] if newest else None)

    def _tell(self, topic: str, message: Message) -> None:
        # How sure it is changes all the time, and is told with what else changes.
        looks = {name: value for name, value in message.items() if name != "confidence"}
        if self._told.get(topic) != looks:
            self._publish(topic, message)
            self._told[topic] = looks
