"""What to count next, so that counting teaches most."""

from __future__ import annotations

import math

from layouts.people_words import people_text
from presence.estimate import Calibration

# A site that was counted at a fifth of its fullest or less has been counted empty, and one that was counted at half of
# it and at its fullest only teaches nothing of the hours between.
_EMPTY_SHARE = 0.2
_MIDDLE_SHARES = (0.35, 0.75)

# What to do next once all of it was counted, by how many counts there are fewer than. From `bench/people`: ten counts
# bring most of what counting brings, thirty nearly all.
_BY_NUMBER = (
    (10, "Next: count at other hours and on other days. Ten counts bring most of what counting can."),
    (30, "These counts do well. One more now and then, at an hour not counted yet, makes the estimate surer."),
    (math.inf, "There are counts enough. Count again when the room, its opening hours or its Wi-Fi changes."),
)


def counts_advice(calibration: Calibration) -> str:
    """What to count next."""
    people = [one.people for one in calibration.head_counts if one.estimated is not None and not one.is_deleted]
    if not people:
        return "Count once when it is empty, and once when it is full."
    most = max(people)
    if most == 0:
        return "Next: count once when it is full."
    if min(people) > most * _EMPTY_SHARE:
        return f"Next: count once when it is empty, or nearly so (write 0 for nobody). The fullest so far was {most:,}."
    if not any(_MIDDLE_SHARES[0] * most <= one <= _MIDDLE_SHARES[1] * most for one in people):
        return f"Next: count once when it is about half full, with some {people_text(most / 2)} people."
    return next(words for many, words in _BY_NUMBER if len(people) < many)
