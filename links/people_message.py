"""The people now, as the live feed and Home Assistant are told of them."""

from __future__ import annotations

from links.moments import iso
from presence.estimate import PeopleNow


def people_message(now: PeopleNow | None) -> dict[str, object]:
    """The estimate with its range; all null where nothing is known. Nobody can do anything with a hundredth of one."""
    estimate = None if now is None else now.estimate
    usual = None if now is None else now.usual
    return {
        "as_of_at": None if now is None else iso(now.as_of_at),
        "likely": None if estimate is None else round(estimate.likely, 1),
        "low": None if estimate is None else round(estimate.low, 1),
        "high": None if estimate is None else round(estimate.high, 1),
        "head_counts": None if estimate is None else estimate.head_counts,
        "usual": None if usual is None else round(usual.people, 1),
        "capacity": None if now is None else now.capacity,
    }
