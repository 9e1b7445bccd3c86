"""The sensors of the site: who still speaks, and what each last heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.formats import DASH, count_text, counted, number_text, plain_words, short_moment_text
from presence.sensors import SensorRow, SensorState

_ADDING = (
    ". It prints one line to be typed on the new sensor, which then hears for this page. A visitor who is heard by "
    "several sensors is counted once, where the signal is strongest."
)

_MOODS = {SensorState.HEARD: "well", SensorState.LATE: "warning", SensorState.SILENT: "broken"}
_WORDS = {SensorState.HEARD: "Heard", SensorState.LATE: "Late", SensorState.SILENT: "Silent"}

_TITLES = ("Sensor", "State", "Devices", "Last scan", "Clock", "Waiting there", "Version")
# Columns of numbers are set to the right; on a phone the name has a line of its own.
_LOOKS = {"Sensor": "sensor-name", "Devices": "number", "Waiting there": "number"}

# A clock that is off by less than this changes nothing that is shown.
_CLOCK_MATTERS_SECONDS = 2.0


def sensor_panel() -> Component:
    """The table without rows, and how to add a sensor."""
    return html.Section(
        [
            html.Header([html.H2("Sensors"), html.P(id="sensors-summary", className="note")], className="section-head"),
            html.Div(
                html.Table(
                    [
                        html.Caption("Sensors", className="unseen"),
                        html.Thead(html.Tr([_heading(title) for title in _TITLES])),
                        html.Tbody(id="sensor-rows"),
                    ],
                    className="devices",
                ),
                className="table-frame",
            ),
            html.H3("Add a sensor", className="adding"),
            html.P(
                [
                    "On this machine type ",
                    html.Code("./run enrol NAME"),
                    _ADDING,
                ]
            ),
        ],
        className="panel",
    )


def sensor_rows(rows: Sequence[SensorRow], now_at: datetime, zone: tzinfo) -> list[Component]:
    """A row for each sensor, those that need help first."""
    order = {SensorState.SILENT: 0, SensorState.LATE: 1, SensorState.HEARD: 2}
    ordered = sorted(rows, key=lambda row: (not row.is_active, order[row.state], row.card.name.lower()))
    return [_row(row, now_at, zone) for row in ordered]


def sensors_summary(rows: Sequence[SensorRow]) -> str:
    """How many sensors there are, and how many of them speak."""
    active = [row for row in rows if row.is_active]
    if not active:
        return "No sensor has been heard from yet."
    silent = sum(row.state is SensorState.SILENT for row in active)
    late = sum(row.state is SensorState.LATE for row in active)
    if not silent and not late:
        return f"{counted(len(active), 'sensor')}, all heard."
    parts = [f"{number} {word}" for number, word in ((silent, "silent"), (late, "late")) if number]
    return f"{counted(len(active), 'sensor')}: {', '.join(parts)}."


def _heading(title: str) -> Component:
    return html.Th(title, scope="col", className=_LOOKS.get(title))


def _row(row: SensorRow, now_at: datetime, zone: tzinfo) -> Component:
    cells: tuple[list[str | Component] | str | Component, ...] = (
        [
            html.Strong(html.Bdi(plain_words(row.card.name))),
            " ",
            html.Bdi(plain_words(row.card.place or ""), className="note sensor-place"),
            *([html.P(plain_words(row.refusal), className="note")] if row.refusal else ()),
        ],
        state_pill(row),
        count_text(row.device_count),
        short_moment_text(row.last_scan_at, now_at, zone) if row.last_scan_at else DASH,
        _clock_text(row.clock_offset_seconds),
        count_text(row.waiting_count),
        plain_words(row.card.version) if row.card.version else DASH,
    )
    return html.Tr([_cell(title, content) for title, content in zip(_TITLES, cells, strict=True)])


def _cell(title: str, content: list[str | Component] | str | Component) -> Component:
    label: Any = {"data-label": title}  # for phones, where each row is a card
    return html.Td(content, className=_LOOKS.get(title), **label)


def state_pill(row: SensorRow) -> Component:
    """Whether a sensor still speaks, in a word."""
    if not row.is_active:
        return html.Span("Switched off", className="pill pill-waiting")
    return html.Span(_WORDS[row.state], className=f"pill pill-{_MOODS[row.state]}")


def _clock_text(offset_seconds: float | None) -> str:
    if offset_seconds is None:
        return DASH
    if abs(offset_seconds) < _CLOCK_MATTERS_SECONDS:
        return "right"
    direction = "ahead" if offset_seconds > 0 else "behind"
    return f"{number_text(abs(offset_seconds))} s {direction}"
