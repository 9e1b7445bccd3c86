from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from db.errors import DatabaseError
from links.health import Hearing, PartHealth, PartHealths, Watched, health_router
from presence.sensors import SensorRow, SensorState
from tests.links.place import OVERVIEW, SENSOR
from tests.links.served import served

NOW_AT = datetime(2027, 3, 1, 12, 1, tzinfo=UTC)
OUTBOX = PartHealth(
    "outbox", is_fine=True, is_needed=True, says="Nothing waits.", figures={"waiting": 0, "dropped_total": 2}
)


def asked(
    hearing: Hearing = OVERVIEW,
    *,
    is_listening: bool = True,
    sensors: Sequence[SensorRow] | None = None,
    parts: PartHealths = (),
) -> httpx.Response:
    """What health says of a programme."""
    watched = Watched(lambda: hearing, is_listening, None if sensors is None else lambda: sensors, parts)
    return answer_of(watched)


def answer_of(watched: Watched) -> httpx.Response:
    with served(health_router(watched, lambda: 3, lambda: NOW_AT)) as place:
        return httpx.get(f"http://{place}/health", timeout=60)


def test_health_says_what_each_part_is_like() -> None:
    """A box with one radio heard is healthy, and names the fault of the other."""
    answer = asked(sensors=[SENSOR], parts=(lambda: OUTBOX,))
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "timestamp": "2027-03-01T12:01:00Z",
        "last_scan_at": "2027-03-01T12:00:00Z",
        "radios": {
            "wifi": {"device_count": 3, "fault": None, "last_heard_at": "2027-03-01T12:00:00Z"},
            "bluetooth": {"device_count": None, "fault": "no_dbus", "last_heard_at": None},
        },
        "sensors": {"heard": 1, "late": 0, "silent": 0},
        "parts": {
            "database": {"is_fine": True, "says": "It answers."},
            "outbox": {"is_fine": True, "says": "Nothing waits.", "waiting": 0, "dropped_total": 2},
        },
        "websocket_connections": 3,
    }


@pytest.mark.parametrize(("is_listening", "code", "status"), [(True, 503, "not heard"), (False, 200, "ok")])
def test_hearing_nothing_is_a_failure_of_who_listens(is_listening: bool, code: int, status: str) -> None:
    """A box or a sensor that hears nothing does not do its work; a hub without radios may wait."""
    answer = asked(replace(OVERVIEW, people_now=None), is_listening=is_listening)
    assert (answer.status_code, answer.json()["status"]) == (code, status)


@pytest.mark.parametrize(("is_needed", "code", "status"), [(True, 503, "failing"), (False, 200, "impaired")])
def test_a_part_that_is_not_fine_counts_as_it_is_needed(is_needed: bool, code: int, status: str) -> None:
    """A needed part that fails is a failure; another is named, and the rest goes on."""
    full = replace(OUTBOX, is_fine=False, is_needed=is_needed, says="It is full: the oldest scans are dropped.")
    answer = asked(parts=(lambda: full,))
    assert (answer.status_code, answer.json()["status"]) == (code, status)
    assert answer.json()["parts"]["outbox"]["says"] == full.says


def test_a_silent_sensor_wants_looking_at() -> None:
    """The hub works, and says that something is wrong; a sensor that is switched off is nobody's worry."""
    silent = replace(SENSOR, state=SensorState.SILENT)
    answer = asked(is_listening=False, sensors=[SENSOR, silent])
    assert (answer.status_code, answer.json()["status"]) == (200, "impaired")
    assert answer.json()["sensors"] == {"heard": 1, "late": 0, "silent": 1}
    assert asked(sensors=[replace(silent, is_active=False)]).json()["status"] == "ok"


def test_a_database_that_is_away_is_a_failure_without_its_address() -> None:
    """What it would have told is left out, its own words too, and the other parts are still named."""

    def away() -> Hearing:
        raise DatabaseError("connection to server at 10.0.0.5 failed")

    answer = answer_of(Watched(away, is_listening=False, parts=(lambda: OUTBOX,)))
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert answer.json()["radios"] == {}
    assert answer.json()["parts"]["database"]["is_fine"] is False
    assert answer.json()["parts"]["outbox"]["is_fine"] is True
    assert "10.0.0.5" not in answer.text
