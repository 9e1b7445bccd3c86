from __future__ import annotations

from typing import Any

import httpx
import pytest

from db.people_sums import PeopleSums
from db.refit import refit
from presence.counts import FixtureHeard
from tests.db.counting import counting_scan, counts, fixture
from tests.db.scanning import SETTINGS, minute
from tests.links.api.place import Place


@pytest.fixture
def busy(place: Place) -> Place:
    """An hour in which more and more were heard, beside a printer."""
    printer: FixtureHeard = fixture("printer")
    place.record(*(counting_scan(minute(number), counts(1 + number // 10, printer)) for number in range(60)))
    place.now_at = minute(60)
    PeopleSums(place.connections, SETTINGS).roll_up(place.now_at)
    return place


def send(place: Place, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
    return place.client.request(method, f"/api/v1{path}", **more)


def test_people_are_told_with_every_step(busy: Place) -> None:
    """The estimate has its range, and the steps lead to it."""
    told = busy.get("/people").json()
    estimate = told["estimate"]
    assert estimate["low"] <= estimate["likely"] <= estimate["high"]
    assert estimate["steps"][0]["kind"] == "heard_now"
    assert estimate["steps"][-1]["value"] == estimate["likely"]
    assert (told["usual"], told["capacity"]) == (None, None)


def test_nothing_heard_is_null(place: Place) -> None:
    """Before the first scan there is no estimate, and none of the past."""
    assert place.get("/people").json()["estimate"] is None
    assert {point["likely"] for point in place.get("/people/history").json()["points"]} == {None}
    assert place.get("/people/stays").json() is None
    assert place.get("/people/returning").json() is None
    assert place.get("/people/usual").json()["weeks"] == 0


def test_the_past_is_told_in_buckets(busy: Place) -> None:
    """A day has a point for each ten minutes, and what was heard has its numbers."""
    points = busy.get("/people/history", range="day").json()["points"]
    assert len(points) == 144
    known = [point["likely"] for point in points if point["likely"] is not None]
    assert known == sorted(known)
    assert len(known) == 6
    assert busy.ask("/people/history", range="century").status_code == 422


def test_head_counts_are_entered_changed_and_taken_back(busy: Place) -> None:
    """Each change is told at once, and what was taken back can be brought back."""
    added = send(busy, "POST", "/head-counts", json={"people": 7}).json()
    assert (added["people"], added["counted_at"], added["is_deleted"]) == (7, "2027-03-10T09:30:00Z", False)
    assert added["estimated"] > 0
    path = f"/head-counts/{added['id']}"
    changed = send(busy, "PATCH", path, json={"counted_at": "2027-03-10T10:00:00"}).json()
    assert (changed["people"], changed["counted_at"]) == (7, "2027-03-10T09:00:00Z")
    assert send(busy, "DELETE", path).status_code == 204
    assert busy.get("/head-counts").json()["head_counts"][0]["is_deleted"] is True
    assert send(busy, "POST", f"{path}/restore").json()["is_deleted"] is False
    assert len(busy.changes) == 4


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/head-counts", {"people": -1}, 422),
        ("POST", "/head-counts", {"people": 100_001}, 422),
        ("POST", "/head-counts", {"people": 1.5}, 422),
        ("POST", "/head-counts", {"people": 1, "counted_at": "then"}, 422),
        ("POST", "/head-counts", {"people": 1, "counted_at": "9999-12-31T00:00:00"}, 422),
        ("PATCH", "/head-counts/1", {"people": 1}, 404),
        ("DELETE", "/head-counts/1", None, 404),
        ("POST", "/head-counts/1/restore", None, 404),
        ("PATCH", "/fixtures/99", {"decision": "kept"}, 404),
        ("PATCH", "/fixtures/1", {"decision": "burnt"}, 422),
        ("POST", "/people/what-if", {"visible_share": 0}, 422),
        ("POST", "/people/what-if", {"medium_threshold": 5}, 422),
    ],
)
def test_what_cannot_be_is_refused(busy: Place, method: str, path: str, body: Any, status: int) -> None:  # noqa: ANN401 - JSON
    """Wrong input is told as such, and so is what does not exist."""
    assert send(busy, method, path, json=body).status_code == status


def test_the_estimate_learns_from_head_counts(busy: Place) -> None:
    """After a fit each entry stands beside what the others make of it, with how far off that is."""
    table = "counted_at,people\n" + "".join(f"2027-03-10T09:{30 + 5 * number}:00,{3 + number}\n" for number in range(6))
    answer = send(busy, "POST", "/head-counts.csv", content=table, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, len(answer.json())) == (201, 6)
    assert busy.get("/head-counts").json()["is_fitting"] is True
    refit(busy.connections, SETTINGS, busy.now_at)
    told = busy.get("/head-counts").json()
    assert (told["used"], told["is_fitting"]) == (6, False)
    assert told["error"] is not None
    assert busy.get("/people").json()["estimate"]["head_counts"] == 6
    lines = busy.get("/head-counts.csv").text.splitlines()
    assert lines[0] == "counted_at,people,estimated"
    assert lines[1].startswith("2027-03-10T08:55:00+00:00,8,")


def test_a_table_that_is_wrong_is_refused_as_a_whole(busy: Place) -> None:
    """The lines to mend are named, and nothing is taken in."""
    answer = send(busy, "POST", "/head-counts.csv", content="counted_at,people\n2027-03-10T09:30,1\nnow,2\n")
    assert answer.status_code == 422
    assert "wrong: 3" in answer.json()["detail"][0]["msg"]
    assert busy.get("/head-counts").json()["head_counts"] == []


def test_a_fixture_is_decided_on(busy: Place) -> None:
    """What was learned leaves the counts until it is kept."""
    before = busy.get("/people").json()["estimate"]["likely"]
    (learned,) = busy.get("/fixtures").json()
    assert (learned["decision"], learned["manufacturer"], learned["days"]) == ("learned", "Brother", 1)
    assert send(busy, "PATCH", f"/fixtures/{learned['id']}", json={"decision": "kept"}).json()["decision"] == "kept"
    busy.now_at = minute(61)  # what a client has already it may keep for a minute
    assert busy.get("/people").json()["estimate"]["likely"] > before


def test_other_settings_are_tried_on_the_past(busy: Place) -> None:
    """With half the share the same devices are twice the people."""
    told = send(busy, "POST", "/people/what-if", json={"visible_share": 0.4, "range": "hour"}).json()
    assert [hour["hour"] for hour in told["hours"]] == [9, 10]
    assert all(hour["then"] == pytest.approx(2 * hour["now"]) for hour in told["hours"])
