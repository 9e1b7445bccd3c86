"""Restoring: a backup takes the place of the database, which is set aside and not deleted."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from db.backup import copy_whole
from db.connect import Connections, file_of, make_folder
from db.damage import REPLACED, set_aside, sync_folder
from db.errors import DatabaseError, sentence_for
from db.in_use import held_alone
from db.notifications import give_up_waiting
from db.people_schema import HEAD_COUNTS
from db.schema import SCANS
from db.tag_schema import TAGS
from db.upgrade import upgrade


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back.

    Attributes:
        last_scan_at: Start of its latest scan; None when it holds none.
        scan_count: Its scans.
        head_count_count: Its head counts.
        tag_count: Its registered tags.
        set_aside: Where the database lies that was there before; None when there was none.
    """

    last_scan_at: datetime | None
    scan_count: int
    head_count_count: int
    tag_count: int
    set_aside: Path | None


def restore(url: str, backup: Path, now_at: datetime) -> Restored:
    """Put a backup in the place of a database in a file, as a copy that is brought up to date.

    Until the copy is whole and of today nothing is changed. The keys, which lie beside the database, are not touched.

    Args:
        url: The database.
        backup: The backup; it stays where it is.
        now_at: The time that names what is set aside.

    Raises:
        DatabaseError: The programme is running, the file is no whole backup of this programme, or there is no room.
    """
    path = file_of(url)
    if path is None:
        raise DatabaseError(
            "This database is kept by a server. Put a backup back with the server's own tool, `pg_restore`."
        )
    make_folder(path.parent)
    with held_alone(url):
        beside = path.with_name(f"{path.name}.restoring")
        try:
            _copy(backup, beside)
            found = _brought_up_to_date(beside, now_at)
            was_there = path.exists()
            # Also where only its log is left, which SQLite would read into the restored one.
            aside = set_aside(path, now_at, REPLACED)
            beside.replace(path)
            sync_folder(path.parent)
        finally:
            for left in path.parent.glob(f"{beside.name}*"):
                left.unlink()
    return Restored(*found, aside if was_there else None)


def put_back(copy: Path, path: Path) -> None:
    """Let a copy be the database again, in one step: whatever happens, there is either the one that goes or the copy.

    Nothing that was written since is kept. Nobody may have the database open.

    Args:
        copy: As `back_up` made it; it stays where it is.
        path: The database's file.

    Raises:
        DatabaseError: It cannot be done; the database is as it was.
    """
    beside = path.with_name(f"{path.name}.restoring")
    try:
        beside.unlink(missing_ok=True)
        copy_whole(copy, beside)
        _fold_in_log(path)
        beside.replace(path)
        sync_folder(path.parent)
    except sqlite3.Error as error:
        raise DatabaseError(f"{copy} was not put back, and nothing was changed. {_sentence(error)}") from error
    except OSError as error:
        raise DatabaseError(
            f"{copy} was not put back: the copy cannot be written to {path.parent} ({error.strerror})."
        ) from error


def _fold_in_log(path: Path) -> None:
    """Leave no log beside a database, which SQLite would read into the one that takes its place."""
    # One too damaged to be opened is lost with its log.
    with (
        contextlib.suppress(sqlite3.DatabaseError),
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as database,
    ):
        database.execute("PRAGMA journal_mode = DELETE")
    for log in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        log.unlink(missing_ok=True)


def _copy(backup: Path, beside: Path) -> None:
    if not backup.is_file():
        raise DatabaseError(f"There is no backup {backup}. `./run restore --list` shows those there are.")
    beside.unlink(missing_ok=True)
    try:
        copy_whole(backup, beside)
    except sqlite3.Error as error:
        raise DatabaseError(f"{backup} was not restored, and nothing was changed. {_sentence(error)}") from error
    except OSError as error:
        raise DatabaseError(
            f"Nothing was changed: the copy cannot be written to {beside.parent} ({error.strerror})."
        ) from error


def _sentence(error: sqlite3.Error) -> str:
    said = str(error)
    if "not a database" in said or "malformed" in said:
        return f"It is not a whole database ({said[:200]}). Choose another: `./run restore --list` shows them."
    return sentence_for(error)


def _brought_up_to_date(beside: Path, now_at: datetime) -> tuple[datetime | None, int, int, int]:
    """Bring the copy up to date; tells what it holds."""
    with contextlib.closing(Connections(f"sqlite:///{beside}")) as connections:
        with connections.read() as connection:
            if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0:
                raise DatabaseError("Nothing was changed: that backup is empty.")
        upgrade(connections)
        with connections.write() as connection:
            give_up_waiting(connection, now_at)
            counted = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _COUNTED]
            last_scan_at = connection.scalar(select(func.max(SCANS.c.started_at)).where(SCANS.c.clock_is_right))
    scans, head_counts, tags = counted
    return last_scan_at, scans, head_counts, tags


_COUNTED = (SCANS, HEAD_COUNTS, TAGS)
