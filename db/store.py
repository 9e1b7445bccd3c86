"""The store: everything that is remembered, opened and closed as one."""

from __future__ import annotations

from datetime import timedelta

from db.commands import Commands
from db.connect import Connections
from db.reader import Reader
from db.recorder import Recorder
from db.sensors import Sensors
from db.settings import StoreSettings
from db.upgrade import upgrade


class Store:
    """An open database.

    Attributes:
        recorder: Takes scans.
        commands: Takes what a user changes.
        reader: Tells what is known.
        sensors: The sensors of the site.
        connections: The database itself, for the parts that not every programme has.
    """

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self.connections = connections
        self.sensors = Sensors(connections, timedelta(seconds=settings.interval_seconds))
        self.recorder = Recorder(connections, settings)
        self.commands = Commands(connections)
        self.reader = Reader(connections, settings)

    def close(self) -> None:
        """Close the database. Harmless when called twice."""
        self.connections.close()


def open_store(url: str, settings: StoreSettings) -> Store:
    """Open a database, making or upgrading it as needed. The caller closes it.

    Args:
        url: Where it is, for example `sqlite:///data/tracking.db`; `sqlite://` is one in memory.
        settings: How to remember and to read.

    Raises:
        NewerDatabaseError: A newer version of this programme wrote it.
        DatabaseError: It cannot be opened, written or understood; the message says what to do.
    """
    connections = Connections(url)
    try:
        upgrade(connections)
    except BaseException:
        connections.close()
        raise
    return Store(connections, settings)
