"""Placement: at which of several sensors a device is, when more than one hears it."""

from __future__ import annotations

from datetime import datetime, timedelta

# The mean of a ten-second window of someone who sits still wanders by about 4 dB indoors (ITU-R P.1238 gives 8 to 12 dB
# of shadowing from place to place). Another sensor must be better by more than that wandering before a device moves.
HYSTERESIS_DB = 6.0
# A sensor that has not heard a device in so many intervals has lost it to whoever still does; in one window of ten
# seconds many a phone is silent by chance.
LOST_AFTER_INTERVALS = 3


def moves(
    *,
    placed_rssi_dbm: float | None,
    placed_seen_at: datetime,
    rssi_dbm: float | None,
    seen_at: datetime,
    interval: timedelta,
) -> bool:
    """Whether a device that is placed at one sensor moves to another that has heard it.

    Args:
        placed_rssi_dbm: How strong the sensor it is at heard it last; None when it told no reading.
        placed_seen_at: When that was.
        rssi_dbm: How strong the other sensor heard it; None when it told no reading.
        seen_at: When that was.
        interval: From scan to scan.
    """
    if seen_at - placed_seen_at > interval * LOST_AFTER_INTERVALS:
        return True
    if rssi_dbm is None:
        return False
    return placed_rssi_dbm is None or rssi_dbm > placed_rssi_dbm + HYSTERESIS_DB
