"""A real browser, for the tests that look at the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.layouts.fake_place import FakePlace
from tests.layouts.served import served
from tests.layouts.visit import PATIENCE_MS, Visit

CHROMIUM = Path("/usr/bin/chromium")

# Chromium as Debian packages it, without its own traffic to the world, and as root in a container.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file; no longer, since its event loop would be in the way of others."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: sudo apt install chromium")
    # What is expected may take its time: the machine may be busy with other tests.
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def place() -> FakePlace:
    """A busy place, which a test may change before and while a page is open."""
    return FakePlace()


@pytest.fixture
def desktop(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody has used yet, on a wide screen, in a light room."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light") as context:
        yield context


@pytest.fixture
def visit(place: FakePlace, desktop: BrowserContext) -> Iterator[Visit]:
    """The page of the place, about to be opened; it must not complain, and ask nobody but its own server."""
    with served(place) as address:
        visit = Visit(desktop.new_page(), address)
        yield visit
        visit.page.close()  # before its server, which waits for those who are still connected
        assert visit.complaints == []
        assert visit.strangers == []
