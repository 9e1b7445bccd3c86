"""A log of Bluetooth advertisements, as others record them, read minute by minute."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.advertisements import address_kind_of, sighting_of
from scans.advertising_data import broadcast_of
from scans.folding import Fold
from scans.sighting import Sighting, usable_rssi

_MINUTE = 60

Row = Mapping[str | None, str | None]
"""What stands in each column, by its name, as `csv.DictReader` gives it."""


@dataclass(slots=True)
class _Waiting:
    minute: int
    fold: Fold


class AdvertisementLog:
    """A stored log of advertisements, read along with captures, minute by minute.

    A CSV file with the columns that `logged_sighting` reads; others are ignored. A row that makes no sense is passed
    over, and counted in the fault.
    """

    def __init__(self, path: Path | None) -> None:
        self.fault: Fault | None = None
        self._is_given = path is not None
        self._minutes = _folds_by_minute(path, self._note_fault) if path is not None else iter(())
        self._next = next(self._minutes, None)

    def before(self, minute: int) -> Iterator[tuple[int, Fold]]:
        """The logged minutes before this one that have not been taken yet."""
        while self._next is not None and self._next.minute < minute:
            yield self._take()

    def at(self, minute: int) -> Fold | None:
        """What was logged in this minute; empty when nothing was, None when there is no log."""
        if self._next is not None and self._next.minute == minute:
            return self._take()[1]
        return Fold(Radio.BLUETOOTH) if self._is_given else None

    def rest(self) -> Iterator[tuple[int, Fold]]:
        """The logged minutes after all that was captured."""
        while self._next is not None:
            yield self._take()

    def _take(self) -> tuple[int, Fold]:
        taken = self._next
        if taken is None:
            raise RuntimeError("nothing is left in the log")
        self._next = next(self._minutes, None)
        return taken.minute, taken.fold

    def _note_fault(self, detail: str) -> None:
        self.fault = Fault(FaultReason.UNREADABLE_CAPTURE, detail=detail)


def _folds_by_minute(path: Path, note_fault: Callable[[str], None]) -> Iterator[_Waiting]:
    waiting: _Waiting | None = None
    senseless = 0
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                sighting = logged_sighting(row)
                if sighting is None:
                    senseless += 1
                    continue
                minute = int(sighting.heard_at_seconds // _MINUTE)
                if waiting is None or waiting.minute != minute:
                    if waiting is not None:
                        yield waiting
                    waiting = _Waiting(minute, Fold(Radio.BLUETOOTH))
                waiting.fold.hear(sighting)
    except (OSError, csv.Error) as error:
        note_fault(f"The log could not be read to its end ({type(error).__name__}).")
    if waiting is not None:
        yield waiting
    if senseless:
        note_fault(f"{senseless} rows of the log make no sense and were passed over.")


def logged_sighting(row: Row) -> Sighting | None:
    """The sighting in a row of a log, by the names of its columns; None when it makes no sense.

    The columns are time (seconds since 1970, or ISO 8601, in UTC where it names no zone), address, address type (public
    or random), RSSI and payload (advertising data, hexadecimal). The last two may be empty.
    """
    fields = {
        (name or "").strip().lower().replace("_", " "): value.strip()
        for name, value in row.items()
        if isinstance(value, str)
    }
    try:
        raw = bytes.fromhex(fields["address"].replace(":", ""))
        if len(raw) != 6:
            return None
        address = raw.hex(":")
        return sighting_of(
            broadcast_of(
                address,
                address_kind_of(address, fields.get("address type", "").lower()),
                usable_rssi(int(float(fields["rssi"]))) if fields.get("rssi") else None,
                _seconds(fields["time"]),
                bytes.fromhex(fields.get("payload hex") or fields.get("payload") or ""),
            )
        )
    except (KeyError, ValueError, OverflowError):
        return None


# Seconds since 1970 reach this in the year 5138: greater times are milliseconds.
_LATEST_SECONDS = 1e11


def _seconds(time: str) -> float:
    try:
        seconds = float(time)
    except ValueError:
        at = datetime.fromisoformat(time)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds < 1000 * _LATEST_SECONDS:
        raise ValueError("no time")
    return seconds if seconds < _LATEST_SECONDS else seconds / 1000
