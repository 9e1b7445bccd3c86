"""Logs of Bluetooth advertisements with labels, made up: `python -m bench.ble_logs FOLDER`.

No log of phones with labels is at hand that may be used. So some are made, whose phones do what phones are known to do:
addresses that change about every quarter of an hour, each at its own time, with the payload or a little after it; two
advertising sets of one phone, each with an address of its own; people who come and go, and move about.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

# A Monday morning; any time would do.
_BEGIN_SECONDS = 1_800_000_000
_SLOT_SECONDS = 10

# A random address tells its kind by its two top bits: resolvable or not.
_RESOLVABLE, _NON_RESOLVABLE = 0x40, 0x00


class Row(NamedTuple):
    """An advertisement as a log has it."""

    time: float
    address: str
    address_type: str
    rssi: int
    payload: str
    device: str


@dataclass(frozen=True, slots=True)
class AdvertisingSet:
    """What a phone advertises under one address.

    Attributes:
        top_bits: Of its addresses.
        payload: What it sends; question marks are bytes that change with the address, or soon after.
        shortest_minutes: After how long at the earliest its address changes.
        longest_minutes: And at the latest.
        lags_seconds: How long after its address its payload changes.
        heard_share: In what share of ten seconds it is heard at all.
    """

    top_bits: int
    payload: str
    shortest_minutes: float
    longest_minutes: float
    heard_share: float
    lags_seconds: float = 0.0


# Apple's nearby info; Google's Nearby; Samsung's; Microsoft's; exposure notification: flags, then the data.
IPHONE = AdvertisingSet(_RESOLVABLE, "02011a0aff4c001005????1c??????", 14.8, 15.2, 0.85)
IPHONE_THAT_LAGS = AdvertisingSet(_RESOLVABLE, "02011a0bff4c001006??1d??????38", 14.8, 15.2, 0.8, 40.0)
ANDROID = AdvertisingSet(_RESOLVABLE, "1716f3fe4a17" + "??" * 18, 13.0, 17.0, 0.45)
GALAXY = AdvertisingSet(_RESOLVABLE, "02011a1aff750042098102141503210109??????01" + "??" * 6, 14.0, 16.0, 0.6)
LAPTOP = AdvertisingSet(_NON_RESOLVABLE, "1eff060001092022" + "??" * 23, 14.0, 16.0, 0.7)
EXPOSURE = AdvertisingSet(_NON_RESOLVABLE, "02011a03036ffd17166ffd" + "??" * 20, 10.0, 20.0, 0.6)

# Phones by their sets, with their weights in 100.
MIXED: tuple[tuple[tuple[AdvertisingSet, ...], int], ...] = (
    ((IPHONE,), 25),
    ((IPHONE_THAT_LAGS,), 20),
    ((GALAXY,), 25),
    ((ANDROID,), 20),
    ((LAPTOP,), 10),
)
ALL_ALIKE = (((IPHONE,), 1),)
TWO_SETS = (((IPHONE,), 40), ((ANDROID, EXPOSURE), 20), ((GALAXY, EXPOSURE), 20), ((ANDROID,), 20))


@dataclass(frozen=True, slots=True)
class Scene:
    """One log to make.

    Attributes:
        phones: How many phones are heard in it.
        minutes: How long it is.
        moving_share: What share of them comes or goes in between.
        mixture: Which phones there are, with their weights.
        wanders_db: How far the strength of a phone wanders, as people move.
    """

    phones: int = 18
    minutes: int = 30
    moving_share: float = 0.2
    mixture: Sequence[tuple[tuple[AdvertisingSet, ...], int]] = field(default=MIXED)
    wanders_db: float = 10.0


SCENES = {
    "mixed": Scene(),
    "alike": Scene(mixture=ALL_ALIKE),
    "two_sets": Scene(mixture=TWO_SETS),
    "still": Scene(wanders_db=2.0),
    "busy": Scene(phones=60, moving_share=0.5),
}


def rows_of(scene: Scene, rng: Random) -> list[Row]:
    """The log of a scene, in the order of time."""
    rows: list[Row] = []
    for number in range(scene.phones):
        (sets,) = rng.choices([sets for sets, _ in scene.mixture], [weight for _, weight in scene.mixture])
        stay = _presence(scene, rng)
        strength = _Strength(rng, scene.wanders_db)
        for one in sets:
            rows += _sent(one, stay, strength, f"phone-{number}", rng)
    return sorted(rows)


def _presence(scene: Scene, rng: Random) -> tuple[float, float]:
    """From when to when a phone is there: all the time, or it comes or goes in between."""
    end = scene.minutes * 60.0
    if rng.random() >= scene.moving_share:
        return 0.0, end
    turn = rng.uniform(0.1, 0.9) * end
    return (turn, end) if rng.random() < 0.5 else (0.0, turn)


class _Strength:
    """The mean strength of a phone, which wanders as its owner moves, in steps of a minute."""

    def __init__(self, rng: Random, wanders_db: float) -> None:
        self._rng = rng
        self._middle = rng.uniform(-88.0, -55.0)
        self._wanders_db = wanders_db
        self._offs = [rng.uniform(-wanders_db, wanders_db) / 2]

    def at(self, seconds: float) -> float:
        minute = int(seconds // 60)
        while len(self._offs) <= minute:
            # An hour of these steps would lead anywhere; the room has walls.
            step = self._rng.gauss(0.0, self._wanders_db / 4)
            self._offs.append(max(-self._wanders_db, min(self._wanders_db, self._offs[-1] + step)))
        return self._middle + self._offs[minute]


def _sent(
    one: AdvertisingSet, stay: tuple[float, float], strength: _Strength, device: str, rng: Random
) -> Iterator[Row]:
    begin, end = stay
    epochs = list(_epochs(one, begin, end, rng))
    for slot in range(int(begin // _SLOT_SECONDS), int(end // _SLOT_SECONDS) + 1):
        if rng.random() >= one.heard_share:
            continue
        for _ in range(1 + int(rng.expovariate(0.5))):
            at = (slot + rng.random()) * _SLOT_SECONDS
            if not begin <= at < end:
                continue
            since, address, payload = max(epoch for epoch in epochs if epoch[0] <= at)
            if at < since + one.lags_seconds:
                payload = max((epoch for epoch in epochs if epoch[0] < since), default=(since, address, payload))[2]
            rssi = round(strength.at(at) + rng.gauss(0.0, 3.0))
            if rssi >= -95:
                yield Row(round(_BEGIN_SECONDS + at, 3), address, "random", rssi, payload, device)


def _epochs(one: AdvertisingSet, begin: float, end: float, rng: Random) -> Iterator[tuple[float, str, str]]:
    """Since when, under which address, and with which payload: a phone comes in the middle of its first."""
    at = begin
    lasts = rng.random() * rng.uniform(one.shortest_minutes, one.longest_minutes) * 60
    while at < end:
        address = bytes((rng.randrange(0x40) | one.top_bits, *rng.randbytes(5))).hex(":")
        pairs = (one.payload[place : place + 2] for place in range(0, len(one.payload), 2))
        yield at, address, "".join(f"{rng.randrange(256):02x}" if pair == "??" else pair for pair in pairs)
        at += lasts
        lasts = rng.uniform(one.shortest_minutes, one.longest_minutes) * 60


def write_logs(folder: Path, scenes: dict[str, Scene], seeds: Sequence[int]) -> None:
    """Write each scene once for each seed, as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in scenes.items():
        for seed in seeds:
            with (folder / f"{name}-{seed}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(("time", "address", "address type", "RSSI", "payload hex", "device"))
                writer.writerows(rows_of(scene, Random(f"{name}/{seed}")))  # noqa: S311 - made-up phones are no secret


def main() -> None:
    """Write the logs of all scenes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5, help="how many logs of each scene (default: 5)")
    options = parser.parse_args()
    write_logs(options.folder, SCENES, range(options.seeds))


if __name__ == "__main__":
    main()
