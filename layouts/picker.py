"""The choice of a sensor: all of the site, or one. Where there is one sensor only, there is nothing to choose."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from layouts.formats import plain_words
from layouts.sensors import state_pill
from presence.sensors import SensorRow


def sensor_picker() -> Component:
    """The choice, still empty and hidden; the browser remembers what was chosen.

    assets/live.js shows the frame in the views that can be of one sensor.
    """
    return html.Div(
        html.Div(
            [
                dcc.Store(id="sensor", data="", storage_type="local"),
                html.Label("Sensor", htmlFor="sensor-picker"),
                # One of the browser's own: a phone shows a hundred sensors in it as it shows every list.
                html.Select(id="sensor-picker"),
                html.P(id="sensor-note", className="note"),
            ],
            id="sensor-bar",
            className="sensor-bar",
            hidden=True,
        ),
        id="sensor-bar-frame",
    )


def sensor_options(rows: Sequence[SensorRow]) -> list[Component]:
    """All sensors, and each of them."""
    names = [html.Option(plain_words(row.card.name), value=row.card.name) for row in rows]
    return [html.Option("All sensors", value=""), *names]


def sensor_note(row: SensorRow | None) -> list[str | Component]:
    """What is to be known of the sensor that is chosen; of all, nothing."""
    if row is None:
        return []
    place: list[str | Component] = [html.Bdi(plain_words(row.card.place)), " "] if row.card.place else []
    return [*place, state_pill(row), " Devices count at the sensor that hears them best."]


def chosen_sensor(rows: Sequence[SensorRow], asked: object) -> SensorRow | None:
    """The sensor that a choice stands for; None for all, and for one that is gone, as a browser may remember it."""
    return next((row for row in rows if row.card.name == asked), None) if len(rows) > 1 else None
