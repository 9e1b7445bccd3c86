"""What goes wrong with a database, said so that its owner can mend it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError


class DatabaseError(Exception):
    """The database cannot do what was asked; the message says why and what to do next."""


class NewerDatabaseError(DatabaseError):
    """The database was written by a newer version of this programme."""


class DatabaseAwayError(DatabaseError):
    """Nothing can be had or kept just now: the disk is full, another programme is at it, or its server is away.

    The same may well be possible later.
    """


class DamagedDatabaseError(DatabaseError):
    """What the file of the database holds makes no sense: it was damaged, or is no database at all."""


# What SQLite says (sqlite3.c, sqlite3ErrStr) and PostgreSQL (its manual, appendix A, and libpq), and what that means to
# the owner. The first that fits is told.
_SENTENCES: dict[str, str] = {
    "is full": "The disk is full, so nothing more is remembered. Make some room: the next scan is then kept.",
    "locked": "Another programme is using the database. Close what else has it open; the next scan tries again.",
    "readonly": "The database may not be written to. Check who owns its file and its folder.",
    "unable to open": "The database cannot be opened. Check that its folder exists and that this user may write to it.",
    "not a database": "The file is not a database. Move it away, or choose another with `--db`, and start again.",
    "malformed": (
        "The database is damaged. `./run` sets its file aside and begins a new one; `./run restore --list` shows the "
        "backups that can be put back."
    ),
    "no space left": "The disk of the database's server is full. Make some room there: the next scan is then kept.",
    "password authentication failed": (
        "The database's server does not accept this user and password. Check `db.url`, and the file ~/.pgpass."
    ),
    "no password supplied": (
        "The database's server asks for a password. Write it into the file ~/.pgpass, as host:port:name:user:password."
    ),
    "does not exist": (
        "The database's server knows no such database or user. Make it there (`createdb`), or mend `db.url`."
    ),
    "too many": "The database's server has too many connections open. Close others, or raise max_connections.",
    "failed to resolve host": "The name of the database's server is not known. Check `db.url` and the network.",
    "connection refused": "The database's server does not answer. Start it, or check the address in `db.url`.",
    "no such file or directory": "The database's server is not running here. Start it, or check `db.url`.",
    "server closed the connection": "The database's server was stopped. What was not kept yet is tried again.",
    "terminating connection": "The database's server was stopped. What was not kept yet is tried again.",
    "starting up": "The database's server is starting. What was not kept yet is tried again.",
    "shutting down": "The database's server is stopping. What was not kept yet is tried again.",
    "timeout expired": "The database's server does not answer. Check that it runs, and the network between.",
    "disk i/o": "The disk does not answer as it should. Check the card and its room; if this comes again, replace it.",
}
_UNFORESEEN = (
    "The database could not do what was asked ({said}). If this comes again, start with a fresh file by `--db`."
)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what the database driver raises into a sentence for the owner.

    Raises:
        DatabaseError: In place of whatever the driver raised, which stays attached as the cause.
    """
    try:
        yield
    except DBAPIError as error:
        raise _kind_of(error)(sentence_for(error.orig)) from error


def _kind_of(error: DBAPIError) -> type[DatabaseError]:
    if says_damaged(error.orig):
        return DamagedDatabaseError
    return DatabaseAwayError if isinstance(error, OperationalError) else DatabaseError


def says_damaged(error: BaseException | None) -> bool:
    """Whether SQLite found that the file's content makes no sense; not when it is locked, unreadable or full.

    The lower eight bits of an extended code are the primary one (sqlite.org/rescode.html). A table that is missing
    after the start was there: the file was emptied.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return False
    return code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or "no such table" in str(error)


def sentence_for(error: BaseException | None) -> str:
    """The sentence for an error of the driver. It quotes the driver's own words at most, never a statement's values."""
    said = str(error)
    for mark, sentence in _SENTENCES.items():
        if mark in said.lower():
            return sentence
    return _UNFORESEEN.format(said=said.partition("\n")[0][:200])
