"""The people now, estimated: the likely number with its range, and why it is this one."""

from __future__ import annotations

from datetime import datetime, tzinfo

from dash import html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.formats import DASH, share_text
from layouts.head_counts import count_form
from layouts.people_words import (
    CONFIDENCE,
    OF_ONE_TEXT,
    people_text,
    radios_of,
    range_text,
    rests_on_text,
    step_change,
    step_value,
    step_words,
    steps_by_radio,
    taught_by_text,
)
from presence.estimate import PeopleEstimate, PeopleNow, Usual
from presence.overview import Overview
from presence.radio import Radio

# The scale of the bar reaches a quarter beyond the range, so that its end is seen to be one.
_BEYOND = 1.25


def people_panel() -> Component:
    """The panel without its numbers, so that what is typed stays when they change."""
    return html.Section(
        [
            html.Div(id="estimate-reading", className="reading estimate"),
            count_form(),
            html.Details(
                [html.Summary("Why this number?"), html.Div(id="estimate-steps", className="step-tables")],
                className="why",
                id="estimate-why",
            ),
        ],
        id="people-panel",
        className="panel people-now",
        hidden=True,
    )


def estimate_reading(
    now: PeopleNow, remark: str | None, at: datetime, zone: tzinfo, *, is_of_one: bool = False
) -> list[Component]:
    """The likely number, its range, and what it is to be compared with.

    Args:
        now: The people now.
        remark: Why there is no estimate, or what stands behind it, where that is to be known (`remark_on`).
        at: The moment it is.
        zone: In which times are told.
        is_of_one: Whether it is of one sensor of several, of which head counts teach nothing.
    """
    estimate = now.estimate
    heading = html.H2(
        [
            html.Span("People here, estimated: ", className="reading-label"),
            html.Span(
                DASH if estimate is None else people_text(estimate.likely),
                className="reading-value reading-none" if estimate is None else "reading-value",
            ),
        ]
    )
    if estimate is None:
        return [heading, html.P(remark, className="note")]
    return [
        heading,
        html.P([html.Strong(range_text(estimate.low, estimate.high)), f", {CONFIDENCE}"], className="estimate-range"),
        _bar(estimate, now.capacity),
        *(html.P(note, className="note") for note in _notes(now, estimate, remark, at.astimezone(zone))),
        html.P(OF_ONE_TEXT if is_of_one else taught_by_text(estimate.head_counts), className="note"),
    ]


def _bar(estimate: PeopleEstimate, capacity: int | None) -> Component:
    """The range and the likely number on a line from nobody to the capacity; it says nothing that the words do not."""
    end = max(estimate.high * _BEYOND, capacity or 0, 1)
    share = [f"{100 * value / end:.1f}%" for value in (estimate.low, estimate.high - estimate.low, estimate.likely)]
    marks: list[Component] = [
        html.Span(className="range-band", style={"left": share[0], "width": share[1]}),
        html.Span(className="range-likely", style={"left": share[2]}),
    ]
    if capacity:
        marks.append(html.Span(className="range-capacity", style={"left": f"{100 * capacity / end:.1f}%"}))
    return html.Div(marks, className="range-bar", **aria(hidden="true"))


def _notes(now: PeopleNow, estimate: PeopleEstimate, remark: str | None, local: datetime) -> list[str | Component]:
    notes: list[str | Component] = []
    if remark:
        notes.append(html.Strong(remark, className="alarm"))
    if now.capacity:
        notes.append(_capacity_text(estimate, now.capacity))
    if now.usual is not None:
        notes.append(usual_text(estimate, now.usual, local))
    return notes


def _capacity_text(estimate: PeopleEstimate, capacity: int) -> str:
    likely, low, high = (share_text(round(value / capacity, 2)) for value in _numbers(estimate))
    return f"{likely} of the capacity of {capacity:,} ({low} to {high})"


def _numbers(estimate: PeopleEstimate) -> tuple[float, float, float]:
    return estimate.likely, estimate.low, estimate.high


def usual_text(estimate: PeopleEstimate, usual: Usual, local: datetime) -> str:
    """The likely number against what is usual; what lies within the range is no difference.

    Args:
        estimate: The people now.
        usual: What is usual.
        local: The moment it is, where the box is.
    """
    when = f"for a {local:%A} at this hour ({people_text(usual.people)}, over {usual.weeks} weeks)"
    if estimate.low <= usual.people <= estimate.high:
        return f"About as many as usual {when}"
    difference = people_text(abs(estimate.likely - usual.people))
    return f"{difference} {'more' if estimate.likely > usual.people else 'fewer'} than usual {when}"


def has_both_radios(now: PeopleNow) -> bool:
    """Whether there is an estimate, and nothing is to be remarked on what stands behind it."""
    return now.estimate is not None and len(radios_of(now.estimate)) == len(Radio)


def remark_on(now: PeopleNow, overview: Overview) -> str | None:
    """Why there is no estimate, or that one radio alone stands behind it, and what to do; None when all is well."""
    heard = {state.radio for state in overview.radios if state.device_count is not None}
    if now.estimate is not None:
        told = radios_of(now.estimate)
        return rests_on_text(told[0], is_other_heard=len(heard) == len(Radio)) if len(told) == 1 else None
    if overview.last_scan_at is None:
        return "Listening for the first time…" if overview.sensor is None else "Nothing has come from this sensor yet."
    if overview.people_now is not None:
        return (
            "Not known: the latest scan came without counts. They come with the next one; if they do not, install this "
            "version on the sensor too."
        )
    if heard:
        return "Not known: the latest scan is too old."
    return "Not known: no radio was heard. What to do is below, under Radios."


def why_steps(now: PeopleNow) -> list[Component]:
    """How the number was reached: a table for each radio, and one for both together."""
    if now.estimate is None:
        return [html.P("There is no number to explain just now.", className="note")]
    return [
        html.Table(
            [
                html.Caption(heading),
                html.Tbody(
                    [
                        html.Tr(
                            [
                                html.Th(step_words(step, before), scope="row"),
                                html.Td(step_change(step, before), className="step-change"),
                                html.Td(step_value(step), className="step-value"),
                            ]
                        )
                        for step, before in under
                    ]
                ),
            ],
            className="steps",
        )
        for heading, under in steps_by_radio(now.estimate.steps)
    ]
