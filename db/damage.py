"""Damage: finding out whether a database's file still makes sense, and setting aside one that does not."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from db.errors import DatabaseError, says_damaged

# What SQLite keeps beside a database: changes that are not in it yet, and where to find them.
_BESIDE = ("-wal", "-shm")
# Why a database was set aside, as its name says.
DAMAGED = "damaged"
REPLACED = "replaced"
_STAMP = "%Y-%m-%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A database that was set aside, with what lay beside it.

    Attributes:
        path: Where it lies now.
        at: When that was done.
    """

    path: Path
    at: datetime


def find_damage(path: Path, *, is_begun: bool = True) -> str | None:
    """Look through a whole database; tells what is wrong with it, or None when it is whole.

    It takes a Pi about as long as reading the file. A file that is locked, may not be read, or lies on a disk that does
    not answer is not judged: nothing is known of what it holds.

    Args:
        path: The file; None comes of one that is not there, too.
        is_begun: Whether it must have tables by now.
    """
    return _judged(path, partial(_look_through, is_begun=is_begun))


def find_damage_at_start(path: Path) -> str | None:
    """As `find_damage`, but of a database that was closed in good order only what a glance shows.

    Who closes one takes its log away. A log that is left says that the power went, or the process: then the disk may
    not have written what it was told to, and everything is looked at.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return find_damage(path, is_begun=False)
    return _judged(path, _glance)


def _judged(path: Path, look: Callable[[sqlite3.Connection], str | None]) -> str | None:
    if not path.exists():
        return None
    if path.stat().st_size == 0:
        return "the file is empty"
    try:
        # Not waited for: a file that somebody has locked is not judged.
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0)) as looked:
            return look(looked)
    except sqlite3.DatabaseError as error:
        return str(error) if says_damaged(error) else None


def _look_through(connection: sqlite3.Connection, *, is_begun: bool) -> str | None:
    if is_begun and connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        return "its tables are gone"
    verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return None if verdict == "ok" else verdict.partition("\n")[0][:200]


def _glance(connection: sqlite3.Connection) -> None:
    """Read the header, compare the length it tells with that of the file, and read what tables there are."""
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def set_aside(path: Path, now_at: datetime, why: str) -> Path:
    """Give a database, and what lies beside it, another name; tells which. Nobody may have it open.

    What is not there is passed over: a log may be all that is left of a database.

    Args:
        path: The file.
        now_at: The time that the name tells.
        why: What the name says: `DAMAGED` or `REPLACED`.

    Raises:
        DatabaseError: It cannot be renamed.
    """
    aside = path.with_name(f"{path.stem}-{why}-{now_at:{_STAMP}}{path.suffix}")
    while aside.exists():
        now_at += timedelta(seconds=1)
        aside = path.with_name(f"{path.stem}-{why}-{now_at:{_STAMP}}{path.suffix}")
    try:
        # The database first: without it SQLite deletes a log that is left, where without its log it would be read.
        for ending in ("", *_BESIDE):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
        sync_folder(path.parent)
    except OSError as error:
        raise DatabaseError(
            f"The database {path} cannot be set aside ({error.strerror}). Let this user write to its folder, or move "
            "the file away."
        ) from error
    return aside


def list_set_aside(path: Path, why: str) -> tuple[SetAside, ...]:
    """The databases that were set aside in favour of this one, and are still there, the newest first."""
    pattern = re.compile(rf"{re.escape(path.stem)}-{why}-(\d{{4}}-\d\d-\d\d-\d{{6}}){re.escape(path.suffix)}")
    found = [(one, pattern.fullmatch(one.name)) for one in path.parent.glob(f"*{path.suffix}")]
    aside = [
        SetAside(one, datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC)) for one, name in found if name is not None
    ]
    return tuple(sorted(aside, key=lambda one: one.at, reverse=True))


def sync_folder(folder: Path) -> None:
    """Wait until the names of a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
