"""What happens in the view of settings. Whatever changes something asks first whether who clicked may."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from layouts import export, keys, zones
from layouts.fields import options
from layouts.frame import VIEWS
from layouts.manage import login_needed, login_state
from layouts.needs import Managing, PageParts
from layouts.off_the_loop import off_the_loop
from layouts.troubles import Troubles
from presence.access import AccessError, Role

_PATH = VIEWS["settings"]
_FOR_THE_ADMIN = "Nothing was changed: this asks for the admin password."


def register_managing(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    """Join the view of settings to its parts."""
    managing = parts.managing
    _register_login(app, parts, managing, troubles)
    _register_zones(app, parts, managing, troubles)
    _register_preview(app, parts, managing, troubles)
    _register_zones_change(app, parts, managing, troubles)
    _register_export(app, managing, troubles)
    _register_keys(app, parts, managing, troubles)
    _register_key_made(app, parts, managing, troubles)
    _register_key_revoked(app, parts, managing, troubles)


def _register_login(app: Dash, parts: PageParts, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("login-state", "children"),
        Output("export-sensor", "options"),
        Output("trouble-settings", "hidden"),
        Input("address", "pathname"),
        on_error=troubles.begin("settings"),
    )
    @off_the_loop
    def show_login(path: str) -> object:
        if path != _PATH:
            return no_update
        names = [row.card.name for row in parts.reader.sensors(parts.clock())]
        troubles.end("settings")
        return login_state(managing.identity()), options(export.sensor_choices(names)), True


def _register_zones(app: Dash, parts: PageParts, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("zones-near", "value"),
        Output("zones-medium", "value"),
        Output("zones-state", "children"),
        Output("zones-reset", "disabled"),
        Input("address", "pathname"),
        Input("zones-changed", "data"),
        on_error=troubles.begin("zones"),
    )
    @off_the_loop
    def show_zones(path: str, _changed: object) -> object:
        if path != _PATH:
            return no_update
        changed = managing.zones.thresholds()
        now = changed or parts.settings.thresholds
        return now.near_dbm, now.medium_dbm, zones.state_text(changed, parts.settings.thresholds), changed is None


def _register_preview(app: Dash, parts: PageParts, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("zones-preview", "children"),
        Output("zones-mistake", "children"),
        Output("zones-save", "disabled"),
        Output("trouble-zones", "hidden"),
        Input("zones-near", "value"),
        Input("zones-medium", "value"),
        Input("zones-changed", "data"),
        State("address", "pathname"),
        on_error=troubles.begin("zones"),
    )
    @off_the_loop
    def preview_zones(near: object, medium: object, _changed: object, path: str) -> object:
        if path != _PATH:
            return no_update
        try:
            then = zones.asked_thresholds(near, medium)
        except zones.ThresholdsError as error:
            return None, str(error), True, True
        now = parts.thresholds_in_force()
        table = zones.preview(managing.best_signals(parts.clock()), now, then)
        troubles.end("zones")
        return table, None, then == now, True


def _register_zones_change(app: Dash, parts: PageParts, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("zones-said", "children"),
        Output("zones-changed", "data"),
        Output("trouble-zones", "hidden", allow_duplicate=True),
        Input("zones-save", "n_clicks"),
        Input("zones-reset", "n_clicks"),
        State("zones-near", "value"),
        State("zones-medium", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("zones"),
    )
    @off_the_loop
    def change_zones(saves: int | None, resets: int | None, near: object, medium: object) -> object:
        if not parts.may_change():
            return login_needed(_FOR_THE_ADMIN), no_update, True
        if ctx.triggered_id == "zones-reset":
            managing.zones.reset_thresholds()
        else:
            try:
                asked = zones.asked_thresholds(near, medium)
            except zones.ThresholdsError as error:
                return str(error), no_update, True
            managing.zones.set_thresholds(asked, parts.clock())
        troubles.end("zones")
        said = "Changed. It holds from the next scan on; what was heard before keeps its zone."
        return said, [saves, resets], True


def _register_export(app: Dash, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("export-link", "href"),
        Output("export-note", "children"),
        Input("address", "pathname"),
        Input("export-range", "value"),
        Input("export-format", "value"),
        Input("export-zone", "value"),
        Input("export-sensor", "value"),
        Input("export-hash", "value"),
        on_error=troubles.begin("settings"),
    )
    @off_the_loop
    def link_export(path: str, *chosen: Any) -> object:  # noqa: ANN401 - it is JSON from a stranger
        if path != _PATH:
            return no_update
        if not managing.may_see_devices():
            return None, login_needed("Single devices are for those who are logged in.")
        try:
            return export.export_link(*chosen), None
        except export.ExportChoiceError as error:
            return None, str(error)


def _register_keys(app: Dash, parts: PageParts, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("key-rows", "children"),
        Output("keys-open", "hidden"),
        Output("keys-closed", "children"),
        Output("trouble-keys", "hidden"),
        Input("address", "pathname"),
        Input("keys-changed", "data"),
        on_error=troubles.begin("keys"),
    )
    @off_the_loop
    def list_keys(path: str, _changed: object) -> object:
        if path != _PATH:
            return no_update
        if not parts.may_change():
            return [], True, login_needed("Only the admin sees, makes and revokes keys."), True
        rows = keys.key_rows(managing.keys.list_keys(), parts.clock(), parts.settings.time_zone)
        troubles.end("keys")
        return rows, False, None, True


def _register_key_made(app: Dash, parts: PageParts, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("key-made", "children"),
        Output("key-name", "value"),
        Output("keys-changed", "data"),
        Output("trouble-keys", "hidden", allow_duplicate=True),
        Input("key-make", "n_clicks"),
        Input("address", "pathname"),
        State("key-name", "value"),
        State("key-role", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("keys"),
    )
    @off_the_loop
    def make_key(clicks: int, _path: str, name: str | None, role: str) -> object:
        if ctx.triggered_id != "key-make":  # who goes elsewhere leaves no key behind on the screen
            return None, no_update, no_update, True
        if not parts.may_change():
            return login_needed(_FOR_THE_ADMIN), no_update, no_update, True
        try:
            new = managing.keys.make_key((name or "").strip(), Role(role), parts.clock())
        except (AccessError, ValueError) as error:
            return str(error), no_update, no_update, True
        troubles.end("keys")
        return keys.made_key(new), "", f"made {clicks}", True


def _register_key_revoked(app: Dash, parts: PageParts, managing: Managing, troubles: Troubles) -> None:
    @app.callback(
        Output("keys-said", "children"),
        Output("keys-changed", "data", allow_duplicate=True),
        Output("trouble-keys", "hidden", allow_duplicate=True),
        Input("revoke-confirm", "n_clicks"),
        State("key-to-revoke", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("keys"),
    )
    @off_the_loop
    def revoke_key(clicks: int, key_id: int) -> object:
        if not parts.may_change():
            return login_needed(_FOR_THE_ADMIN), no_update, True
        try:
            name = managing.keys.revoke_key(key_id, parts.clock())
        except AccessError as error:
            return str(error), f"refused {clicks}", True
        troubles.end("keys")
        return f"The key {name} is revoked.", f"revoked {clicks}", True
