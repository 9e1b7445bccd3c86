"""What needs no server: the browser's own callbacks, whose functions are in assets/live.js."""

from __future__ import annotations

from collections.abc import Callable

from dash import ClientsideFunction, Dash, Input, Output, State

from layouts.frame import VIEWS
from layouts.keys import REVOKE_BUTTONS
from layouts.ranges import range_button_id
from presence.ranges import TimeRange


def register_browser_callbacks(app: Dash) -> None:
    """Join what happens in the browser alone: views, theme, switch, ranges, dialog."""
    when: Callable[..., None] = app.clientside_callback
    when(
        _live("showView"),
        *(Output(f"view-{view}", "hidden") for view in (*VIEWS, "missing")),
        *(Output(f"link-{view}", "aria-current") for view in VIEWS),
        Input("address", "pathname"),
    )
    when(
        _live("themeInForce"),
        Output("theme", "data"),
        Output("theme-toggle", "aria-pressed"),
        Input("theme-toggle", "n_clicks"),
    )
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
    for picker in ("chart-range", "devices-range"):
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
    when(
        _live("noteScansShown"),
        Input("scans-finished", "data"),
    )
    when(
        _live("noteLastScan"),
        Input("last-scan", "data"),
    )
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
