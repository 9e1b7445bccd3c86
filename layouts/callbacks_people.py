"""What happens where people are estimated: the number, its chart, and counting."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from layouts import axes, head_counts, people_charts, people_now
from layouts.buttons import asked_number
from layouts.callbacks_sensors import asked_sensor
from layouts.count_advice import counts_advice
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.off_the_loop import off_the_loop
from layouts.palette import palette_for
from layouts.ranges import chosen_range
from layouts.troubles import Troubles
from presence.estimate import EstimateError, PeopleHistory

FOR_THE_ADMIN = "Nothing was changed: this asks for the admin password."
"""What is said to those who may not change anything."""


def register_people(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    """Join what shows people to what estimates them."""
    _register_now(app, parts, troubles)
    _register_chart(app, parts, troubles)
    _register_calibration(app, parts, troubles)
    _register_count(app, parts, troubles)
    _register_row(app, parts, troubles)


def _register_now(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("estimate-reading", "children"),
        Output("estimate-steps", "children"),
        Output("people-panel", "hidden"),
        Output("count-form", "hidden"),
        Output("count-login", "hidden"),
        Output("count-of-site", "hidden"),
        Output("trouble-people", "hidden"),
        Input("scans-finished", "data"),
        Input("sensor", "data"),
        Input("people-changed", "data"),
        Input("calibration-again", "disabled"),
        on_error=troubles.begin("people"),
    )
    @off_the_loop
    def show_people(_scans: int, asked: object, *_changed: object) -> tuple[Any, ...]:
        sensor = asked_sensor(parts, asked)
        reading, steps = read_people(parts, sensor)
        may_count = parts.may_change()
        troubles.end("people")
        is_of_site = sensor is None
        return reading, steps, False, not (may_count and is_of_site), may_count, is_of_site, True


def read_people(parts: PageParts, sensor: str | None) -> tuple[list[Component], list[Component]]:
    """The people now and why, of one sensor or all. May raise as the reader."""
    now_at = parts.clock()
    now = parts.estimating.reader.people_now(now_at, sensor)
    is_well = people_now.has_both_radios(now)
    remark = None if is_well else people_now.remark_on(now, parts.reader.overview(now_at, sensor))
    reading = people_now.estimate_reading(now, remark, now_at, parts.settings.time_zone, is_of_one=sensor is not None)
    return reading, people_now.why_steps(now)


def _register_chart(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("estimate-chart", "figure"),
        Output("estimate-legend", "children"),
        Output("estimate-note", "children"),
        Output("trouble-people", "hidden", allow_duplicate=True),
        Input("scans-finished", "data"),
        Input("chart-range", "data"),
        Input("sensor", "data"),
        Input("theme", "data"),
        Input("people-changed", "data"),
        Input("calibration-again", "disabled"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("people"),
    )
    @off_the_loop
    def show_people_chart(
        _scans: int, time_range: str, asked: object, theme: str | None, *_changed: object
    ) -> tuple[Any, ...]:
        history = parts.estimating.reader.people_history(
            chosen_range(time_range), parts.clock(), asked_sensor(parts, asked)
        )
        troubles.end("people")
        legend = [html.Li(name, className=f"key-{key}") for key, name in people_charts.estimate_legend(history)]
        figure = people_charts.estimate_chart(history, palette_for(theme), parts.settings.time_zone)
        return figure, legend, _chart_note(history), True


def _chart_note(history: PeopleHistory) -> str:
    is_estimated = people_charts.is_estimated(history)
    if not any(is_estimated):
        return "Nothing was estimated in this time: no radio was heard, or an older version counted without estimating."
    has_gap = any(axes.unheard_runs(is_estimated))
    return "Shaded: not heard. It does not mean that nobody was there." if has_gap else ""


def _register_calibration(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("calibration-said", "children"),
        Output("calibration-advice", "children"),
        Output("calibration-again", "disabled"),
        Output("trouble-counting", "hidden"),
        Input("scans-finished", "data"),
        Input("people-changed", "data"),
        Input("calibration-again", "n_intervals"),
        State("calibration-again", "disabled"),
        on_error=troubles.begin("counting"),
    )
    @off_the_loop
    def show_calibration(_scans: int, _changed: object, _times: int | None, is_off: bool) -> tuple[Any, ...]:
        calibration = parts.estimating.reader.calibration()
        troubles.end("counting")
        said, advice = head_counts.calibration_text(calibration), counts_advice(calibration)
        # What waits for the end of a fit is read anew each time that this is set.
        is_done = not calibration.is_fitting
        return said, advice, no_update if is_done == is_off else is_done, True


def _register_count(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("count-said", "children"),
        Output("count-people", "value"),
        Output("count-at", "value"),
        Output("people-changed", "data"),
        Output("trouble-counting", "hidden", allow_duplicate=True),
        Input("count-save", "n_clicks"),
        Input("count-people", "n_submit"),
        State("count-people", "value"),
        State("count-at", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("counting"),
    )
    @off_the_loop
    def save_count(clicks: int | None, submits: int | None, people: object, at: object) -> tuple[Any, ...]:
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, "/"), no_update, no_update, no_update, True
        now_at, zone = parts.clock(), parts.settings.time_zone
        try:
            number, counted_at = head_counts.asked_people(people), head_counts.asked_moment(at, now_at, zone)
            head_count_id = parts.estimating.head_counts.add(number, counted_at, made_by(parts))
        except EstimateError as error:
            return str(error), no_update, no_update, no_update, True
        troubles.end("counting")
        said = head_counts.count_said(head_count_id, number, counted_at, now_at, zone)
        return said, "", "", ["counted", clicks, submits], True


def made_by(parts: PageParts) -> str:
    """Who counts."""
    identity = parts.managing.identity()
    return "" if identity is None else identity.name


def _register_row(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("count-said", "children", allow_duplicate=True),
        Output("counts-said", "children"),
        Output("people-changed", "data", allow_duplicate=True),
        Output("trouble-counting", "hidden", allow_duplicate=True),
        Input("count-row", "data"),
        State("address", "pathname"),
        prevent_initial_call=True,
        on_error=troubles.begin("counting"),
    )
    @off_the_loop
    def take_back(asked: dict[str, object], path: str) -> object:
        if asked.get("do") == "edit":  # which fills the form in the view of people
            return no_update
        if not parts.may_change():
            said: object = login_needed(FOR_THE_ADMIN, path)
            return said, said, no_update, True
        number = asked_number(asked)
        try:
            if asked.get("do") == "restore":
                parts.estimating.head_counts.restore(number)
                said = "The count is back."
            else:
                parts.estimating.head_counts.delete(number, parts.clock())
                said = head_counts.taken_back(number)
        except EstimateError as error:
            return str(error), str(error), no_update, True
        troubles.end("counting")
        return said, said, ["row", asked.get("click")], True
