"""A place of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.links.api.place import Place, open_place
from tests.sqlite import new_database


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place in which nothing was heard yet."""
    with open_place(new_database(tmp_path / "tracking.db")) as opened:
        yield opened
