"""What goes wrong with a database, said so that its owner can mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError


class DatabaseError(Exception):
    """The database cannot do what was asked; the message says why and what to do next."""


class NewerDatabaseError(DatabaseError):
    """The database was written by a newer version of this programme."""


# What SQLite says (sqlite3.c, sqlite3ErrStr), and what that means to the owner. The first that fits is told.
_SENTENCES: tuple[tuple[str, str], ...] = (
    (
        "is full",
        "There is no room left on the disk, so nothing can be remembered. Make some room; it goes on by itself at the next scan.",
    ),
    (
        "locked",
        "The database is in use by another programme. Close whatever else has it open; the next scan tries again.",
    ),
    (
        "readonly",
        "The database may not be written to. Check who owns the file and its folder, and whether the card is write-protected.",
    ),
    (
        "unable to open",
        "The database file cannot be opened. Check that its folder exists and belongs to the user who starts this programme.",
    ),
    (
        "not a database",
        "The file is not a database. Move it away or choose another with `--db`, then start again.",
    ),
    (
        "malformed",
        "The database is damaged. Stop the programme, move the file away and put the newest backup in its place, or start afresh "
        "without one.",
    ),
    (
        "disk i/o",
        "The disk does not answer as it should. Check the card and its free room; if this comes again, replace the card.",
    ),
)
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
        raise DatabaseError(sentence_for(error.orig)) from error


def sentence_for(error: BaseException | None) -> str:
    """The sentence for an error of the driver. It quotes no more than the driver's own words, never a statement's values."""
    said = str(error)
    for mark, sentence in _SENTENCES:
        if mark in said.lower():
            return sentence
    return _UNFORESEEN.format(said=said.partition("\n")[0][:200])
