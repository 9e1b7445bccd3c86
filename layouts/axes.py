"""What all charts have in common: their ground, their axes, and how times are written on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from layouts.palette import Palette
from presence.ranges import TimeRange

Figure = dict[str, Any]

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

_DAY_MINUTES = 24 * 60
# A week's chart, with the hour more that it may have; longer ones are drawn in blocks of three hours and more, none of
# which is lived twice.
_LONGEST_EVEN = timedelta(days=7, hours=2)
# So long a time is labelled so often, in minutes: five to seven labels.
_LABELLED_EVERY = (
    (timedelta(hours=1, minutes=10), 10),
    (timedelta(hours=7), 60),
    (timedelta(hours=26), 4 * 60),
    (_LONGEST_EVEN, _DAY_MINUTES),
)

_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'


def base_layout(palette: Palette) -> dict[str, Any]:
    """What every chart has in common."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 13, "color": palette.muted},
        "autosize": True,
    }


def marker_size(count: int) -> int:
    """Pixels of the markers of so many points: on a desktop a chart has about 800 pixels, on a phone 250."""
    if count <= 100:
        return 6
    return 4 if count <= 200 else 3


def wall_time(at: datetime, zone: tzinfo) -> str:
    """A time as the clock on the wall shows it: Plotly draws times as they are written, in no zone."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def drawing_zone(from_at: datetime, to_at: datetime, zone: tzinfo) -> tzinfo:
    """The zone in which a time of a week at most is drawn, so that it passes as evenly as it did.

    That of the place; where its clocks change in between, the hour that was lived twice would be drawn over itself, and
    the one that was skipped as a hole, so all of it is drawn by the clock of its end, and `clock_labels` says what the
    clock of the place showed.
    """
    before, after = from_at.astimezone(zone).utcoffset(), to_at.astimezone(zone).utcoffset()
    return zone if before == after or after is None or to_at - from_at > _LONGEST_EVEN else timezone(after)


def clock_labels(from_at: datetime, to_at: datetime, zone: tzinfo) -> dict[str, Any]:
    """What an axis is labelled with where clocks change within it; nothing elsewhere."""
    drawn = drawing_zone(from_at, to_at, zone)
    if drawn is zone:
        return {}
    every = next(minutes for longest, minutes in _LABELLED_EVERY if to_at - from_at <= longest)
    ticks = []
    at = from_at.replace(minute=from_at.minute // 10 * 10, second=0, microsecond=0)
    while at <= to_at:
        local = at.astimezone(zone)
        if at >= from_at and (local.hour * 60 + local.minute) % every == 0:
            ticks.append((wall_time(at, drawn), local.strftime("%a<br>%-d %b" if every == _DAY_MINUTES else "%H:%M")))
        at += timedelta(minutes=10)
    return {
        "tickmode": "array",
        "tickvals": [value for value, _ in ticks],
        "ticktext": [text for _, text in ticks],
        "hoverformat": f"%-d %B, %H:%M ({drawn})",
    }


def hover_label(palette: Palette) -> dict[str, Any]:
    """The box that tells the numbers under the pointer."""
    return {"bgcolor": palette.surface, "bordercolor": palette.line, "font": {"color": palette.ink}}


def time_axis(palette: Palette) -> dict[str, Any]:
    """An axis of times, without its range."""
    return {
        "type": "date",
        "automargin": True,
        "fixedrange": True,
        "showgrid": False,
        "tickcolor": palette.line,
        "linecolor": palette.line,
        "tickangle": 0,
        "spikecolor": palette.muted,
        "spikethickness": -1,  # one pixel, without the outline that Plotly gives a positive one
        "spikedash": "dot",
        "nticks": 6,  # as many as stand side by side on a phone
    }


def range_axis(
    time_range: TimeRange, from_at: datetime, to_at: datetime, palette: Palette, zone: tzinfo
) -> dict[str, Any]:
    """The axis of a range of time, from the middle of its first bucket to its end."""
    drawn = drawing_zone(from_at, to_at, zone)
    axis = time_axis(palette) | {
        "title": {"text": "Time", "font": {"color": palette.muted}, "standoff": 8},
        "range": [wall_time(from_at - time_range.bucket / 2, drawn), wall_time(to_at, drawn)],
        "tickformat": _TICKS[time_range],
        "hoverformat": "%-d %B %Y" if time_range is TimeRange.YEAR else "%-d %B, %H:%M",
    }
    return axis | clock_labels(from_at, to_at, zone)


def count_axis(title: str, most: float, palette: Palette) -> dict[str, Any]:
    """An axis of whole things, up to the most of them."""
    axis = {
        "title": {"text": title, "font": {"color": palette.muted}},
        "fixedrange": True,
        "rangemode": "tozero",
        "gridcolor": palette.line,
        "zerolinecolor": palette.line,
        "nticks": 6,
    }
    # With few of them Plotly would draw halves.
    return axis | ({"dtick": 1, "range": [0, max(most * 1.3, 4)]} if most < 4 else {})


def unheard_runs(is_heard: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and last index of each run of points in which nothing was heard, once there is a history.

    What lies before the first hearing is no gap, and neither is one last point, whose scan may be still to come.
    """
    begun: int | None = None
    heard_before = False
    for index, heard in enumerate(is_heard):
        if not heard:
            begun = index if begun is None and heard_before else begun
            continue
        if begun is not None:
            yield begun, index - 1
        begun, heard_before = None, True
    if begun is not None and begun < len(is_heard) - 1:
        yield begun, len(is_heard) - 1


def unheard_band(from_at: datetime, to_at: datetime, palette: Palette, zone: tzinfo) -> dict[str, Any]:
    """The shade over a time in which nothing was heard."""
    return {
        "type": "rect",
        "layer": "below",
        "yref": "paper",
        "x0": wall_time(from_at, zone),
        "x1": wall_time(to_at, zone),
        "y0": 0,
        "y1": 1,
        "fillcolor": palette.unheard,
        "line": {"width": 0},
    }
