"""The four cards: people around, people detected, time spent, and whether the data is saved."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.formats import DASH, count_text, minutes_text, moment_text
from layouts.needs import PageSettings
from presence.overview import Overview

_FIRST_TIME = "Listening for the first time…"


def cards() -> Component:
    """The four cards without their readings, so that buttons keep the focus when numbers change."""
    return html.Section(
        [
            html.P(
                "Devices as they are heard: in these numbers each of them is a person.", className="note cards-note"
            ),
            _card(
                "people",
                html.Button("Ratio", id="ratio-switch", className="switch", role="switch", **aria(checked="false")),
            ),
            _card("total"),
            _card("time-spent", html.Button("Reset time", id="reset-time", className="button")),
            _card("data-state", html.Button("Save data", id="save-data", className="button button-primary")),
        ],
        className="cards",
        **aria(label="Now and in total"),
    )


def _card(name: str, action: Component | None = None) -> Component:
    return html.Article(
        [
            html.Div(_reading(" ", DASH), id=f"{name}-reading", className="reading"),
            action and html.Div(action, className="action"),
        ],
        className=f"card card-{name}",
    )


def _reading(label: str, value: str, *notes: str | Component, unit: str = "", kind: str = "") -> list[Component]:
    look = "reading-none" if value == DASH else kind
    return [
        html.H2(
            [
                html.Span(f"{label} ", className="reading-label"),
                html.Span(value, className=f"reading-value {look}".strip()),
                html.Span(f" {unit}", className="reading-unit") if unit else None,
            ]
        ),
        *(html.P(note, className="note") for note in notes),
    ]


def people_reading(overview: Overview, *, with_ratio: bool) -> list[Component]:
    """Card 1: how many are around, with or without those who cannot be heard."""
    count = people_around(overview, with_ratio=with_ratio)
    return _reading("People currently around:", count_text(count), *_people_notes(overview, with_ratio=with_ratio))


def people_around(overview: Overview, *, with_ratio: bool) -> int | None:
    """The number card 1 shows; None when it is not known."""
    return overview.people_now_with_ratio if with_ratio else overview.people_now


def people_sources(overview: Overview) -> str:
    """Which radios the number of people now comes from: "Wi-Fi 4 · Bluetooth 3", or "Bluetooth only"."""
    heard = [state for state in overview.radios if state.device_count is not None]
    if len(heard) == 1:
        return f"{heard[0].radio.label} only"
    return " · ".join(f"{state.radio.label} {count_text(state.device_count)}" for state in heard)


def _people_notes(overview: Overview, *, with_ratio: bool) -> list[str | Component]:
    if overview.last_scan_at is None:
        return [_nothing_yet(overview)]
    if overview.people_now is None or overview.people_now_with_ratio is None:
        heard = any(state.device_count is not None for state in overview.radios)
        return ["Not known: the latest scan is too old." if heard else "Not known: no radio was heard."]
    sources = people_sources(overview)
    if with_ratio:
        sources += f" · Ratio {count_text(overview.people_now_with_ratio - overview.people_now)}"
    is_partial = any(state.device_count is None for state in overview.radios)
    notes: list[str | Component] = [html.Strong(sources, className="alarm") if is_partial else sources]
    if overview.present_count is not None:
        notes.append(
            f"{count_text(overview.present_count)} present within the last {minutes_text(overview.hold_minutes)}"
        )
    return notes


def total_reading(overview: Overview) -> list[Component]:
    """Card 2: everything ever detected."""
    if overview.last_scan_at is None:
        return _reading("Total of people detected:", DASH, _nothing_yet(overview))
    return _reading(
        "Total of people detected:",
        count_text(overview.people_total),
        f"Wi-Fi {count_text(overview.wifi_total)} · Bluetooth {count_text(overview.bluetooth_total)}",
        "Different devices, since the first scan" if overview.sensor is None else "Different devices, first heard here",
    )


def time_spent_reading(overview: Overview, settings: PageSettings) -> list[Component]:
    """Card 3: the average time spent, and since when it is counted."""
    number, _, unit = minutes_text(overview.average_time_spent_minutes).partition(" ")
    return _reading("Average time spent:", number, _since(overview, settings), unit=unit)


def _since(overview: Overview, settings: PageSettings) -> str:
    since_at = overview.time_spent_since_at
    since = "the first scan" if since_at is None else moment_text(since_at, settings.time_zone)
    return f"Since {since}" if overview.sensor is None else f"At all sensors, since {since}"


def _nothing_yet(overview: Overview) -> str:
    return _FIRST_TIME if overview.sensor is None else "Nothing has come from this sensor yet."


def data_state_reading(overview: Overview, settings: PageSettings) -> list[Component]:
    """Card 4: when a report was last saved."""
    saved = overview.saved_at
    value = "Data not saved" if saved is None else moment_text(saved, settings.time_zone)
    what = "A text report of the range below" if overview.sensor is None else "A text report of all sensors"
    return _reading("Data state:", value, what, kind="reading-words")


def spoken_reading(overview: Overview, *, with_ratio: bool) -> str:
    """The one sentence a screen reader is told when the number of people changes."""
    count = people_around(overview, with_ratio=with_ratio)
    if count is None:
        return "People currently around: not known."
    return f"People currently around: {count_text(count)}."
