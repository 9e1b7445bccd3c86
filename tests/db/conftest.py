"""A database of its own for each test: on SQLite and on PostgreSQL, or in a file that the test looks into."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.connect import Connections
from db.store import Store, open_store
from tests.db.scanning import SETTINGS
from tests.postgresql import Cluster, cluster
from tests.sqlite import new_database


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a SQLite database without a scan."""
    return new_database(tmp_path / "data/tracking.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without a scan, of each kind that is supported."""
    if request.param == "sqlite":
        yield request.getfixturevalue("url")
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    with cluster.passing_database(like=request.getfixturevalue("upgraded")) as address:
        yield address


@pytest.fixture
def connections(any_url: str) -> Iterator[Connections]:
    """A database without a scan, of each kind."""
    with contextlib.closing(Connections(any_url)) as opened:
        yield opened


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


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that no other test uses, so that it may be killed."""
    made = cluster()
    yield made
    made.stop()
