"""Sharing: counts for others, by command; small groups are hidden."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from db.read_shared import counted_hours
from links.shared_counts import shared_csv
from place import Place
from presence.sharing import shared


def share(place: Place, days: int) -> int:
    """Print what was counted in the hours of some days up to now, as CSV.

    Args:
        place: Whose database it is.
        days: How many local days, that of today among them.

    Raises:
        DatabaseError: The database cannot be read.
    """
    smallest, now_at = place.config.privacy.smallest_group, place.clock.wall()
    today = now_at.astimezone(place.time_zone).date()
    with contextlib.closing(place.open_store()) as store:
        sensors = store.sensors.all(now_at)
        hours = counted_hours(store.reader.statistics, sensors, today - timedelta(days=days - 1), today, now_at)
        print(shared_csv(shared(hours, smallest), smallest, place.time_zone), end="")
    return 0
