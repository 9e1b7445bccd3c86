"""The combined chart, as the plain dict that plotly.js draws. Nothing a stranger broadcast is in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from layouts.axes import (
    Figure,
    base_layout,
    count_axis,
    drawing_zone,
    hover_label,
    marker_size,
    range_axis,
    unheard_band,
    unheard_runs,
    wall_time,
)
from layouts.palette import Palette
from presence.overview import History
from presence.people import people_with_ratio


def people_chart(history: History, *, visible_share: float, with_ratio: bool, palette: Palette, zone: tzinfo) -> Figure:
    """The combined chart: bars of both radios, on them those the ratio adds, and a line for each radio.

    Args:
        history: What to draw. A bucket in which a radio was not heard is a gap in its line.
        visible_share: The share of people who can be heard.
        with_ratio: Whether the bars of the ratio are shown.
        palette: The colours.
        zone: In which times are shown.
    """
    points = history.points
    drawn = drawing_zone(history.from_at, history.to_at, zone)
    times = [wall_time(point.at, drawn) for point in points]
    half = history.time_range.bucket / 2
    return {
        "data": [
            *_bars(history, times, visible_share, palette, with_ratio=with_ratio),
            _line("Wi-Fi", times, [point.wifi for point in points], palette.wifi, "circle"),
            _line("Bluetooth", times, [point.bluetooth for point in points], palette.bluetooth, "diamond"),
        ],
        "layout": {
            **base_layout(palette),
            "barmode": "stack",
            "hovermode": "x unified",
            "hoverlabel": hover_label(palette),
            "showlegend": False,  # it is beside the chart, where a phone can break it into lines
            "margin": {"l": 52, "r": 12, "t": 10, "b": 48},
            "xaxis": range_axis(history.time_range, history.from_at, history.to_at, palette, zone),
            "yaxis": count_axis("Users", max((point.both or 0.0 for point in points), default=0.0), palette),
            "shapes": [
                unheard_band(points[first].at - half, points[last].at + half, palette, drawn)
                for first, last in unheard_runs(is_heard(history))
            ],
        },
    }


def is_heard(history: History) -> list[bool]:
    """For each point whether a radio was heard."""
    return [point.both is not None for point in history.points]


def legend(*, with_ratio: bool) -> tuple[tuple[str, str], ...]:
    """What the combined chart shows: for each its key, which is its class in assets/4-charts.css, and its name."""
    keys = (("both", "Both"), ("ratio", "Ratio calculated"), ("wifi", "Wi-Fi"), ("bluetooth", "Bluetooth"))
    return tuple(entry for entry in keys if with_ratio or entry[0] != "ratio")


def _bars(
    history: History, times: list[str], visible_share: float, palette: Palette, *, with_ratio: bool
) -> list[dict[str, Any]]:
    both = [point.both for point in history.points]
    people = [None if count is None else people_with_ratio(count, visible_share) for count in both]
    # Plotly's unit of a date axis is the millisecond; a fifth of each bucket is left free.
    width = history.time_range.bucket.total_seconds() * 1000 * 0.8
    return [
        {
            "type": "bar",
            "name": "Both",
            "x": times,
            "y": both,
            "width": width,
            "customdata": [point.peak for point in history.points],
            "hovertemplate": "%{y:,.1~f} (at most %{customdata:,})",
            "marker": {"color": palette.both},
        },
        {
            "type": "bar",
            "name": "Ratio calculated",
            "x": times,
            "y": [_added(count, whole) for count, whole in zip(both, people, strict=True)],
            "width": width,
            "visible": with_ratio,
            "customdata": people,
            "hovertemplate": "%{customdata:,} people (%{y:.1~f} more)",
            "marker": {
                "color": palette.surface,
                "line": {"color": palette.ratio, "width": 1 if len(times) <= 100 else 0},
                "pattern": {"shape": "/", "fgcolor": palette.ratio, "size": 6, "solidity": 0.35},
            },
        },
    ]


def _added(count: float | None, people: int | None) -> float | None:
    # The mean of a bucket is broken, people are whole and rounded down: the bar above it never shrinks below nothing.
    return None if count is None or people is None else max(people - count, 0.0)


def _line(name: str, times: list[str], counts: Sequence[float | None], colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": times,
        "y": list(counts),
        "connectgaps": False,
        "hovertemplate": "%{y:,.1~f}",
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "symbol": symbol, "size": marker_size(len(times))},
    }
