"""The charts of trends, by zone and by sensor, as the plain dicts that plotly.js draws."""

from __future__ import annotations

import html as markup
from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.axes import (
    Figure,
    base_layout,
    clock_labels,
    count_axis,
    drawing_zone,
    hover_label,
    marker_size,
    time_axis,
    unheard_band,
    unheard_runs,
    wall_time,
)
from layouts.formats import plain_words
from layouts.palette import Palette
from presence.ranges import TimeRange
from presence.trends import SensorTrend, Trends
from presence.zones import Zone

# Besides their colours, which not everybody tells apart.
_DASHES = ("solid", "dash", "dot")
_CSS_DASHES = ("solid", "dashed", "dotted")
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "triangle-down", "star")

_DAY = timedelta(days=1)
# Longer names would push the numbers out of the box under the pointer.
_LONGEST_NAME = 24


def zone_chart(trends: Trends, palette: Palette, zone: tzinfo) -> Figure:
    """Different devices of each block, near on medium on far; a block in which nothing was heard is left blank."""
    colours = {Zone.FAR: palette.far, Zone.MEDIUM: palette.medium, Zone.NEAR: palette.near}
    bars = [
        {
            "type": "bar",
            "name": place.value.capitalize(),
            "y": [None if counts is None else counts[place] for counts in trends.zones],
            "hovertemplate": "%{y:,}",
            "marker": {"color": colour},
            **_blocks(trends, zone),
        }
        for place, colour in colours.items()
    ]
    most = max((sum(counts.values()) for counts in trends.zones if counts), default=0)
    is_heard = [counts is not None for counts in trends.zones]
    return {"data": bars, "layout": _layout(trends, most, is_heard, palette, zone)}


def sensor_chart(trends: Trends, palette: Palette, zone: tzinfo) -> Figure:
    """A line for each sensor: the devices placed at it at a time; a block in which it was not heard is a gap."""
    lines = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": markup.escape(sensor_name(sensor, _LONGEST_NAME), quote=False),  # Plotly reads some HTML in names
            "y": list(sensor.means),
            "connectgaps": False,
            "hovertemplate": "%{y:,.1~f}",
            "line": {"color": colour, "width": 1.5, "dash": _DASHES[number % len(_DASHES)]},
            "marker": {"symbol": _SYMBOLS[number], "size": marker_size(4 * len(trends.starts))},
            **_blocks(trends, zone),
        }
        for number, (sensor, colour) in enumerate(zip(trends.sensors, palette.lines, strict=False))
    ]
    most = max((mean for sensor in trends.sensors for mean in sensor.means if mean is not None), default=0.0)
    is_heard = [any(mean is not None for mean in means) for means in _across(trends.sensors)]
    return {"data": lines, "layout": _layout(trends, most, is_heard, palette, zone)}


def sensor_legend(trends: Trends, palette: Palette) -> list[Component]:
    """The lines in words, each with its colour."""
    return [
        html.Li(
            [
                html.Span(
                    className="line-key",
                    style={"borderTopColor": colour, "borderTopStyle": _CSS_DASHES[number % len(_CSS_DASHES)]},
                ),
                html.Bdi(sensor_name(sensor)),
            ]
        )
        for number, (sensor, colour) in enumerate(zip(trends.sensors, palette.lines, strict=False))
    ]


def sensor_name(sensor: SensorTrend, longest: int = 64) -> str:
    """What a line is called: the sensor's name, or how many it stands for."""
    return plain_words(sensor.names[0], longest) if len(sensor.names) == 1 else f"{len(sensor.names)} others"


def block_words(time_range: TimeRange) -> str:
    """What a block is, for the line beneath a chart."""
    return "each hour of the last day" if time_range.span <= _DAY else "each day"


def _across(sensors: Sequence[SensorTrend]) -> Iterator[tuple[float | None, ...]]:
    return zip(*(sensor.means for sensor in sensors), strict=True)


def _blocks(trends: Trends, zone: tzinfo) -> dict[str, Any]:
    """Where the blocks stand: drawn in their middle, and told by their start."""
    is_hourly = trends.time_range.span <= _DAY
    return {
        "x": [wall_time(start, _drawn(trends, zone)) for start in trends.starts],
        "xperiod": 3_600_000 if is_hourly else 86_400_000,  # in milliseconds
        "xperiodalignment": "middle",
    }


def _drawn(trends: Trends, zone: tzinfo) -> tzinfo:
    is_hourly = trends.time_range.span <= _DAY
    return drawing_zone(trends.edges[0], trends.edges[-1], zone) if is_hourly else zone


def _layout(trends: Trends, most: float, is_heard: Sequence[bool], palette: Palette, zone: tzinfo) -> dict[str, Any]:
    is_hourly = trends.time_range.span <= _DAY
    drawn = _drawn(trends, zone)
    axis = time_axis(palette) | {
        "range": [wall_time(edge, drawn) for edge in (trends.edges[0], trends.edges[-1])],
        "tickformat": "%H:%M\n%-d %b" if is_hourly else "%-d %b",
        "hoverformat": "%-d %B, from %H:%M" if is_hourly else "%A, %-d %B %Y",
    }
    return {
        **base_layout(palette),
        "barmode": "stack",
        "bargap": 0.2,
        "hovermode": "x unified",
        "hoverlabel": hover_label(palette),
        "showlegend": False,  # it is beside the chart
        "margin": {"l": 52, "r": 12, "t": 10, "b": 40},
        "xaxis": axis | (clock_labels(trends.edges[0], trends.edges[-1], zone) if is_hourly else {}),
        "yaxis": count_axis("Devices", most, palette),
        "shapes": [
            unheard_band(trends.edges[first], trends.edges[last + 1], palette, drawn)
            for first, last in unheard_runs(is_heard)
        ],
    }
