from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import httpx
from prometheus_client.parser import text_string_to_metric_families

from db.errors import DatabaseError
from links.health import PartHealth
from links.metrics_route import Measured, metrics_router
from presence.overview import Overview
from presence.sensors import SensorCard, SensorRow, SensorState
from tests.links.place import OVERVIEW, SENSOR, TODAY
from tests.links.served import served

INTAKE = PartHealth(
    "intake", is_fine=True, is_needed=True, says="It takes scans.", figures={"taken_total": 12, "behind_seconds": None}
)
PLACE = Measured(lambda: OVERVIEW, lambda: TODAY, lambda: [SENSOR], (lambda: INTAKE,), lambda: 2)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(measured: Measured) -> Samples:
    """What Prometheus reads, by name and labels."""
    with served(metrics_router(measured)) as place:
        answer = httpx.get(f"http://{place}/metrics", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float | None:
    """The value of a sample; None where there is none."""
    return samples.get((name, frozenset(labels.items())))


def test_prometheus_reads_the_place() -> None:
    """People, devices and scans are there by radio, and those of a radio not heard are missing, not zero."""
    samples = scraped(PLACE)
    assert of(samples, "presence_people_now") == 3
    assert of(samples, "presence_devices", radio="wifi") == 3
    assert of(samples, "presence_devices", radio="bluetooth") is None
    assert of(samples, "presence_radio_heard", radio="bluetooth") == 0
    assert of(samples, "presence_visitors_total", radio="wifi") == 9
    assert of(samples, "presence_visitors_today") == 7
    assert of(samples, "presence_visits_total") == 5
    assert of(samples, "presence_scans_total", radio="wifi", outcome="unheard") == 20
    assert of(samples, "presence_last_scan_timestamp_seconds") == OVERVIEW.as_of_at.timestamp()
    assert of(samples, "presence_sensors", state="heard") == 1
    assert of(samples, "presence_sensor_devices", sensor="box") == 3
    assert of(samples, "presence_part_up", part="intake") == 1
    assert of(samples, "presence_intake_taken_total") == 12
    assert of(samples, "presence_intake_behind_seconds") is None
    assert of(samples, "presence_websocket_connections") == 2
    assert (of(samples, "process_resident_memory_bytes") or 0) > 1_000_000


def test_a_place_without_scans_has_no_figures_of_now() -> None:
    """Before the first scan nothing is known, and nothing is said."""
    samples = scraped(replace(PLACE, overview=lambda: replace(OVERVIEW, last_scan_at=None, people_now=None)))
    assert of(samples, "presence_people_now") is None
    assert of(samples, "presence_last_scan_timestamp_seconds") is None


def test_a_database_that_is_away_is_a_metric() -> None:
    """The scrape succeeds, says that the database is away, and still holds what does not come from it."""

    def away() -> Overview:
        raise DatabaseError("away")

    samples = scraped(replace(PLACE, overview=away))
    assert of(samples, "presence_database_up") == 0
    assert of(samples, "presence_intake_taken_total") == 12
    assert of(samples, "presence_people_now") is None


def test_names_of_sensors_cannot_break_the_format() -> None:
    """Whatever a sensor is called, it is one label of one sample."""
    name = 'a"} 1\npresence_people_now 99\\'
    strange: Sequence[SensorRow] = [replace(SENSOR, card=SensorCard(name, None, None))]
    samples = scraped(replace(PLACE, sensors=lambda: strange))
    assert of(samples, "presence_people_now") == 3
    assert of(samples, "presence_sensor_devices", sensor=name) == 3


def test_a_silent_sensor_hears_no_devices() -> None:
    """What it last heard says nothing of now, so it has no sample."""
    samples = scraped(replace(PLACE, sensors=lambda: [replace(SENSOR, state=SensorState.SILENT)]))
    assert of(samples, "presence_sensor_devices", sensor="box") is None
    assert of(samples, "presence_sensors", state="silent") == 1
