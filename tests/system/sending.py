"""A sensor that sends at speed, as a process: started, killed, and asked what it has kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from db.connect import Connections
from db.schema import SCANS
from tests.links.waiting import wait_until
from tests.system.programme import PATIENCE_SECONDS, ROOT, environment


class Sending:
    """A process that keeps scans and sends them, `tests/system/sender.py`.

    Args:
        database: Of the sensor, which has joined its site.
        folder: Where what it prints is written.
        first_at: When the first of the scans began; the others began a minute apart.
        count: How many scans it keeps.
        inside: A command that it is started by, in surroundings of its own.
    """

    def __init__(self, database: str, folder: Path, first_at: datetime, count: int, inside: Sequence[str] = ()) -> None:
        self._kept = folder / f"kept-{first_at:%H-%M}.txt"
        self._log = folder / "sender.log"
        words = [database, first_at.isoformat(), str(count)]
        with self._kept.open("wb") as kept, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*inside, sys.executable, "-m", "tests.system.sender", *words],
                env=environment({}),
                cwd=ROOT,
                stdout=kept,
                stderr=log,
            )

    def kept(self) -> list[datetime]:
        """The starts of the scans that it has kept so far."""
        return [datetime.fromisoformat(line) for line in self._kept.read_text().splitlines()]

    def wait_for(self, count: int) -> None:
        """Wait until it has kept so many scans."""
        wait_until(lambda: len(self.kept()) >= count or self._process.poll() is not None, "scans to be kept")
        assert len(self.kept()) >= count, self._log.read_text()

    def kill(self) -> None:
        """End it as a power cut would. Harmless when it has ended."""
        self._process.kill()
        self._process.wait()

    def wait_until_all_is_sent(self) -> None:
        """Wait for its end, which comes when nothing waits to be sent any more."""
        assert self._process.wait(PATIENCE_SECONDS) == 0, self._log.read_text()


def stored(database: str, sensor: str) -> list[datetime]:
    """The starts of the scans of a sensor in the ledger of a hub, in the order in which they were stored."""
    connections = Connections(database)
    try:
        with connections.read() as connection:
            starts = select(SCANS.c.started_at).where(SCANS.c.sensor == sensor).order_by(SCANS.c.id)
            return list(connection.execute(starts).scalars())
    finally:
        connections.close()
