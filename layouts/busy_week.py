"""Busy hours: a heat map of the usual week, and today beside it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, tzinfo
from statistics import fmean
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.formats import DASH
from layouts.people_words import people_text
from presence.estimate import BusyWeek, PeopleHistory

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = range(24)

# How strong the colour is, in per cent, by sixths of the busiest hour. Numbers are dark on the lower ones and light on
# the upper ones, the other way round in the dark; between 45 and 78 neither would be read well (a contrast of less than
# 4.5 to 1, WCAG 2.2, 1.4.3), so that no colour lies there.
_STRENGTHS = (0, 15, 30, 45, 78, 89, 100)
_STRONG = 78

Cells = Sequence[float | None]


def busy_panel() -> Component:
    """The heat map without its cells."""
    return html.Section(
        [html.H2("Busy hours"), html.P(id="busy-note", className="note"), html.Div(id="busy-week")],
        className="panel panel-wide",
    )


def busy_week(week: BusyWeek, today: Cells, local: datetime) -> Component | None:
    """The usual week and today as a table of colours and numbers; None where nothing is known.

    On a phone the hours run down and the days across, by assets/9-people.css; the table stays the same.

    Args:
        week: The usual week.
        today: Mean people of each hour of today so far; None where nothing is known.
        local: The moment it is, where the box is.
    """
    rows = [*zip(_DAYS, week.cells, strict=True), ("Today", tuple(today))]
    most = max((round(people) for _, cells in rows for people in cells if people is not None), default=None)
    if most is None:
        return None
    return html.Table(
        [
            html.Caption("People by weekday and hour", className="unseen"),
            html.Thead(
                html.Tr(
                    [html.Td(**_part("cell")), *(_hour_heading(hour) for hour in _HOURS)],
                    **_part("row"),
                ),
                **_part("rowgroup"),
            ),
            html.Tbody(
                [_row(name, cells, most, place, local) for place, (name, cells) in enumerate(rows)],
                **_part("rowgroup"),
            ),
        ],
        className="busy",
        **_part("table"),
    )


def _part(role: str, **places: int) -> dict[str, Any]:
    """The role of a part, which a browser forgets of a table that is laid out as a grid, and its place in the grid."""
    return {"role": role, "style": {f"--{name}": place for name, place in places.items()}}


def _hour_heading(hour: int) -> Component:
    return html.Th(f"{hour}", scope="col", **_part("columnheader", day=1, hour=hour + 2))


def _row(name: str, cells: Cells, most: int, place: int, local: datetime) -> Component:
    is_today = place == local.weekday()
    heading = html.Th(
        name if place == len(_DAYS) else [name[:3], html.Span(name[3:], className="busy-rest")],
        scope="row",
        className="busy-today" if is_today else None,
        **_part("rowheader", day=place + 2, hour=1),
    )
    return html.Tr(
        [
            heading,
            *(
                _cell(people, most, place, hour, is_now=hour == local.hour and (is_today or place == len(_DAYS)))
                for hour, people in enumerate(cells)
            ),
        ],
        **_part("row"),
    )


def _cell(people: float | None, most: int, place: int, hour: int, *, is_now: bool) -> Component:
    strength = _STRENGTHS[math.ceil(round(people) / most * 6)] if people and most else 0
    looks = [
        "busy-cell",
        *(["busy-strong"] if strength >= _STRONG else []),
        *(["busy-unknown"] if people is None else []),
        *(["busy-now"] if is_now else []),
    ]
    part = _part("cell", day=place + 2, hour=hour + 2)
    part["style"]["--strength"] = f"{strength}%"
    return html.Td(DASH if people is None else people_text(people), className=" ".join(looks), **part)


def busy_note(week: BusyWeek) -> str:
    """What the heat map rests on, or why there is none yet."""
    if week.weeks == 0:
        return "Not known yet: the first numbers appear after an hour, and a usual week after three weeks."
    over = "one week" if week.weeks == 1 else f"{week.weeks} weeks"
    little = " Fewer than three say little about what is usual." if week.weeks < 3 else ""
    return f"People in each hour, on average over {over}, and today beside it.{little} A dash: not known."


def hours_of_today(history: PeopleHistory, local: datetime, zone: tzinfo) -> Cells:
    """Mean people in each hour of today so far; None where nothing is known.

    Args:
        history: The last day.
        local: The moment it is, where the box is.
        zone: Where that is.
    """
    found: dict[int, list[float]] = defaultdict(list)
    for point in history.points:
        at = point.at.astimezone(zone)
        if point.likely is not None and at.date() == local.date():
            found[at.hour].append(point.likely)
    return tuple(fmean(found[hour]) if hour in found else None for hour in _HOURS)
