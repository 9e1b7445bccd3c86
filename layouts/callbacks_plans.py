"""What happens with floor plans: which is looked at, where sensors stand, and adding one."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from layouts import plans
from layouts.buttons import asked_number
from layouts.callbacks_tags import FOR_THE_ADMIN, PATH
from layouts.formats import plain_words
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Tagging
from layouts.off_the_loop import off_the_loop
from layouts.tag_pictures import PictureError, uploaded_picture
from layouts.troubles import Troubles
from presence.plans import FloorPlan, PlanError


def register_plans(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    """Join floor plans to their parts."""
    _register_picture(app, parts, tagging, troubles)
    _register_placing(app, parts, tagging, troubles)
    _register_adding(app, parts, tagging, troubles)


def _register_picture(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("plans", "hidden"),
        Output("plan-picture", "children"),
        Output("plan-choice", "options"),
        Output("plan-choice", "value"),
        Output("plan-sensor", "options"),
        Output("plan-delete", "children"),
        Input("address", "pathname"),
        Input("plan-choice", "value"),
        Input("scans-finished", "data"),
        Input("tags-told", "data"),
        Input("tags-changed", "data"),
        on_error=troubles.begin("tags"),
    )
    @off_the_loop
    def show_plan(path: str, asked: object, *_news: object) -> object:
        if path != PATH:
            return no_update
        if not parts.managing.may_see_devices():
            return True, [], [], None, [], []
        found = tagging.plans.rows()
        plan = plans.chosen_plan(found, asked)
        sensors = [row.card.name for row in parts.reader.sensors(parts.clock())]
        return (
            False,
            plans.plan_picture(plan, tagging.tags.rows() if plan else (), may_change=parts.may_change()),
            plans.plan_choices(found),
            None if plan is None else plan.plan_id,
            [{"label": plain_words(name), "value": name} for name in sensors],
            plans.plan_delete(plan),
        )


def _register_placing(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("plan-said", "children"),
        Output("plan-x", "value"),
        Output("plan-y", "value"),
        Output("plan-sensor", "value"),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("plan-moved", "data"),
        Input("plan-place", "n_clicks"),
        Input("plan-take-off", "n_clicks"),
        State("plan-choice", "value"),
        State("plan-sensor", "value"),
        State("plan-x", "value"),
        State("plan-y", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def place_sensor(moved: dict[str, Any], _places: object, _takes: object, *chosen: Any) -> object:  # noqa: ANN401 - from a stranger
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, PATH), no_update, no_update, no_update, no_update, True
        plan, sensor, x, y = chosen
        if ctx.triggered_id == "plan-moved":
            plan, sensor, x, y = moved.get("number"), moved.get("sensor") or sensor, moved.get("x"), moved.get("y")
        try:
            said = _place(tagging, asked_number({"number": plan}), sensor, x, y)
        except PlanError as error:
            return str(error), no_update, no_update, no_update, no_update, True
        troubles.end("tags-change")
        return said, x, y, sensor, f"{said} {x} {y}", True


def _place(tagging: Tagging, plan_id: int, sensor: object, x: object, y: object) -> str:
    """Do with a sensor what was asked for; tells what was done."""
    if not sensor:
        raise PlanError("Choose a sensor first, then click where it stands.")
    name = str(sensor)
    if ctx.triggered_id == "plan-take-off":
        tagging.plans.take_sensor_off(plan_id, name)
        return f"{plain_words(name)} is taken off the plan."
    shares = plans.asked_share(x, "From the left"), plans.asked_share(y, "From the top")
    tagging.plans.place_sensor(plan_id, name, *shares)
    return f"{plain_words(name)} is placed."


def _register_adding(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("plan-said", "children", allow_duplicate=True),
        Output("plan-file", "contents"),
        Output("plan-name", "value"),
        Output("plan-choice", "value", allow_duplicate=True),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("plan-file", "contents"),
        State("plan-name", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def add_plan(contents: str | None, name: str | None) -> object:
        if contents is None:  # emptied below, so that the same file can be chosen once more
            return no_update
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, PATH), None, no_update, no_update, no_update, True
        try:
            plan_id = tagging.plans.add(
                name or _free_name(tagging.plans.rows()), *uploaded_picture(contents), parts.clock()
            )
        except (PlanError, PictureError) as error:
            return str(error), None, no_update, no_update, no_update, True
        troubles.end("tags-change")
        return "Added. Now place your sensors on it.", None, "", plan_id, f"plan {plan_id}", True


def _free_name(found: tuple[FloorPlan, ...]) -> str:
    taken = {plan.name for plan in found}
    return next(name for number in range(1, len(taken) + 2) if (name := f"Floor plan {number}") not in taken)
