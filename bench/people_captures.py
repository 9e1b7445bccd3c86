"""Captures of a room whose people were counted, through the programme's own road: tshark, scans, a database."""

from __future__ import annotations

import contextlib
import csv
import hmac
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from bench.ordinary import ordinary_settings
from db.people_basis import read_basis, read_counts
from db.store import Store, open_store
from presence.calibrating import CountedMoment
from presence.counts import SensorCounts
from presence.scan import AddressKind, Scan
from presence.zones import ZoneThresholds
from scans.counting import new_windows
from scans.fixtures import WhatStays
from scans.folding import ObservationRules
from scans.replay import Replay
from scans.visitor_key import KeyRotation, VisitorKeys
from scans.wifi import read_capture

_SENSOR = "bench"
_BLOCK_SECONDS = 600
# Of a block's ten minutes this many must have been counted, or nobody knows how many were there.
_FEWEST_MINUTES = 5


class NothingToMeasureError(Exception):
    """A folder does not hold what a figure needs; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Place:
    """By what rules captures are replayed.

    Attributes:
        time_zone: By which it is night.
        secret: The key under which things that stay are named: random bytes, the same for all folders of a run.
    """

    time_zone: str
    secret: bytes

    def digest(self, address: str) -> bytes:
        """What a thing that stays is known by."""
        return hmac.digest(self.secret, address.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Block:
    """Ten minutes of a day.

    Attributes:
        day: Its name in the table of occupancy.
        moment: The mean of the people counted in them, and what was counted by their last scan.
    """

    day: str
    moment: CountedMoment


@dataclass(frozen=True, slots=True)
class Room:
    """What was heard in a room, and how many were there.

    Attributes:
        blocks: In the order of time.
        excluded: Digests of the fixtures that the programme learned.
    """

    blocks: tuple[Block, ...]
    excluded: frozenset[str]

    @property
    def days(self) -> tuple[str, ...]:
        """The days there are, in order."""
        return tuple(dict.fromkeys(block.day for block in self.blocks))


def read_room(folder: Path, place: Place, known: frozenset[str] = frozenset()) -> Room:
    """Take all captures of a folder down the programme's road.

    Args:
        folder: Holds captures (*.pcap, *.pcap.gz), one a day and named by it, and occupancy.csv (day, minute_epoch,
            people).
        place: Whose rules are followed.
        known: Digests of fixtures that are known from before.

    Raises:
        NothingToMeasureError: It holds no capture, or no occupancy.
    """
    captures = sorted([*folder.glob("*.pcap"), *folder.glob("*.pcap.gz")], key=lambda path: path.name)
    table = folder / "occupancy.csv"
    if not captures or not table.is_file():
        raise NothingToMeasureError(f"{folder.name}/ holds no {'occupancy.csv' if captures else 'capture'}")
    with tempfile.TemporaryDirectory() as kept, _recorded(captures, Path(kept), place, known) as store:
        counts, excluded = _read_back(store, place.time_zone)
    blocks = tuple(_blocks(counts, _truth(table)))
    if not blocks:
        raise NothingToMeasureError(f"{folder.name}/ holds no ten minutes that were both captured and counted")
    return Room(blocks, excluded | known)


@contextlib.contextmanager
def _recorded(captures: Sequence[Path], folder: Path, place: Place, known: frozenset[str]) -> Iterator[Store]:
    """A database in which the captures were recorded."""
    zone = ZoneInfo(place.time_zone)
    scans: list[Scan] = []
    windows = new_windows(WhatStays(place.digest, known, zone, _nobody_s))
    keys = VisitorKeys(None, KeyRotation.DAILY, 0, zone)
    player = Replay(_SENSOR, keys, ObservationRules(_nobody_s, ZoneThresholds()), scans.append, windows)
    faults = player.play(captures, read_capture, None)
    if faults:
        path, fault = faults[0]
        raise NothingToMeasureError(f"{path.name} cannot be read: {fault.detail or fault.reason}")
    with contextlib.closing(open_store(f"sqlite:///{folder}/bench.db", ordinary_settings(place.time_zone))) as store:
        store.recorder.record_many(scans)
        yield store


def _nobody_s(_address: str, _kind: AddressKind, _company_id: int | None) -> None:
    """Makers do not matter here."""


def _read_back(store: Store, time_zone: str) -> tuple[dict[int, SensorCounts], frozenset[str]]:
    """What each minute's scan counted, by its start in seconds since 1970, and the fixtures that leave the counts."""
    with store.connections.read() as connection:
        basis = read_basis(connection, ordinary_settings(time_zone))
        rows = read_counts(connection, datetime(1970, 1, 2, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1))
    counts = {int(row.started_at.timestamp()): basis.counts(row.wifi, row.bluetooth) for row in rows}
    return counts, basis.excluded


def _truth(table: Path) -> dict[str, dict[int, float]]:
    """People by day and minute."""
    days: defaultdict[str, dict[int, float]] = defaultdict(dict)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            days[row["day"]][int(row["minute_epoch"])] = float(row["people"])
    return days


def _blocks(counts: Mapping[int, SensorCounts], truth: Mapping[str, Mapping[int, float]]) -> Iterator[Block]:
    for day, minutes in sorted(truth.items()):
        grouped: defaultdict[int, dict[int, float]] = defaultdict(dict)
        for minute, people in minutes.items():
            grouped[minute // _BLOCK_SECONDS][minute] = people
        for _, block in sorted(grouped.items()):
            last = max((minute for minute in block if minute in counts), default=None)
            if last is not None and len(block) >= _FEWEST_MINUTES:
                at = datetime.fromtimestamp(last, UTC)
                yield Block(day, CountedMoment(at, fmean(block.values()), (counts[last],)))
