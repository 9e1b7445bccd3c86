"""The export: which detections, as what, and the link that brings the file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from layouts.fields import choice_field, text_field
from layouts.formats import plain_words
from presence.zones import Zone

# Parameters of the route by the choice; the last is as far back as the route takes, which is all that is kept.
_RANGES = {
    "hour": ("The last hour", {"last_hours": 1}),
    "day": ("The last day", {"last_days": 1}),
    "week": ("The last 7 days", {"last_days": 7}),
    "month": ("The last 30 days", {"last_days": 30}),
    "all": ("All that is kept", {"last_days": 3650}),
}
_FORMATS = {"csv": "CSV, for spreadsheets", "jsonl": "JSON lines, for programs", "parquet": "Parquet, for pandas"}

_ALL = ""
"""Stands for every sensor, and for every zone."""

_HASH_LENGTH = 64
_HASH = re.compile(r"[0-9A-Fa-f]{64}")


class ExportChoiceError(Exception):
    """There is no such export; the message says why."""


def export_panel() -> Component:
    """The form, with the sensors still to come."""
    return html.Section(
        [
            html.H2("Export"),
            html.P(
                "Every device of every scan, line by line, as a file. Devices are told by their hashes, never by "
                "their addresses.",
                className="note",
            ),
            html.Div(
                [
                    choice_field(
                        "export-range", "Time", {value: words for value, (words, _) in _RANGES.items()}, "day"
                    ),
                    choice_field("export-format", "Format", _FORMATS, "csv"),
                    choice_field(
                        "export-zone",
                        "Zone",
                        {_ALL: "All"} | {zone.value: zone.value.capitalize() for zone in Zone},
                        _ALL,
                    ),
                    choice_field("export-sensor", "Sensor", sensor_choices(()), _ALL),
                ],
                className="form-row",
            ),
            text_field("export-hash", "Only this device", "Its hash, 64 digits; leave it empty for all.", _HASH_LENGTH),
            html.Div(html.A("Download", id="export-link", className="button button-primary"), className="form-buttons"),
            html.P(id="export-note", role="status"),
        ],
        className="panel",
    )


def sensor_choices(names: Iterable[str]) -> dict[str, str]:
    """All sensors, or one of them."""
    return {_ALL: "All"} | {name: plain_words(name) for name in names}


def export_link(time_range: str, file_format: str, zone: str, sensor: str, device_hash: str | None) -> str:
    """The address of the file.

    Args:
        time_range: What was chosen of `export-range`, and so on.
        file_format: As what.
        zone: Of which zone; empty for all.
        sensor: By which sensor; empty for all.
        device_hash: As it was typed; empty or None for all devices.

    Raises:
        ExportChoiceError: The device's hash is none, or a choice is not one of those offered.
    """
    if time_range not in _RANGES or file_format not in _FORMATS:
        raise ExportChoiceError("Choose a time and a format.")
    wanted = (device_hash or "").strip().lower()
    if wanted and not _HASH.fullmatch(wanted):
        raise ExportChoiceError("The hash of a device has 64 digits, from 0 to 9 and a to f.")
    filters = {"zone": zone, "device_id": sensor, "device_hash": wanted}
    asked = _RANGES[time_range][1] | {name: value for name, value in filters.items() if value}
    return f"/api/v1/export/detections/{file_format}?{urlencode(asked)}"
