"""Companions: two Bluetooth addresses that a phone has at the same time, one beside the other.

Each of its advertising sets has an address of its own, which rotates at its own time. Their strengths go up and down
together, since they are in the same pocket, and one is not there without the other.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import fmean

from scans.families import Family
from scans.traces import Trace

# Which family a phone sends beside which. What asks to be found and what Google's services send may also be alone;
# exposure notification hardly is. The number is what must be known of two before they are taken for one's.
_BESIDE = {
    Family.EXPOSURE: (frozenset({Family.APPLE, Family.GOOGLE, Family.SAMSUNG, Family.PHONE}), -1.0),
    Family.FIND_MY: (frozenset({Family.APPLE}), 6.0),
    Family.GOOGLE: (frozenset({Family.SAMSUNG, Family.PHONE}), 6.0),
}

# So many scans must have heard both, in a third at least of the time that either was there.
_FEWEST_SCANS = 2
_LEAST_TOGETHER = 0.3

# In one scan, the means of two sets of one phone differ by their scatter (4 dB a reading) and by what the two antennas'
# paths differ (2.2 dB: a third of that, squared); those of two phones by 14 dB. Since nobody moves much from scan to
# scan, two scans say about as much as one that was independent, and any number no more than six.
_SCATTER_DB = 4.0
_PATHS_SHARE = 0.3
_APART_DB = 14.0
_WORTH_A_LOOK_DB = 8.0
_INDEPENDENT_SHARE = 0.5
_MOST_INDEPENDENT = 6.0
_ENOUGH_SCANS = 12

# A device is compared with so many at most, the closest in strength on either side: of the 500 of a busy place some 100
# are of one family and as strong. Whoever makes up devices by the thousand must not make this take a minute.
_MOST_LOOKED_AT = 128


@dataclass(slots=True)
class _Device:
    """What was heard of a device.

    Attributes:
        family: What kind of thing it is.
        begin: When it was first heard.
        end: When it was last heard.
        scans: For each scan that heard it how many readings there were, and their sum.
    """

    family: Family | None
    begin: float = math.inf
    end: float = -math.inf
    scans: dict[float, tuple[int, float]] = field(default_factory=dict)

    def take(self, trace: Trace) -> None:
        self.begin = min(self.begin, trace.glimpses[0].scan_at)
        self.end = max(self.end, trace.glimpses[-1].scan_at)
        for one in trace.glimpses:
            if one.rssi_dbm is not None:
                readings, total = self.scans.get(one.scan_at, (0, 0.0))
                self.scans[one.scan_at] = (readings + one.readings, total + one.readings * one.rssi_dbm)

    def level(self) -> float:
        """The mean of its scans; endlessly weak without any reading."""
        return fmean(total / readings for readings, total in self.scans.values()) if self.scans else -math.inf


def companions(traces: Sequence[Trace], devices: Sequence[int]) -> dict[int, int]:
    """Which devices are the second address of another.

    Args:
        traces: Addresses.
        devices: For each the number of the device that it belongs to so far.

    Returns:
        For the number of each device that is another's, the number of that one.
    """
    known: dict[int, _Device] = {}
    for trace, number in zip(traces, devices, strict=True):
        known.setdefault(number, _Device(trace.family)).take(trace)
    levels: defaultdict[Family | None, list[tuple[float, int]]] = defaultdict(list)
    for number, device in known.items():
        if len(device.scans) >= _FEWEST_SCANS:
            levels[device.family].append((device.level(), number))
    scored = [
        (score, number, other)
        for family, (beside, needed) in _BESIDE.items()
        for one in beside
        for number, other in _about_as_strong(levels[family], sorted(levels[one]))
        if (score := _togetherness(known[number], known[other]) - needed) > 0
    ]
    found: dict[int, int] = {}
    owners: set[int] = set()
    for _, number, other in sorted(scored, reverse=True):
        if number not in found and other not in found and other not in owners:
            found[number] = other
            owners.add(other)
    return found


def _about_as_strong(
    some: Sequence[tuple[float, int]], others: Sequence[tuple[float, int]]
) -> Iterator[tuple[int, int]]:
    """The pairs that are worth a closer look: those whose levels are close. The others are in the order of theirs."""
    for level, number in some:
        as_weak = bisect_left(others, (level - _WORTH_A_LOOK_DB, 0))
        first = max(as_weak, bisect_left(others, (level, 0)) - _MOST_LOOKED_AT // 2)
        for other_level, other in islice(others, first, first + _MOST_LOOKED_AT):
            if other_level > level + _WORTH_A_LOOK_DB:
                break
            yield number, other


def _togetherness(one: _Device, other: _Device) -> float:
    """What speaks for two being one, as the logarithm of how much likelier it is."""
    both = one.scans.keys() & other.scans.keys()
    if len(both) < _FEWEST_SCANS:
        return -math.inf
    either = max(one.end, other.end) - min(one.begin, other.begin)
    share = (min(one.end, other.end) - max(one.begin, other.begin)) / either
    if share < _LEAST_TOGETHER:
        return -math.inf
    looked_at = list(both)[:_ENOUGH_SCANS]
    strengths = sum([_likeness(one.scans[at], other.scans[at]) for at in looked_at]) / len(looked_at)
    return min(_INDEPENDENT_SHARE * len(both), _MOST_INDEPENDENT) * strengths + 2 * math.log(share)


def _likeness(one: tuple[int, float], other: tuple[int, float]) -> float:
    """What the strengths in one scan say, of readings and their sum."""
    apart = (one[1] / one[0] - other[1] / other[0]) ** 2
    of_one = _SCATTER_DB**2 * (_PATHS_SHARE + 1 / one[0] + 1 / other[0])
    of_two = _APART_DB**2
    return (math.log(of_two / of_one) - apart / of_one + apart / of_two) / 2
