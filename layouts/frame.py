"""The whole page as it is before any number arrives: heading, notices, dialog, and a place for each part."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.about import about_page
from layouts.cards import cards
from layouts.devices import device_table
from layouts.needs import PageSettings
from layouts.ranges import range_picker
from presence.overview import Activity

TITLE = "Wi-Fi and Bluetooth Tracking"
"""Of the page and of its tab; assets/live.js puts "Scanning..." into the tab during a scan."""

VIEWS = {"overview": "/", "devices": "/devices", "about": "/about"}
"""The views of the page and their paths; assets/live.js shows the one that the address names."""

_TROUBLES = {
    "overview": "The numbers could not be read just now, so what you see may be old.",
    "history": "The chart could not be read just now, so what you see may be old.",
    "devices": "The devices could not be read just now, so what you see may be old.",
    "reset": "The time spent could not be reset.",
    "save": "The report could not be saved on this box; its card may be full.",
}

# The page is drawn before it is known whether a number is a number, so charts begin empty and without tools.
_CHART_CONFIG = {"displayModeBar": False, "responsive": True, "scrollZoom": False}


def frame(settings: PageSettings, activity: Activity) -> Component:
    """The page, complete but for its numbers.

    Args:
        settings: What the page goes by.
        activity: What the box does now: the scans it has finished are those the first numbers are of.
    """
    return html.Div(
        [
            dcc.Location(id="address", refresh=False),
            dcc.Store(id="scans-finished", data=activity.scan_count),
            dcc.Store(id="theme"),
            dcc.Store(id="ratio", data=False, storage_type="local"),
            dcc.Store(id="last-scan"),
            dcc.Store(id="saved"),
            dcc.Store(id="time-reset"),
            dcc.Store(id="device-query"),
            dcc.Download(id="report-file"),
            html.A("Skip to the numbers", href="#content", className="skip"),
            html.Div("Demonstration: simulated visitors, no radio is used.", className="demo", role="note") if settings.demo else None,
            _heading(settings),
            html.Main([_notices(), _overview(), _devices(), _about(settings), _missing()], id="content", tabIndex=-1),
            _reset_dialog(),
            html.Div(id="spoken", className="unseen", **{"aria-live": "polite"}),
        ],
        className="page",
    )


def _heading(settings: PageSettings) -> Component:
    links = {"overview": "Overview", "devices": "Devices", "about": "About"}
    return html.Header(
        [
            html.Div(
                [
                    html.H1(TITLE),
                    html.P(
                        [
                            html.Span(settings.site_name, className="site") if settings.site_name else None,
                            html.Span("Developed for Raspberry Pi"),
                            dcc.Link("About this project", href=VIEWS["about"]),
                        ],
                        className="byline",
                    ),
                ],
                className="title",
            ),
            html.Nav(
                html.Ul([html.Li(dcc.Link(words, href=VIEWS[view]), id=f"link-{view}") for view, words in links.items()]),
                **{"aria-label": "Pages"},
            ),
            html.Button("Dark", id="theme-toggle", className="button theme-toggle", **{"aria-pressed": "false"}),
        ],
        className="heading",
    )


def _notices() -> Component:
    return html.Div(
        [
            html.Div("Connection lost, trying again…", id="connection-lost", className="notice notice-broken", role="alert", hidden=True),
            *(
                html.Div(
                    f"{words} It is tried again by itself; if this stays, `./run doctor` tells more.".replace("`", ""),
                    id=f"trouble-{part}", className="notice notice-broken trouble", role="alert", hidden=True,
                )
                for part, words in _TROUBLES.items()
            ),
            html.Div(
                "The clock of this box is not right yet, so the times shown may be wrong. Counting goes on.",
                id="clock-wrong", className="notice notice-warning", role="status", hidden=True,
            ),
            html.Div(
                [
                    html.Strong("Listening for the first time…"),
                    " The first numbers appear when the first scan has ended, in about a minute.",
                ],
                id="first-time", className="notice notice-calm", role="status", hidden=True,
            ),
        ],
        className="notices",
    )


def _overview() -> Component:
    return html.Div(
        [
            html.P(
                [html.Span(id="phase", className="phase"), html.Span(id="scan-age", className="scan-age")],
                className="status-line",
            ),
            cards(),
            html.Div([_people_panel(), _pie_panel()], className="charts"),
            html.Div(
                [
                    html.Section([html.H2("Radios"), html.Div(id="radio-states", className="radios")], className="panel"),
                    html.Section([html.H2("Zones now"), html.Dl(id="zones-now", className="zones")], className="panel"),
                ],
                className="lower",
            ),
        ],
        id="view-overview",
        hidden=True,
    )


def _people_panel() -> Component:
    return html.Section(
        [
            html.Header([html.H2("People over time"), range_picker("chart-range", "Range of the chart")], className="section-head"),
            html.Div(
                dcc.Graph(id="people-chart", config=_CHART_CONFIG),
                className="chart",
                role="img",
                **{"aria-label": "Users over time: both radios, Wi-Fi and Bluetooth"},
            ),
            html.P(id="chart-note", className="note"),
        ],
        className="panel panel-people",
    )


def _pie_panel() -> Component:
    return html.Section(
        [
            html.H2("Detection type"),
            html.Div(
                dcc.Graph(id="detection-pie", config=_CHART_CONFIG),
                className="pie",
                role="img",
                **{"aria-label": "Wi-Fi against Bluetooth, over everything detected"},
            ),
            html.Ul(id="pie-shares", className="shares"),
        ],
        className="panel panel-pie",
    )


def _devices() -> Component:
    return html.Div(device_table(), id="view-devices", hidden=True)


def _about(settings: PageSettings) -> Component:
    return html.Div(about_page(settings), id="view-about", hidden=True)


def _missing() -> Component:
    return html.Div(
        html.Section(
            [
                html.H2("There is no page here"),
                html.P("The address may be mistyped, or the page may have moved."),
                dcc.Link("To the overview", href=VIEWS["overview"], className="button button-primary"),
            ],
            className="panel missing",
        ),
        id="view-missing",
        hidden=True,
    )


def _reset_dialog() -> Component:
    return html.Dialog(
        [
            html.H2("Reset the time spent?", id="reset-question"),
            html.P("The average time spent starts afresh from now. Counts, visits and charts stay as they are. This cannot be undone."),
            html.Div(
                [
                    html.Button("Cancel", id="reset-cancel", className="button"),
                    html.Button("Reset time", id="reset-confirm", className="button button-primary"),
                ],
                className="dialog-buttons",
            ),
        ],
        id="reset-dialog",
        className="dialog",
        **{"aria-labelledby": "reset-question"},
    )
