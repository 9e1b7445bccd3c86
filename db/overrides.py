"""Overrides: settings that were changed from the page or by a program, in place of those of config.toml."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from db import upsert
from db.connect import Connections
from db.site_schema import OVERRIDES
from presence.zones import ZoneThresholds

_NEAR = "presence.near_dbm"
_MEDIUM = "presence.medium_dbm"


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
