"""In use: a database in a file belongs to one running programme, and everybody else can tell."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from db.connect import file_of, make_folder
from db.errors import DatabaseError


@contextlib.contextmanager
def held_alone(url: str) -> Iterator[None]:
    """Hold a database for as long as the block lasts, so that no other programme runs on it and nobody replaces it.

    The lock lies in a file of its own beside the database, and the kernel lets go of it when the process ends, however
    it ends. It stands in nobody's way who only reads or writes: commands, and a backup. A database in memory is nobody
    else's anyway; that of a server is shared by any number of hubs.

    Raises:
        DatabaseError: Another programme holds it, or the lock cannot be made.
    """
    path = file_of(url)
    if path is None:
        yield
        return
    make_folder(path.parent)
    try:
        descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, mode=0o600)
    except OSError as error:
        raise DatabaseError(
            f"Nothing can be written beside the database, in {path.parent} ({error.strerror}). "
            f"Is the disk full? Where it was started as root once, type: sudo chown -R $USER {path.parent}"
        ) from error
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        # Not fcntl's own locks, of which SQLite makes use: those end when any descriptor of the file is closed.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DatabaseError(
            "The programme is running on this database. Stop it first (`sudo systemctl stop tracking` where it is a "
            "service, else Ctrl+C where it was started), or choose another database with `--db`."
        ) from error
