"""Counting heads: the field on the overview, and what is made of what was typed into it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from dash import dcc, html
from dash.development.base_component import Component

from layouts.buttons import row_button
from layouts.fields import text_field
from layouts.formats import counted, number_text, short_moment_text
from layouts.people_words import people_counted
from presence.estimate import MOST_PEOPLE, Calibration, EstimateError

LONGEST_MOMENT = len("2026-05-12 14:05")
"""Characters of a moment as it is typed."""

_DIGITS = re.compile(r"[0-9]{1,6}")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3])[:.h]([0-5][0-9])")

FITTING_EVERY_MS = 2000
"""How often the page asks whether a fit is done, while one is under way."""


def count_form() -> Component:
    """The field on the overview, with what is said to those who may not count."""
    return html.Div(
        [
            html.Div(
                [
                    html.Div(
                        [
                            html.Label("I count", htmlFor="count-people"),
                            people_input("count-people"),
                            html.Span("people now"),
                            html.Button("Save the count", id="count-save", className="button button-primary"),
                        ],
                        className="count-line",
                    ),
                    html.Details(
                        [
                            html.Summary("It was earlier"),
                            text_field(
                                "count-at",
                                "Counted at",
                                "For example 14:05, or 2026-05-12 14:05 for another day.",
                                LONGEST_MOMENT,
                            ),
                        ],
                        className="earlier",
                    ),
                ],
                id="count-form",
                hidden=True,
            ),
            html.P(
                ["Counting makes the estimate surer. ", html.A("Log in to count", href="/login?next=/")],
                id="count-login",
                hidden=True,
            ),
            html.P(
                "Heads are counted in the whole place: choose all sensors to count.", id="count-of-site", hidden=True
            ),
            html.Div(id="count-said", role="status"),
            html.P(id="calibration-said", className="note"),
            html.P(
                [html.Span(id="calibration-advice"), " ", dcc.Link("Your counts", href="/people")], className="note"
            ),
            dcc.Interval(id="calibration-again", interval=FITTING_EVERY_MS, disabled=True),
        ],
        className="count",
    )


def people_input(name: str) -> Component:
    """A field for a number of people, which a phone offers its digits for.

    It is no number field: Dash cannot empty those without a warning of the browser.

    Args:
        name: Its id.
    """
    return dcc.Input(
        id=name,
        type="text",
        inputMode="numeric",
        maxLength=len(str(MOST_PEOPLE)),
        debounce=False,
        autoComplete="off",
        className="field",
    )


def asked_people(value: object) -> int:
    """The number of people that was typed.

    Raises:
        EstimateError: It is none.
    """
    words = value.strip() if isinstance(value, str) else ""
    if _DIGITS.fullmatch(words) and int(words) <= MOST_PEOPLE:
        return int(words)
    raise EstimateError(f"Say how many people you count: a whole number from 0 to {MOST_PEOPLE:,}.")


def asked_moment(value: object, now_at: datetime, zone: tzinfo) -> datetime:
    """The moment that was typed: a time of today, or a date and time; now when nothing was.

    Args:
        value: What was typed.
        now_at: The moment it is.
        zone: In which times are told.

    Raises:
        EstimateError: It is none, or lies ahead.
    """
    words = str(value or "").strip()
    if not words:
        return now_at
    if clock := _CLOCK.fullmatch(words):
        local = now_at.astimezone(zone).replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    else:
        try:
            local = datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=zone)
        except ValueError:
            raise EstimateError("Say when you counted, for example 14:05 or 2026-05-12 14:05.") from None
    counted_at = local.astimezone(UTC)
    if counted_at > now_at:
        yesterday = local - timedelta(days=1)
        raise EstimateError(f"That is still to come. For yesterday write {yesterday:%Y-%m-%d %H:%M}.")
    return counted_at


def count_said(
    head_count_id: int, people: int, counted_at: datetime, now_at: datetime, zone: tzinfo
) -> list[Component]:
    """The thanks for a count, with a way back."""
    when = short_moment_text(counted_at, now_at, zone)
    return [
        html.Span(f"Thank you: {people_counted(people)} at {when}. "),
        row_button(
            "Undo", "count-row", {"number": head_count_id, "do": "delete"}, label=f"Take the count of {when} back"
        ),
    ]


def taken_back(head_count_id: int) -> list[Component]:
    """What is said when a count was taken back, with a way to bring it back."""
    says = {"number": head_count_id, "do": "restore"}
    return [
        html.Span("The count is taken back; nothing is learned from it. "),
        row_button("Undo", "count-row", says, label="Bring the count back"),
    ]


def calibration_text(calibration: Calibration) -> str:
    """What counting has brought so far, and how far a fit is."""
    if calibration.is_fitting:
        what = "Learning from your counts…" if calibration.head_counts else "Estimating anew…"
        return f"{what} It takes a moment, and the page follows by itself."
    if calibration.used == 0:
        return "Nothing was learned from counts yet."
    if calibration.error is None or calibration.plain_error is None:
        return (
            f"{counted(calibration.used, 'count')} so far. From the third on, you see here how far off the estimate is."
        )
    error, plain_error = _told_apart(calibration.error, calibration.plain_error)
    people = "1 person" if error == "1" else f"{error} people"
    return (
        f"With {counted(calibration.used, 'count')} the estimate is off by about {people}; without, by {plain_error}."
    )


def _told_apart(error: float, plain_error: float) -> tuple[str, str]:
    """Two errors as whole numbers, or with a decimal where these would be the same."""
    whole = f"{error:.0f}", f"{plain_error:.0f}"
    return whole if whole[0] != whole[1] else (number_text(error), number_text(plain_error))
