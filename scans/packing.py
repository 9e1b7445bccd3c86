"""Packing: Bluetooth addresses that follow one another are one device, whose address rotates.

A phone changes its address about every quarter of an hour: one falls silent as another of the same family appears,
about as strong. Who it is stays unknown; how many there are does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from presence.scan import AddressKind
from scans.families import ROTATING, Family


class Stretch(NamedTuple):
    """One address in one scan.

    Attributes:
        scan: Number of the scan; they count up by one.
        first_seconds: When it was first heard in it, seconds since 1970.
        last_seconds: When it was last heard in it.
        rssi_dbm: Mean of its readings; None without any.
        sendings: Advertisements heard from it.
    """

    scan: int
    first_seconds: float
    last_seconds: float
    rssi_dbm: float | None
    sendings: int


@dataclass(frozen=True, slots=True)
class Trail:
    """One address while it is remembered.

    Attributes:
        kind: What kind of address.
        family: What kind of thing it is.
        stretches: The scans that it was heard in, the earliest first; one at least.
    """

    kind: AddressKind
    family: Family
    stretches: Sequence[Stretch]


def packed(trails: Sequence[Trail]) -> list[int]:
    """For each address the number of the device that it belongs to: that of the first of its addresses."""
    device = list(range(len(trails)))
    for before, after in _links(trails):
        device[after] = before
    for number in range(len(trails)):
        while device[number] != device[device[number]]:
            device[number] = device[device[number]]
    return device


class _Link(NamedTuple):
    score: float
    before: int
    after: int


def _links(trails: Sequence[Trail]) -> Iterator[tuple[int, int]]:
    """Which address became which: the likeliest first, each used once at either end."""
    found = sorted(_possible(trails), reverse=True)
    followed: set[int] = set()
    following: set[int] = set()
    for _, before, after in found:
        if before not in followed and after not in following:
            followed.add(before)
            following.add(after)
            yield before, after


# How far the strength of one device wanders from one scan to the next, and how far those of a place lie apart.
_WANDER_DB = 5.0
_SPREAD_DB = 10.0
# An address may fall silent and appear under another within so many seconds of overlap: clocks of two advertising sets.
_OVERLAP_SECONDS = 2.0
_LONGEST_GAP_SECONDS = 300.0


def _possible(trails: Sequence[Trail]) -> Iterator[_Link]:
    rotating = [number for number, trail in enumerate(trails) if trail.kind in ROTATING]
    for before in rotating:
        for after in rotating:
            if before != after and (score := _score(trails[before], trails[after])) > 0.0:
                yield _Link(score, before, after)


def _score(before: Trail, after: Trail) -> float:
    """How much likelier it is that one became the other than that one left and another came; above 0 if so."""
    if before.family is not after.family or before.kind is not after.kind:
        return -math.inf
    last, first = before.stretches[-1], after.stretches[0]
    gap = first.first_seconds - last.last_seconds
    if not -_OVERLAP_SECONDS <= gap <= _LONGEST_GAP_SECONDS:
        return -math.inf
    return 2.0 - gap / 60.0 + _likeness(last.rssi_dbm, first.rssi_dbm)


def _likeness(one: float | None, other: float | None) -> float:
    """Logarithm of how much likelier two strengths are of one device than of two; 0 where there is no reading."""
    if one is None or other is None:
        return 0.0
    apart = one - other
    of_one, of_two = 2 * _WANDER_DB**2, 4 * _SPREAD_DB**2
    return math.log(math.sqrt(of_two / of_one)) - apart**2 / (2 * of_one) + apart**2 / (2 * of_two)
