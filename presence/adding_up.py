"""Adding up: what several sensors counted becomes one count, with things that stay left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

from presence.counts import RSSI_CUTS_DBM, Counted, Cuts, FixtureHeard, RadioCounts
from presence.detecting import heard_share
from presence.radio import Radio

# What head counts are compared with.
LEARNED_FROM = ("sendings", "bursts", "addresses", "fingerprints", "stable", "devices", "carried")
_GROW_WITH_SCANS = frozenset({"sendings", "bursts"})

_Number = TypeVar("_Number", int, float)

# Counts of a window that holds fewer scans, after a start or with a longer interval, are brought to this many.
_SCANS = 10


@dataclass(frozen=True, slots=True)
class AddedUp:
    """What all sensors counted by one radio. Who is heard by two of them is counted by both.

    Attributes:
        heard_now: Addresses in the last scan, with things that stay.
        in_window: Addresses in the window, likewise.
        window: The window without the things that are left out.
        window_scans: How many scans the windows hold, at most.
        features: Of each of `LEARNED_FROM`, the numbers of the window at each cut, brought to ten scans.
    """

    heard_now: int
    in_window: int
    window: Counted
    window_scans: int
    features: tuple[tuple[float, ...], ...]


def add_up(radio: Radio, counts: Sequence[RadioCounts], excluded: frozenset[str]) -> AddedUp:
    """Add up what at least one sensor counted.

    Args:
        radio: By which radio.
        counts: Of each sensor.
        excluded: Digests of the fixtures that do not count.
    """
    windows = [(_without(one, excluded), one.window_scans) for one in counts]
    return AddedUp(
        heard_now=sum(one.scan.addresses[0] for one in counts),
        in_window=sum(one.window.addresses[0] for one in counts),
        window=Counted(
            **{field.name: _sums([getattr(window, field.name) for window, _ in windows]) for field in fields(Counted)}
        ),
        window_scans=max(scans for _, scans in windows),
        features=tuple(
            _sums([_to_ten_scans(radio, name, getattr(window, name), scans) for window, scans in windows])
            for name in LEARNED_FROM
        ),
    )


def _to_ten_scans(radio: Radio, name: str, cuts: Cuts, scans: int) -> tuple[float, ...]:
    if scans == _SCANS:
        return cuts
    held = max(1, scans)
    factor = _SCANS / held if name in _GROW_WITH_SCANS else heard_share(radio, _SCANS) / heard_share(radio, held)
    return tuple(number * factor for number in cuts)


def _without(counts: RadioCounts, excluded: frozenset[str]) -> Counted:
    """The window without some of the things that stay."""
    away = [thing for thing in counts.fixtures if thing.digest in excluded]
    window = counts.window
    if not away:
        return window
    return Counted(
        sendings=_less(window.sendings, ((thing, thing.window_sendings) for thing in away)),
        bursts=_less(window.bursts, ((thing, thing.window_bursts) for thing in away)),
        addresses=_less(window.addresses, ((thing, 1) for thing in away)),
        fingerprints=window.fingerprints,
        stable=_less(window.stable, ((thing, 1) for thing in away)),
        devices=_less(window.devices, ((thing, 1) for thing in away)),
        carried=_less(window.carried, ((thing, int(thing.is_carried)) for thing in away)),
        once=_less(window.once, ((thing, int(thing.window_scans == 1)) for thing in away)),
        twice=_less(window.twice, ((thing, int(thing.window_scans == 2)) for thing in away)),
    )


def _less(cuts: Cuts, things: Iterable[tuple[FixtureHeard, int]]) -> Cuts:
    left = list(cuts)
    for thing, number in things:
        for cut in range(min(thing.cut, len(RSSI_CUTS_DBM) - 1) + 1):
            left[cut] -= number
    return tuple(max(0, number) for number in left)


def _sums(rows: Sequence[tuple[_Number, ...]]) -> tuple[_Number, ...]:
    return rows[0] if len(rows) == 1 else tuple(map(sum, zip(*rows, strict=True)))
