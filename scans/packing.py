"""Packing: Bluetooth addresses that follow one another are one device, whose address rotates.

A phone changes its address about every quarter of an hour: one falls silent as another of the same family appears,
about as strong. Who it is stays unknown; how many there are does not. The constants were chosen on made-up logs
(`bench.ble_logs`); docs/how-it-counts.md has what they come to.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from presence.scan import AddressKind
from scans.companions import companions
from scans.families import ROTATING, Family
from scans.traces import Glimpse, Trace


def packed(traces: Sequence[Trace]) -> list[int]:
    """Take an address for the one that another became, or that a phone has beside it; see `scans.traces.Join`."""
    devices = list(range(len(traces)))
    for before, after in _followers(traces):
        devices[after] = before
    for number in range(len(devices)):
        devices[number] = _first(devices, number)
    beside = companions(traces, devices)
    return [beside.get(device, device) for device in devices]


def _first(devices: list[int], number: int) -> int:
    """The first of the addresses of a device."""
    while devices[number] != number:
        number = devices[number]
    return number


class _Link(NamedTuple):
    score: float
    before: int
    after: int


def _followers(traces: Sequence[Trace]) -> Iterator[tuple[int, int]]:
    """Which address became which: the likeliest pairs first, each address once at either end.

    The best of all assignments joins a little more of what should be joined, and as much more of what should not.
    """
    links = sorted(_links(traces), reverse=True)
    left: set[int] = set()
    came: set[int] = set()
    for _, before, after in links:
        if before not in left and after not in came:
            left.add(before)
            came.add(after)
            yield before, after


@dataclass(frozen=True, slots=True)
class _Life:
    """An address from when it was first heard to when it was last.

    Attributes:
        number: Its place among the traces.
        first: What was heard of it first.
        last: What was heard of it last.
        first_scan: Number of the scan in which that was first.
        last_scan: And of the last.
    """

    number: int
    first: Glimpse
    last: Glimpse
    first_scan: int
    last_scan: int


def _links(traces: Sequence[Trace]) -> Iterator[_Link]:
    times = sorted({one.scan_at for trace in traces for one in trace.glimpses})
    scans = {at: number for number, at in enumerate(times)}
    alike: defaultdict[tuple[Family | None, AddressKind], list[_Life]] = defaultdict(list)
    for number, trace in enumerate(traces):
        if trace.address_kind in ROTATING:
            first, last = trace.glimpses[0], trace.glimpses[-1]
            life = _Life(number, first, last, scans[first.scan_at], scans[last.scan_at])
            alike[trace.family, trace.address_kind].append(life)
    for lives in alike.values():
        yield from _links_of_family(lives)


# The two sets of a phone overlap for a moment when clocks are coarse: times in a log may be whole seconds.
_OVERLAP_SECONDS = 2.0
# After seven scans in which neither was heard, nothing joins the two: each costs log 2, and all the rest is worth less
# than 5.5. In a crowd only those that appear next are looked at, since one of them will be nearly as good.
_LONGEST_GAP_SECONDS = 600.0
_MOST_LOOKED_AT = 32


def _links_of_family(lives: list[_Life]) -> Iterator[_Link]:
    """Pairs of addresses that are likelier one device than two."""
    lives.sort(key=lambda life: life.first.first_at)
    births = [life.first.first_at for life in lives]
    rarity = _rarity(lives)
    for before in lives:
        from_at = bisect_left(births, before.last.last_at - _OVERLAP_SECONDS)
        evidence = rarity + _of_age(before)
        for after in lives[from_at : from_at + _MOST_LOOKED_AT]:
            if after.first.first_at - before.last.last_at > _LONGEST_GAP_SECONDS:
                break
            silent = max(after.first_scan - before.last_scan, 1)
            score = evidence - silent * _COST_OF_A_SCAN + _likeness(before.last, after.first)
            # What came first is before, and never after, so that nothing follows itself by way of others.
            if score > 0 and before.first.first_at < after.first.first_at:
                yield _Link(score, before.number, after.number)


# What speaks for one device, as logarithms of how much likelier it is than two.
# An address is given up for another every 15 min, for good every hour or so: four and a half times as often.
_ROTATES = 1.5
# A phone is heard in every other scan; so that each scan without it, and the one with it, halves the chance.
_COST_OF_A_SCAN = math.log(2.0)
# Of those that appear, every fourth just came. The rarer they are, the more it says that one appears as another goes;
# but how rare, nobody knows better than one in half an hour, and in a crowd somebody is always coming.
_NEWCOMERS = 0.25
_FEWEST_NEWCOMERS_A_MINUTE = 1 / 30
_MOST_NEWCOMERS_A_MINUTE = 1 / 4


def _rarity(lives: Sequence[_Life]) -> float:
    """What it says that one of this family appears as another goes, before anything is known of the two."""
    begin = min(life.first.scan_at for life in lives)
    end = max(life.last.scan_at for life in lives)
    came = sum(life.first.scan_at > begin for life in lives)
    a_minute = _NEWCOMERS * came * 60 / max(end - begin, 60.0)
    return _ROTATES - math.log(min(max(a_minute, _FEWEST_NEWCOMERS_A_MINUTE), _MOST_NEWCOMERS_A_MINUTE))


# An address seen to come and go within minutes was hardly given up for another; one that lasted for a quarter of an
# hour was. Of four that come, three were another before, and last that long; the fourth may be at any point of its own.
_SHORT_SECONDS = 360.0
_LONG_SECONDS = 660.0
_OF_SHORT, _OF_MEDIUM, _OF_LONG = -1.4, -0.7, 0.7


def _of_age(life: _Life) -> float:
    """What the age of an address that fell silent says; nothing when it was there from the beginning."""
    if life.first_scan <= 1:
        return 0.0
    age = life.last.last_at - life.first.first_at
    if age < _SHORT_SECONDS:
        return _OF_SHORT
    return _OF_MEDIUM if age < _LONG_SECONDS else _OF_LONG


# Readings of one device scatter by 3 dB, and its owner moves it by 6 dB from scan to scan; two devices of a place lie
# 10 dB to either side of its middle.
_SCATTER_DB = 3.0
_WANDER_DB = 6.0
_SPREAD_DB = 10.0


def _likeness(last: Glimpse, first: Glimpse) -> float:
    """What the strengths say; nothing where there is no reading."""
    if last.rssi_dbm is None or first.rssi_dbm is None:
        return 0.0
    apart = (last.rssi_dbm - first.rssi_dbm) ** 2
    of_one = _WANDER_DB**2 + _SCATTER_DB**2 * (1 / last.readings + 1 / first.readings)
    of_two = 2 * _SPREAD_DB**2
    return (math.log(of_two / of_one) - apart / of_one + apart / of_two) / 2
