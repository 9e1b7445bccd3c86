"""How long people stay, as the crowd tells it: nobody is followed."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.formats import counted, minutes_text, number_text, share_text
from layouts.people_words import CONFIDENCE
from layouts.ranges import range_picker
from presence.estimate import CrowdStays, Returning


def stays_panel() -> Component:
    """The bars without their lengths."""
    return html.Section(
        [
            html.Header(
                [html.H2("How long people stay"), range_picker("people-range", "Range of stays and of what-if")],
                className="section-head",
            ),
            html.Div(id="crowd-stays"),
            html.P(id="crowd-returning"),
        ],
        className="panel panel-wide",
    )


def crowd_stays(stays: CrowdStays | None) -> list[Component]:
    """The mean with its range, a bar for each class of stays, and what it rests on."""
    if stays is None:
        return [html.P("Too little was heard in this time to say how long people stay.", className="note")]
    edges = [0.0, *(edge for edge, _ in stays.shares[:-1] if edge is not None)]
    longest = max(share for _, share in stays.shares) or 1.0
    bars = [
        html.Li(
            [
                html.Span(f"{_class_text(start, end)}: ", className="stay-class"),
                html.Span(html.Span(style={"width": f"{share / longest:.1%}"}), className="stay-bar"),
                html.Span(share_text(round(share, 2)), className="stay-share"),
            ]
        )
        for start, (end, share) in zip(edges, stays.shares, strict=True)
    ]
    low, high = round(stays.low_minutes), round(stays.high_minutes)
    return [
        html.P(
            [html.Strong(f"On average {minutes_text(round(stays.mean_minutes))}"), f" ({low} to {high}, {CONFIDENCE})"]
        ),
        html.Ul(bars, className="stay-bars"),
        html.P(
            f"Told from how many came and went, and from {counted(stays.rests_on, 'device')} that kept their address "
            "while they were here. Phones that change their address are counted, and not followed.",
            className="note",
        ),
    ]


def returning_text(returning: Returning | None) -> str:
    """How many came back; where nobody can be told to, why."""
    if returning is None:
        return (
            "Who came back on another day cannot be told: each night all devices get new names, so that nobody can be "
            "followed from day to day."
        )
    if returning.returning + returning.new == 0:
        return "No visit of a device that keeps its address ended in this time, so it cannot be told who came back."
    came = counted(returning.returning + returning.new, "device")
    return (
        f"Of {came} that kept their address, {returning.returning:,} had been here on an earlier day. A phone that "
        "changes its address each time is never told to have come back."
    )


def _class_text(start: float, end: float | None) -> str:
    if end is None:
        return f"longer than {_length(start)}"
    return f"up to {_length(end)}" if start == 0 else f"{_length(start)} to {_length(end)}"


def _length(minutes: float) -> str:
    """Minutes up to an hour and a half, hours beyond."""
    return f"{number_text(minutes)} min" if minutes <= 90 else f"{number_text(minutes / 60)} h"
