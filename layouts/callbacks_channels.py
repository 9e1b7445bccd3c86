"""What happens to channels in the view of alerts."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from layouts.buttons import asked_number
from layouts.callbacks_alerts import PATH
from layouts.channels import NEW_CHANNEL, ChannelFormLooks, form_of
from layouts.formats import plain_words
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Alerting
from layouts.off_the_loop import off_the_loop
from layouts.troubles import Troubles
from presence.alerts import AlertError, Channel, ChannelRow, NoSuchAlertError

_FOR_THE_ADMIN = "Nothing was changed: this asks for the admin password."


def register_channels(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    """Join the form of channels, and what can be done with each, to their parts."""
    _register_form(app, parts, alerting, troubles)
    _register_save(app, parts, alerting, troubles)
    _register_use(app, parts, alerting, troubles)


def _row(alerting: Alerting, number: int) -> ChannelRow:
    """The channel of a number.

    Raises:
        NoSuchAlertError: There is none.
    """
    for row in alerting.channels.rows():
        if row.channel_id == number:
            return row
    raise NoSuchAlertError("There is no such channel any more. Somebody deleted it.")


def _register_form(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("channel-title", "children"),
        Output("channel-name", "value"),
        Output("channel-url", "value"),
        Output("channel-url-hint", "children"),
        Output("channel-save", "children"),
        Output("channel-cancel", "hidden"),
        Output("channel-edited", "data"),
        Output("channel-mistake", "children"),
        Input("channel-to-edit", "data"),
        Input("channel-cancel", "n_clicks"),
        Input("channel-saved", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts"),
    )
    @off_the_loop
    def open_form(asked: object, *_others: object) -> object:
        if ctx.triggered_id != "channel-to-edit" or not parts.managing.may_see_devices():
            return _form(NEW_CHANNEL, None)
        try:
            row = _row(alerting, asked_number(asked))
        except AlertError as error:
            return (*_form(NEW_CHANNEL, None)[:-1], str(error))
        return _form(form_of(row), row.channel_id)


def _form(looks: ChannelFormLooks, edited: int | None) -> tuple[object, ...]:
    """What the form shows, without an address and without a mistake."""
    return looks.title, looks.name, "", looks.hint, looks.save, looks.is_new, edited, None


def _register_save(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("channel-mistake", "children", allow_duplicate=True),
        Output("channels-said", "children"),
        Output("channel-saved", "data"),
        Output("alerts-changed", "data", allow_duplicate=True),
        Output("trouble-alerts-change", "hidden", allow_duplicate=True),
        Input("channel-save", "n_clicks"),
        State("channel-edited", "data"),
        State("channel-name", "value"),
        State("channel-url", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts-change"),
    )
    @off_the_loop
    def save_channel(clicks: int, edited: object, name: str | None, url: str | None) -> object:
        if not parts.may_change():
            return login_needed(_FOR_THE_ADMIN, PATH), None, no_update, no_update, True
        try:
            said = _keep(alerting, asked_number({"number": edited}), str(name or ""), str(url or "").strip())
        except AlertError as error:
            return str(error), None, no_update, no_update, True
        troubles.end("alerts-change")
        return None, said, clicks, f"channel {clicks}", True


def _keep(alerting: Alerting, number: int, name: str, url: str) -> str:
    """Keep the channel of the form, a new one without a number; tells what became of it."""
    if not number:
        alerting.channels.add(Channel(name, url))
        return "Added. Test it, and name it in a rule."
    alerting.channels.change(number, Channel(name, url, is_on=_row(alerting, number).is_on))
    return "Saved. Test it, so that you know that it arrives."


def _register_use(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("channels-said", "children", allow_duplicate=True),
        Output("alerts-changed", "data", allow_duplicate=True),
        Output("trouble-alerts-change", "hidden", allow_duplicate=True),
        Input("channel-to-test", "data"),
        Input("channel-to-switch", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts-change"),
    )
    @off_the_loop
    def use_channel(to_test: dict[str, Any] | None, to_switch: dict[str, Any] | None) -> object:
        if not parts.may_change():
            return login_needed(_FOR_THE_ADMIN, PATH), no_update, True
        is_test = ctx.triggered_id == "channel-to-test"
        asked = (to_test if is_test else to_switch) or {}
        try:
            said = _test(alerting, asked, parts) if is_test else _switch(alerting, asked)
        except AlertError as error:
            return str(error), no_update, True
        troubles.end("alerts-change")
        return said, f"{ctx.triggered_id} {asked}", True


def _test(alerting: Alerting, asked: dict[str, Any], parts: PageParts) -> str:
    alerting.channels.test(asked_number(asked), parts.clock())
    return "A test is on its way. If it does not arrive, the list says why in a moment."


def _switch(alerting: Alerting, asked: dict[str, Any]) -> str:
    number, is_on = asked_number(asked), asked.get("on") is True
    name = _row(alerting, number).name
    alerting.channels.change(number, Channel(name, "", is_on=is_on))
    return f"{plain_words(name)} is {'on' if is_on else 'off, and what waited for it is dropped'}."
