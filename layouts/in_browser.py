"""What needs no server: the browser's own callbacks, whose functions are in assets/live.js."""

from __future__ import annotations

from collections.abc import Callable

from dash import ClientsideFunction, Dash, Input, Output, State

from layouts.following import FOLLOWING_LINKS, FOLLOWING_VIEWS
from layouts.frame import VIEWS
from layouts.keys import REVOKE_BUTTONS
from layouts.ranges import range_button_id
from presence.ranges import TimeRange

_When = Callable[..., None]


def register_browser_callbacks(app: Dash, *, is_following: bool) -> None:
    """Join what happens in the browser alone: views, theme, switch, choices, dialogs.

    Args:
        app: The page.
        is_following: Whether it has the views of tags and alerts.
    """
    when: _When = app.clientside_callback
    _views(when, is_following=is_following)
    for register in (_theme, _ratio, _ranges, _sensor, _scans, _reset_dialog, _revoke_dialog):
        register(when)


def _views(when: _When, *, is_following: bool) -> None:
    views, links = (FOLLOWING_VIEWS, FOLLOWING_LINKS) if is_following else ((), ())
    when(
        _live("showView"),
        *(Output(f"view-{view}", "hidden") for view in (*VIEWS, *views, "missing")),
        *(Output(f"link-{view}", "aria-current") for view in (*VIEWS, *links)),
        Output("sensor-bar-frame", "hidden"),
        Input("address", "pathname"),
    )


def _theme(when: _When) -> None:
    when(
        _live("themeInForce"),
        Output("theme", "data"),
        Output("theme-toggle", "aria-pressed"),
        Input("theme-toggle", "n_clicks"),
    )


def _ratio(when: _When) -> None:
    when(
        _live("flipSwitch"),
        Output("ratio", "data"),
        Input("ratio-switch", "n_clicks"),
        State("ratio", "data"),
        prevent_initial_call=True,
    )
    when(
        _live("asWords"),
        Output("ratio-switch", "aria-checked"),
        Input("ratio", "data"),
    )


def _ranges(when: _When) -> None:
    for picker in ("chart-range", "devices-range", "people-range"):
        when(
            _live("chooseRange"),
            Output(picker, "data"),
            *(Input(range_button_id(picker, choice), "n_clicks") for choice in TimeRange),
            prevent_initial_call=True,
        )
        when(
            _live("pressRange"),
            *(Output(range_button_id(picker, choice), "aria-pressed") for choice in TimeRange),
            Input(picker, "data"),
        )


def _sensor(when: _When) -> None:
    when(
        _live("showSensor"),
        Input("sensor", "data"),
        Input("sensor-picker", "children"),
    )


def _scans(when: _When) -> None:
    when(
        _live("noteScansShown"),
        Input("scans-finished", "data"),
    )
    when(
        _live("noteLastScan"),
        Input("last-scan", "data"),
    )


def _reset_dialog(when: _When) -> None:
    when(
        _live("askReset"),
        Input("reset-time", "n_clicks"),
        prevent_initial_call=True,
    )
    when(
        _live("closeReset"),
        Input("reset-cancel", "n_clicks"),
        Input("reset-confirm", "n_clicks"),
        prevent_initial_call=True,
    )


def _revoke_dialog(when: _When) -> None:
    when(
        _live("askRevoke"),
        Output("key-to-revoke", "data"),
        Output("revoke-question", "children"),
        Input(REVOKE_BUTTONS, "n_clicks"),
        prevent_initial_call=True,
    )
    when(
        _live("closeRevoke"),
        Input("revoke-cancel", "n_clicks"),
        Input("revoke-confirm", "n_clicks"),
        prevent_initial_call=True,
    )


def _live(name: str) -> ClientsideFunction:
    return ClientsideFunction("live", name)
