"""Devices whose visits are open, kept in memory from one transaction to the next.

What a commit wrote, the next one needs again: reading it back is a third of the work. So it is kept, with the
connection that wrote it, and is used for as long as nobody else has written. That is sure for these reasons:

- Every transaction that takes scans in gives the ledger a row with a higher number, and the newest row is never deleted
  (`db.retention`). Whoever finds another newest row than the one written last knows that others wrote meanwhile.
- What a transaction kept that was then undone names a row that is not there. PostgreSQL gives no number of a row twice;
  SQLite may give it to another process, but then its `data_version` has changed.
- Nothing but `db.followed` changes devices that are present; `db.retention` deletes only devices that are not.
- It is taken out before anything is done and put back when all is written, so an error on the way leaves nothing; and
  it is gone with the connection when the server of the database was away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from db.rounds import Standing
from presence.following import FollowedDevice, Reading
from presence.radio import Radio

# About 1 KB each. Where more are present all are forgotten now and then, and read again as they are needed.
_MOST = 20_000

# Under this name the connection holds it.
_PLACE = "kept devices"

OpenState = tuple[datetime, datetime, datetime, float, float, int, Reading]
"""All of a device with an open visit that a row of those present holds."""


@dataclass(slots=True)
class Stored:
    """How a device stands in the database.

    Attributes:
        device_id: Its row.
        first_seen_at: When it was first heard, as that row says.
        written_down: What that row says that changes with each detection: last seen, time spent, round.
        manufacturer: Its maker, as the row says.
        open_state: What is written of its open visit; None for none.
    """

    device_id: int
    first_seen_at: datetime
    written_down: tuple[datetime, float, int]
    manufacturer: str | None
    open_state: OpenState | None


class KeptDevice(NamedTuple):
    """A device, and how it stands in the database."""

    device: FollowedDevice
    stored: Stored


class _Mark(NamedTuple):
    """What differs once anybody else has taken scans in, or a device was forgotten.

    The newest row of the ledger, `db.rounds.Standing.change`, and SQLite's `data_version`.
    """

    newest_scan_id: int | None
    change: int | None
    data_version: int | None


@dataclass(slots=True)
class KeptDevices:
    """Devices with open visits, by radio, and then by key period and hash: some of them, as they were read or written.

    Attributes:
        mark: What the database shows while nobody else has written.
    """

    mark: _Mark
    _devices: dict[Radio, dict[tuple[int, str], KeptDevice]] = field(
        default_factory=lambda: {radio: {} for radio in Radio}
    )

    def find(self, radio: Radio, key_period: int, hashes: Iterable[str]) -> list[KeptDevice]:
        """Those of some hashes that are kept."""
        kept = self._devices[radio]
        found = [kept.get((key_period, device_hash)) for device_hash in hashes]
        return [one for one in found if one is not None]

    @property
    def count(self) -> int:
        """How many are kept."""
        return sum(len(devices) for devices in self._devices.values())

    def note(self, kept: KeptDevice) -> None:
        """Keep a device as it stands, or no longer when it has left."""
        device = kept.device
        of_radio, key = self._devices[device.radio], (device.key_period, device.device_hash)
        if device.visit is None:
            of_radio.pop(key, None)
        else:
            of_radio[key] = kept


def take_kept(connection: Connection, stand: Standing) -> KeptDevices:
    """Take out what is kept; nothing, when it may be out of date.

    Args:
        connection: The connection that writes, in a transaction.
        stand: Where the database stands now.
    """
    is_shared_file = connection.dialect.name == "sqlite"
    version = connection.exec_driver_sql("PRAGMA data_version").scalar_one() if is_shared_file else None
    mark = _Mark(stand.newest_scan_id, stand.change, version)
    kept: KeptDevices | None = connection.info.pop(_PLACE, None)
    return kept if kept is not None and kept.mark == mark else KeptDevices(mark)


def keep(connection: Connection, kept: KeptDevices, newest_scan_id: int, most: int = _MOST) -> None:
    """Put back what `take_kept` took out, once all is written.

    Args:
        connection: The same, in the same transaction.
        kept: What is kept.
        newest_scan_id: The row of the ledger that this transaction wrote last.
        most: How many are kept; of more, none.
    """
    kept.mark = kept.mark._replace(newest_scan_id=newest_scan_id)
    if kept.count <= most:
        connection.info[_PLACE] = kept
