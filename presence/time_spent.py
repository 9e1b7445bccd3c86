"""Time spent: what one detection is worth."""

from __future__ import annotations

# A device heard now and at the scan before was there in between. Past two intervals nobody knows (the box was off, or a
# scan was missed), so a detection is worth no more than that.
LONGEST_CREDIT_INTERVALS = 2


def credited_seconds(elapsed_seconds: float | None, interval_seconds: float) -> float:
    """Seconds each device detected in a scan is credited with.

    The rule is one minute for each minute a device was detected, corrected for what really elapsed since the scan
    before: scans every 45 s are worth 45 s each.

    Args:
        elapsed_seconds: Monotonic seconds since the scan before began; None for the first scan after a start,
            which is worth one interval.
        interval_seconds: The planned time from scan to scan.
    """
    if elapsed_seconds is None:
        return interval_seconds
    return max(0.0, min(elapsed_seconds, LONGEST_CREDIT_INTERVALS * interval_seconds))
