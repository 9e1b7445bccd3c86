from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from presence.overview import Activity, DeviceSort, Phase
from presence.ranges import TimeRange
from tests.layouts.fake_place import (
    NOW_AT,
    SETTINGS,
    FakePlace,
    both_broken_overview,
    busy_overview,
    empty_overview,
    hostile_rows,
)
from tests.layouts.served import served
from tests.layouts.visit import PATIENCE_MS, Visit

VIEWS = ("/", "/people", "/devices", "/sensors", "/settings", "/about", "/nowhere")


def _headings(page: Page) -> list[str]:
    return [" ".join(heading.split()) for heading in page.locator("h1:visible, h2:visible").all_text_contents()]


def test_the_page_has_every_element_of_the_page_to_match(visit: Visit) -> None:
    """Heading, link, four cards, switch, buttons, pie and combined chart are there with their exact words."""
    page = visit.open()
    assert page.title() == "Wi-Fi and Bluetooth Tracking"
    assert _headings(page) == [
        "Wi-Fi and Bluetooth Tracking",
        "People here, estimated: 22",
        "People currently around: 7",
        "Total of people detected: 18",
        "Average time spent: 7.8 minutes",
        "Data state: Data not saved",
        "People over time",
        "Devices over time",
        "Detection type",
        "Zones over time",
        "Sensors over time",
        "Radios",
        "Zones now",
    ]
    expect(page.get_by_text("Developed for Raspberry Pi")).to_be_visible()
    expect(page.get_by_role("link", name="About this project")).to_be_visible()
    expect(page.get_by_role("switch", name="Ratio")).to_be_visible()
    expect(page.get_by_role("button", name="Reset time")).to_be_visible()
    expect(page.get_by_role("button", name="Save data")).to_be_visible()
    expect(page.locator("#detection-pie .slice")).to_have_count(2)
    expect(page.locator("#chart-legend li")).to_have_text(["Both", "Wi-Fi", "Bluetooth"])


def test_the_tab_says_when_the_box_is_scanning(visit: Visit, place: FakePlace) -> None:
    """The title is "Scanning..." during a scan, and the page's own before and after."""
    page = visit.open()
    waiting, place.activity_now = place.activity_now, Activity(Phase.SCANNING, 12, None)
    page.wait_for_function("document.title === 'Scanning...'")
    expect(page.locator("#phase")).to_have_text("Listening…")
    place.activity_now = waiting
    page.wait_for_function("document.title === 'Wi-Fi and Bluetooth Tracking'")


def test_a_finished_scan_renews_the_page_by_itself(visit: Visit, place: FakePlace) -> None:
    """New numbers appear without a reload, and the sentence for screen readers with them."""
    visit.open()
    place.scan_finished(replace(busy_overview(), people_now=11, people_now_with_ratio=13))
    visit.wait_for_text("#people-reading", "People currently around: 11")
    visit.wait_for_text("#spoken", "People currently around: 11.")


def test_nothing_heavy_is_asked_between_two_scans(visit: Visit) -> None:
    """While nothing is new, the page asks for the activity alone."""
    page = visit.open()
    page.wait_for_load_state("networkidle")
    activity = f"{visit.address}/_activity"
    for _ in range(30):  # on a busy machine some of the first numbers are still on their way
        visit.responses.clear()
        with page.expect_response("**/_activity"):
            pass
        if {response.url for response in visit.responses} == {activity}:
            break
    visit.responses.clear()
    for _ in range(3):
        with page.expect_response("**/_activity"):
            pass
    assert {response.url for response in visit.responses} == {activity}


def test_the_ratio_switch_changes_people_and_bars_and_is_remembered(visit: Visit) -> None:
    """Switched on, card 1 shows 8 and the bars of the ratio are drawn; a reload keeps it; switched off, all is back."""
    page = visit.open()
    switch = page.get_by_role("switch", name="Ratio")
    switch.click()
    visit.wait_for_text("#people-reading", "People currently around: 8")
    visit.wait_for_chart("chart => chart.data[1].visible === true")
    expect(page.locator("#chart-legend li")).to_have_text(["Both", "Ratio calculated", "Wi-Fi", "Bluetooth"])
    page.reload()
    visit.wait_for_text("#people-reading", "People currently around: 8")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    visit.wait_for_text("#people-reading", "People currently around: 7")
    visit.wait_for_chart("chart => chart.data[1].visible === false")


def test_reset_time_asks_first(visit: Visit, place: FakePlace) -> None:
    """Cancel and Escape change nothing; the confirmation resets once, and the card says since when."""
    page = visit.open()
    dialog = page.get_by_role("dialog", name="Reset the time spent?")
    page.get_by_role("button", name="Reset time").click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Reset time").click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert place.resets == []
    page.get_by_role("button", name="Reset time").click()
    dialog.get_by_role("button", name="Reset time").click()
    visit.wait_for_text("#time-spent-reading", "Average time spent: — Since 12 May 2026, 16:05")
    expect(dialog).to_be_hidden()
    assert place.resets == [NOW_AT]


def test_save_data_keeps_a_report_and_offers_the_same_for_download(visit: Visit, place: FakePlace) -> None:
    """The file has the moment in its name and the page's numbers in it, and the card says when it was saved."""
    page = visit.open()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Save data").click()
    download = downloading.value
    assert download.suggested_filename == "report-2026-05-12-1605.txt"
    assert [download.path().read_text(encoding="utf-8")] == place.saved
    assert re.search(r"^People currently around +7$", place.saved[0], re.MULTILINE)
    visit.wait_for_text("#data-state-reading", "Data state: 12 May 2026, 16:05")


def test_a_report_that_cannot_be_kept_is_said_so(visit: Visit, place: FakePlace) -> None:
    """A full card is told in words, and the data stays "not saved"."""
    page = visit.open()
    place.save_error = OSError(28, "No space left on device")
    page.get_by_role("button", name="Save data").click()
    expect(page.get_by_role("alert").filter(has_text="The report could not be saved")).to_be_visible()
    expect(page.locator("#data-state-reading")).to_contain_text("Data not saved")


@pytest.mark.parametrize("time_range", [choice for choice in TimeRange if choice is not TimeRange.DAY])
def test_each_range_draws_its_own_points(visit: Visit, time_range: TimeRange) -> None:
    """From the last hour to the year, the chart changes to the range that is pressed."""
    page = visit.open()
    points = round(time_range.span / time_range.bucket)
    page.locator("#chart-range-" + time_range.value).click()
    visit.wait_for_chart(f"chart => chart.data[0].x.length === {points}")
    expect(page.locator(".ranges:visible [aria-pressed=true]")).to_have_text([time_range.label])


def test_the_device_table_searches_sorts_and_pages(visit: Visit, place: FakePlace) -> None:
    """Each control asks the server for just the rows it shows."""
    page = visit.open("/devices")
    rows = page.locator("#device-rows tr")
    expect(rows).to_have_count(25)
    expect(page.locator("#devices-place")).to_have_text("1–25 of 60")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#devices-place")).to_have_text("26–50 of 60")
    page.get_by_role("button", name="Minutes").click()
    expect(page.locator("#heading-time_spent")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#devices-place")).to_have_text("1–25 of 60")
    assert (place.queries[-1].sort, place.queries[-1].descending) == (DeviceSort.TIME_SPENT, True)
    page.get_by_label("Search").fill("samsung")
    expect(rows).to_have_count(8)
    page.get_by_label("Search").fill("nobody has this")
    expect(rows).to_have_text(["No device matches “nobody has this”."])


def test_a_table_that_shrank_shows_its_last_page(visit: Visit, place: FakePlace) -> None:
    """Devices forgotten while one reads page three do not leave an empty page."""
    page = visit.open("/devices")
    for shown in ("26–50 of 60", "51–60 of 60"):
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#devices-place")).to_have_text(shown)
    place.rows = place.rows[:30]
    place.scan_finished(busy_overview())
    expect(page.locator("#devices-place")).to_have_text("26–30 of 30")


def test_the_theme_follows_the_system_and_then_the_choice(visit: Visit, desktop: BrowserContext) -> None:
    """Light by the system, dark by the button, in page and charts, and still dark after a reload."""
    page = visit.open()
    page.emulate_media(color_scheme="dark")
    visit.wait_for_chart("chart => chart.layout.font.color === '#9fb0b8'")
    page.emulate_media(color_scheme="light")
    visit.wait_for_chart("chart => chart.layout.font.color === '#5b6a72'")
    page.get_by_role("button", name="Dark").click()
    visit.wait_for_chart("chart => chart.layout.font.color === '#9fb0b8'")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    again = Visit(desktop.new_page(), visit.address)
    again.open()
    assert again.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 23, 27)"
    again.wait_for_chart("chart => chart.layout.font.color === '#9fb0b8'")


def test_everything_can_be_done_by_keyboard(visit: Visit, place: FakePlace) -> None:
    """Tab reaches every control with a visible focus; Space switches; a dialog takes the focus and gives it back."""
    page = visit.open()
    reached: list[str] = []
    while "chart-range-year" not in reached and len(reached) < 40:  # it is the last of them
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        if reached[-1] == "ratio-switch":
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            page.keyboard.press("Space")
            visit.wait_for_text("#people-reading", "People currently around: 8")
        if reached[-1] == "reset-time":
            page.keyboard.press("Enter")
            page.wait_for_function("document.activeElement.closest('dialog') !== null")
            page.keyboard.press("Escape")
            page.wait_for_function("document.activeElement.id === 'reset-time'")
    assert reached[0] == "Skip to the numbers"
    assert {"ratio-switch", "reset-time", "save-data", "theme-toggle", "Devices", "chart-range-year"} <= set(reached)
    assert place.resets == []


@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("path", VIEWS)
def test_a_phone_never_scrolls_sideways(chromium: Browser, width: int, path: str) -> None:
    """Every view fits a narrow phone, even with hostile words and large numbers in it."""
    overview = replace(both_broken_overview(), wifi_total=812345, average_time_spent_minutes=12345.6, saved_at=NOW_AT)
    crowded = FakePlace(overview_now=overview, rows=hostile_rows())
    with served(crowded, replace(SETTINGS, demo=True)) as address:
        page = chromium.new_page(viewport={"width": width, "height": 780}, has_touch=True, is_mobile=True)
        Visit(page, address).open(path)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()


def test_strangers_words_are_inert(visit: Visit, place: FakePlace) -> None:
    """A name full of markup is shown as text: it makes no element, runs no script."""
    place.rows = hostile_rows()
    page = visit.open("/devices")
    expect(page.locator("#device-rows")).to_contain_text('<img src=x onerror="window.pwned=1">')
    assert page.locator("#device-rows img, #device-rows b").count() == 0
    assert page.evaluate("window.pwned") is None


def test_the_page_is_light(visit: Visit) -> None:
    """Opened for the first time, the page and all it loads weigh less than 800 KB."""
    page = visit.open()
    page.wait_for_load_state("networkidle")
    sizes = [response.request.sizes() for response in visit.responses]
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < 800_000
    assert sum("plotly" in response.url for response in visit.responses) == 1


@pytest.mark.parametrize("path", VIEWS)
def test_a_first_visit_may_go_to_any_path(visit: Visit, path: str) -> None:
    """Each path shows its own view and marks its link; one that is none says so and leads back."""
    page = visit.open(path)
    heading = {
        "/": "People over time",
        "/people": "Busy hours",
        "/devices": "Devices",
        "/sensors": "Sensors",
        "/settings": "Zones",
        "/about": "About this project",
    }
    expect(page.get_by_role("heading", name=heading.get(path, "There is no page here"))).to_be_visible()
    current = page.locator("[aria-current=page]")
    expect(current).to_have_count(0 if path == "/nowhere" else 1)
    if path == "/nowhere":
        page.get_by_role("link", name="To the overview").click()
        expect(page.get_by_role("heading", name="People over time")).to_be_visible()


def test_a_page_opens_no_websocket(visit: Visit) -> None:
    """Where the server has no live feed, and for Dash itself, no page holds a connection open."""
    page = visit.open()
    assert page.evaluate("JSON.parse(document.getElementById('_dash-config').textContent).websocket") is None


def test_links_change_the_view_and_the_way_back_works(visit: Visit) -> None:
    """The views are pages of their own in the browser's history."""
    page = visit.open()
    page.get_by_role("link", name="Devices").click()
    expect(page.locator("#device-rows tr")).to_have_count(25)
    page.go_back()
    expect(page.get_by_role("heading", name="People over time")).to_be_visible()


def test_before_the_first_scan_the_page_says_that_it_listens(visit: Visit, place: FakePlace) -> None:
    """An empty box says what is going on, and shows its first numbers by itself."""
    place.overview_now = empty_overview()
    place.activity_now = Activity(Phase.SCANNING, 0, None)
    page = visit.open()
    expect(page.get_by_role("status").filter(has_text="Listening for the first time…")).to_be_visible()
    place.scan_finished(busy_overview())
    visit.wait_for_text("#people-reading", "People currently around: 7")
    expect(page.locator("#first-time")).to_be_hidden()


def test_the_age_of_the_last_scan_becomes_a_warning(visit: Visit, place: FakePlace) -> None:
    """A fresh scan is some seconds old; past three intervals the page warns."""
    page = visit.open()
    expect(page.locator("#scan-age")).to_have_text(re.compile(r"^Last scan \d+ s ago$"))
    expect(page.locator("#phase")).to_have_text(re.compile(r"^Next scan in \d+ s$"))
    place.scan_finished(replace(busy_overview(), last_scan_at=NOW_AT - timedelta(minutes=10)))
    expect(page.locator("#scan-age.late")).to_have_text("Last scan 10 min ago: scans are late")


def test_a_wrong_clock_is_told(visit: Visit, place: FakePlace) -> None:
    """A Pi that does not have the time yet says that times may be wrong."""
    place.overview_now = replace(busy_overview(), clock_is_right=False)
    expect(visit.open().get_by_role("status").filter(has_text="The clock of this box is not right yet")).to_be_visible()


@pytest.mark.parametrize("path", VIEWS)
def test_a_demonstration_says_so_on_every_view(desktop: BrowserContext, path: str) -> None:
    """Simulated visitors are never taken for real ones."""
    with served(FakePlace(), replace(SETTINGS, demo=True)) as address:
        page = Visit(desktop.new_page(), address).open(path)
        expect(page.get_by_text("Demonstration: simulated visitors, no radio is used.")).to_be_visible()


def test_a_real_place_has_no_demonstration_banner(visit: Visit) -> None:
    """Where radios listen, nothing speaks of a simulation."""
    assert visit.open().get_by_text("Demonstration").count() == 0


def test_a_database_that_cannot_be_read_is_told_and_tried_again(visit: Visit, place: FakePlace) -> None:
    """A failure is shown once in words, and goes away by itself when the database is back."""
    page = visit.open()
    place.error = RuntimeError("disk I/O error")
    place.scan_finished(busy_overview())
    expect(page.locator(".trouble:visible")).to_have_count(1)
    expect(page.locator(".trouble:visible")).to_contain_text("cannot be read just now")
    place.error = None
    place.overview_now = replace(busy_overview(), people_now=5)
    visit.wait_for_text("#people-reading", "People currently around: 5")
    expect(page.locator(".trouble:visible")).to_have_count(0)


def test_a_slow_read_stops_nobody_else(visit: Visit, place: FakePlace) -> None:
    """While one page waits for the database, the server answers everybody."""
    place.reads_may_go_on.clear()
    visit.page.goto(visit.address)
    try:
        assert place.read_begun.wait(PATIENCE_MS / 1000)
        assert visit.page.request.get(f"{visit.address}/_activity").ok
    finally:
        place.reads_may_go_on.set()
    visit.wait_for_text("#people-reading", "People currently around: 7")


def test_a_lost_connection_is_told_and_mends_itself(desktop: BrowserContext, place: FakePlace) -> None:
    """When the server is gone the page says so by itself; when it is back, so are new numbers, without a reload."""
    with served(place) as address:
        visit = Visit(desktop.new_page(), address)
        page = visit.open()
        page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text("Connection lost, trying again…")).to_be_visible()
    place.overview_now = replace(busy_overview(), people_now=9)
    with served(place, port=int(address.rpartition(":")[2])):
        expect(page.get_by_text("Connection lost, trying again…")).to_be_hidden()
        visit.wait_for_text("#people-reading", "People currently around: 9")
    assert page.evaluate("window.neverReloaded") is True


def test_one_radio_alone_is_seen_beside_the_number(visit: Visit, place: FakePlace) -> None:
    """With both radios broken, the card has a dash, and each radio its advice."""
    place.overview_now = both_broken_overview()
    page = visit.open()
    expect(page.locator("#people-reading")).to_contain_text("Not known: no radio was heard.")
    expect(page.locator(".pill-broken")).to_have_text(["Not heard", "Not heard"])
