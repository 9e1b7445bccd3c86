"""Floor plans: a picture of the place with its sensors on it, and the tags that are at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.buttons import delete_button
from layouts.fields import chosen_field, number_field, text_field
from layouts.formats import plain_words, share_text
from layouts.tag_pictures import plan_picture_path
from layouts.tag_words import confidence_words
from layouts.tags import tag_icon, tag_path
from presence.plans import FloorPlan, PlanError, PlanPoint
from presence.tags import TagRow, Whereabouts

_LONGEST_NAME = 64
# Tags that are listed at a sensor before the rest is only counted: more would cover the plan of a phone.
_MOST_AT_SENSOR = 5


def plans_panel() -> Component:
    """The panel without its plans."""
    return html.Section(
        [
            html.Header(
                [
                    html.H2("Floor plan"),
                    dcc.RadioItems(id="plan-choice", inline=True, className="ticks", labelClassName="choice-words"),
                ],
                className="section-head",
            ),
            html.Div(id="plan-picture"),
            html.P(id="plan-said", role="status"),
            html.Details(
                [html.Summary("Place sensors, or add a plan"), html.Div([_placing(), _adding()], className="form-row")],
                id="plan-more",
                className="more",
            ),
            dcc.Store(id="plan-moved"),
        ],
        id="plans",
        className="panel panel-wide",
        hidden=True,
    )


def _placing() -> Component:
    return html.Div(
        [
            html.H3("Place a sensor"),
            html.P(
                "Choose it and click on the plan, drag it there, move it by the arrow keys, or say where it stands.",
                className="note",
            ),
            chosen_field("plan-sensor", "Sensor", {}, ""),
            html.Div(
                [
                    number_field("plan-x", "From the left", "Per cent of the width."),
                    number_field("plan-y", "From the top", "Per cent of the height."),
                ],
                className="form-row",
            ),
            html.Div(
                [
                    html.Button("Place it", id="plan-place", className="button"),
                    html.Button("Take it off", id="plan-take-off", className="button"),
                ],
                className="form-buttons",
            ),
            html.Div(id="plan-delete", className="form-buttons"),
        ],
        className="key-form",
    )


def _adding() -> Component:
    return html.Div(
        [
            html.H3("Add a plan"),
            text_field("plan-name", "Name", "Such as Ground floor. PNG, JPEG or WebP, 2 MB at most.", _LONGEST_NAME),
            dcc.Upload(
                html.Button("Choose a picture", className="button"),
                id="plan-file",
                accept="image/png,image/jpeg,image/webp",
            ),
        ],
        className="key-form",
    )


def plan_picture(plan: FloorPlan | None, rows: Sequence[TagRow], *, may_change: bool) -> list[Component]:
    """A plan with its sensors, and with the tags that are at each of them; without one, what a plan is good for.

    Args:
        plan: The plan that is looked at; None when there is none.
        rows: All tags.
        may_change: Whether who looks may move sensors.
    """
    if plan is None:
        return [html.P("There is no floor plan yet. With one, tags show where they are.", className="note")]
    at: defaultdict[str, list[TagRow]] = defaultdict(list)
    for row in rows:
        if row.place.whereabouts is Whereabouts.PRESENT and row.place.sensor is not None:
            at[row.place.sensor].append(row)
    number: Any = {"data-plan": str(plan.plan_id)} if may_change else {}  # assets/plan.js moves no other
    things = [thing for point in plan.points for thing in (_sensor(point), _tags(point, at[point.sensor]))]
    picture = html.Img(
        src=plan_picture_path(plan.plan_id), alt=f"Floor plan {plain_words(plan.name)}", draggable="false"
    )
    return [html.Div([picture, *things], className="plan", **number)]


def _spot(point: PlanPoint) -> dict[str, str]:
    return {"left": share_text(point.x).replace(" ", ""), "top": share_text(point.y).replace(" ", "")}


def _sensor(point: PlanPoint) -> Component:
    name = plain_words(point.sensor)
    told: Any = {"data-sensor": point.sensor}
    return html.Button(
        className="plan-sensor",
        style=_spot(point),
        title=name,
        key=f"sensor {point.sensor}",
        **told,
        **aria(label=f"Sensor {name}: drag it, or move it by the arrow keys"),
    )


def _tags(point: PlanPoint, rows: Sequence[TagRow]) -> Component:
    shown = sorted(rows, key=lambda row: -(row.place.confidence or 0))
    more = len(shown) - _MOST_AT_SENSOR
    chips: list[Component] = [_chip(row) for row in shown[:_MOST_AT_SENSOR]]
    is_left = point.x > 0.5  # on the side where there is more room
    if more > 0:
        chips.append(html.Span(f"and {more} more", className="note plan-tag"))
    name = html.Span(plain_words(point.sensor), className="plan-name")
    spot = _spot(point)
    if is_left:
        spot = {"right": share_text(1 - point.x).replace(" ", ""), "top": spot["top"]}
    look = "plan-tags plan-tags-left" if is_left else "plan-tags"
    return html.Div([name, *chips], className=look, style=spot, key=f"tags {point.sensor}")


def _chip(row: TagRow) -> Component:
    # Fainter where it may as well be at another sensor; never so faint that it cannot be read.
    opacity = 0.65 + 0.35 * (row.place.confidence or 0)
    sureness = confidence_words(row.place)
    return dcc.Link(
        [tag_icon(row.card.icon), html.Bdi(plain_words(row.card.name)), html.Span(f" {sureness}", className="unseen")],
        href=tag_path(row.tag_id),
        title=sureness,
        className="plan-tag",
        style={"opacity": f"{opacity:.2f}"},
    )


def plan_choices(plans: Sequence[FloorPlan]) -> list[dict[str, str | int]]:
    """The plans to choose from; none where there is no choice."""
    return [{"label": plain_words(plan.name), "value": plan.plan_id} for plan in plans] if len(plans) > 1 else []


def chosen_plan(plans: Sequence[FloorPlan], asked: object) -> FloorPlan | None:
    """The plan that was chosen, or the first; None when there is none."""
    first = plans[0] if plans else None
    return next((plan for plan in plans if plan.plan_id == asked), first)


def plan_delete(plan: FloorPlan | None) -> list[Component]:
    """The button that deletes the plan that is looked at."""
    return (
        [] if plan is None else [delete_button("floor plan", plan.plan_id, plain_words(plan.name), "Delete this plan")]
    )


def asked_share(value: object, field: str) -> float:
    """A share of the plan's width or height out of per cent.

    Raises:
        PlanError: It is no number from 0 to 100.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise PlanError(f"“{field}” needs a number from 0 to 100.")
    return value / 100
