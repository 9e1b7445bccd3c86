"""A client that knows only what the older BLE agent's dashboard knew."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from tests.db.scanning import HUNG, device, minute, scan
from tests.db.statistics_model import by_sensor
from tests.links.api.place import Place


@pytest.fixture
def busy(place: Place) -> Place:
    """Two sensors heard one phone in all three zones, and another one once; then an hour nobody listened."""
    place.record(
        by_sensor(scan(minute(0), [device("a", rssi_dbm=-50)], HUNG), "door"),
        by_sensor(scan(minute(0), [device("a", rssi_dbm=-70), device("b", rssi_dbm=-70)], HUNG), "hall"),
        by_sensor(scan(minute(1), [device("a", rssi_dbm=-90)], HUNG), "door"),
    )
    place.now_at = minute(2)
    return place


def test_realtime_has_zones_and_a_total(busy: Place) -> None:
    """Each zone has its devices, detections, mean RSSI and people; the total counts a phone once."""
    answer = busy.get("/statistics/realtime", minutes=5).json()
    assert answer["time_window_minutes"] == 5
    assert answer["by_zone"]["near"] == {
        "unique_devices": 1,
        "total_detections": 1,
        "estimated_people": 1,
        "people_with_ratio": 1,
        "avg_rssi": -50,
    }
    assert {zone: one["unique_devices"] for zone, one in answer["by_zone"].items()} == {
        "near": 1, "medium": 2, "far": 1
    }  # fmt: skip
    total = answer["total"]
    assert (total["unique_devices"], total["total_detections"], total["estimated_people"]) == (2, 4, 1)
    assert total["people_with_ratio"] == 2
    assert busy.get("/statistics/realtime", minutes=5, device_id="hall").json()["total"]["unique_devices"] == 2
    assert busy.get("/statistics/realtime", minutes=5, device_id="door").json()["total"]["unique_devices"] == 1


def test_a_range_takes_the_times_of_the_place(busy: Place) -> None:
    """Times without a zone are the place's own; 08:30 in UTC is half past nine in Prague."""
    answer = busy.get("/statistics/range", start_time="2027-03-10T09:30:00", end_time="2027-03-10T09:31:00").json()
    assert (answer["start_time"], answer["total"]["total_detections"]) == ("2027-03-10T08:30:00Z", 3)
    for start in ("2027-03-10T08:31:00Z", "2027-03-10T09:31:00+01:00", "2027-03-10 09:31"):
        answer = busy.get("/statistics/range", start_time=start, end_time="2027-03-10T09:00:00Z").json()
        assert answer["total"]["total_detections"] == 1
    unescaped = busy.client.get(
        "/api/v1/statistics/range?start_time=2027-03-10T09:31:00+01:00&end_time=2027-03-10T10:31:00+01:00"
    )
    assert unescaped.json()["total"]["total_detections"] == 1


def test_hours_and_days_have_a_row_for_each_zone(busy: Place) -> None:
    """Every hour that began and every day has a row a zone, in the names the dashboard reads."""
    for _ in range(2):
        hours = busy.get("/statistics/hourly", date="2027-03-10").json()
        assert hours["date"] == "2027-03-10"
        rows = {(row["hour"], row["zone"]): row for row in hours["statistics"] + hours["totals"]}
        assert (rows[9, "medium"]["unique_devices"], rows[9, "all"]["unique_devices"]) == (2, 2)
        assert rows[8, "near"]["unique_devices"] is None
        assert rows[9, "near"]["period_start"] == "2027-03-10T08:00:00Z"
        days = busy.get("/statistics/daily", start_date="2027-03-09", end_date="2027-03-10").json()
        assert [row["unique_devices"] for row in days["totals"]] == [None, 2]
        assert [row["zone"] for row in days["statistics"]] == ["near", "medium", "far"] * 2
        busy.now_at = minute(2000)
        busy.roll_up()
    assert len(busy.get("/statistics/daily").json()["totals"]) == 7


def test_the_distribution_is_of_detections(busy: Place) -> None:
    """Shares of the zones add up to a hundred per cent of the detections."""
    answer = busy.get("/statistics/distribution", hours=1).json()
    assert answer["total"] == 4
    assert answer["distribution"]["medium"] == {"count": 2, "percentage": 50.0}


@pytest.mark.parametrize(("name", "bars"), [("hour", 6), ("today", 8), ("week", 7)])
def test_the_histogram_has_the_bars_the_dashboard_draws(busy: Place, name: str, bars: int) -> None:
    """An hour has 6 bars, a day 8, a week 7; what was not heard is null in them, and not 0."""
    answer = busy.get("/statistics/histogram", range=name).json()
    buckets = answer["buckets"]
    assert (answer["range"], len(buckets)) == (name, bars)
    (heard,) = [bucket for bucket in buckets if bucket["heard"]]
    assert (heard["total"], heard["by_zone"]) == (2, {"near": 1, "medium": 2, "far": 1})
    assert all(bucket["total"] is None for bucket in buckets if not bucket["heard"])
    assert buckets[0]["period_start"] == answer["start_time"]
    assert buckets[-1]["period_end"] == answer["end_time"]


@pytest.mark.parametrize("zone", ["medium", "MEDIUM", "Medium"])
def test_zone_filters_match_in_either_case(busy: Place, zone: str) -> None:
    """A zone may be written in capitals, as the older agent's dashboard did."""
    assert busy.get("/detections/count", hours=1, zone=zone).json()["unique_devices"] == 2
    assert {row["zone"] for row in busy.get("/detections/recent", zone=zone).json()} == {"medium"}
    assert len(busy.get("/export/detections/csv", zone=zone).text.splitlines()) == 3


def test_recent_detections_are_listed_newest_first(busy: Place) -> None:
    """Each has its hash, RSSI, zone, time and sensor; an empty filter filters nothing."""
    rows = busy.get("/detections/recent", limit=3, zone="").json()
    newest = rows[0]
    assert newest.keys() >= {"id", "device_hash", "rssi", "zone", "timestamp", "device_id"}
    assert (newest["rssi"], newest["timestamp"], newest["device_id"]) == (-90, "2027-03-10T08:31:00Z", "door")
    assert len(rows) == 3


def test_sensors_are_registered_and_switched_off_and_on(busy: Place) -> None:
    """The routes about devices, which are the sensors, do what their names say."""
    made = busy.client.post("/api/v1/devices/register", json={"device_id": "stairs", "location": "by the stairs"})
    assert (made.status_code, made.json()["location"], made.json()["is_active"]) == (200, "by the stairs", True)
    assert {one["device_id"] for one in busy.get("/devices/").json()} == {"door", "hall", "stairs"}
    assert {one["device_id"] for one in busy.get("/devices/active", threshold_minutes=60).json()} == {"door", "hall"}
    off = busy.client.post("/api/v1/devices/hall/deactivate").json()
    assert off["is_active"] is False
    assert {one["device_id"] for one in busy.get("/devices", active_only=True).json()} == {"door", "stairs"}
    assert busy.client.post("/api/v1/devices/hall/activate").json()["is_active"] is True
    moved = busy.client.put("/api/v1/devices/hall", json={"name": "Hall", "location": "under the roof"}).json()
    assert moved["location"] == busy.get("/devices/hall").json()["location"] == "Hall, under the roof"
    stats = busy.get("/devices/door/stats").json()
    assert (stats["total_detections"], stats["last_detection"]) == (2, "2027-03-10T08:31:00Z")
    assert busy.get("/devices/stairs/stats").json()["total_detections"] is None


@pytest.mark.parametrize("path", ["/devices/nobody", "/devices/nobody/stats"])
def test_an_unknown_sensor_is_404(busy: Place, path: str) -> None:
    """Who asks for a sensor that is not there is told so."""
    answer = busy.ask(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no sensor of this name."})


def test_thresholds_are_read_changed_and_reset(place: Place) -> None:
    """Thresholds are those of config.toml until they are changed, and again after a reset."""
    assert place.get("/settings/thresholds").json()["near_threshold"] == -60
    changed = place.client.put(
        "/api/v1/settings/thresholds", json={"near_threshold": -50, "medium_threshold": -127}
    ).json()
    assert changed["thresholds"] == {"near_threshold": -50, "medium_threshold": -127}
    now = place.get("/settings/thresholds").json()
    assert (now["medium_threshold"], now["is_default"]) == (-127, False)
    assert now["description"]["near"] == "RSSI ≥ -50 dBm"
    place.client.post("/api/v1/settings/thresholds/reset")
    assert place.get("/settings/thresholds").json()["is_default"] is True


@pytest.mark.parametrize(("near", "medium"), [(-60, -60), (-70, -60), (0, -60), (-60, -128)])
def test_thresholds_that_leave_a_zone_empty_are_refused(place: Place, near: int, medium: int) -> None:
    """Near must be above medium, and both between -127 and -1."""
    answer = place.client.put("/api/v1/settings/thresholds", json={"near_threshold": near, "medium_threshold": medium})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("times", "rows"),
    [
        ({}, 4),
        ({"start_date": "2027-03-10", "end_date": "2027-03-10"}, 4),
        ({"start_date": "2027-03-10"}, 4),
        ({"start_date": "2027-03-01", "end_date": "2027-03-09"}, 0),
        ({"last_minutes": 1}, 1),
        ({"last_hours": 1}, 4),
        ({"last_days": 1, "device_id": "hall"}, 2),
    ],
)
def test_the_export_takes_the_times_of_the_dashboard(busy: Place, times: dict[str, object], rows: int) -> None:
    """A range of days, the last minutes, hours or days, and a sensor each narrow the file."""
    answer = busy.get("/export/detections/csv", **times)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert len(list(csv.reader(io.StringIO(answer.text, newline="")))) == rows + 1


def test_an_hour_nobody_listened_is_not_zero(busy: Place) -> None:
    """Where no radio was heard, figures are null, and the answer says that none was heard."""
    busy.now_at += timedelta(hours=3)
    answer = busy.get("/statistics/realtime", minutes=60).json()
    assert (answer["heard"], answer["total"]["unique_devices"], answer["by_zone"]["near"]["avg_rssi"]) == (
        False, None, None
    )  # fmt: skip
    assert busy.get("/detections/count", hours=1).json()["estimated_people"] is None
    assert busy.get("/statistics/distribution", hours=1).json()["total"] is None
