"""Overrides: settings that were changed from the page or by a program, in place of those of config.toml."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, delete, select

from db import upsert
from db.connect import Connections
from db.errors import DatabaseError
from db.site_schema import OVERRIDES
from presence.zones import Zone, ZoneThresholds

_NEAR = "presence.near_dbm"
_MEDIUM = "presence.medium_dbm"


# Thresholds that were changed hold for scans this many seconds later at most.
_LOOKED_UP_EVERY_SECONDS = 5.0


class ZoningInForce:
    """Tells zones by the thresholds in force: those that were changed while running, else those of config.toml.

    Args:
        overrides: Reads the change.
        default: What config.toml says.
        monotonic: Counts seconds.
    """

    def __init__(self, overrides: Overrides, default: ZoneThresholds, monotonic: Callable[[], float]) -> None:
        self._overrides = overrides
        self._default = default
        self._monotonic = monotonic
        self._thresholds = default
        self._looked_up: float | None = None

    def zone_of(self, rssi_dbm: float | None) -> Zone | None:
        """The zone of a mean RSSI; None when there is none."""
        return self.thresholds().zone_of(rssi_dbm)

    def thresholds(self) -> ZoneThresholds:
        """The thresholds in force. While the database does not answer they stay what they were."""
        now = self._monotonic()
        if self._looked_up is None or now - self._looked_up > _LOOKED_UP_EVERY_SECONDS:
            self._looked_up = now
            with contextlib.suppress(DatabaseError):  # whoever keeps the scan will say so
                self._thresholds = self._overrides.thresholds() or self._default
        return self._thresholds


def changed_medium_dbm(connection: Connection) -> int | None:
    """From which signal strength on a device is medium; None when nobody changed what config.toml says."""
    found: str | None = connection.scalar(select(OVERRIDES.c.value).where(OVERRIDES.c.name == _MEDIUM))
    return None if found is None else int(found)


class Overrides:
    """Reads and writes overrides. What is written holds from the next scan on, for every process on this database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def thresholds(self) -> ZoneThresholds | None:
        """Where zones end; None when nobody changed what config.toml says.

        Raises:
            DatabaseError: The database cannot be read.
        """
        names = OVERRIDES.c.name.in_((_NEAR, _MEDIUM))
        with self._connections.read() as connection:
            found = dict(connection.execute(select(OVERRIDES.c.name, OVERRIDES.c.value).where(names)).all())
        return ZoneThresholds(int(found[_NEAR]), int(found[_MEDIUM])) if found else None

    def set_thresholds(self, thresholds: ZoneThresholds, now_at: datetime) -> None:
        """Let zones end here.

        Raises:
            DatabaseError: It could not be done.
        """
        values = {_NEAR: thresholds.near_dbm, _MEDIUM: thresholds.medium_dbm}
        rows: list[upsert.Row] = [
            {"name": name, "value": str(value), "set_at": now_at} for name, value in values.items()
        ]
        with self._connections.write() as connection:
            upsert.replace_rows(connection, OVERRIDES, rows)

    def reset_thresholds(self) -> None:
        """Let zones end where config.toml says.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            connection.execute(delete(OVERRIDES).where(OVERRIDES.c.name.in_((_NEAR, _MEDIUM))))
