"""One guest for all of these tests, with the programme installed in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.layouts.conftest import chromium
from tests.radios.box import Box
from tests.radios.faults import PATIENCE_SECONDS, all_heard
from tests.radios.image import cache_folder, image, missing_tools
from tests.radios.shown import ShownPage
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


@pytest.fixture(scope="module")
def running(box: Box) -> Iterator[Box]:
    """The programme with its own settings, both radios heard."""
    box.start({})
    box.wait_until(lambda: all_heard(box.scans()), PATIENCE_SECONDS * 2, "both radios heard")
    yield box
    box.stop()
    box.forget()


@pytest.fixture(scope="module")
def page(running: Box) -> ShownPage:
    """What the page shows to somebody outside the guest."""
    return ShownPage(running.machine.url)
