"""Commands: what a user changes, besides what is heard."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from db.connect import Connections
from db.schema import ROUNDS, SAVED_REPORTS


class Commands:
    """The write side for users."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def reset_time_spent(self, now_at: datetime) -> None:
        """Let the time spent of every device begin again at nothing. Nothing else changes.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            connection.execute(insert(ROUNDS).values(started_at=now_at, device_count=0, time_spent_seconds=0))

    def note_saved(self, now_at: datetime) -> None:
        """Remember that a report was saved.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            connection.execute(insert(SAVED_REPORTS).values(saved_at=now_at))
