"""What happens to rules in the view of alerts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from layouts import channels, rule_form
from layouts.buttons import asked_number
from layouts.callbacks_alerts import PATH
from layouts.formats import plain_words
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Alerting, Following
from layouts.off_the_loop import off_the_loop
from layouts.rule_words import rule_sentence
from layouts.troubles import Troubles
from presence.alerts import AlertError, Rule, RuleKind
from presence.rule_checks import checked

_FOR_THE_ADMIN = "Nothing was changed: this asks for the admin password."
_NEW_RULE = Rule(name="", kind=RuleKind.TAG_LEFT_BOUNDARY)


def register_rules(app: Dash, parts: PageParts, following: Following, troubles: Troubles) -> None:
    """Join the rules, and the list of channels, to their parts."""
    alerting = following.alerting
    _register_lists(app, parts, following, troubles)
    _register_editor(app, parts, alerting, troubles)
    _register_looks(app)
    _register_preview(app, parts, following, troubles)
    _register_save(app, parts, alerting, troubles)
    _register_switch(app, parts, alerting, troubles)


def _names(following: Following) -> tuple[dict[int, str], dict[int, str]]:
    """The names of tags and of channels, by number."""
    tags = {row.tag_id: row.card.name for row in following.tagging.tags.rows()}
    return tags, {row.channel_id: row.name for row in following.alerting.channels.rows()}


def _choices(names: dict[int, str]) -> list[dict[str, str | int]]:
    return [{"label": plain_words(name), "value": number} for number, name in names.items()]


def _register_lists(app: Dash, parts: PageParts, following: Following, troubles: Troubles) -> None:
    @app.callback(
        Output("rule-rows", "children"),
        Output("channel-rows", "children"),
        Output("rule-tags", "options"),
        Output("rule-sensors", "options"),
        Output("rule-channels", "options"),
        Input("address", "pathname"),
        Input("alerts-told", "data"),
        Input("alerts-changed", "data"),
        Input("scans-finished", "data"),
        on_error=troubles.begin("alerts"),
    )
    @off_the_loop
    def list_rules(path: str, *_news: object) -> object:
        if path != PATH or not parts.managing.may_see_devices():
            return no_update
        tag_names, channel_names = _names(following)
        now_at = parts.clock()
        sensors = [row.card.name for row in parts.reader.sensors(now_at)]
        return (
            rule_form.rule_rows(following.alerting.rules.all(), tag_names, channel_names),
            channels.channel_rows(following.alerting.channels.rows(), now_at, parts.settings.time_zone),
            _choices(tag_names),
            [{"label": plain_words(name), "value": name} for name in sensors],
            _choices(channel_names),
        )


def _register_editor(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("rule-form", "hidden"),
        Output("rule-new", "disabled"),
        Output("rule-title", "children"),
        Output("rule-edited", "data"),
        Output("rules-said", "children", allow_duplicate=True),
        *(Output(f"rule-{field}", "value") for field in rule_form.FIELDS),
        Input("rule-new", "n_clicks"),
        Input("rule-to-edit", "data"),
        Input("rule-cancel", "n_clicks"),
        Input("address", "pathname"),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts"),
    )
    @off_the_loop
    def open_editor(_new: int | None, asked: object, *_others: object) -> object:
        if ctx.triggered_id not in {"rule-new", "rule-to-edit"} or not parts.managing.may_see_devices():
            return (True, False, no_update, None, None, *[no_update] * len(rule_form.FIELDS))
        if ctx.triggered_id == "rule-new":
            return (False, True, "A new rule", None, None, *rule_form.form_values(_NEW_RULE))
        try:
            row = alerting.rules.one(asked_number(asked))
        except AlertError as error:
            return (True, False, no_update, None, str(error), *[no_update] * len(rule_form.FIELDS))
        return (
            False,
            True,
            f"Edit “{plain_words(row.rule.name)}”",
            row.rule_id,
            None,
            *rule_form.form_values(row.rule),
        )


def _register_looks(app: Dash) -> None:
    @app.callback(
        Output("rule-tags-field", "hidden"),
        Output("rule-sensors-field", "hidden"),
        Output("rule-zones-field", "hidden"),
        Output("rule-threshold-field", "hidden"),
        Output("rule-hysteresis-field", "hidden"),
        Output("rule-threshold-hint", "children"),
        Output("rule-hysteresis-hint", "children"),
        Input("rule-kind", "value"),
    )
    async def follow_kind(kind: str) -> tuple[object, ...]:
        looks = rule_form.form_looks(RuleKind(kind))
        return (
            looks.tags_hidden,
            looks.boundary_hidden,
            looks.boundary_hidden,
            looks.threshold_hidden,
            looks.hysteresis_hidden,
            looks.threshold_words,
            looks.hysteresis_words,
        )


def _register_preview(app: Dash, parts: PageParts, following: Following, troubles: Troubles) -> None:
    @app.callback(
        Output("rule-sentence", "children"),
        Output("rule-mistake", "children"),
        Output("rule-save", "disabled"),
        *(Input(f"rule-{field}", "value") for field in rule_form.FIELDS),
        State("rule-form", "hidden"),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts"),
    )
    @off_the_loop
    def preview(*values: Any) -> object:  # noqa: ANN401 - it is JSON from a stranger
        *fields, is_hidden = values
        if is_hidden or not parts.managing.may_see_devices():
            return None, None, True
        try:
            rule = rule_form.asked_rule(fields, is_on=True)
        except AlertError as error:
            return None, str(error), True
        sentence = rule_sentence(rule, *_names(following))
        try:
            checked(rule)
        except AlertError as error:
            return sentence, str(error), True
        return sentence, None, False


def _register_save(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("rules-said", "children"),
        Output("rule-mistake", "children", allow_duplicate=True),
        Output("rule-form", "hidden", allow_duplicate=True),
        Output("rule-new", "disabled", allow_duplicate=True),
        Output("alerts-changed", "data", allow_duplicate=True),
        Output("trouble-alerts-change", "hidden", allow_duplicate=True),
        Input("rule-save", "n_clicks"),
        State("rule-edited", "data"),
        *(State(f"rule-{field}", "value") for field in rule_form.FIELDS),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts-change"),
    )
    @off_the_loop
    def save_rule(clicks: int, edited: object, *fields: Any) -> object:  # noqa: ANN401 - it is JSON from a stranger
        if not parts.may_change():
            return no_update, login_needed(_FOR_THE_ADMIN, PATH), no_update, no_update, no_update, True
        try:
            _keep(alerting, asked_number({"number": edited}), fields, parts)
        except AlertError as error:
            return no_update, str(error), no_update, no_update, no_update, True
        troubles.end("alerts-change")
        return "Saved. It holds from now on.", None, True, False, f"rule {clicks}", True


def _keep(alerting: Alerting, rule_id: int, fields: tuple[Any, ...], parts: PageParts) -> None:
    """Keep the rule of the form: a new one without a number."""
    if rule_id:
        is_on = alerting.rules.one(rule_id).rule.is_on
        alerting.rules.change(rule_id, rule_form.asked_rule(fields, is_on=is_on), parts.clock())
    else:
        alerting.rules.add(rule_form.asked_rule(fields, is_on=True), parts.clock())


def _register_switch(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("rules-said", "children", allow_duplicate=True),
        Output("alerts-changed", "data", allow_duplicate=True),
        Output("trouble-alerts-change", "hidden", allow_duplicate=True),
        Input("rule-to-switch", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts-change"),
    )
    @off_the_loop
    def switch_rule(asked: dict[str, Any]) -> object:
        if not parts.may_change():
            return login_needed(_FOR_THE_ADMIN, PATH), no_update, True
        is_on = asked.get("on") is True
        try:
            row = alerting.rules.one(asked_number(asked))
            alerting.rules.change(row.rule_id, replace(row.rule, is_on=is_on), parts.clock())
        except AlertError as error:
            return str(error), no_update, True
        troubles.end("alerts-change")
        said = f"“{plain_words(row.rule.name)}” is {'on' if is_on else 'off: its open alerts are closed'}."
        return said, f"switched {row.rule_id} {is_on}", True
