"""Floor plans: pictures of the place seen from above, with its sensors on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class PlanError(Exception):
    """A floor plan cannot be what was asked for; the message says why and what to do."""


class NoSuchPlanError(PlanError):
    """There is no such floor plan, or it was deleted."""


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """Where a sensor stands on a plan.

    Attributes:
        sensor: Its name.
        x: From the left edge, as a share of the picture's width, 0 to 1.
        y: From the upper edge, as a share of its height, 0 to 1.
    """

    sensor: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """A floor plan, without its picture.

    Attributes:
        plan_id: Its number.
        name: What it shows, one of a kind among the plans, 1 to 64 characters.
        media_type: Of what type its picture is: `presence.pictures.PICTURE_TYPES`.
        added_at: When it was added.
        points: Where sensors stand on it, by name.
    """

    plan_id: int
    name: str
    media_type: str
    added_at: datetime
    points: tuple[PlanPoint, ...]
