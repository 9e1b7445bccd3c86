from __future__ import annotations

import json

import pytest

from tests.db.scanning import HUNG, hash_of, minute, scan
from tests.db.statistics_model import by_sensor
from tests.links.api.place import Place


@pytest.fixture
def busy(place: Place) -> Place:
    """Two sensors at half past nine, of which one heard two devices and the other one."""
    place.record(
        by_sensor(scan(minute(0), ["a", "b"], HUNG), "door"),
        by_sensor(scan(minute(1), ["a"], ["c"]), "hall"),
    )
    return place


def test_counts_for_others_hide_small_groups(busy: Place) -> None:
    """By hour, sensor and zone, of hours that are over: no hash, no small count, and not heard is no count."""
    busy.record(by_sensor(scan(minute(32), [f"visitor {number}" for number in range(6)], HUNG), "door"))
    busy.now_at = minute(150)  # noon
    rows = busy.get("/export/counts/csv", last_days=1).text.splitlines()
    assert rows[0] == 'Date,Hour,Sensor,Near,Medium,Far,"Together, of those told"'
    assert len(rows) == 1 + 2 * 3  # from nine to noon: before that there was no sensor
    assert "2027-03-10,10:00,door,6,fewer than 5,fewer than 5,6" in rows
    assert "2027-03-10,09:00,hall,fewer than 5,fewer than 5,fewer than 5,fewer than 5" in rows
    assert "2027-03-10,11:00,door,not heard,not heard,not heard,not heard" in rows
    text = busy.get("/export/counts/jsonl", last_days=1).text
    assert hash_of("visitor 1") not in text
    [full] = [one for one in map(json.loads, text.splitlines()) if one["devices"] and one["devices"]["near"]]
    assert full["devices"] == {"near": 6, "medium": None, "far": None}
    assert (full["hour_at"], full["null_is_fewer_than"]) == ("2027-03-10T09:00:00Z", 5)
    assert busy.ask("/export/counts/parquet").status_code == 422


def test_an_hour_that_is_not_over_is_told_to_nobody(busy: Place) -> None:
    """Who asks again and again does not see devices come one by one."""
    busy.now_at = minute(29.9)
    assert "09:00" not in busy.get("/export/counts/csv", last_days=1).text
    busy.now_at = minute(30)
    assert "09:00" in busy.get("/export/counts/csv", last_days=1).text
