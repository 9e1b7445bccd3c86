"""What the routes answer, against a count of all scans in plain Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from presence.people import people_with_ratio
from presence.radio import Radio
from presence.scan import Scan
from presence.statistics import ZoneFigures, estimated_people
from presence.zones import Zone
from tests.db.scanning import HUNG, PRAGUE, SETTINGS, device, scan
from tests.db.statistics_model import by_sensor, expected
from tests.links.api.place import Place

SENSORS = ("door", "hall", "stairs")
# In the night to 28 March 2027 clocks in Prague are put forward, and back in the night to 31 October.
CHANGES = (datetime(2027, 3, 28, 14, tzinfo=UTC), datetime(2027, 10, 31, 14, tzinfo=UTC))


def some_scans(now_at: datetime, rng: random.Random) -> list[Scan]:
    """Scans of several sensors in the last four days, most of them lately, some of which heard nothing."""
    scans = []
    for _ in range(150):
        at = now_at - timedelta(minutes=rng.choice([10, 60, 24 * 60, 4 * 24 * 60]) * rng.random() + 0.1)
        heard = [
            HUNG
            if rng.random() < 0.3
            else [device(name, radio, rssi_dbm=rng.choice([None, -50, -70, -90])) for name in rng.sample("abcdefgh", 3)]
            for radio in Radio
        ]
        scans.append(by_sensor(scan(at.replace(microsecond=0), *heard), rng.choice(SENSORS)))
    return sorted(scans, key=lambda one: one.started_at)


def figures(of_zone: ZoneFigures | None) -> dict[str, object]:
    """What an answer says of a zone."""
    if of_zone is None:
        return dict.fromkeys(
            ("unique_devices", "total_detections", "estimated_people", "people_with_ratio", "avg_rssi")
        )
    mean, devices = of_zone.rssi_mean_dbm, of_zone.device_count
    return {
        "unique_devices": devices,
        "total_detections": of_zone.detection_count,
        "estimated_people": estimated_people(devices),
        "people_with_ratio": people_with_ratio(devices, SETTINGS.visible_share),
        "avg_rssi": None if mean is None else round(mean, 2),
    }


class Counted:
    """What all routes should say, of one sensor or of all."""

    def __init__(self, scans: Sequence[Scan], sensor: str | None) -> None:
        self._scans, self._sensor = scans, sensor

    def zones(self, from_at: datetime, to_at: datetime) -> dict[str, dict[str, object]]:
        """Of each zone, and of all."""
        found = expected(self._scans, from_at, to_at, self._sensor)
        if found is None:
            return {zone: figures(None) for zone in (*Zone, "all")}
        zones, total = found
        return {**{zone: figures(zones[zone]) for zone in Zone}, "all": figures(total)}


def local_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PRAGUE).astimezone(UTC)


def moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def check_windows(place: Place, counted: Counted, asked: dict[str, str]) -> None:
    """The last minutes, a range, the distribution and the count."""
    now = place.now_at
    for minutes in (5, 60, 1500, 7 * 24 * 60):
        answer = place.get("/statistics/realtime", minutes=minutes, **asked).json()
        assert {**answer["by_zone"], "all": answer["total"]} == counted.zones(now - timedelta(minutes=minutes), now)
    start, end = now - timedelta(hours=31, minutes=7), now - timedelta(hours=3, minutes=2)
    answer = place.get("/statistics/range", start_time=start.isoformat(), end_time=end.isoformat(), **asked).json()
    assert {**answer["by_zone"], "all": answer["total"]} == counted.zones(start, end)
    for hours in (1, 24, 100):
        zones = counted.zones(now - timedelta(hours=hours), now)
        shares = place.get("/statistics/distribution", hours=hours, **asked).json()["distribution"]
        assert {zone: one["count"] for zone, one in shares.items()} == {
            zone: zones[zone]["total_detections"] for zone in Zone
        }
        for zone in (*Zone, "all"):
            chosen = {} if zone == "all" else {"zone": zone.upper()}
            answer = place.get("/detections/count", hours=hours, **asked, **chosen).json()
            assert answer["unique_devices"] == zones[zone]["unique_devices"]


def check_periods(place: Place, counted: Counted, asked: dict[str, str]) -> None:
    """Hours, days and the bars of the histogram."""
    today = place.now_at.astimezone(PRAGUE).date()
    hours = place.get("/statistics/hourly", date=today, **asked).json()
    assert len(hours["totals"]) == (place.now_at - local_midnight(today)) / timedelta(hours=1)
    for row in hours["statistics"] + hours["totals"]:
        at = moment(row["period_start"])
        said = counted.zones(at, at + timedelta(hours=1))[row["zone"]]
        assert {name: row[name] for name in said} == said
    days = place.get("/statistics/daily", days=6, **asked).json()
    assert len(days["totals"]) == 6
    for row in days["statistics"] + days["totals"]:
        day = date.fromisoformat(row["date"])
        said = counted.zones(local_midnight(day), local_midnight(day + timedelta(days=1)))[row["zone"]]
        assert {name: row[name] for name in said} == said
    for name in ("hour", "today", "week"):
        for bar in place.get("/statistics/histogram", range=name, **asked).json()["buckets"]:
            zones = counted.zones(moment(bar["period_start"]), moment(bar["period_end"]))
            assert {**bar["by_zone"], "all": bar["total"]} == {
                zone: one["unique_devices"] for zone, one in zones.items()
            }


@pytest.mark.parametrize("now_at", CHANGES)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_route_says_what_counting_all_scans_says(place: Place, now_at: datetime, seed: int) -> None:
    """Of one sensor and of all, around a change of clocks, before sums are made and after."""
    place.now_at = now_at
    scans = some_scans(now_at, random.Random(seed))
    place.record(*scans)
    for _ in range(2):
        for sensor in (None, *SENSORS, "nobody"):
            counted, asked = Counted(scans, sensor), {} if sensor is None else {"device_id": sensor}
            check_windows(place, counted, asked)
            check_periods(place, counted, asked)
        place.roll_up()
