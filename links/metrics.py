"""Metrics for Prometheus, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from db.errors import DatabaseError
from links.health import PartHealth, sensors_by_state
from links.metrics_route import Measured
from presence.overview import Overview
from presence.sensors import SensorRow, SensorState
from presence.today import Today

_PREFIX = "presence"


def exposition_of(measured: Measured) -> Callable[[], tuple[bytes, str]]:
    """What tells the figures of the moment, with their media type: Prometheus's text format 0.0.4."""
    # A registry of its own: the library's global one belongs to whoever imports it first.
    registry = CollectorRegistry()
    registry.register(_PlaceCollector(measured))
    ProcessCollector(registry=registry)
    return lambda: (generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)


class _PlaceCollector(Collector):
    """Reads everything once for each scrape. What is not known has no sample: a zero would be a lie."""

    def __init__(self, measured: Measured) -> None:
        self._measured = measured

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand, so that registering reads no database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All metrics, those of the database only while it answers."""
        measured = self._measured
        try:
            of_place = [*_overview_metrics(measured.overview()), *_today_metrics(measured.today())]
            of_sensors = [] if measured.sensors is None else _sensor_metrics(measured.sensors())
        except DatabaseError:  # the feed logs it, once
            of_place, of_sensors = [], []
        yield _gauge("database_up", "Whether the database answers.", float(bool(of_place)))
        yield _gauge("websocket_connections", "Programs and pages on the live feed.", measured.connection_count())
        yield from of_place
        yield from of_sensors
        yield from _part_metrics([part() for part in measured.parts])


def _overview_metrics(overview: Overview) -> list[Metric]:
    devices = _labelled("devices", "Devices in the latest scan; no sample for a radio not heard.", "radio")
    heard = _labelled("radio_heard", "Whether the radio was heard in the latest scan.", "radio")
    total = CounterMetricFamily(f"{_PREFIX}_visitors", "Different devices ever heard.", labels=["radio"])
    for state in overview.radios:
        if state.device_count is not None:
            devices.add_metric([state.radio.value], state.device_count)
        heard.add_metric([state.radio.value], float(state.device_count is not None))
    total.add_metric(["wifi"], overview.wifi_total)
    total.add_metric(["bluetooth"], overview.bluetooth_total)
    metrics = [devices, heard, total, _gauge("people_now", "Devices now, over the radios heard.", overview.people_now)]
    if overview.last_scan_at is not None:
        at = overview.last_scan_at.timestamp()
        metrics.append(_gauge("last_scan_timestamp_seconds", "Start of the latest scan.", at))
    return metrics


def _today_metrics(today: Today) -> list[Metric]:
    # They begin afresh each midnight, which Prometheus takes for the restart of a counter: rate() and increase() hold.
    scans = CounterMetricFamily(
        f"{_PREFIX}_scans", "Scans since the local midnight, over all sensors.", labels=["radio", "outcome"]
    )
    for radio in today.radios:
        scans.add_metric([radio.radio.value, "heard"], radio.scans_heard)
        scans.add_metric([radio.radio.value, "unheard"], radio.scans_unheard)
    visits = CounterMetricFamily(f"{_PREFIX}_visits", "Visits that ended since the local midnight.")
    visits.add_metric([], today.visit_count)
    return [scans, visits, _gauge("visitors_today", "Different devices since the local midnight.", today.visitor_count)]


def _sensor_metrics(sensors: Sequence[SensorRow]) -> list[Metric]:
    by_state = sensors_by_state(sensors)
    states = _labelled("sensors", "Sensors of the site by state.", "state")
    for state in SensorState:
        states.add_metric([state.value], by_state[state])
    devices = _labelled("sensor_devices", "Devices in the sensor's newest scan.", "sensor")
    received = _labelled("sensor_last_received_timestamp_seconds", "When something last came from it.", "sensor")
    for sensor in sensors:
        if sensor.is_active and sensor.device_count is not None and sensor.state is not SensorState.SILENT:
            devices.add_metric([sensor.card.name], sensor.device_count)
        if sensor.is_active and sensor.last_received_at is not None:
            received.add_metric([sensor.card.name], sensor.last_received_at.timestamp())
    return [states, devices, received]


def _part_metrics(parts: Sequence[PartHealth]) -> list[Metric]:
    up = _labelled("part_up", "Whether a part of the programme is fine.", "part")
    metrics: list[Metric] = [up]
    for part in parts:
        up.add_metric([part.name], float(part.is_fine))
        for name, figure in part.figures.items():
            if figure is not None:
                metrics.append(_figure(f"{part.name}_{name}", figure))
    return metrics


def _figure(name: str, figure: float) -> Metric:
    words = name.replace("_", " ").capitalize() + "."
    if name.endswith("_total"):
        return CounterMetricFamily(f"{_PREFIX}_{name}", words, value=figure)
    return _gauge(name, words, figure)


def _labelled(name: str, words: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", words, labels=[label])


def _gauge(name: str, words: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", words, value=value)
