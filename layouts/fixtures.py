"""Things that stay, such as printers: a list for review, in which one click counts a thing or leaves it out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.buttons import row_button
from layouts.formats import count_text, counted, date_text, plain_words, short_moment_text
from presence.estimate import FixtureDecision, FixtureRow

_TITLES = ("Thing", "Heard by", "Since", "Last heard", "Days", "Nights", "Counts", "")
# Columns of numbers are set to the right; on a phone the thing has two columns and its buttons have a line.
_LOOKS = {"Thing": "wide", "Days": "number", "Nights": "number", "": "row-actions"}


def fixtures_panel() -> Component:
    """The list without rows."""
    return html.Section(
        [
            html.H2("Things that stay"),
            html.P(
                "What is heard at night, or for most of a day, is most likely no visitor: a printer, a screen, a lamp. "
                "It leaves the counts by itself. Look them through once: after each change the past is estimated anew.",
                className="note",
            ),
            html.P(id="fixtures-summary"),
            html.P(id="fixtures-login"),
            html.P(id="fixtures-said", role="status"),
            html.Div(
                html.Table(
                    [
                        html.Caption("Things that stay", className="unseen"),
                        html.Thead(html.Tr([_heading(title) for title in _TITLES])),
                        html.Tbody(id="fixture-rows"),
                    ],
                    className="devices",
                ),
                id="fixtures-table",
                className="table-frame",
                hidden=True,
            ),
            dcc.Store(id="fixture-decided"),
        ],
        className="panel panel-wide",
    )


def _heading(title: str) -> Component:
    return html.Th(title, scope="col", className=_LOOKS.get(title))


def fixture_name(row: FixtureRow) -> str:
    """What a thing is called: its maker, as far as it tells."""
    return plain_words(row.manufacturer) if row.manufacturer else "Unknown maker"


def fixtures_summary(rows: Sequence[FixtureRow]) -> str:
    """How many there are, and how many of them nobody has looked at."""
    if not rows:
        return "Nothing of that kind is known yet. It takes a night or two to tell what stays."
    left_out = sum(not row.counts for row in rows)
    new = sum(row.decision is FixtureDecision.LEARNED for row in rows)
    words = f"{counted(len(rows), 'thing')}, {left_out} of them left out"
    return f"{words}; {new} not looked at yet." if new else f"{words}."


def fixture_rows(rows: Sequence[FixtureRow], now_at: datetime, zone: tzinfo, *, may_change: bool) -> list[Component]:
    """A row for each thing, in the order they come.

    Args:
        rows: The things.
        now_at: The moment it is.
        zone: In which times are told.
        may_change: Whether whoever looks may decide on them.
    """
    return [_row(row, now_at, zone, may_change=may_change) for row in rows]


def _row(row: FixtureRow, now_at: datetime, zone: tzinfo, *, may_change: bool) -> Component:
    cells: Sequence[str | Component | list[Component]] = (
        html.Strong(html.Bdi(fixture_name(row))),
        html.Span(row.radio.label, className=f"radio-name radio-name-{row.radio.value}"),
        date_text(row.first_heard_at, zone),
        short_moment_text(row.last_heard_at, now_at, zone),
        count_text(row.days),
        count_text(row.nights),
        _state(row),
        html.Div(_buttons(row) if may_change else [], className="form-buttons"),
    )
    return html.Tr([_cell(title, cell) for title, cell in zip(_TITLES, cells, strict=True)])


def _cell(title: str, content: str | Component | list[Component]) -> Component:
    label: Any = {"data-label": title}  # for phones, where each row is a card
    return html.Td(content, className=_LOOKS.get(title), **label)


def _state(row: FixtureRow) -> Component:
    if row.counts:
        return html.Span("Counted", className="pill pill-well")
    if row.decision is FixtureDecision.LEARNED:
        return html.Span("Left out, new", className="pill pill-warning")
    return html.Span("Left out", className="pill")


def _buttons(row: FixtureRow) -> list[Component]:
    ways = {FixtureDecision.EXCLUDED: "Leave it out", FixtureDecision.KEPT: "Count it"}
    return [decide_button(row, decision, words) for decision, words in ways.items() if decision is not row.decision]


def decide_button(row: FixtureRow, decision: FixtureDecision, words: str) -> Component:
    """A button that decides on a thing."""
    says = {"number": row.fixture_id, "decision": decision.value}
    return row_button(words, "fixture-decided", says, label=f"{words}: {fixture_name(row)}")


def decided_text(row: FixtureRow, decision: FixtureDecision) -> list[str | Component]:
    """What a decision means, with a way back to what was before.

    Args:
        row: The thing as it was before.
        decision: What was decided.
    """
    what = {
        FixtureDecision.KEPT: " counts as a visitor's from now on",
        FixtureDecision.EXCLUDED: " is left out",
        FixtureDecision.LEARNED: " is as it was learned: left out until you decide",
    }[decision]
    return [
        html.Bdi(fixture_name(row)),
        f"{what}. The past is estimated anew. ",
        decide_button(row, row.decision, "Undo"),
    ]
