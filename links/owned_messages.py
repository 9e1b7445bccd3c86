"""What the owner's things are told as, on the live feed and by MQTT: tags and alerts, each as one JSON object."""

from __future__ import annotations

from links.moments import iso
from presence.alerts import AlertRow
from presence.tags import TagRow

# JSON, by our own names.
Message = dict[str, object]


def tag_message(row: TagRow) -> Message:
    """A tag: what it is, where it is, and what it told of itself."""
    place = row.place
    return {
        "id": row.tag_id,
        "name": row.card.name,
        "kind": row.card.kind,
        "whereabouts": place.whereabouts.value,
        "sensor": place.sensor,
        "zone": None if place.zone is None else place.zone.value,
        "confidence": None if place.confidence is None else round(place.confidence, 2),
        "since_at": iso(place.since_at),
        "measures": {one.kind.value: one.value for one in row.measures},
    }


def alert_message(row: AlertRow) -> Message:
    """An alert: what happened, and what became of it."""
    return {
        "id": row.alert_id,
        "rule": row.rule_name,
        "kind": row.kind.value,
        "subject": row.subject.name,
        "subject_key": row.subject.key,
        "says": row.says,
        "opened_at": iso(row.opened_at),
        "acknowledged_at": iso(row.acknowledged_at),
        "acknowledged_by": row.acknowledged_by,
        "closed_at": iso(row.closed_at),
    }
