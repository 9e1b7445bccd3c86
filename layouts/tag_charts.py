"""The charts of one tag: where it was in a day, and what it told, as the plain dicts that plotly.js draws."""

from __future__ import annotations

import html as markup
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from db.read_tags import Figure as Told
from layouts.axes import Figure, base_layout, clock_labels, drawing_zone, hover_label, time_axis, wall_time
from layouts.formats import dbm_text, plain_words
from layouts.palette import Palette
from layouts.tag_words import MEASURE_NAMES
from presence.tags import MeasureKind, TagStay
from presence.zones import Zone

# Longer names would leave no room for the day on a phone.
_LONGEST_NAME = 16
_BAR_PIXELS = 14


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the place, and how much of it is over.

    Attributes:
        from_at: Its midnight.
        to_at: The next midnight.
        now_at: Now.
        zone: The place's time zone.
    """

    from_at: datetime
    to_at: datetime
    now_at: datetime
    zone: tzinfo


def day_of(day: date, now_at: datetime, zone: tzinfo) -> Day:
    """A day by its date."""
    ends = [datetime.combine(one, time(), zone).astimezone(now_at.tzinfo) for one in (day, day + timedelta(days=1))]
    return Day(ends[0], ends[1], now_at, zone)


def timeline(stays: Sequence[TagStay], day: Day, palette: Palette) -> Figure:
    """The stays of a day as bars, a row for each sensor and a colour for each zone; where there is none, nothing.

    Args:
        stays: The stays, in any order.
        day: The day.
        palette: The colours.
    """
    colours = {Zone.NEAR: palette.near, Zone.MEDIUM: palette.medium, Zone.FAR: palette.far, None: palette.muted}
    traces = [_bars([stay for stay in stays if stay.zone is zone], colour, day) for zone, colour in colours.items()]
    rows = list(dict.fromkeys(_row_name(stay) for stay in sorted(stays, key=lambda stay: stay.from_at, reverse=True)))
    return {
        "data": traces,
        "layout": {
            **base_layout(palette),
            "showlegend": False,
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "xaxis": _day_axis(day, palette),
            "yaxis": {
                "type": "category",
                "categoryorder": "array",
                "categoryarray": rows,
                "automargin": True,
                "fixedrange": True,
                "gridcolor": palette.line,
                "range": [-0.6, max(len(rows), 1) - 0.4],
            },
            "hoverlabel": hover_label(palette),
        },
    }


def _bars(stays: Sequence[TagStay], colour: str, day: Day) -> dict[str, Any]:
    times: list[str | None] = []
    names: list[str | None] = []
    words: list[str | None] = []
    for stay in stays:
        began, ended = max(stay.from_at, day.from_at), min(stay.to_at or day.now_at, day.to_at)
        times += [_drawn_at(began, day), _drawn_at(ended, day), None]
        names += [_row_name(stay), _row_name(stay), None]
        words += [_words(stay, day.zone)] * 2 + [None]
    return {
        "type": "scatter",
        "mode": "lines+markers",  # a stay too short for a line shows by its marker
        "x": times,
        "y": names,
        "text": words,
        "hovertemplate": "%{text}<extra></extra>",
        "connectgaps": False,
        "line": {"color": colour, "width": _BAR_PIXELS},
        "marker": {"symbol": "line-ns", "size": 10, "line": {"color": colour, "width": 3}},  # as high as the line
    }


def _row_name(stay: TagStay) -> str:
    return markup.escape(plain_words(stay.sensor, _LONGEST_NAME), quote=False)  # Plotly reads some HTML in names


def _words(stay: TagStay, zone: tzinfo) -> str:
    ended = "now" if stay.to_at is None else f"{stay.to_at.astimezone(zone):%H:%M}"
    strength = "" if stay.rssi_mean_dbm is None else f", {dbm_text(stay.rssi_mean_dbm)} dBm"
    return f"{stay.from_at.astimezone(zone):%H:%M} to {ended}{f', {stay.zone.value}' if stay.zone else ''}{strength}"


def figures_chart(kind: MeasureKind, told: Sequence[Told], day: Day, palette: Palette) -> Figure:
    """A figure over a day; it holds until the next one is told."""
    name, unit = MEASURE_NAMES[kind]
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [_drawn_at(one.told_at, day) for one in told],
        "y": [one.value for one in told],
        "line": {"color": palette.wifi, "width": 1.5, "shape": "hv"},
        "marker": {"size": 5},
        "text": [f"{one.told_at.astimezone(day.zone):%H:%M}" for one in told],
        "hovertemplate": f"%{{text}}: %{{y}}{unit}<extra></extra>",
    }
    return {
        "data": [line],
        "layout": {
            **base_layout(palette),
            "showlegend": False,
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "xaxis": _day_axis(day, palette),
            "yaxis": {
                "title": {"text": f"{name}{f' ({unit.strip()})' if unit else ''}", "font": {"color": palette.muted}},
                "automargin": True,
                "fixedrange": True,
                "gridcolor": palette.line,
                "nticks": 5,
            },
            "hoverlabel": hover_label(palette),
        },
    }


def _day_axis(day: Day, palette: Palette) -> dict[str, Any]:
    ends = [_drawn_at(at, day) for at in (day.from_at, day.to_at)]
    axis = {**time_axis(palette), "range": ends, "tickformat": "%H:%M", "dtick": 6 * 3_600_000, "tick0": ends[0]}
    return axis | clock_labels(day.from_at, day.to_at, day.zone)


def _drawn_at(at: datetime, day: Day) -> str:
    return wall_time(at, drawing_zone(day.from_at, day.to_at, day.zone))
