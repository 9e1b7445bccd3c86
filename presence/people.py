"""From devices to people: the visible share."""

from __future__ import annotations

import math

# 12 / 0.8 is 14.999999999999998 in binary floating point; people counted whole must not lose one to that.
_ROUNDING_SLACK = 1e-9


def people_with_ratio(device_count: float, visible_share: float) -> int:
    """People there, counting those who carry no phone or have the radios off: rounded down, as a count.

    Args:
        device_count: Devices heard.
        visible_share: The share of people who can be heard, above 0 and at most 1.
    """
    return math.floor(device_count / visible_share + _ROUNDING_SLACK)
