"""What a store is told of the place it remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """How to remember, and how to read what is remembered; from config.toml.

    Attributes:
        interval_seconds: Planned time from the start of one scan to the start of the next.
        visit_gap: Away for longer than this, and a return is a new visit.
        hold: A device heard within this long is still present.
        visible_share: The share of people who carry something that can be heard.
        keep_days: Days devices and visits are kept.
        keep_scans_days: Days the ledger of scans and the gaps are kept.
        keep_detections_days: Days every single detection is kept.
        time_zone: Whose days and hours the sums and charts are cut by.
        capacity: How many people the place is made for; None when nobody said.
        medium_dbm: Weaker signals are far, unless that was changed while running; what is far is not at the place.
        recognises: Whether a device that comes back on another day has the name it had (`scans.key_rotation`).
    """

    interval_seconds: float
    visit_gap: timedelta
    hold: timedelta
    visible_share: float
    keep_days: int
    keep_scans_days: int
    keep_detections_days: int
    time_zone: ZoneInfo
    capacity: int | None = None
    medium_dbm: int = -75
    recognises: bool = False
