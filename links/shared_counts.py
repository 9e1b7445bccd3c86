"""Counts for others as a file: CSV for spreadsheets, JSON lines for programs. Single devices are in neither."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from db.export import defused
from links.moments import iso
from presence.sharing import SharedHour
from presence.zones import Zone

_NOT_HEARD = "not heard"


def shared_csv(hours: Iterable[SharedHour], smallest_group: int, time_zone: ZoneInfo) -> str:
    """Hours as CSV; date and hour are those of the place."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["Date", "Hour", "Sensor", *(zone.value.capitalize() for zone in Zone), "Together, of those told"])
    for hour in hours:
        local = hour.hour_at.astimezone(time_zone)
        counts = [_said(hour, hour.zones[zone], smallest_group) for zone in Zone]
        together = _said(hour, hour.together, smallest_group)
        rows.writerow([f"{local:%Y-%m-%d}", f"{local:%H:%M}", defused(hour.sensor), *counts, together])
    return text.getvalue()


def _said(hour: SharedHour, count: int | None, smallest_group: int) -> str:
    if not hour.is_heard:
        return _NOT_HEARD
    return f"fewer than {smallest_group}" if count is None else str(count)


def shared_json(hours: Iterable[SharedHour], smallest_group: int) -> str:
    """Hours as JSON lines. A count that is hidden is null beside what it is fewer than; not heard is null alone."""
    lines = []
    for hour in hours:
        counts = {zone.value: hour.zones[zone] for zone in Zone} if hour.is_heard else None
        told = {
            "hour_at": iso(hour.hour_at),
            "sensor": hour.sensor,
            "devices": counts,
            "null_is_fewer_than": smallest_group,
        }
        lines.append(json.dumps(told, ensure_ascii=False) + "\n")
    return "".join(lines)
