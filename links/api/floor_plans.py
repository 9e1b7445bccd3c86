"""Routes about floor plans: pictures of the place, and where sensors stand on them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import Field

from links.api.answers import Answer
from links.api.parameters import BODY_IS_NO_TEXT, SensorName
from links.api.parts import ApiParts
from links.api.pictures import BODY_REFUSED, PICTURE_ANSWER, PICTURE_BODY, SentPicture, picture_answer
from presence.plans import FloorPlan, PlanPoint

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such floor plan."}}

_PlanId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The number of a floor plan.")]
_Name = Annotated[str, Field(min_length=1, max_length=64)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class PlanForm(Answer):
    """What a floor plan is called."""

    name: _Name
    """Its name, one of a kind among the plans."""


class PointForm(Answer):
    """Where a sensor stands on a plan."""

    x: _Share
    """From the left edge, as a share of the picture's width."""
    y: _Share
    """From the upper edge, as a share of its height."""


class PointAnswer(PointForm):
    """A sensor on a plan."""

    sensor: str
    """Its name."""


class PlanAnswer(Answer):
    """A floor plan."""

    id: int
    """Its number."""
    name: str
    """What it shows."""
    media_type: str
    """Of what type its picture is."""
    added_at: datetime
    """When it was added."""
    points: list[PointAnswer]
    """Where sensors stand on it."""


def floor_plans_router(parts: ApiParts) -> APIRouter:
    """The routes below /floor-plans."""
    router = APIRouter(prefix="/floor-plans", tags=["Floor plans"])
    _add_plans(router, parts)
    _add_points(router, parts)
    return router


def _add_plans(router: APIRouter, parts: ApiParts) -> None:
    plans = parts.tagged.plans

    @router.get("")
    def floor_plans() -> list[PlanAnswer]:
        """Every floor plan, in the order they were added."""
        return [_answer(one) for one in plans.rows()]

    @router.post("", status_code=201, responses=BODY_REFUSED, openapi_extra=PICTURE_BODY)
    def floor_plan_add(
        name: Annotated[str, Query(min_length=1, max_length=64, description="What it shows.")], sent: SentPicture
    ) -> PlanAnswer:
        """Add a floor plan: PNG, JPEG or WebP, 2 MB at most."""
        return _one(parts, plans.add(name, sent.content, sent.media_type, parts.clock()))

    @router.put("/{plan_id}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def floor_plan_rename(plan_id: _PlanId, form: PlanForm) -> PlanAnswer:
        """Call a floor plan something else."""
        plans.rename(plan_id, form.name)
        return _one(parts, plan_id)

    @router.delete("/{plan_id}", status_code=204, responses=_UNKNOWN)
    def floor_plan_delete(plan_id: _PlanId) -> None:
        """Forget a floor plan."""
        plans.delete(plan_id)

    @router.get("/{plan_id}/picture", responses=_UNKNOWN | PICTURE_ANSWER, response_class=Response)
    def floor_plan_picture(plan_id: _PlanId) -> Response:
        """The picture of a floor plan."""
        return picture_answer(*plans.picture(plan_id))


def _add_points(router: APIRouter, parts: ApiParts) -> None:
    plans = parts.tagged.plans

    @router.put("/{plan_id}/points/{sensor}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def floor_plan_point_set(plan_id: _PlanId, sensor: SensorName, form: PointForm) -> PlanAnswer:
        """Say where a sensor stands on a floor plan."""
        plans.place_sensor(plan_id, sensor, form.x, form.y)
        return _one(parts, plan_id)

    @router.delete("/{plan_id}/points/{sensor}", status_code=204, responses=_UNKNOWN)
    def floor_plan_point_delete(plan_id: _PlanId, sensor: SensorName) -> None:
        """Take a sensor off a floor plan."""
        plans.take_sensor_off(plan_id, sensor)


def _one(parts: ApiParts, plan_id: int) -> PlanAnswer:
    for plan in parts.tagged.plans.rows():
        if plan.plan_id == plan_id:
            return _answer(plan)
    raise HTTPException(404, "This floor plan was deleted just now.")


def _answer(plan: FloorPlan) -> PlanAnswer:
    return PlanAnswer(
        id=plan.plan_id,
        name=plan.name,
        media_type=plan.media_type,
        added_at=plan.added_at,
        points=[_point(one) for one in plan.points],
    )


def _point(point: PlanPoint) -> PointAnswer:
    return PointAnswer(sensor=point.sensor, x=point.x, y=point.y)
