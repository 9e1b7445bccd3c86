"""Connections: one that writes, several that read, for a file, for memory and for a server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, func, make_url, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from db.errors import DamagedDatabaseError, DatabaseError, sentence_for, told_plainly

# SQLite writes whole pages. With the smallest there are, a scan of 500 devices writes less than with pages of 1 KiB:
# 35 KiB, not 40, when all are known; 76, not 91, when a tenth is new (bench/write_size.py).
_PAGE_BYTES = 512

# Changes are taken over from the log to the database file, each page once, when the log has this many pages (4 MiB):
# about every 40 scans of a busy place.
_CHECKPOINT_PAGES = 8192

# Another programme (a report, a backup) holds the database for a moment only.
_BUSY_MILLISECONDS = 5000

# A server of databases that does not answer within this long is away.
_CONNECT_SECONDS = 10

# What is deleted is overwritten with zeros. Debian's SQLite is built to do so anyway, and all figures are with it.
_OVERWRITING = "PRAGMA secure_delete = ON"

# What a query sorts should not be written to the card.
_TEMPORARY_IN_MEMORY = "PRAGMA temp_store = MEMORY"

_NOT_OVERWRITTEN = "It was deleted, but older copies may still lie in the files of the database."

# A log is read by its header (https://www.sqlite.org/fileformat2.html, 4.1).
_LOG_HEADER_BYTES = 32
_PIECE_BYTES = 1 << 20

# Times that the log is taken over anew because somebody wrote meanwhile, as a box does once a minute.
_TRIES = 5

# Held by whoever writes to a PostgreSQL database, until the transaction ends. Any number does that nobody else locks.
_WRITING_LOCK = 8050

# Whoever writes looks a few rows up by their keys among millions, so nested loops over indexes are right. A server that
# has not counted its tables yet may think otherwise, and read all devices there are for each commit. With that said, a
# plan stays good for ever; plans made anew for a commit's two dozen statements each were a fifth of its work.
_WRITER_OPTIONS = (
    "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off "
    "-c plan_cache_mode=force_generic_plan -c jit=off"
)

# Pages a connection keeps in memory, 512 KiB (negative means KiB), and connections kept for reading: on a Pi of 1 GB
# the whole programme is to stay small, and the system keeps the file's pages in memory besides. With twice as much,
# nothing is read faster (bench/history_cost.py), no less is written (bench/write_size.py), and a box takes 1.7 MB more.
_CACHE = -512
_KEPT_READERS = 3


class Connections:
    """The engines of one database. Readers may be used from many threads at once, the writer by one after another.

    Attributes:
        looks_damaged: Whether somebody came across something in its file that makes no sense.
    """

    def __init__(self, url: str) -> None:
        """Prepare the engines; nothing is opened yet.

        Raises:
            DatabaseError: The address of the database cannot be understood, or its folder cannot be made.
        """
        try:
            self.url = make_url(url)
            self._writer, self._reader = _engines(self.url)
        except (ArgumentError, NoSuchModuleError) as error:
            raise DatabaseError(
                "This is not an address of a database. Write it like sqlite:///data/tracking.db, or "
                "postgresql://user@host/name."
            ) from error
        self.looks_damaged = False
        self._writing = threading.Lock()
        # In memory there is but one connection: whoever reads waits for whoever writes.
        self._reading: AbstractContextManager[object] = self._writing if self._writer is self._reader else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, or undone when an error leaves it.

        Raises:
            DatabaseError: The database refused.
        """
        with self._told(), self._writing, self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                # One writer, as SQLite has it, though several hubs share the database: no two can count a device twice,
                # or wait for each other for ever.
                connection.execute(select(func.pg_advisory_xact_lock(_WRITING_LOCK)))
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout, whatever is written meanwhile.

        Raises:
            DatabaseError: The database refused.
        """
        with self._told(), self._reading, self._reader.begin() as connection:
            yield connection

    def overwrite_deleted(self) -> None:
        """Leave nothing in a SQLite file, or in its log, of what was deleted; elsewhere it does nothing.

        The file is written anew: where rows were moved about, older copies of them lie between those of today. Then the
        log is overwritten before it is cut to nothing. Another programme may go on using the database, and waits where
        it writes: for 10 s with 350 MB on a PC. For that time as much room is taken again as the database has, twice.

        Raises:
            DatabaseError: It could not be done, being in use for too long, or for want of room.
        """
        if self.url.get_backend_name() != "sqlite" or self.is_in_memory:
            return
        with self._writing, closing(self._writer.raw_connection()) as connection:
            try:
                cursor = connection.cursor()
                # Its copy of the database in a temporary file: 354 MB of it took 548 MB of memory, and take 9 MB so.
                cursor.execute("PRAGMA temp_store = FILE")
                try:
                    cursor.execute("VACUUM")
                finally:
                    cursor.execute(_TEMPORARY_IN_MEMORY)
                _empty_log(cursor, Path(f"{self.url.database}-wal"))
            except SqliteError as error:
                raise DatabaseError(f"{_NOT_OVERWRITTEN} {sentence_for(error)}") from error

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with told_plainly():
                yield
        except DamagedDatabaseError:
            self.looks_damaged = True
            raise

    @property
    def is_in_memory(self) -> bool:
        """Whether the database lives in this process alone."""
        return self._writer is self._reader

    def close(self) -> None:
        """Close every connection. Harmless when called twice."""
        self._reader.dispose()
        self._writer.dispose()


def _engines(url: URL) -> tuple[Engine, Engine]:
    if url.get_backend_name() != "sqlite":
        return _postgresql_engines(url)
    if url.database in {None, "", ":memory:"}:
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        _prepare_sqlite(engine, "BEGIN")
        return engine, engine
    make_folder(Path(str(url.database)).parent)
    writer = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    reader = create_engine(url, pool_size=_KEPT_READERS)
    _prepare_sqlite(
        writer, "BEGIN IMMEDIATE", f"PRAGMA page_size = {_PAGE_BYTES}", "PRAGMA journal_mode = WAL", _OVERWRITING
    )
    _prepare_sqlite(reader, "BEGIN", "PRAGMA query_only = ON")
    return writer, reader


def _postgresql_engines(url: URL) -> tuple[Engine, Engine]:
    """As for a file: one connection writes, a few read, each reading one state throughout.

    Before a connection is used it is asked whether it still lives, so that a server may be started again meanwhile.
    """
    shared: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS}
    options = f"{url.query.get('options', '')} {_WRITER_OPTIONS}"
    writer = create_engine(
        url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args={**shared, "options": options}
    )
    reader = create_engine(
        url, pool_size=_KEPT_READERS, isolation_level="REPEATABLE READ", pool_pre_ping=True, connect_args=shared
    )
    return writer, reader


def _empty_log(cursor: DBAPICursor, log: Path) -> None:
    """Take the log over into the database, and overwrite what it held.

    A log that was taken over as a whole is read by nobody, and the next who writes begins it anew
    (sqlite.org/fileformat2.html, section 4.5): zeros in it are a log without content. Nobody may write meanwhile, nor
    have written since it was taken over, which `data_version` tells.
    """
    for _ in range(_TRIES):
        version = cursor.execute("PRAGMA data_version").fetchone()
        is_busy, in_log, taken_over = cursor.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            is_over = not is_busy and in_log == taken_over
            if is_over and cursor.execute("PRAGMA data_version").fetchone() == version:
                _overwrite(log)
                break
        finally:
            cursor.execute("ROLLBACK")
    else:
        raise DatabaseError(
            f"{_NOT_OVERWRITTEN} Somebody reads the database all the time: close the page and what else asks for "
            "figures, and try again."
        )
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _overwrite(log: Path) -> None:
    """Overwrite a log with zeros, its header first: a power cut in between must leave none of its pages to be read."""
    size = log.stat().st_size
    with log.open("r+b", buffering=0) as content:
        for begin, end in ((0, min(_LOG_HEADER_BYTES, size)), (_LOG_HEADER_BYTES, size)):
            for at in range(begin, end, _PIECE_BYTES):
                content.seek(at)
                content.write(bytes(min(_PIECE_BYTES, end - at)))
            os.fsync(content.fileno())


def file_of(url: str) -> Path | None:
    """The file of a database; None for one in memory or of a server."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or address.database in {None, "", ":memory:"}:
        return None
    return Path(str(address.database))


def make_folder(folder: Path) -> None:
    """Make the folder of a database, for its owner alone, where there is none.

    Raises:
        DatabaseError: It cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The folder {folder} for the database cannot be made ({error.strerror}). Choose another with `--db`."
        ) from error


def _prepare_sqlite(engine: Engine, begin: str, *pragmas: str) -> None:
    """Let each connection of an engine begin as it should.

    Python's sqlite3 begins a transaction by itself, but late, and never before changes to tables. SQLAlchemy's begin is
    made a real one, so that a migration is all or nothing and a reader sees one state throughout.
    """

    def connected(connection: SqliteConnection, _record: object) -> None:
        for pragma in (
            f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}",
            *pragmas,
            "PRAGMA synchronous = NORMAL",
            "PRAGMA foreign_keys = ON",
            _TEMPORARY_IN_MEMORY,
            f"PRAGMA cache_size = {_CACHE}",
            f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}",
        ):
            connection.execute(pragma)

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
