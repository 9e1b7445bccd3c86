"""The events of the live feed, each as one JSON object; docs/feed.md lists them for those who read them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from links.health import PartHealth
from links.moments import iso
from links.owned_messages import alert_message, tag_message
from links.owned_source import Owned, OwnedChanges
from links.people_message import people_message
from presence.estimate import PeopleNow
from presence.faults import Fault, advice_for
from presence.feed import RadioCounts, ScanRow
from presence.radio import Radio
from presence.sensors import SensorRow


@dataclass(frozen=True, slots=True)
class RadioChange:
    """A radio of a sensor was heard again, or no longer.

    Attributes:
        sensor: The sensor.
        radio: Which of its radios.
        is_heard: Whether it is heard now.
        fault: Why not, or what cut it short; None when all is well.
        at: Start of the scan that tells.
    """

    sensor: str
    radio: Radio
    is_heard: bool
    fault: Fault | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is not as it should be; what is not named is well.

    Attributes:
        radios: Radios that are not heard.
        sensors: Sensors that are late or silent.
        parts: Parts of the programme that are not fine.
        owned: Tags and open alerts; None for whoever may not see them.
        people: The people now; None where nobody estimates them.
    """

    radios: tuple[RadioChange, ...] = ()
    sensors: tuple[SensorRow, ...] = ()
    parts: tuple[PartHealth, ...] = ()
    owned: Owned | None = None
    people: PeopleNow | None = None


def hello_event(last_id: int, standing: Standing, heartbeat_seconds: float, at: datetime) -> str:
    """The first event of a connection: how things stand."""
    more: dict[str, object] = {}
    if standing.people is not None:
        more["people"] = people_message(standing.people)
    if standing.owned is not None:
        more["tags"] = [tag_message(row) for row in standing.owned.tags]
        more["alerts"] = [alert_message(row) for row in standing.owned.alerts]
    return _event(
        "hello",
        last_id,
        at=iso(at),
        heartbeat_seconds=heartbeat_seconds,
        radios=[_radio_change(change) for change in standing.radios],
        sensors=[_sensor(row) for row in standing.sensors],
        parts=[_part(part) for part in standing.parts],
        **more,
    )


def scan_event(row: ScanRow) -> str:
    """A scan was recorded."""
    return _event(
        "scan",
        row.scan_id,
        id=row.scan_id,
        sensor=row.sensor,
        started_at=iso(row.started_at),
        duration_seconds=round(row.duration_seconds, 1),
        clock_is_right=row.clock_is_right,
        radios={counts.radio.value: _counts(counts) for counts in row.radios},
    )


def people_event(now: PeopleNow, last_id: int) -> str:
    """The estimate of the people now is another."""
    return _event("people", last_id, **people_message(now))


def radio_event(change: RadioChange, last_id: int) -> str:
    """A radio is heard again, or no longer."""
    return _event("radio", last_id, **_radio_change(change))


def sensor_event(row: SensorRow, last_id: int) -> str:
    """A sensor is heard again, or late, or silent."""
    return _event("sensor", last_id, **_sensor(row))


def part_event(part: PartHealth, last_id: int) -> str:
    """A part of the programme is fine again, or no longer."""
    return _event("part", last_id, **_part(part))


def owned_events(changes: OwnedChanges, last_id: int) -> list[str]:
    """What changed of tags and alerts, for those who may see them."""
    told = [_event("tag", last_id, is_deleted=False, **tag_message(row)) for row in changes.tags]
    told += [_event("tag", last_id, is_deleted=True, **tag_message(row)) for row in changes.gone]
    return told + [_event("alert", last_id, turn=turn, **alert_message(row)) for turn, row in changes.alerts]


def reset_event(reason: str, last_id: int) -> str:
    """What was missed cannot be told: whoever listens should read afresh, and go on from here."""
    return _event("reset", last_id, reason=reason)


def heartbeat_event(last_id: int, at: datetime) -> str:
    """Nothing happened, and the feed still runs."""
    return _event("heartbeat", last_id, at=iso(at))


def _event(kind: str, last_id: int, /, **told: object) -> str:
    """An event; its cursor is the number of the newest scan that was told with it."""
    return json.dumps({"type": kind, "cursor": str(last_id), **told}, ensure_ascii=False)


def _counts(counts: RadioCounts) -> dict[str, object]:
    zones = counts.zone_counts
    return {
        "device_count": counts.device_count,
        "zones": None if zones is None else {zone.value: count for zone, count in zones.items()},
        "fault": _fault(counts.radio, counts.fault),
    }


def _radio_change(change: RadioChange) -> dict[str, object]:
    return {
        "sensor": change.sensor,
        "radio": change.radio.value,
        "is_heard": change.is_heard,
        "fault": _fault(change.radio, change.fault),
        "at": iso(change.at),
    }


def _fault(radio: Radio, fault: Fault | None) -> dict[str, str] | None:
    if fault is None:
        return None
    return {"reason": fault.reason.value, "advice": advice_for(radio, fault.reason), "recovery": fault.recovery}


def _sensor(row: SensorRow) -> dict[str, object]:
    return {"sensor": row.card.name, "state": row.state.value, "last_received_at": iso(row.last_received_at)}


def _part(part: PartHealth) -> dict[str, object]:
    return {"part": part.name, "is_fine": part.is_fine, "says": part.says}
