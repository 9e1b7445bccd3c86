"""Examines what remembering needs of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import select

from db.connect import Connections
from db.errors import DatabaseError
from presence.findings import Finding

# A year of scans is about 100 MB, and an update of the system wants some room too.
_LEAST_FREE_BYTES = 500_000_000


def examine_database(url: str) -> tuple[Finding, ...]:
    """Whether the database can be read and written, and has room to grow; of one on a server, whether it answers."""
    if not url.startswith("sqlite:"):
        return (_examine_server(url),)
    path = Path(url.removeprefix("sqlite:///"))
    folder = next(parent for parent in path.parents if parent.exists())
    return (_examine_file(path, folder), _examine_room(folder))


def _examine_server(url: str) -> Finding:
    try:
        with contextlib.closing(Connections(url)) as connections, connections.read() as connection:
            connection.execute(select(1))
    except DatabaseError as error:
        return Finding("Database", "its server cannot be used", str(error))
    return Finding("Database", "its server answers")


def _examine_file(path: Path, folder: Path) -> Finding:
    if not path.exists():
        if os.access(folder, os.W_OK):
            return Finding("Database", "will be made at the first start")
        return Finding("Database", f"cannot be made in {folder}", f"sudo chown $USER {folder}")
    if not os.access(path, os.W_OK):
        return Finding("Database", f"{path} may not be written", f"sudo chown $USER {path}")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        remedy = "`./run` sets it aside and begins a new one; `./run restore --list` shows the backups."
        return Finding("Database", f"{path} is damaged ({verdict[:100]})", remedy)
    return Finding("Database", f"{path.stat().st_size / 1e6:.1f} MB, whole")


def _examine_room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    says = f"{free / 1e9:.1f} GB free"
    if free < _LEAST_FREE_BYTES:
        return Finding("Disk", says, "Make room: `sudo apt-get clean`, and delete what is not needed.")
    return Finding("Disk", says)
