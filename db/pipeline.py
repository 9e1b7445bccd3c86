"""Writing without waiting for the answer to each statement, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from db import bulk


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Let the server carry out one statement while the next is made ready (libpq's pipeline mode, PostgreSQL 15, 34.5).

    A commit has two dozen statements, and each that is waited for costs a turn of the server and a turn back: a fifth
    of the commit. Only for statements that return no rows: what one returned would be looked for before it is there.
    SQLite has no server to wait for, so there nothing is changed.

    Raises:
        DBAPIError: One of the statements failed, perhaps an earlier one than the last.
    """
    if not bulk.is_bulk(connection):
        yield
        return
    import psycopg  # noqa: PLC0415 - 8 MB, which a box on SQLite need not spend

    try:
        with connection.connection.driver_connection.pipeline():  # type: ignore[union-attr]  # psycopg's has one
            yield
    except psycopg.Error as error:
        # What is raised at a statement SQLAlchemy wraps itself; this came at the end.
        raise DBAPIError.instance(None, None, error, psycopg.Error, dialect=connection.dialect) from error
