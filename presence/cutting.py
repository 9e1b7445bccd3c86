"""Counts as they would be if only signals from some strength on counted."""

from __future__ import annotations

from presence.counts import COUNTED_NAMES, RSSI_CUTS_DBM, Counted, Cuts, RadioCounts, SensorCounts


def heard_from(counts: SensorCounts, cut_dbm: int) -> SensorCounts:
    """The counts without what is weaker: nothing below the cut is more than what is at it.

    Args:
        counts: The counts.
        cut_dbm: One of `RSSI_CUTS_DBM`.

    Raises:
        ValueError: It is none of them.
    """
    cut = RSSI_CUTS_DBM.index(cut_dbm)
    return SensorCounts(_radio(counts.wifi, cut), _radio(counts.bluetooth, cut))


def _radio(counts: RadioCounts | None, cut: int) -> RadioCounts | None:
    if counts is None:
        return None
    near = tuple(one for one in counts.fixtures if one.cut >= cut)
    return RadioCounts(_counted(counts.scan, cut), _counted(counts.window, cut), counts.window_scans, near)


def _counted(counted: Counted, cut: int) -> Counted:
    every: list[Cuts] = [getattr(counted, name) for name in COUNTED_NAMES]
    return Counted(*((cuts[cut],) * cut + cuts[cut:] for cuts in every))
