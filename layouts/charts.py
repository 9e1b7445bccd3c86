"""The pie and the combined chart, as the plain dicts that plotly.js draws. Nothing a stranger broadcast is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from layouts.formats import count_text, share_text
from presence.overview import History, HistoryPoint, Overview
from presence.people import people_with_ratio
from presence.ranges import TimeRange

Figure = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme; assets/1-base.css holds the same under the same names.

    Wi-Fi and Bluetooth are a blue and an orange, which every common kind of colour blindness tells apart, and differ
    in marker and dash besides.
    """

    ink: str
    muted: str
    line: str
    surface: str
    wifi: str
    bluetooth: str
    both: str
    ratio: str
    unheard: str


LIGHT = Palette(
    ink="#1c2a31",
    muted="#5b6a72",
    line="#e4e7e5",
    surface="#ffffff",
    wifi="#0b6fa8",
    bluetooth="#c65a11",
    both="#bfcbd1",
    ratio="#9fb0b8",
    unheard="#f3f1ec",
)
DARK = Palette(
    ink="#e8eef0",
    muted="#9fb0b8",
    line="#2a373e",
    surface="#182228",
    wifi="#5cb8ee",
    bluetooth="#f3a35c",
    both="#405159",
    ratio="#6d828d",
    unheard="#131b20",
)

_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

# Day and clock where the range is short, the date alone where it is long. What follows the line break is drawn when it
# changes.
_TICKS: dict[TimeRange, str] = {
    TimeRange.HOUR: "%H:%M",
    TimeRange.SIX_HOURS: "%H:%M\n%-d %b",
    TimeRange.DAY: "%H:%M\n%-d %b",
    TimeRange.WEEK: "%a\n%-d %b",
    TimeRange.MONTH: "%-d %b",
    TimeRange.YEAR: "%b\n%Y",
}


def palette_for(theme: str | None) -> Palette:
    """The colours of the theme in force, "light" or "dark"; light when it is not known yet."""
    return DARK if theme == "dark" else LIGHT


def detection_type_pie(overview: Overview, palette: Palette) -> Figure:
    """Wi-Fi against Bluetooth, over everything detected; an empty ring before anything was."""
    counts = [overview.wifi_total, overview.bluetooth_total]
    nothing = not any(counts)
    return {
        "data": [
            {
                "type": "pie",
                "labels": ["Nothing yet"] if nothing else ["Wi-Fi", "Bluetooth"],
                "values": [1] if nothing else counts,
                "hole": 0.64,
                "sort": False,
                "direction": "clockwise",
                "textinfo": "none",
                "hoverinfo": "skip" if nothing else "label+value+percent",
                "marker": {
                    "colors": [palette.line] if nothing else [palette.wifi, palette.bluetooth],
                    "line": {"color": palette.surface, "width": 3},
                },
            }
        ],
        "layout": {
            **_base_layout(palette),
            "showlegend": False,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "annotations": [
                {
                    "text": count_text(overview.people_total if overview.last_scan_at else None),
                    "showarrow": False,
                    "font": {"size": 30, "color": palette.ink},
                }
            ],
        },
    }


def pie_shares(overview: Overview) -> tuple[tuple[str, int, str], ...]:
    """What the pie shows, in words: for each radio its name, its count and its share; no share of nothing."""
    total = overview.people_total
    return tuple(
        (state.radio.label, count, share_text(count / total) if total else "")
        for state, count in zip(overview.radios, (overview.wifi_total, overview.bluetooth_total), strict=True)
    )


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
    times = [_wall_time(point.at, zone) for point in points]
    return {
        "data": [
            *_bars(history, times, visible_share, palette, with_ratio=with_ratio),
            _line("Wi-Fi", times, [point.wifi for point in points], palette.wifi, "circle"),
            _line("Bluetooth", times, [point.bluetooth for point in points], palette.bluetooth, "diamond"),
        ],
        "layout": {
            **_base_layout(palette),
            "barmode": "stack",
            "hovermode": "x unified",
            "hoverlabel": {"bgcolor": palette.surface, "bordercolor": palette.line, "font": {"color": palette.ink}},
            "showlegend": False,  # it is beside the chart, where a phone can break it into lines
            "margin": {"l": 52, "r": 12, "t": 10, "b": 48},
            "xaxis": _time_axis(history, palette, zone),
            "yaxis": _users_axis(points, palette),
            "shapes": [_unheard_band(first, last, history, palette, zone) for first, last in unheard_runs(points)],
        },
    }


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
        "marker": {"color": colour, "symbol": symbol, "size": _marker_size(len(times))},
    }


def _marker_size(count: int) -> int:
    # In pixels. The narrower the points stand, the smaller: on a desktop a chart has about 800 pixels, on a phone 250.
    if count <= 100:
        return 6
    return 4 if count <= 200 else 3


def unheard_runs(points: Sequence[HistoryPoint]) -> Iterator[tuple[int, int]]:
    """First and last index of each run of points in which neither radio was heard, once there is a history.

    What lies before the first hearing is no gap, and neither is one last bucket, whose scan may be still to come.
    """
    begun: int | None = None
    heard_before = False
    for index, point in enumerate(points):
        if point.both is None:
            begun = index if begun is None and heard_before else begun
            continue
        if begun is not None:
            yield begun, index - 1
        begun, heard_before = None, True
    if begun is not None and begun < len(points) - 1:
        yield begun, len(points) - 1


def _unheard_band(first: int, last: int, history: History, palette: Palette, zone: tzinfo) -> dict[str, Any]:
    half = history.time_range.bucket / 2
    return {
        "type": "rect",
        "layer": "below",
        "yref": "paper",
        "x0": _wall_time(history.points[first].at - half, zone),
        "x1": _wall_time(history.points[last].at + half, zone),
        "y0": 0,
        "y1": 1,
        "fillcolor": palette.unheard,
        "line": {"width": 0},
    }


def _time_axis(history: History, palette: Palette, zone: tzinfo) -> dict[str, Any]:
    half = history.time_range.bucket / 2
    return {
        "type": "date",
        "title": {"text": "Time", "font": {"color": palette.muted}, "standoff": 8},
        "automargin": True,
        "range": [_wall_time(history.from_at - half, zone), _wall_time(history.to_at, zone)],
        "fixedrange": True,
        "showgrid": False,
        "tickformat": _TICKS[history.time_range],
        "hoverformat": "%-d %B %Y" if history.time_range is TimeRange.YEAR else "%-d %B, %H:%M",
        "tickcolor": palette.line,
        "linecolor": palette.line,
        "tickangle": 0,
        "spikecolor": palette.muted,
        "spikethickness": -1,  # one pixel, without the outline that Plotly gives a positive one
        "spikedash": "dot",
        "nticks": 6,  # as many as stand side by side on a phone
    }


def _users_axis(points: Sequence[HistoryPoint], palette: Palette) -> dict[str, Any]:
    most = max((point.both for point in points if point.both is not None), default=0.0)
    axis = {
        "title": {"text": "Users", "font": {"color": palette.muted}},
        "fixedrange": True,
        "rangemode": "tozero",
        "gridcolor": palette.line,
        "zerolinecolor": palette.line,
        "nticks": 6,
    }
    # People are whole: with few of them Plotly would draw halves.
    return axis | ({"dtick": 1, "range": [0, max(most * 1.3, 4)]} if most < 4 else {})


def _base_layout(palette: Palette) -> dict[str, Any]:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 13, "color": palette.muted},
        "autosize": True,
    }


def _wall_time(at: datetime, zone: tzinfo) -> str:
    # Plotly draws a time as it is written, in no zone: so it is written as the clock on the wall.
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
