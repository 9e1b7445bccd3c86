"""Backing up: a copy of the database at one moment, taken while it is in use, and opened before it is trusted."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from db.connect import file_of
from db.damage import find_damage, sync_folder
from db.errors import DamagedDatabaseError, DatabaseError, sentence_for

# Copied in steps of 1 MiB (pages of 512 bytes), between which somebody may rest.
_STEP_PAGES = 2048

# Those of them that there are: an older version's database, before it is brought up to date, may lack one.
_TABLES_WITH_NAMES = "SELECT name FROM sqlite_master WHERE name IN ('wifi_devices', 'wifi_present')"

_STAMP = "%Y-%m-%d-%H%M%S"
_NAME = re.compile(r"(?P<stem>.+?)(?P<daily>-daily)?-(?P<made>\d{4}-\d\d-\d\d-\d{6})\.db")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made.

    Attributes:
        path: The copy: one file, which needs no other beside it.
        made_at: When, as its name tells.
        size_bytes: Its size.
        is_daily: Whether the programme made it by itself, and will delete it in its time.
    """

    path: Path
    made_at: datetime
    size_bytes: int
    is_daily: bool


def list_backups(url: str, folder: Path) -> tuple[Backup, ...]:
    """The backups of a database that lie in a folder, the newest first."""
    database = file_of(url)
    found = []
    for path in folder.glob("*.db") if database is not None else ():
        name = _NAME.fullmatch(path.name)
        if name is not None and database is not None and name["stem"] == database.stem:
            made_at = datetime.strptime(name["made"], _STAMP).replace(tzinfo=UTC)
            found.append(Backup(path, made_at, path.stat().st_size, name["daily"] is not None))
    return tuple(sorted(found, key=lambda backup: backup.made_at, reverse=True))


def _go_on() -> None:
    """Rest for no time."""


def back_up(
    url: str,
    folder: Path,
    now_at: datetime,
    *,
    is_daily: bool = False,
    spare_bytes: int = 0,
    rest: Callable[[], None] = _go_on,
) -> Path:
    """Copy a SQLite database into a folder, which is made when it is not there.

    The copy is one file that needs no other beside it. It appears under its name only once it has been found whole.
    The keys, which lie in files of their own, are not copied: an old copy beside the key of its day would tell who was
    there, which the stepping of the key is to prevent. Nor are the networks that devices asked for by name.

    Args:
        url: The address of the database.
        folder: Where to.
        now_at: The time that names the copy.
        is_daily: Whether the programme makes it by itself.
        spare_bytes: Room that must be left on the disk.
        rest: Called after each MiB; what it raises ends the copying.

    Returns:
        The copy.

    Raises:
        DamagedDatabaseError: The database itself is damaged.
        DatabaseError: There is nothing to copy, or no room for it, or the folder cannot be written.
    """
    source = _source(url)
    path = folder / f"{source.stem}{'-daily' if is_daily else ''}-{now_at:{_STAMP}}.db"
    beside = path.with_suffix(".new")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_room(source, folder, spare_bytes)
        for left in folder.glob(f"{source.stem}-daily-*.new*") if is_daily else ():
            left.unlink()  # by a programme that was ended in the middle; of several commands none is in another's way
        copy_whole(source, beside, rest)
        _leave_out_names(beside)
        beside.replace(path)
        sync_folder(folder)
    except sqlite3.Error as error:
        if find_damage(source) is not None:
            raise DamagedDatabaseError(f"No backup was made. {sentence_for(error)}") from error
        raise DatabaseError(f"No backup was made. {sentence_for(error)}") from error
    except OSError as error:
        raise DatabaseError(
            f"No backup was made: {folder} cannot be written ({error.strerror}). Choose another folder."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # of a folder that may not be entered, which was said
            for left in folder.glob(f"{beside.name}*"):
                left.unlink(missing_ok=True)
    return path


def _leave_out_names(copy: Path) -> None:
    """Take the networks that devices asked for by name out of a copy: it outlives the key that they go with."""
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_mode = OFF")  # it would hold them; a copy that is not finished is deleted
        for (table,) in connection.execute(_TABLES_WITH_NAMES).fetchall():
            connection.execute(f"UPDATE {table} SET ssids = NULL WHERE ssids IS NOT NULL")  # noqa: S608 - our own
        connection.commit()
        connection.execute("PRAGMA journal_mode = DELETE")


def _source(url: str) -> Path:
    path = file_of(url)
    if path is None:
        raise DatabaseError("This database is kept by a server. Back it up with the server's own tool, `pg_dump`.")
    if not path.is_file():
        raise DatabaseError(f"There is no database at {path} to back up. It is made at the first start.")
    return path


def _check_room(source: Path, folder: Path, spare_bytes: int) -> None:
    free, needed = shutil.disk_usage(folder).free, source.stat().st_size
    if free < needed + spare_bytes:
        raise DatabaseError(
            f"No backup was made: the disk has {free / 1e6:,.0f} MB left, and the copy takes {needed / 1e6:,.0f} MB"
            f"{f' and is to leave {spare_bytes / 1e6:,.0f} MB' if spare_bytes else ''}. Make some room."
        )


def copy_whole(source: Path, target: Path, rest: Callable[[], None] = _go_on) -> None:
    """Copy a database as it is at one moment, readable by its owner alone, and look through the copy.

    Args:
        source: What is copied; it may be in use.
        target: The copy; no file may be there.
        rest: As in `back_up`.

    Raises:
        sqlite3.Error: It cannot be read, or the copy is not whole.
        OSError: The copy cannot be written.
    """
    # Whoever may read the copy may read the hashes in it.
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode=0o600))
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as connection,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        # One state throughout: without, each scan that comes in between would have the copying begin again.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.backup(copy, pages=_STEP_PAGES, progress=lambda *_: rest())
        copy.execute("PRAGMA journal_mode = DELETE")
        verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"malformed: {verdict}")
