"""One guest for all of these tests, with the programme installed in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.layouts.conftest import chromium
from tests.radios.box import Box
from tests.radios.image import cache_folder, image, missing_tools
from tests.radios.table import FaultTable

__all__ = ["chromium"]


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A guest with radios around it, in which `./run` has installed the programme, which is not running."""
    if missing := missing_tools():
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("guest")
    made = Box(image(), folder)
    try:
        made.plug_radios()
        made.bring_checkout()
        yield made
    finally:
        made.machine.cut_power()


@pytest.fixture(scope="session")
def table(box: Box) -> FaultTable:
    """The table of faults, kept beside the images when all is over."""
    del box  # where there is no guest, the table of an earlier run stays
    return FaultTable(cache_folder() / "faults.md")
