"""What happens where there are several sensors: which one is looked at, how they compare, whether they speak."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from dash import Dash, Input, Output, no_update

from layouts import picker, sensors, trend_charts
from layouts.frame import VIEWS
from layouts.needs import PageParts
from layouts.off_the_loop import off_the_loop
from layouts.palette import palette_for
from layouts.ranges import chosen_range
from layouts.troubles import Troubles
from presence.trends import Trends


def register_sensors(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    """Join the choice of a sensor, the charts of trends and the table of sensors to their parts."""
    _register_picker(app, parts, troubles)
    _register_trends(app, parts, troubles)
    _register_table(app, parts, troubles)


def asked_sensor(parts: PageParts, asked: object) -> str | None:
    """The sensor that was chosen; None for all. Where nothing was chosen, as on every box, nothing is read for it."""
    row = picker.chosen_sensor(parts.reader.sensors(parts.clock()), asked) if asked else None
    return None if row is None else row.card.name


def _register_trends(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("zone-trend", "figure"),
        Output("zone-trend-note", "children"),
        Output("sensor-trend", "figure"),
        Output("sensor-trend-legend", "children"),
        Output("sensor-trend-note", "children"),
        Output("sensor-trend-panel", "hidden"),
        Output("trouble-trends", "hidden"),
        Input("scans-finished", "data"),
        Input("chart-range", "data"),
        Input("sensor", "data"),
        Input("theme", "data"),
        on_error=troubles.begin("trends"),
    )
    @off_the_loop
    def show_trends(_scans: int, time_range: str, asked: object, theme: str | None) -> tuple[Any, ...]:
        sensor = asked_sensor(parts, asked)
        trends = parts.reader.trends(chosen_range(time_range), parts.clock(), sensor)
        troubles.end("trends")
        shown = _trend_parts(trends, theme, parts.settings.time_zone, is_of_one=sensor is not None)
        return (*shown, len(trends.sensors) < 2, True)


def _trend_parts(trends: Trends, theme: str | None, zone: tzinfo, *, is_of_one: bool) -> tuple[Any, ...]:
    palette = palette_for(theme)
    blocks = trend_charts.block_words(trends.time_range)
    whose = (
        "Different devices that this sensor heard, also those nearer to another," if is_of_one else "Different devices"
    )
    return (
        trend_charts.zone_chart(trends, palette, zone),
        f"{whose} in {blocks}. One that was heard in two zones counts in both.",
        trend_charts.sensor_chart(trends, palette, zone),
        trend_charts.sensor_legend(trends, palette),
        f"Devices at a time, on average in {blocks}, each at the sensor that hears it best.",
    )


def _register_picker(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("sensor-picker", "children"),
        Output("sensor-note", "children"),
        Output("sensor-bar", "hidden"),
        Output("trouble-picker", "hidden"),
        Input("scans-finished", "data"),
        Input("sensor", "data"),
        on_error=troubles.begin("picker"),
    )
    @off_the_loop
    def offer_sensors(_scans: int, asked: object) -> tuple[Any, ...]:
        rows = parts.reader.sensors(parts.clock())
        troubles.end("picker")
        note = picker.sensor_note(picker.chosen_sensor(rows, asked))
        return picker.sensor_options(rows), note, len(rows) < 2, True


def _register_table(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("sensor-rows", "children"),
        Output("sensors-summary", "children"),
        Output("trouble-sensors", "hidden"),
        Input("address", "pathname"),
        Input("scans-finished", "data"),
        on_error=troubles.begin("sensors"),
    )
    @off_the_loop
    def list_sensors(path: str, _scans: int) -> object:
        if path != VIEWS["sensors"]:
            return no_update
        now_at = parts.clock()
        rows = parts.reader.sensors(now_at)
        troubles.end("sensors")
        return sensors.sensor_rows(rows, now_at, parts.settings.time_zone), sensors.sensors_summary(rows), True
