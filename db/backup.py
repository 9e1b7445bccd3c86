"""Backing up: a copy of the database at one moment, taken while it is in use, and opened before it is trusted."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from db.errors import DatabaseError, sentence_for


def back_up(url: str, folder: Path, now_at: datetime) -> Path:
    """Copy a SQLite database into a folder, which is made when it is not there.

    The copy is one file that needs no other beside it. It appears under its name only once it has been found whole.

    Args:
        url: The address of the database.
        folder: Where to.
        now_at: The time that names the copy.

    Returns:
        The copy.

    Raises:
        DatabaseError: There is nothing to copy, it is damaged, or the folder cannot be written.
    """
    source = _file_of(url)
    path = folder / f"tracking-{now_at:%Y-%m-%d-%H%M%S}.db"
    beside = path.with_suffix(".new")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        # Whoever may read the copy may read the hashes in it.
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode=0o600))
        _copy(source, beside)
        return beside.replace(path)
    except sqlite3.Error as error:
        beside.unlink(missing_ok=True)
        raise DatabaseError(f"No backup was made. {sentence_for(error)}") from error
    except OSError as error:
        raise DatabaseError(
            f"No backup was made: {folder} cannot be written ({error.strerror}). Choose another folder."
        ) from error


def _file_of(url: str) -> Path:
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        raise DatabaseError("This database is kept by a server. Back it up with the server's own tool, `pg_dump`.")
    path = Path(address.database or "")
    if not path.is_file():
        raise DatabaseError(f"There is no database at {path} to back up. It is made at the first start.")
    return path


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as connection,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"malformed: {verdict}")
