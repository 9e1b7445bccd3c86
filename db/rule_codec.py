"""How a rule is written into its row: what is not a column of its own, as JSON text with a version."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

from sqlalchemy import Row

from db.errors import DatabaseError
from presence.alerts import Boundary, Hours, Rule, RuleKind, RuleRow
from presence.zones import Zone

_VERSION = 1
_FIELDS = frozenset(
    {
        "version",
        "tag_ids",
        "boundary",
        "threshold",
        "hysteresis",
        "hours",
        "quiet",
        "minimum_seconds",
        "cool_down_seconds",
        "repeat_seconds",
        "repeat_limit",
        "channel_ids",
    }
)


def rule_body(rule: Rule) -> str:
    """What is kept of a rule besides its name, its kind and whether it is on."""
    boundary = rule.boundary
    body = {
        "version": _VERSION,
        "tag_ids": sorted(rule.tag_ids),
        "boundary": None
        if boundary is None
        else {"sensors": sorted(boundary.sensors), "zones": sorted(zone.value for zone in boundary.zones)},
        "threshold": rule.threshold,
        "hysteresis": rule.hysteresis,
        "hours": _written_hours(rule.hours),
        "quiet": _written_hours(rule.quiet),
        "minimum_seconds": rule.minimum_seconds,
        "cool_down_seconds": rule.cool_down_seconds,
        "repeat_seconds": rule.repeat_seconds,
        "repeat_limit": rule.repeat_limit,
        "channel_ids": sorted(rule.channel_ids),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def rule_row(row: Row[*tuple[Any, ...]]) -> RuleRow:
    """The rule of a row.

    Raises:
        DatabaseError: This version cannot read it.
    """
    try:
        return RuleRow(row.id, _rule(row.name, RuleKind(row.kind), is_on=row.is_on, body=json.loads(row.body)))
    except (ValueError, TypeError, KeyError) as error:
        raise DatabaseError(
            f"The rule {row.id} was written by another version of this programme and cannot be read. "
            "Start the newer version, or delete the rule and make it again."
        ) from error


def _rule(name: str, kind: RuleKind, *, is_on: bool, body: dict[str, Any]) -> Rule:
    if body["version"] != _VERSION or body.keys() != _FIELDS:
        raise ValueError("unknown version or fields")
    boundary = body["boundary"]
    return Rule(
        name=name,
        kind=kind,
        is_on=is_on,
        tag_ids=frozenset(body["tag_ids"]),
        boundary=None
        if boundary is None
        else Boundary(frozenset(boundary["sensors"]), frozenset(map(Zone, boundary["zones"]))),
        threshold=body["threshold"],
        hysteresis=body["hysteresis"],
        hours=_read_hours(body["hours"]),
        quiet=_read_hours(body["quiet"]),
        minimum_seconds=body["minimum_seconds"],
        cool_down_seconds=body["cool_down_seconds"],
        repeat_seconds=body["repeat_seconds"],
        repeat_limit=body["repeat_limit"],
        channel_ids=frozenset(body["channel_ids"]),
    )


def _written_hours(hours: Hours | None) -> dict[str, Any] | None:
    if hours is None:
        return None
    return {"days": sorted(hours.days), "from": hours.from_time.isoformat(), "to": hours.to_time.isoformat()}


def _read_hours(written: dict[str, Any] | None) -> Hours | None:
    if written is None:
        return None
    return Hours(frozenset(written["days"]), time.fromisoformat(written["from"]), time.fromisoformat(written["to"]))
