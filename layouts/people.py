"""The view of people: why the number is what it is, what was counted, busy hours, stays, and things that stay."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.busy_week import busy_panel
from layouts.crowd import stays_panel
from layouts.fixtures import fixtures_panel
from layouts.head_count_list import counts_panel
from layouts.what_if import what_if_panel


def people_view() -> Component:
    """The view without its numbers."""
    return html.Div(
        [_why_panel(), counts_panel(), busy_panel(), stays_panel(), what_if_panel(), fixtures_panel()],
        className="manage people",
    )


def _why_panel() -> Component:
    return html.Section(
        [
            html.H2("Why this number?"),
            html.Div(id="people-site-reading", className="reading estimate"),
            html.Div(id="people-steps", className="step-tables"),
        ],
        className="panel panel-wide",
    )
