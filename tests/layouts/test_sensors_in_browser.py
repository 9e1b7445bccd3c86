from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.layouts.fake_place import HOSTILE_NAME, FakePlace
from tests.layouts.visit import Visit


def test_one_sensor_can_be_looked_at_alone(visit: Visit, place: FakePlace) -> None:
    """Numbers and devices are then of that sensor, in each view that can be, until all are chosen again."""
    page = visit.open()
    picker = page.get_by_role("combobox", name="Sensor")
    picker.select_option("reading room")
    visit.wait_for_text("#people-reading", "People currently around: 2")
    expect(page.locator("#sensor-note")).to_contain_text("by the stairs Heard")
    expect(page.locator("#sensor-trend-panel")).to_be_hidden()
    page.get_by_role("link", name="Devices").click()
    expect(page.locator("#device-rows tr")).to_have_count(25)
    assert place.queries[-1].sensor == "reading room"
    page.get_by_role("link", name="Settings").click()
    expect(page.locator("#sensor-picker")).to_be_hidden()
    page.get_by_role("link", name="Overview").click()
    picker.select_option("All sensors")
    visit.wait_for_text("#people-reading", "People currently around: 7")
    expect(page.locator("#sensor-trend-legend li")).to_have_count(2)


def test_the_choice_of_a_sensor_is_remembered(visit: Visit) -> None:
    """After a reload the same sensor is looked at, whatever it is called."""
    page = visit.open()
    page.get_by_role("combobox", name="Sensor").select_option(HOSTILE_NAME)
    visit.wait_for_text("#people-reading", "People currently around: 2")
    page.reload()
    visit.wait_for_text("#people-reading", "People currently around: 2")
    expect(page.get_by_role("combobox", name="Sensor")).to_have_value(HOSTILE_NAME)


def test_a_sensor_that_is_gone_is_all_of_them(visit: Visit, place: FakePlace) -> None:
    """A browser that remembers a sensor which is no more shows the site."""
    page = visit.open()
    page.get_by_role("combobox", name="Sensor").select_option(HOSTILE_NAME)
    visit.wait_for_text("#people-reading", "People currently around: 2")
    place.sensor_count = 1
    page.reload()
    visit.wait_for_text("#people-reading", "People currently around: 7")


def test_a_box_has_nothing_to_choose(visit: Visit, place: FakePlace) -> None:
    """With one sensor there is neither a choice nor a chart that compares sensors."""
    place.sensor_count = 1
    page = visit.open()
    page.wait_for_function("document.querySelector('#sensor-picker').children.length === 2")
    page.wait_for_function("document.querySelector('#zone-trend .main-svg') !== null")
    expect(page.locator("#sensor-picker")).to_be_hidden()
    expect(page.get_by_role("heading", name="Sensors over time")).to_be_hidden()


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_the_whole_hash_of_a_device_can_be_copied(visit: Visit, place: FakePlace, has_clipboard: bool) -> None:
    """One click copies all 64 digits and says so, also on a page that came without https, which has no clipboard."""
    if not has_clipboard:
        visit.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.open("/devices")
    device = place.rows[0].device_hash
    button = page.get_by_role("button", name=f"Copy the whole hash of device {device[:8]}")
    button.click()
    expect(button).to_have_text("Copied")
    expect(page.locator("#copied")).to_have_text("Copied")
    page.get_by_label("Search").focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_label("Search")).to_have_value(device)


def test_a_stranger_is_offered_no_whole_hash(visit: Visit, place: FakePlace) -> None:
    """Single devices are for those who are logged in: others see the beginning of each hash."""
    place.may_change = False
    page = visit.open("/devices")
    expect(page.locator("#device-rows .hash")).to_have_count(25)
    assert page.locator("#device-rows button").count() == 0
    assert place.rows[0].device_hash not in page.content()


@pytest.mark.parametrize(("sensors", "is_told"), [(2, True), (1, False)])
def test_devices_name_their_sensor_where_there_are_several(
    visit: Visit, place: FakePlace, sensors: int, *, is_told: bool
) -> None:
    """The table of a site has a column for the sensor; that of a box has none."""
    place.sensor_count = sensors
    page = visit.open("/devices")
    expect(page.locator("#device-rows .hash")).to_have_count(25)
    page.wait_for_function(f"document.querySelector('#sensor-picker').children.length === {sensors + 1}")
    expect(page.locator("#sort-sensor")).to_be_visible(visible=is_told)
    expect(page.get_by_role("cell", name="entrance").first).to_be_visible(visible=is_told)
