"""What tests of several rooms share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from db.connect import Connections
from db.upgrade import upgrade
from tests.postgresql import Cluster, cluster

# No test depends on how fast a machine is: a busy one draws examples slowly, and that is no fault.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


_RADIOS = Path(__file__).parent / "radios"
_SLOW = Path(__file__).parent / "system", Path(__file__).parent / "layouts"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know `--radios`, which takes in the tests that start a virtual machine."""
    parser.addoption("--radios", action="store_true", help="also run tests/radios: a virtual machine, two hours")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave those tests alone unless they are asked for; None lets pytest decide."""
    return True if collection_path.is_relative_to(_RADIOS) and not config.getoption("--radios") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, browsers and whole programmes: at the end no process then works alone."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in _SLOW))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One PostgreSQL for all tests; each takes a database of its own from it."""
    made = cluster()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def upgraded(postgresql: Cluster) -> str:
    """The name of a PostgreSQL database with the tables of today in it; a copy of it is made in no time."""
    address = postgresql.new_database()
    with contextlib.closing(Connections(address)) as connections:
        upgrade(connections)
    return make_url(address).database or ""
