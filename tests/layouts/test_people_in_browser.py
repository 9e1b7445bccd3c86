from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from presence.estimate import BusyWeek, FixtureDecision
from tests.layouts.fake_people import PLAIN_ESTIMATE, FakePeople
from tests.layouts.fake_place import NOW_AT, FakePlace, busy_overview, empty_overview, wifi_broken_overview
from tests.layouts.served import served
from tests.layouts.visit import Visit


@pytest.fixture
def people() -> FakePeople:
    """A place whose people are estimated."""
    return FakePeople()


@pytest.fixture
def estimated(place: FakePlace, people: FakePeople, desktop: BrowserContext) -> Iterator[Visit]:
    """The page of that place; it must not complain, and ask nobody but its own server."""
    with served(place, estimating=people.estimating()) as address:
        visit = Visit(desktop.new_page(), address)
        yield visit
        visit.page.close()
        assert visit.complaints == []
        assert visit.strangers == []


def go(visit: Visit, path: str) -> Page:
    """Open a view."""
    visit.page.goto(visit.address + path)
    return visit.page


def test_a_count_is_saved_thanked_for_and_undone(estimated: Visit, people: FakePeople) -> None:
    """One field and a button; a slip is told, the thanks have a way back, and the way back has one too."""
    page = estimated.open()
    page.get_by_role("button", name="Save the count").click()
    expect(page.locator("#count-said")).to_contain_text("Say how many people you count")
    page.get_by_role("textbox", name="I count").fill("23")
    page.keyboard.press("Enter")
    expect(page.locator("#count-said")).to_contain_text("Thank you: 23 people at 16:05.")
    assert [(one.people, one.counted_at) for one in people.counts] == [(23, NOW_AT)]
    expect(page.get_by_role("textbox", name="I count")).to_have_value("")
    page.locator("#count-said button").click()
    expect(page.locator("#count-said")).to_contain_text("The count is taken back")
    assert people.counts[0].is_deleted
    page.locator("#count-said button").click()
    expect(page.locator("#count-said")).to_have_text("The count is back.")
    assert not people.counts[0].is_deleted


def test_a_count_may_have_been_made_earlier(estimated: Visit, people: FakePeople) -> None:
    """The time is folded away until it is asked for; one that lies ahead is refused."""
    page = estimated.open()
    page.locator("#count-people").fill("4")
    page.get_by_text("It was earlier").click()
    page.get_by_label("Counted at").first.fill("23:00")
    page.get_by_role("button", name="Save the count").click()
    expect(page.locator("#count-said")).to_contain_text("For yesterday write 2026-05-11 23:00")
    page.get_by_label("Counted at").first.fill("9:30")
    page.get_by_role("button", name="Save the count").click()
    expect(page.locator("#count-said")).to_contain_text("4 people at 09:30")
    assert [one.counted_at for one in people.counts] == [datetime(2026, 5, 12, 7, 30, tzinfo=UTC)]


def test_while_a_fit_runs_the_page_says_so_and_then_shows_what_it_brought(estimated: Visit, people: FakePeople) -> None:
    """The estimate changes by itself when the fit is done, and the errors before and after stand in words."""
    for number in range(3):
        people.add(10 * number, NOW_AT - timedelta(hours=number), "admin")
    people.is_fitting = True
    page = estimated.open()
    expect(page.locator("#calibration-said")).to_contain_text("Learning from your counts…")
    assert people.now.estimate is not None
    people.now = replace(people.now, estimate=replace(people.now.estimate, likely=31.0))
    people.is_fitting = False
    expect(page.locator("#calibration-said")).to_contain_text("off by about 2 people; without, by 5.")
    estimated.wait_for_text("#estimate-reading", "People here, estimated: 31")


def test_who_is_not_logged_in_is_led_there(estimated: Visit, place: FakePlace, people: FakePeople) -> None:
    """Without the password nobody counts, edits or decides, and each place says where to log in."""
    people.add(7, NOW_AT, "admin")
    place.may_change = False
    page = estimated.open()
    expect(page.get_by_role("link", name="Log in to count")).to_be_visible()
    expect(page.locator("#count-form")).to_be_hidden()
    page = go(estimated, "/people")
    expect(page.locator("#count-rows tr")).to_have_count(1)
    expect(page.locator("#counts-login a")).to_be_visible()
    expect(page.locator("#view-people .row-actions button")).to_have_count(0)


def test_a_click_of_somebody_who_was_logged_out_changes_nothing(
    estimated: Visit, place: FakePlace, people: FakePeople
) -> None:
    """A page that was left open asks for the password when its buttons are used."""
    page = go(estimated, "/people")
    page.locator("#fixture-rows button", has_text="Count it").first.click()
    expect(page.locator("#fixtures-said")).to_contain_text("counts as a visitor's")
    place.may_change = False
    page.locator("#fixtures-said button").click()
    expect(page.locator("#fixtures-said")).to_contain_text("asks for the admin password")
    assert people.things[0].decision is FixtureDecision.KEPT


def test_entries_are_added_edited_taken_back_and_restored(estimated: Visit, people: FakePeople) -> None:
    """The list follows each change, and says how far the estimate was from each entry."""
    page = go(estimated, "/people")
    expect(page.locator("#counts-advice")).to_have_text("Count once when it is empty, and once when it is full.")
    page.locator("#entry-people").fill("12")
    page.locator("#entry-at").fill("2026-05-11 10:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#count-rows tr")).to_have_count(1)
    expect(page.locator("#count-rows tr")).to_contain_text("11 May, 10:00")
    page.get_by_role("button", name="Edit the count of").click()
    expect(page.locator("#entry-title")).to_have_text("Edit the count")
    expect(page.locator("#entry-at")).to_have_value("2026-05-11 10:00")
    page.locator("#entry-people").fill("15")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#counts-said")).to_contain_text("Changed.")
    expect(page.locator("#entry-title")).to_have_text("Add a count")
    assert [one.people for one in people.counts] == [15]
    page.get_by_role("button", name="Take the count of").click()
    expect(page.locator("#count-rows tr")).to_have_class("taken-back")
    page.locator("#count-rows").get_by_role("button", name="Bring the count of").click()
    expect(page.locator("#count-rows tr.taken-back")).to_have_count(0)
    assert not people.counts[0].is_deleted


def test_a_thing_is_decided_on_by_one_click_and_that_undone(estimated: Visit, people: FakePeople) -> None:
    """Counted or left out, and back to what it was; a hostile maker stays text."""
    page = go(estimated, "/people")
    page.get_by_role("button", name="Count it: Hewlett Packard").click()
    expect(page.locator("#fixtures-said")).to_contain_text("Hewlett Packard counts as a visitor's")
    expect(page.locator("#fixture-rows tr").first).to_contain_text("Counted")
    page.locator("#fixtures-said button").click()
    expect(page.locator("#fixture-rows tr").first).to_contain_text("Left out, new")
    assert people.things[0].decision is FixtureDecision.LEARNED
    assert page.evaluate("window.pwned") is None


def test_other_settings_are_tried_before_they_are_kept(estimated: Visit) -> None:
    """What is typed is drawn and told at once; what cannot be is told."""
    page = go(estimated, "/people")
    expect(page.locator("#if-said")).to_contain_text("Change a setting")
    expect(page.locator("#if-shown")).to_be_hidden()
    page.locator("#if-share").fill("40")
    expect(page.locator("#if-said")).to_contain_text("100 % more")
    expect(page.locator("#if-chart .main-svg").first).to_be_visible()
    page.locator("#if-share").fill("400")
    expect(page.locator("#if-said")).to_contain_text("from 1 to 100")


def test_why_is_one_click_away(estimated: Visit) -> None:
    """The steps are folded beneath the number, and open on the page of people; a finished scan leaves them open."""
    page = estimated.open()
    expect(page.locator("#estimate-steps")).to_be_hidden()
    page.get_by_text("Why this number?").first.click()
    expect(page.locator("#estimate-steps table")).to_have_count(3)
    page = go(estimated, "/people")
    expect(page.locator("#people-steps table")).to_have_count(3)


def test_the_estimate_of_one_sensor_is_its_own(estimated: Visit) -> None:
    """The choice of a sensor changes the number of the overview; heads are counted in the whole place."""
    page = estimated.open()
    estimated.wait_for_text("#estimate-reading", "People here, estimated: 22")
    page.locator("#sensor-picker").select_option("reading room")
    estimated.wait_for_text("#estimate-reading", "People here, estimated: 5")
    expect(page.locator("#estimate-reading")).to_contain_text("Near one sensor alone.")
    expect(page.locator("#count-form")).to_be_hidden()
    expect(page.locator("#count-of-site")).to_be_visible()


def test_an_estimate_that_cannot_be_read_is_told_and_tried_again(
    estimated: Visit, place: FakePlace, people: FakePeople
) -> None:
    """The rest of the page goes on meanwhile."""
    estimated.open()
    people.error = RuntimeError("disk I/O error")
    place.scan_finished(replace(busy_overview(), people_now=9))
    expect(estimated.page.locator("#trouble-people")).to_be_visible()
    estimated.wait_for_text("#people-reading", "People currently around: 9")
    people.error = None
    expect(estimated.page.locator("#trouble-people")).to_be_hidden()


def empty_place() -> tuple[FakePlace, FakePeople]:
    """Before the first scan."""
    now = replace(FakePeople().now, as_of_at=None, estimate=None, usual=None)
    week = BusyWeek(((None,) * 24,) * 7, 0)
    return FakePlace(overview_now=empty_overview()), FakePeople(now=now, things=[], week=week, crowd=None)


def faulty_place() -> tuple[FakePlace, FakePeople]:
    """Wi-Fi is not heard, and the numbers are large."""
    estimate = replace(PLAIN_ESTIMATE, low=12345.0, likely=34567.0, high=99999.0)
    people = FakePeople(now=replace(FakePeople().now, estimate=estimate, capacity=100_000))
    people.add(99_999, NOW_AT - timedelta(days=400), "admin")
    people.delete(1, NOW_AT)
    return FakePlace(overview_now=wifi_broken_overview()), people


@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("of", [empty_place, faulty_place])
def test_people_fit_a_narrow_phone(
    chromium: Browser, width: int, of: Callable[[], tuple[FakePlace, FakePeople]]
) -> None:
    """Neither the overview nor the view of people scrolls sideways, empty or with large numbers."""
    place, people = of()
    with served(place, estimating=people.estimating()) as address:
        page = chromium.new_page(viewport={"width": width, "height": 780}, has_touch=True, is_mobile=True)
        visit = Visit(page, address)
        visit.open()
        expect(page.locator("#people-panel")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        go(visit, "/people")
        expect(page.locator("#busy-note")).not_to_be_empty()
        expect(page.locator("#fixtures-summary")).not_to_be_empty()
        expect(page.locator("#crowd-stays")).not_to_be_empty()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()
