"""The command `report`: what the page saves."""

from __future__ import annotations

import contextlib

from db.overrides import Overrides
from place import Place
from presence.ranges import TimeRange
from showing import page_settings


def report(place: Place, time_range: TimeRange) -> int:
    """Print the report that the page saves."""
    from layouts.report import report_text  # noqa: PLC0415 - what shows takes 18 MB

    with contextlib.closing(place.open_store()) as store:
        told = store.reader.report(time_range, place.clock.wall())
        thresholds = Overrides(store.connections).thresholds() or place.thresholds
        print(report_text(told, page_settings(place), thresholds))
    return 0
