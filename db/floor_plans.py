"""Floor plans, and where sensors stand on them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from db.connect import Connections
from db.tag_schema import FLOOR_PLANS, PLAN_POINTS
from db.upsert import replace_rows
from presence.pictures import picture_fault
from presence.plans import FloorPlan, NoSuchPlanError, PlanError, PlanPoint

# A plan that fills a large screen, 4,000 by 3,000 points in a few colours, has some 500 kB as a PNG.
_MOST_PICTURE_BYTES = 2_000_000
# More floors than any house has whose sensors one hub takes, and 100 MB of pictures.
_MOST_PLANS = 50

_NAME_LENGTH = 64


class FloorPlans:
    """The floor plans of a site. May be used from many threads at once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, name: str, content: bytes, media_type: str, now_at: datetime) -> int:
        """Keep a picture of the place (PNG, JPEG or WebP, 2 MB at most); returns its number.

        Raises:
            PlanError: It is no such picture, too large, or the name cannot be used.
            DatabaseError: It could not be kept.
        """
        name = _checked_name(name)
        if fault := picture_fault(content, media_type, _MOST_PICTURE_BYTES):
            raise PlanError(fault)
        row = {"name": name, "picture": content, "picture_type": media_type, "added_at": now_at}
        with self._connections.write() as connection:
            if connection.execute(select(func.count()).select_from(FLOOR_PLANS)).scalar_one() >= _MOST_PLANS:
                raise PlanError(f"There are {_MOST_PLANS} floor plans already. Delete one first.")
            _refuse_taken_name(connection, name)
            return connection.execute(insert(FLOOR_PLANS).returning(FLOOR_PLANS.c.id), row).scalar_one()

    def rename(self, plan_id: int, name: str) -> None:
        """Call a plan something else.

        Raises:
            NoSuchPlanError: There is no such plan.
            PlanError: The name cannot be used.
            DatabaseError: It could not be done.
        """
        name = _checked_name(name)
        with self._connections.write() as connection:
            _find(connection, plan_id)
            _refuse_taken_name(connection, name, but=plan_id)
            connection.execute(update(FLOOR_PLANS).where(FLOOR_PLANS.c.id == plan_id).values(name=name))

    def delete(self, plan_id: int) -> None:
        """Forget a plan, and where sensors stood on it.

        Raises:
            NoSuchPlanError: There is no such plan.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            _find(connection, plan_id)
            connection.execute(delete(FLOOR_PLANS).where(FLOOR_PLANS.c.id == plan_id))

    def place_sensor(self, plan_id: int, sensor: str, x: float, y: float) -> None:
        """Say where a sensor stands: shares of the picture's width and height, from its upper left.

        Raises:
            NoSuchPlanError: There is no such plan.
            PlanError: The place is not on the plan, or this is no name of a sensor.
            DatabaseError: It could not be done.
        """
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise PlanError("This is not on the plan: x and y are shares of its width and height, from 0 to 1.")
        if not 1 <= len(sensor) <= _NAME_LENGTH or not sensor.isprintable():
            raise PlanError(f"The name of a sensor has 1 to {_NAME_LENGTH} characters.")
        with self._connections.write() as connection:
            _find(connection, plan_id)
            replace_rows(connection, PLAN_POINTS, [{"plan_id": plan_id, "sensor": sensor, "x": x, "y": y}])

    def take_sensor_off(self, plan_id: int, sensor: str) -> None:
        """Take a sensor off a plan; harmless when it is not on it.

        Raises:
            NoSuchPlanError: There is no such plan.
            DatabaseError: It could not be done.
        """
        its = (PLAN_POINTS.c.plan_id == plan_id) & (PLAN_POINTS.c.sensor == sensor)
        with self._connections.write() as connection:
            _find(connection, plan_id)
            connection.execute(delete(PLAN_POINTS).where(its))

    def rows(self) -> tuple[FloorPlan, ...]:
        """Every plan, in the order they were added.

        Raises:
            DatabaseError: The database cannot be read.
        """
        plan = FLOOR_PLANS.c
        points: defaultdict[int, list[PlanPoint]] = defaultdict(list)
        with self._connections.read() as connection:
            for row in connection.execute(select(PLAN_POINTS).order_by(PLAN_POINTS.c.sensor)):
                points[row.plan_id].append(PlanPoint(row.sensor, row.x, row.y))
            asked = select(plan.id, plan.name, plan.picture_type, plan.added_at).order_by(plan.id)
            return tuple(
                FloorPlan(row.id, row.name, row.picture_type, row.added_at, tuple(points[row.id]))
                for row in connection.execute(asked)
            )

    def picture(self, plan_id: int) -> tuple[bytes, str]:
        """A plan's picture and its media type.

        Raises:
            NoSuchPlanError: There is no such plan.
            DatabaseError: The database cannot be read.
        """
        asked = select(FLOOR_PLANS.c.picture, FLOOR_PLANS.c.picture_type).where(FLOOR_PLANS.c.id == plan_id)
        with self._connections.read() as connection:
            row = connection.execute(asked).one_or_none()
        if row is None:
            raise _no_such_plan(plan_id)
        return bytes(row.picture), row.picture_type


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
        raise PlanError(f"A floor plan's name has 1 to {_NAME_LENGTH} characters, in one line.")
    return name


def _refuse_taken_name(connection: Connection, name: str, but: int | None = None) -> None:
    found = connection.execute(select(FLOOR_PLANS.c.id).where(FLOOR_PLANS.c.name == name)).scalar_one_or_none()
    if found not in {None, but}:
        raise PlanError(f"There is a floor plan {name} already. Choose another name.")


def _find(connection: Connection, plan_id: int) -> None:
    if connection.execute(select(FLOOR_PLANS.c.id).where(FLOOR_PLANS.c.id == plan_id)).one_or_none() is None:
        raise _no_such_plan(plan_id)


def _no_such_plan(plan_id: int) -> NoSuchPlanError:
    return NoSuchPlanError(f"There is no floor plan {plan_id}. It may have been deleted; load the page again.")
