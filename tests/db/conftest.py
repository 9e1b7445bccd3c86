"""A store of its own for each test: on SQLite and on PostgreSQL, or in a file that the test looks into."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from db.store import Store, open_store
from tests.db.scanning import SETTINGS
from tests.postgresql import Cluster


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path}/data/tracking.db"


@pytest.fixture(scope="session")
def upgraded(postgresql: Cluster) -> str:
    """The name of a database with the tables of today in it; a copy of it is made in no time."""
    address = postgresql.new_database()
    open_store(address, SETTINGS).close()
    return make_url(address).database or ""


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The address of a database without a scan, of each kind that is supported."""
    if request.param == "sqlite":
        address: str = request.getfixturevalue("url")
        return address
    cluster: Cluster = request.getfixturevalue("postgresql")
    return cluster.new_database(like=request.getfixturevalue("upgraded"))


@pytest.fixture
def store(any_url: str) -> Iterator[Store]:
    """An empty store, on each kind of database."""
    with contextlib.closing(open_store(any_url, SETTINGS)) as opened:
        yield opened


@pytest.fixture
def file_store(url: str) -> Iterator[Store]:
    """An empty store in a file, for tests that look into it."""
    with contextlib.closing(open_store(url, SETTINGS)) as opened:
        yield opened
