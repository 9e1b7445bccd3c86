"""What sensors tell of tags, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from presence.tags import Measure, TagReading, TagReport

START_AT = datetime(2027, 3, 1, 8, tzinfo=UTC)


def second(number: float) -> datetime:
    """So many seconds after the start."""
    return START_AT + timedelta(seconds=number)


def reading(
    at: float, rssi_dbm: float | None = -60.0, count: int = 1, measures: Sequence[Measure] = (), tag_id: int = 1
) -> TagReading:
    """A tag, heard last so many seconds after the start."""
    return TagReading(tag_id, second(at), rssi_dbm, count, tuple(measures))


def report(sensor: str, to: float, *readings: TagReading, length: float = 1.0, is_listening: bool = True) -> TagReport:
    """What a sensor heard until so many seconds after the start."""
    return TagReport(sensor, second(to - length), second(to), is_listening, readings)
