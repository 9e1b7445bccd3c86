from __future__ import annotations

import math

import pytest

from db.store import Store
from presence.plans import FloorPlan, NoSuchPlanError, PlanError, PlanPoint
from tests.db.test_tags import JPEG, PNG
from tests.presence.tag_reports import START_AT


def test_a_plan_is_kept_with_its_sensors(store: Store) -> None:
    """Its picture comes back as it came, and sensors stand where they were put last."""
    plan_id = store.floor_plans.add(" Ground floor ", PNG, "image/png", START_AT)
    store.floor_plans.place_sensor(plan_id, "hall", 0.1, 0.2)
    store.floor_plans.place_sensor(plan_id, "door", 0.0, 1.0)
    store.floor_plans.place_sensor(plan_id, "hall", 0.5, 0.25)
    points = (PlanPoint("door", 0.0, 1.0), PlanPoint("hall", 0.5, 0.25))
    assert store.floor_plans.rows() == (FloorPlan(plan_id, "Ground floor", "image/png", START_AT, points),)
    assert store.floor_plans.picture(plan_id) == (PNG, "image/png")
    store.floor_plans.take_sensor_off(plan_id, "hall")
    store.floor_plans.take_sensor_off(plan_id, "hall")
    assert store.floor_plans.rows()[0].points == points[:1]


def test_plans_are_told_apart(store: Store) -> None:
    """Each has its own sensors, one sensor may stand on several, and one plan goes without the others."""
    first = store.floor_plans.add("Ground floor", PNG, "image/png", START_AT)
    second = store.floor_plans.add("First floor", JPEG, "image/jpeg", START_AT)
    store.floor_plans.place_sensor(first, "stairs", 0.1, 0.1)
    store.floor_plans.place_sensor(second, "stairs", 0.9, 0.9)
    store.floor_plans.delete(first)
    [row] = store.floor_plans.rows()
    assert (row.plan_id, row.points) == (second, (PlanPoint("stairs", 0.9, 0.9),))


def test_a_plan_is_renamed(store: Store) -> None:
    """It may keep its name, and not take another's."""
    first = store.floor_plans.add("Ground floor", PNG, "image/png", START_AT)
    store.floor_plans.add("First floor", PNG, "image/png", START_AT)
    store.floor_plans.rename(first, "Ground floor")
    store.floor_plans.rename(first, "Cellar")
    with pytest.raises(PlanError, match="First floor already"):
        store.floor_plans.rename(first, "First floor")
    with pytest.raises(PlanError, match="First floor already"):
        store.floor_plans.add("First floor", PNG, "image/png", START_AT)
    assert [row.name for row in store.floor_plans.rows()] == ["Cellar", "First floor"]


@pytest.mark.parametrize(
    ("name", "content", "media_type", "says"),
    [
        ("", PNG, "image/png", "1 to 64"),
        ("a" * 65, PNG, "image/png", "1 to 64"),
        ("two\nlines", PNG, "image/png", "one line"),
        ("Cellar", b"%PDF-1.7", "application/pdf", "no PNG"),
        ("Cellar", PNG + bytes(2_000_000), "image/png", "larger than 2,000 kB"),
    ],
)
def test_what_is_no_plan_is_refused(store: Store, name: str, content: bytes, media_type: str, says: str) -> None:
    """What is wrong is said, and nothing is kept."""
    with pytest.raises(PlanError, match=says):
        store.floor_plans.add(name, content, media_type, START_AT)
    assert store.floor_plans.rows() == ()


@pytest.mark.parametrize(
    ("sensor", "x", "y"),
    [("door", -0.1, 0.5), ("door", 0.5, 1.1), ("door", math.nan, 0.5), ("door", 0.5, math.inf), ("", 0.5, 0.5)],
)
def test_a_sensor_stands_on_the_plan(store: Store, sensor: str, x: float, y: float) -> None:
    """A place beside the picture, or of no sensor, is refused."""
    plan_id = store.floor_plans.add("Cellar", PNG, "image/png", START_AT)
    with pytest.raises(PlanError):
        store.floor_plans.place_sensor(plan_id, sensor, x, y)
    assert store.floor_plans.rows()[0].points == ()


def test_a_plan_that_is_not_there_is_said_not_to_be(store: Store) -> None:
    """Every question and command about it says so."""
    plans = store.floor_plans
    for ask in (
        lambda: plans.picture(7),
        lambda: plans.rename(7, "Cellar"),
        lambda: plans.delete(7),
        lambda: plans.place_sensor(7, "door", 0.5, 0.5),
        lambda: plans.take_sensor_off(7, "door"),
    ):
        with pytest.raises(NoSuchPlanError, match="no floor plan 7"):
            ask()


def test_there_are_not_too_many_plans(store: Store) -> None:
    """After fifty another one is refused until one is deleted."""
    for number in range(50):
        store.floor_plans.add(f"Floor {number}", PNG, "image/png", START_AT)
    with pytest.raises(PlanError, match="Delete one first"):
        store.floor_plans.add("Roof", PNG, "image/png", START_AT)
