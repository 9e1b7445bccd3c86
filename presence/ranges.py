"""The spans of time a page or a report can look back over, and how finely each is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class TimeRange(StrEnum):
    """How far back to look, counted from now."""

    HOUR = "hour"
    SIX_HOURS = "six_hours"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    @property
    def label(self) -> str:
        """The name shown to people."""
        return _SHAPES[self].label

    @property
    def span(self) -> timedelta:
        """How far back it reaches."""
        return _SHAPES[self].span

    @property
    def bucket(self) -> timedelta:
        """The width of one point of its chart; at most 366 points to a range, so that a Pi and a phone can draw it."""
        return _SHAPES[self].bucket


@dataclass(frozen=True, slots=True)
class _Shape:
    label: str
    span: timedelta
    bucket: timedelta


_SHAPES: dict[TimeRange, _Shape] = {
    TimeRange.HOUR: _Shape("Last hour", timedelta(hours=1), timedelta(minutes=1)),  # 60 points
    TimeRange.SIX_HOURS: _Shape("6 hours", timedelta(hours=6), timedelta(minutes=2)),  # 180
    TimeRange.DAY: _Shape("Day", timedelta(days=1), timedelta(minutes=10)),  # 144
    TimeRange.WEEK: _Shape("Week", timedelta(days=7), timedelta(hours=1)),  # 168
    TimeRange.MONTH: _Shape("Month", timedelta(days=30), timedelta(hours=3)),  # 240
    TimeRange.YEAR: _Shape("Year", timedelta(days=365), timedelta(days=1)),  # 366 calendar days
}
