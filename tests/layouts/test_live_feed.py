from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from db.store import Store, open_store
from links.feed import Feed
from tests.db.scanning import SETTINGS as STORE_SETTINGS
from tests.db.scanning import minute, scan
from tests.layouts.fake_place import NOW_AT, FakePlace, busy_overview
from tests.layouts.served import served
from tests.layouts.visit import PATIENCE_MS, Visit

IS_OPEN = "window.feed.isOpen()"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Where the scans are from which the feed tells."""
    with contextlib.closing(open_store(f"sqlite:///{tmp_path}/tracking.db", STORE_SETTINGS)) as opened:
        yield opened


def feed_of(store: Store, most_clients: int = 10) -> Feed:
    return Feed(store.reader, lambda: NOW_AT, most_clients=most_clients)


def now_around(place: FakePlace, people: int) -> None:
    """Let so many be around, without a word of a scan that has finished: only the feed tells of it."""
    place.overview_now = replace(busy_overview(), people_now=people)


def opened(desktop: BrowserContext, address: str) -> Visit:
    """A page that listens to the feed."""
    visit = Visit(desktop.new_page(), address)
    visit.open().wait_for_function(IS_OPEN)
    return visit


def test_a_scan_that_the_feed_tells_of_renews_every_page(
    place: FakePlace, store: Store, desktop: BrowserContext
) -> None:
    """Nobody has to ask: as soon as a scan is committed, all pages that are open show what it heard."""
    feed = feed_of(store)
    with served(place, feed=feed) as address:
        pages = [opened(desktop, address) for _ in range(2)]
        now_around(place, 11)
        store.recorder.record(scan(minute(0), ["a"]))
        feed.nudge()
        for one in pages:
            one.wait_for_text("#people-reading", "People currently around: 11")
            one.page.close()
            assert one.complaints == []


def test_a_page_that_the_feed_refuses_asks_by_itself(place: FakePlace, store: Store, desktop: BrowserContext) -> None:
    """With too many listeners a page goes on as without a feed, and complains of nothing."""
    with served(place, feed=feed_of(store, most_clients=0)) as address:
        visit = Visit(desktop.new_page(), address)
        visit.open()
        place.scan_finished(replace(busy_overview(), people_now=5))
        visit.wait_for_text("#people-reading", "People currently around: 5")
        assert visit.page.evaluate(IS_OPEN) is False
        visit.page.close()
        assert visit.complaints == []


def test_a_page_comes_back_after_a_restart(place: FakePlace, store: Store, desktop: BrowserContext) -> None:
    """When the programme is there again, the page listens again, and shows what was recorded meanwhile."""
    with served(place, feed=feed_of(store)) as address:
        page = opened(desktop, address).page
        page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text("Connection lost, trying again…")).to_be_visible(timeout=PATIENCE_MS)
    now_around(place, 9)
    store.recorder.record(scan(minute(0), ["a"]))
    feed = feed_of(store)
    with served(place, port=int(address.rpartition(":")[2]), feed=feed):
        Visit(page, address).wait_for_text("#people-reading", "People currently around: 9")
        page.wait_for_function(IS_OPEN)
        now_around(place, 4)
        store.recorder.record(scan(minute(1), ["a"]))
        feed.nudge()
        Visit(page, address).wait_for_text("#people-reading", "People currently around: 4")
        assert page.evaluate("window.neverReloaded") is True
        page.close()


def test_a_page_that_nobody_sees_waits_until_somebody_does(
    place: FakePlace, store: Store, desktop: BrowserContext
) -> None:
    """A phone that sleeps has nothing read for it; when it wakes up it shows what is new."""
    feed = feed_of(store)
    with served(place, feed=feed) as address:
        visit = opened(desktop, address)
        other = opened(desktop, address)
        visit.page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
        now_around(place, 11)
        store.recorder.record(scan(minute(0), ["a"]))
        feed.nudge()
        other.wait_for_text("#people-reading", "People currently around: 11")
        assert "currently around: 7" in " ".join(visit.page.inner_text("#people-reading").split())
        visit.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        visit.wait_for_text("#people-reading", "People currently around: 11")
        visit.page.close()
        other.page.close()
