"""A store in a file of its own for each test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.store import Store, open_store
from tests.db.scanning import SETTINGS


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a database that is not there yet."""
    return f"sqlite:///{tmp_path}/data/tracking.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    with contextlib.closing(open_store(url, SETTINGS)) as opened:
        yield opened
