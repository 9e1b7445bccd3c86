"""The whole page as it is before any number arrives: heading, notices, dialog, and a place for each part."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.about import about_page
from layouts.aria import aria
from layouts.devices import device_table
from layouts.following import alerts_banner, following_links, following_parts, following_views
from layouts.keys import revoke_dialog
from layouts.manage import manage_view
from layouts.needs import PageSettings
from layouts.needs_tags import Following
from layouts.overview import overview_view
from layouts.people import people_view
from layouts.picker import sensor_picker
from layouts.sensors import sensor_panel
from presence.overview import Activity

TITLE = "Wi-Fi and Bluetooth Tracking"
"""Of the page and of its tab; assets/live.js puts "Scanning..." into the tab during a scan."""

VIEWS = {
    "overview": "/",
    "people": "/people",
    "devices": "/devices",
    "sensors": "/sensors",
    "settings": "/settings",
    "about": "/about",
}
"""The views that every page has, and their paths; assets/live.js shows the one that the address names."""

_READ_AGAIN = "What you see may be old. The page tries again by itself; if this stays, type ./run doctor on the box."

# What could not be read; assets/live.js asks for these again and again until they can.
_UNREADABLE = {
    "overview": f"The numbers cannot be read just now. {_READ_AGAIN}",
    "people": f"The estimate of people cannot be read just now. {_READ_AGAIN}",
    "history": f"The chart cannot be read just now. {_READ_AGAIN}",
    "trends": f"The charts by zone and sensor cannot be read just now. {_READ_AGAIN}",
    "devices": f"The devices cannot be read just now. {_READ_AGAIN}",
    "picker": f"The choice of sensors cannot be read just now. {_READ_AGAIN}",
    "sensors": f"The sensors cannot be read just now. {_READ_AGAIN}",
    "tags": f"The tags cannot be read just now. {_READ_AGAIN}",
    "alerts": f"The alerts cannot be read just now. {_READ_AGAIN}",
}

# What was asked for and could not be done; nothing of it is tried again by itself, as it would undo what is typed.
_UNDONE = {
    "reset": "The time spent could not be reset. Nothing was changed; try again in a moment.",
    "save": "The report could not be saved: the box's card may be full. If this stays, type ./run doctor on the box.",
    "settings": "The settings cannot be read now. Load the page again; if this stays, type ./run doctor on the box.",
    "zones": "Zones cannot be read or changed just now. They are what they were; try again in a moment.",
    "tags-change": "That could not be done: tags are what they were. Load the page again, and try once more.",
    "alerts-change": "That could not be done: alerts are what they were. Load the page again, and try once more.",
    "counting": "Counts cannot be read or changed just now. Load the page again, look at them, and try once more.",
    "keys": "Keys cannot be read or changed just now. Load the page again, look at the list, and try once more.",
}


def frame(settings: PageSettings, activity: Activity, following: Following | None = None) -> Component:
    """The page, complete but for its numbers.

    Args:
        settings: What the page goes by.
        activity: What the box does now: the scans it has finished are those the first numbers are of.
        following: What the views of tags and alerts are joined to; None on a machine that has none of both.
    """
    return html.Div(
        [
            html.A("Skip to the numbers", href="#content", className="skip"),
            _demo_banner() if settings.demo else None,
            html.Div(
                [
                    _heading(settings, following),
                    html.P(
                        [html.Span(id="phase", className="phase"), html.Span(id="scan-age")], className="status-line"
                    ),
                    html.Main(
                        [
                            _notices(),
                            alerts_banner() if following else None,
                            sensor_picker(),
                            html.Div(overview_view(), id="view-overview", hidden=True),
                            html.Div(people_view(), id="view-people", hidden=True),
                            _devices(),
                            *(following_views(following) if following else ()),
                            _sensors(),
                            html.Div(manage_view(), id="view-settings", hidden=True),
                            _about(settings),
                            _missing(),
                        ],
                        id="content",
                        tabIndex=-1,
                    ),
                ],
                className="page",
            ),
            # Another page, made by links/privacy_page.py: not a view of this one.
            html.Div(html.A("Privacy notice", href="/privacy"), className="foot note"),
            _reset_dialog(),
            revoke_dialog(),
            html.Div(id="spoken", className="unseen", **aria(live="polite")),
            html.Div(id="copied", className="unseen", **aria(live="polite")),
            *_unseen_parts(activity),
            *(following_parts() if following else ()),
        ]
    )


def _unseen_parts(activity: Activity) -> tuple[Component, ...]:
    """The address, the download, and what the browser holds."""
    return (
        dcc.Location(id="address", refresh=False),
        dcc.Download(id="report-file"),
        dcc.Store(id="scans-finished", data=activity.scan_count),
        dcc.Store(id="ratio", data=False, storage_type="local"),
        *(
            dcc.Store(id=name)
            for name in (
                "theme",
                "last-scan",
                "saved",
                "time-reset",
                "device-query",
                "zones-changed",
                "keys-changed",
                "people-changed",
                "count-row",
                "entry-saved",
            )
        ),
    )


def _demo_banner() -> Component:
    return html.Div("Demonstration: simulated visitors, no radio is used.", className="demo", role="note")


def _heading(settings: PageSettings, following: Following | None) -> Component:
    links: dict[str, Component] = {name: dcc.Link(name.capitalize(), href=path) for name, path in VIEWS.items()}
    if following is not None:  # beside the devices
        first = {view: links.pop(view) for view in ("overview", "people", "devices")}
        links = {**first, **following_links(), **links}
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
                html.Ul([html.Li(link, id=f"link-{view}") for view, link in links.items()]),
                **aria(label="Pages"),
            ),
            html.Button("Dark", id="theme-toggle", className="button theme-toggle", **aria(pressed="false")),
        ],
        className="heading",
    )


def _notices() -> Component:
    first_time: list[str | Component] = [
        html.Strong("Listening for the first time…"),
        " The first numbers appear when the first scan has ended, in about a minute.",
    ]
    login_needed: list[str | Component] = [
        "Nothing was changed: this asks for the admin password. ",
        html.A("Log in", href="/login?next=/"),
    ]
    clock_wrong = "The clock of this box is not right yet, so the times shown may be wrong. Counting goes on."
    return html.Div(
        [
            _notice("connection-lost", "broken", "Connection lost, trying again…"),
            *(_notice(f"trouble-{part}", "broken trouble rereads", words) for part, words in _UNREADABLE.items()),
            *(_notice(f"trouble-{part}", "broken trouble", words) for part, words in _UNDONE.items()),
            _notice("login-needed", "calm", login_needed),
            html.Div(id="box-notices"),
            _notice("clock-wrong", "warning", clock_wrong),
            _notice("first-time", "calm", first_time),
        ]
    )


def _notice(name: str, look: str, words: str | list[str | Component]) -> Component:
    # What is broken is told at once; the rest when a screen reader has finished its sentence.
    role = "alert" if look.startswith("broken") else "status"
    return html.Div(words, id=name, className=f"notice notice-{look}", role=role, hidden=True)


def _devices() -> Component:
    return html.Div(device_table(), id="view-devices", hidden=True)


def _sensors() -> Component:
    return html.Div(sensor_panel(), id="view-sensors", hidden=True)


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
            html.P(
                "The average time spent starts afresh from now. Counts, visits and charts stay as they are. "
                "This cannot be undone."
            ),
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
        **aria(labelledby="reset-question"),
    )
