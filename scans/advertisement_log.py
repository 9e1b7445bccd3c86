"""A log of Bluetooth advertisements, as others record them, read minute by minute."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.advertisements import address_kind_of
from scans.folding import Fold
from scans.sighting import Sighting, usable_rssi

_MINUTE = 60

# Bluetooth Core Specification Supplement 11, part A, section 1.4: an element of advertising data with this type
# begins with the company identifier, two bytes, least significant first.
_MANUFACTURER_DATA = 0xFF


@dataclass(slots=True)
class _Waiting:
    minute: int
    fold: Fold


class AdvertisementLog:
    """A stored log of advertisements, read along with captures, minute by minute.

    A CSV file with the columns time (seconds since 1970), address, address type (public, random), RSSI and payload
    (advertising data, hexadecimal); others are ignored. A row that makes no sense is passed over, and counted in the
    fault.
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
                sighting = _sighting_of(row)
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


def _sighting_of(row: dict[str | None, str | None]) -> Sighting | None:
    fields = {
        (name or "").strip().lower().replace("_", " "): value or ""
        for name, value in row.items()
        if isinstance(value, str)
    }
    try:
        address = fields["address"].strip().lower()
        raw = bytes.fromhex(address.replace(":", ""))
        if len(raw) != 6:
            return None
        return Sighting(
            radio=Radio.BLUETOOTH,
            address=raw.hex(":"),
            address_kind=address_kind_of(address, fields.get("address type", "").strip().lower()),
            rssi_dbm=usable_rssi(int(float(fields["rssi"]))) if fields.get("rssi", "").strip() else None,
            heard_at_seconds=float(fields["time"]),
            company_id=_company_id_of(bytes.fromhex(fields.get("payload hex") or fields.get("payload") or "")),
        )
    except (KeyError, ValueError, OverflowError):
        return None


def _company_id_of(payload: bytes) -> int | None:
    """The company identifier in advertising data (length, type and value after each other); None when there is none."""
    at = 0
    while at + 1 < len(payload) and payload[at]:
        length, kind = payload[at], payload[at + 1]
        value = payload[at + 2 : at + 1 + length]
        if kind == _MANUFACTURER_DATA and len(value) >= 2:
            return int.from_bytes(value[:2], "little")
        at += 1 + length
    return None
