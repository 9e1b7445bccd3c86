"""The local day so far, counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from presence.radio import Radio


@dataclass(frozen=True, slots=True)
class RadioDay:
    """One radio's scans of a day, over all sensors: those that heard, and those that did not."""

    radio: Radio
    scans_heard: int
    scans_unheard: int


@dataclass(frozen=True, slots=True)
class Today:
    """The local day so far.

    Attributes:
        day: The day.
        visitor_count: Different devices heard on it (a device that comes back under a new visitor key is a new one).
        visit_count: Visits that have ended on it.
        radios: Both radios, Wi-Fi first.
    """

    day: date
    visitor_count: int
    visit_count: int
    radios: tuple[RadioDay, RadioDay]
