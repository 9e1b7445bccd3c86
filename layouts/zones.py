"""Where zones end: the form, what is in force, and what other thresholds would change."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.fields import number_field
from layouts.formats import count_text, counted, dbm_text
from presence.zones import Zone, ZoneThresholds

# What a radio can hear, as the API takes it: 0 dBm and more is a radio beside itself, and -127 its weakest.
_WEAKEST_DBM, _STRONGEST_DBM = -127, -1


class ThresholdsError(Exception):
    """Zones cannot end there; the message says why."""


def zones_panel() -> Component:
    """The form, still empty."""
    return html.Section(
        [
            html.H2("Zones"),
            html.P(
                "How near a device is, is told by how strongly it is heard. Strength is counted in dBm, below zero: "
                "−40 is beside the sensor, −90 far away or behind walls.",
                className="note",
            ),
            html.P(id="zones-state"),
            html.Div(
                [
                    number_field("zones-near", "Near from, in dBm", ""),
                    number_field("zones-medium", "Medium from, in dBm", ""),
                ],
                className="form-row",
            ),
            html.P(id="zones-mistake", className="mistake", role="status"),
            html.Div(id="zones-preview", **aria(live="polite")),
            html.Div(
                [
                    html.Button("Save zones", id="zones-save", className="button button-primary"),
                    html.Button("Back to config.toml", id="zones-reset", className="button"),
                ],
                className="form-buttons",
            ),
            html.P(id="zones-said", role="status"),
        ],
        className="panel",
    )


def asked_thresholds(near: object, medium: object) -> ZoneThresholds:
    """The thresholds that were typed.

    Raises:
        ThresholdsError: They cannot be.
    """
    near_dbm, medium_dbm = _whole_dbm("Near", near), _whole_dbm("Medium", medium)
    if near_dbm <= medium_dbm:
        raise ThresholdsError("Near must be above medium: −60 is above −75.")
    return ZoneThresholds(near_dbm, medium_dbm)


def _whole_dbm(name: str, value: object) -> int:
    # A browser has one kind of number: -60 may come as -60.0.
    if isinstance(value, int | float) and _WEAKEST_DBM <= value <= _STRONGEST_DBM and value == int(value):
        return int(value)
    raise ThresholdsError(f"{name} must be a whole number from −127 to −1.")


def state_text(changed: ZoneThresholds | None, default: ZoneThresholds) -> str:
    """Which thresholds are in force."""
    theirs = f"near from {dbm_text(default.near_dbm)}, medium from {dbm_text(default.medium_dbm)} dBm"
    if changed is None:
        return f"In force are those of config.toml: {theirs}."
    ours = f"near from {dbm_text(changed.near_dbm)}, medium from {dbm_text(changed.medium_dbm)} dBm"
    return f"In force: {ours}. config.toml says {theirs}."


def preview(signals: Mapping[int, int], now: ZoneThresholds, then: ZoneThresholds) -> Component:
    """How many devices are in each zone, and would be with other thresholds.

    Args:
        signals: How many devices had which RSSI, in whole dBm.
        now: The thresholds in force.
        then: Those to compare with them.
    """
    total = sum(signals.values())
    if not total:
        return html.P("No device was heard in the last hour, so there is nothing to try this on.", className="note")
    rows = [_preview_row("Now", _counts(signals, now), "preview-now")]
    if then != now:
        rows.append(_preview_row("With these", _counts(signals, then), "preview-then"))
    return html.Table(
        [
            html.Caption(f"{counted(total, 'device')} of the last hour, each at its strongest"),
            html.Thead(html.Tr([html.Td(), *(html.Th(zone.value.capitalize(), scope="col") for zone in Zone)])),
            html.Tbody(rows),
        ],
        className="preview",
    )


def _preview_row(words: str, counts: Mapping[Zone, int], look: str) -> Component:
    numbers = [html.Td(count_text(counts[zone])) for zone in Zone]
    return html.Tr([html.Th(words, scope="row"), *numbers], className=look)


def _counts(signals: Mapping[int, int], thresholds: ZoneThresholds) -> dict[Zone, int]:
    counts = dict.fromkeys(Zone, 0)
    for rssi_dbm, devices in signals.items():
        if (zone := thresholds.zone_of(rssi_dbm)) is not None:
            counts[zone] += devices
    return counts
