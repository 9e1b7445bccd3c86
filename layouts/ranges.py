"""The choice of a range of time."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from presence.ranges import TimeRange


def range_picker(picker: str, label: str) -> Component:
    """A row of buttons of which one is pressed, from the last hour to the year; the browser remembers the choice.

    Args:
        picker: Id of the store that holds the choice, the value of a `TimeRange`.
        label: What the range is for, for those who do not see it.
    """
    return html.Div(
        [
            dcc.Store(id=picker, data=TimeRange.DAY.value, storage_type="local"),
            *(
                html.Button(choice.label, id=range_button_id(picker, choice), **aria(pressed="false"))
                for choice in TimeRange
            ),
        ],
        className="ranges",
        role="group",
        **aria(label=label),
    )


def range_button_id(picker: str, choice: TimeRange) -> str:
    """The button of a choice; assets/live.js reads the choice off its end."""
    return f"{picker}-{choice.value}"


def chosen_range(value: str) -> TimeRange:
    """The range a choice stands for; the day for one this version does not know, as an old browser may remember it."""
    try:
        return TimeRange(value)
    except ValueError:
        return TimeRange.DAY
