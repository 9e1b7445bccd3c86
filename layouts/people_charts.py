"""The chart of people, estimated, as the plain dict that plotly.js draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from presence.estimate import PeopleHistory, PeoplePoint


def estimate_chart(history: PeopleHistory, palette: Palette, zone: tzinfo) -> Figure:
    """The likely number as a line in the band of its range, and what is usual behind it; what was not heard is a gap.

    Args:
        history: What to draw.
        palette: The colours.
        zone: In which times are shown.
    """
    points, bucket = history.points, history.time_range.bucket
    from_at, to_at = points[0].at, points[-1].at + bucket
    drawn = drawing_zone(from_at, to_at, zone)
    times = [wall_time(point.at, drawn) for point in points]
    half = bucket / 2
    most = max((high for point in points if (high := point.high) is not None), default=0.0)
    return {
        "data": [
            _band(points, times, palette),
            *_usual(history, times, palette),
            _likely(points, times, palette),
        ],
        "layout": {
            **base_layout(palette),
            "hovermode": "x unified",
            "hoverlabel": hover_label(palette),
            "showlegend": False,
            "margin": {"l": 52, "r": 12, "t": 10, "b": 48},
            "xaxis": range_axis(history.time_range, from_at, to_at, palette, zone),
            "yaxis": count_axis("People", most, palette),
            "shapes": [
                unheard_band(points[first].at - half, points[last].at + half, palette, drawn)
                for first, last in unheard_runs(is_estimated(history))
            ],
        },
    }


def is_estimated(history: PeopleHistory) -> list[bool]:
    """For each point whether people were estimated."""
    return [point.likely is not None for point in history.points]


def _band(points: Sequence[PeoplePoint], times: Sequence[str], palette: Palette) -> dict[str, Any]:
    """The ranges: along the upper ends of each run of points and back along the lower ones, a shape for each run."""
    x: list[str | None] = []
    y: list[float | None] = []
    for run in _runs(points):
        x += [*(times[place] for place in run), *(times[place] for place in reversed(run)), None]
        y += [*(points[place].high for place in run), *(points[place].low for place in reversed(run)), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Range",
        "x": x,
        "y": y,
        "fill": "toself",
        "fillcolor": palette.band,
        "line": {"width": 1, "color": palette.band},  # so that a lone point has a range too
        "hoverinfo": "skip",
    }


def _runs(points: Sequence[PeoplePoint]) -> Iterator[list[int]]:
    """The places of points that follow each other without a gap."""
    run: list[int] = []
    for place, point in enumerate(points):
        if point.likely is not None:
            run.append(place)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _usual(history: PeopleHistory, times: Sequence[str], palette: Palette) -> list[dict[str, Any]]:
    if not has_usual(history):
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Usual",
            "x": list(times),
            "y": list(history.usual),
            "connectgaps": False,
            "hovertemplate": "%{y:,.0f}",
            "line": {"color": palette.muted, "width": 1.5, "dash": "dot"},
        }
    ]


def has_usual(history: PeopleHistory) -> bool:
    """Whether anything usual is known of this range."""
    return any(usual is not None for usual in history.usual)


def _likely(points: Sequence[PeoplePoint], times: Sequence[str], palette: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "People",
        "x": list(times),
        "y": [point.likely for point in points],
        "connectgaps": False,
        "customdata": [[point.low, point.high] for point in points],
        "hovertemplate": "%{y:,.0f} (%{customdata[0]:,.0f} to %{customdata[1]:,.0f})",
        "line": {"color": palette.people, "width": 2.5},
        "marker": {"color": palette.people, "size": marker_size(len(times)) - 1},
    }


def estimate_legend(history: PeopleHistory) -> tuple[tuple[str, str], ...]:
    """What the chart shows: for each its key, which is its class in assets/4-charts.css, and its name."""
    keys = (("people", "People, likely"), ("band", "Range, right four times out of five"), ("usual", "Usual"))
    return keys if has_usual(history) else keys[:2]
