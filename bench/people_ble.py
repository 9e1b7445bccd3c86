"""Phones counted by Bluetooth, beside those that were there: `python -m bench.people_ble FOLDER`.

The folder holds logs with labels, as CSV: time, address, address type, RSSI, payload hex, device. Each is heard by the
programme's own road, minute by minute: sightings, the fold of a scan, the window, packing. What it takes for devices is
compared with the labels, for each half hour, listening all the time and for ten seconds of each minute. Without a
folder, logs are made up (`bench.ble_logs`).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from bench.ble_logs import SCENES, write_logs
from presence.radio import Radio
from scans.advertisement_log import logged_sighting
from scans.counting import Window, rules_of
from scans.folding import Fold
from scans.sighting import Sighting

_MINUTE = 60
_LISTENED_SECONDS = 10
_BLOCK_MINUTES = 30

# The rules of packing were chosen by looking at logs 0 to 11; these are others.
_FIRST_SEED = 100

# Windows name addresses by a random key; which one does not matter, but figures are to be the same each time.
_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class Block:
    """Half an hour of a log, or what there is of it.

    Attributes:
        log: Name of the log.
        phones: How many devices were heard, by their labels.
        addresses: Under how many addresses.
        devices: How many the programme takes them for.
    """

    log: str
    phones: int
    addresses: int
    devices: int

    @property
    def error(self) -> float:
        """How far off, as a share of the phones."""
        return self.devices / self.phones - 1


@dataclass(frozen=True, slots=True)
class BleFigures:
    """How well phones are counted.

    Attributes:
        half_hours: How many half hours were looked at.
        phones: Mean number of phones heard in one.
        mean_error: Mean of how far off each is, as a share of the phones, more or fewer alike.
        bias: The same with its sign: above 0 where too many are counted.
        worst_error: That furthest off, with its sign.
        addresses_ratio: Addresses for each phone: what counting them would give.
    """

    half_hours: int
    phones: float
    mean_error: float
    bias: float
    worst_error: float
    addresses_ratio: float


@dataclass(frozen=True, slots=True)
class BothFigures:
    """The same listening all the time, and for ten seconds of each minute; None when there was no log."""

    continuous: BleFigures | None
    sampled: BleFigures | None


def ble_figures(folder: Path) -> BothFigures:
    """Look at all the logs in a folder."""
    logs = sorted(folder.glob("*.csv"))
    return BothFigures(
        figures_of([block for log in logs for block in blocks_of(log, _MINUTE)]),
        figures_of([block for log in logs for block in blocks_of(log, _LISTENED_SECONDS)]),
    )


def figures_of(blocks: Sequence[Block]) -> BleFigures | None:
    """What some half hours have in common; None without any."""
    if not blocks:
        return None
    errors = [block.error for block in blocks]
    lowest, highest = min(errors), max(errors)
    return BleFigures(
        half_hours=len(blocks),
        phones=round(fmean(block.phones for block in blocks), 1),
        mean_error=round(fmean(map(abs, errors)), 3),
        bias=round(fmean(errors), 3),
        worst_error=round(lowest if -lowest > highest else highest, 3),
        addresses_ratio=round(fmean(block.addresses / block.phones for block in blocks), 2),
    )


def blocks_of(log: Path, listened_seconds: float) -> Iterator[Block]:
    """The half hours of a log in which somebody was heard.

    Args:
        log: The log.
        listened_seconds: How many seconds of each minute are listened to.
    """
    heard = sorted(_labelled(log), key=lambda one: one[0].heard_at_seconds)
    if not heard:
        return
    begin = heard[0][0].heard_at_seconds
    by_minute: defaultdict[int, list[tuple[Sighting, str]]] = defaultdict(list)
    for sighting, device in heard:
        minute, second = divmod(sighting.heard_at_seconds - begin, _MINUTE)
        if second < listened_seconds:
            by_minute[int(minute)].append((sighting, device))
    for first in range(0, max(by_minute) + 1, _BLOCK_MINUTES):
        minutes = range(first, first + _BLOCK_MINUTES)
        window = Window(rules_of(Radio.BLUETOOTH), _SECRET)
        for minute in minutes:
            fold = Fold(Radio.BLUETOOTH)
            for sighting, _ in by_minute.get(minute, ()):
                fold.hear(sighting)
            started_at = datetime.fromtimestamp(begin + minute * _MINUTE, UTC)
            window.count(started_at, fold.senders(started_at))
        inside = [one for minute in minutes for one in by_minute.get(minute, ())]
        if inside:
            phones, addresses = len({device for _, device in inside}), len({one.address for one, _ in inside})
            yield Block(log.stem, phones, addresses, window.devices_remembered)


def _labelled(log: Path) -> Iterator[tuple[Sighting, str]]:
    """What a log says, row by row, and whose each is."""
    with log.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            labels = [
                value for name, value in row.items() if isinstance(name, str) and name.strip().lower() == "device"
            ]
            sighting = logged_sighting(row)
            if sighting is not None and labels and labels[0]:
                yield sighting, labels[0]


def made_up_figures(seeds: Sequence[int]) -> dict[str, BothFigures]:
    """The figures of each of the made-up scenes."""
    figures = {}
    for name, scene in SCENES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_logs(Path(folder), {name: scene}, seeds)
            figures[name] = ble_figures(Path(folder))
    return figures


def main() -> None:
    """Print the figures, as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=20, help="made-up logs of each scene (default: 20)")
    options = parser.parse_args()
    figures = (
        made_up_figures(range(_FIRST_SEED, _FIRST_SEED + options.seeds))
        if options.folder is None
        else {options.folder.name: ble_figures(options.folder)}
    )
    json.dump({name: asdict(both) for name, both in figures.items()}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
