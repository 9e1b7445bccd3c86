"""SQLite databases for tests: copies of one whose tables were made once, since a migration takes a second of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from db.connect import Connections
from db.upgrade import upgrade


def new_database(path: Path) -> str:
    """Put a database of today, without a scan, at a path where none is; gives its address."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(_empty())
    return f"sqlite:///{path}"


@contextmanager
def passing_database() -> Iterator[str]:
    """The address of a database without a scan that is gone when the block ends: one for each example of a test."""
    with TemporaryDirectory() as folder:
        yield new_database(Path(folder, "tracking.db"))


@cache
def _empty() -> bytes:
    """The file of a database without a scan."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        with closing(Connections(f"sqlite:///{path}")) as connections:
            upgrade(connections)
        return path.read_bytes()
