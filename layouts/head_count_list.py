"""What was counted: a form for an entry, the entries, what they brought, and what to count next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.buttons import row_button
from layouts.fields import text_field
from layouts.formats import DASH, dbm_text, moment_text, short_moment_text
from layouts.head_counts import LONGEST_MOMENT, calibration_text, people_input
from layouts.people_words import people_text
from presence.estimate import Calibration, HeadCount

_TITLES = ("Counted at", "Counted", "Estimated without it", "Difference", "")
# Columns of numbers are set to the right; on a phone the buttons have a line of their own.
_LOOKS = {"Counted": "number", "Estimated without it": "number", "Difference": "number", "": "row-actions"}


def counts_panel() -> Component:
    """The form, and the list without entries."""
    return html.Section(
        [
            html.H2("Your counts"),
            html.P(
                "Each count teaches the estimate how many people stand behind what is heard here. Count everybody in "
                "the place, then write the number down at once: it is laid beside what was heard in that minute.",
                className="note",
            ),
            html.P(id="counts-summary", role="status"),
            html.P(id="counts-advice", className="advice-next"),
            _form(),
            html.P(id="counts-login"),
            html.P(id="counts-said", role="status"),
            html.Div(
                html.Table(
                    [
                        html.Caption("Your counts", className="unseen"),
                        html.Thead(html.Tr([_heading(title) for title in _TITLES])),
                        html.Tbody(id="count-rows"),
                    ],
                    className="devices",
                ),
                className="table-frame",
            ),
        ],
        className="panel panel-wide",
    )


def _form() -> Component:
    return html.Div(
        [
            html.H3("Add a count", id="entry-title"),
            html.Div(
                [
                    html.Div(
                        [html.Label("People", htmlFor="entry-people"), people_input("entry-people")],
                        className="form-field form-field-number",
                    ),
                    text_field(
                        "entry-at",
                        "Counted at",
                        "Empty for now; else 14:05, or 2026-05-12 14:05.",
                        LONGEST_MOMENT,
                    ),
                ],
                className="form-row",
            ),
            html.Div(
                [
                    html.Button("Save", id="entry-save", className="button button-primary"),
                    html.Button("Cancel", id="entry-cancel", className="button", hidden=True),
                ],
                className="form-buttons",
            ),
            dcc.Store(id="entry-edited"),
        ],
        id="entry-form",
        className="rule-form",
        hidden=True,
    )


def _heading(title: str) -> Component:
    return html.Th(title, scope="col", className=_LOOKS.get(title))


def count_rows(calibration: Calibration, now_at: datetime, zone: tzinfo, *, may_change: bool) -> list[Component]:
    """The entries, the latest first; one line that says what to do when there is none.

    Args:
        calibration: What was counted.
        now_at: The moment it is.
        zone: In which times are told.
        may_change: Whether whoever looks may change them.
    """
    if not calibration.head_counts:
        return [html.Tr(html.Td("There is no count yet.", colSpan=len(_TITLES), className="nothing"))]
    return [_row(one, now_at, zone, may_change=may_change) for one in calibration.head_counts]


def _row(one: HeadCount, now_at: datetime, zone: tzinfo, *, may_change: bool) -> Component:
    when = short_moment_text(one.counted_at, now_at, zone)
    cells: Sequence[str | Component | list[Component]] = (
        html.Span(when, title=moment_text(one.counted_at, zone)),
        people_text(one.people),
        people_text(one.estimated) if one.estimated is not None else html.Span("Nothing was heard", className="note"),
        difference_text(one),
        html.Div(_buttons(one, when) if may_change else _state(one), className="form-buttons"),
    )
    return html.Tr(
        [_cell(title, cell) for title, cell in zip(_TITLES, cells, strict=True)],
        className="taken-back" if one.is_deleted else None,
    )


def _cell(title: str, content: str | Component | list[Component]) -> Component:
    label: Any = {"data-label": title}  # for phones, where each row is a card
    return html.Td(content, className=_LOOKS.get(title), **label)


def _state(one: HeadCount) -> list[Component]:
    return [html.Span("Taken back", className="note")] if one.is_deleted else []


def _buttons(one: HeadCount, when: str) -> list[Component]:
    def button(words: str, do: str, label: str) -> Component:
        return row_button(words, "count-row", {"number": one.head_count_id, "do": do}, label=label)

    if one.is_deleted:
        return [*_state(one), button("Restore", "restore", f"Bring the count of {when} back")]
    return [
        button("Edit", "edit", f"Edit the count of {when}"),
        button("Delete", "delete", f"Take the count of {when} back"),
    ]


def difference_text(one: HeadCount) -> str:
    """How far the estimate was from what was counted: "+ 3" where it was too high."""
    if one.estimated is None:
        return DASH
    difference = round(one.estimated) - one.people
    if difference == 0:
        return "0"
    return f"{'+' if difference > 0 else '−'} {people_text(abs(difference))}"


def counts_summary(calibration: Calibration) -> str:
    """What counting has brought so far, and from which signal strength on devices count."""
    words = calibration_text(calibration)
    if calibration.cut_dbm is None or calibration.error is None or calibration.is_fitting:
        return words
    return (
        f"{words} They say that the place ends at about {dbm_text(calibration.cut_dbm)} dBm: what is weaker is outside."
    )
