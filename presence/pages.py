"""Pages: long lists, some rows at a time, each page telling where the next begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from presence.overview import Gap
from presence.radio import Radio

RowT_co = TypeVar("RowT_co", covariant=True)

PageKey = tuple[int, ...]
"""Where a page ends: what its last row is ordered by. The next page begins after it, whatever was added meanwhile."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which rows to list, newest first.

    Attributes:
        from_at: From this moment on; None from the beginning.
        to_at: Before this moment; None to the end.
        sensor: Of this sensor; None of all.
        after: Where the page before ended; None for the first page.
        limit: Rows at most.
    """

    from_at: datetime | None = None
    to_at: datetime | None = None
    sensor: str | None = None
    after: PageKey | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT_co]):
    """A page of rows; `next_after` is where it ends, None when it is the last."""

    rows: tuple[RowT_co, ...]
    next_after: PageKey | None


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit that has ended, and nothing of whose it was.

    Attributes:
        radio: The radio the device was heard by.
        sensor: The box that heard it last.
        started_at: Start of the scan that first heard it.
        ended_at: Start of the scan that last heard it.
        stay_seconds: How long it stayed.
    """

    radio: Radio
    sensor: str
    started_at: datetime
    ended_at: datetime
    stay_seconds: float


@dataclass(frozen=True, slots=True)
class SensorGap:
    """A time in which a radio of a sensor was not heard."""

    sensor: str
    gap: Gap


@dataclass(frozen=True, slots=True)
class RadioRow:
    """A radio of a sensor, as its latest scan left it.

    Attributes:
        sensor: The box it belongs to.
        radio: Which radio.
        last_scan_at: Start of the sensor's latest scan.
        last_heard_at: Start of the latest scan in which it was heard; None when it never was.
        gap: The time it has not been heard since, with the fault; None when it was heard in the latest scan.
    """

    sensor: str
    radio: Radio
    last_scan_at: datetime
    last_heard_at: datetime | None
    gap: Gap | None
