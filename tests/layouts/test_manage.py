from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from layouts import keys, zones
from layouts.export import ExportChoiceError, export_link, sensor_choices
from layouts.manage import login_state
from presence.access import Identity, KeyRow, NewKey, Role
from presence.zones import ZoneThresholds
from tests.layouts.fake_place import HOSTILE_NAME, NOW_AT, SETTINGS, FakePlace
from tests.layouts.served import served
from tests.layouts.trees import attribute, of_type, words
from tests.layouts.visit import Visit

KEY = KeyRow(1, "Grafana", Role.VIEWER, NOW_AT - timedelta(days=1), None, None)
HASH = "0f" * 32


def test_who_is_logged_in_is_said() -> None:
    """Nobody is offered the login; the admin, and who came with a key, their name and a way out."""
    assert attribute(of_type(login_state(None), "A")[0], "href") == "/login?next=/settings"
    assert words(login_state(Identity("admin", Role.ADMIN))) == "You are logged in as admin. Log out"
    assert "as Grafana (viewer)." in words(login_state(Identity("Grafana", Role.VIEWER)))


@pytest.mark.parametrize("value", [None, "", "-60", 0, -128, -60.5, float("inf"), float("nan"), True, [], {}])
def test_a_threshold_that_is_none_is_refused_in_words(value: object) -> None:
    """Whatever a browser sends that is no whole number from -127 to -1, the sentence says what would be."""
    with pytest.raises(zones.ThresholdsError, match="Near must be a whole number from −127 to −1"):
        zones.asked_thresholds(value, -75)
    with pytest.raises(zones.ThresholdsError, match="Medium must be a whole number from −127 to −1"):
        zones.asked_thresholds(-60, value)


@pytest.mark.parametrize("near", [-75, -80])
def test_near_must_be_above_medium(near: int) -> None:
    """Thresholds that leave no room for medium are refused."""
    with pytest.raises(zones.ThresholdsError, match="Near must be above medium"):
        zones.asked_thresholds(near, -75)


def test_the_ends_of_the_scale_are_thresholds() -> None:
    """-1 and -127 may be chosen, also as a browser's numbers."""
    assert zones.asked_thresholds(-1, -127.0) == ZoneThresholds(-1, -127)


def test_the_preview_counts_devices_now_and_then() -> None:
    """Each row adds up to all devices; thresholds that change nothing have no row of their own."""
    signals = {-45: 10, -62: 8, -74: 10, -76: 8, -90: 12}
    now = ZoneThresholds(-60, -75)
    shown = words(zones.preview(signals, now, ZoneThresholds(-62, -80)))
    assert "48 devices of the last hour, each at its strongest" in shown
    assert re.sub(r"\D+", " ", shown.partition("Now")[2]).split() == ["10", "18", "20", "18", "18", "12"]
    assert "With these" not in words(zones.preview(signals, now, now))


def test_a_preview_of_nothing_says_so() -> None:
    """Where nobody was heard there is no table of zeros."""
    assert "No device was heard in the last hour" in words(zones.preview({}, ZoneThresholds(), ZoneThresholds(-50)))


def test_the_thresholds_in_force_are_told_beside_those_of_the_settings() -> None:
    """One sees at once whether somebody changed them, and from what."""
    default = ZoneThresholds(-60, -75)
    assert zones.state_text(None, default).startswith("In force are those of config.toml: near from −60")
    changed = zones.state_text(ZoneThresholds(-50, -70), default)
    assert changed == (
        "In force: near from −50, medium from −70 dBm. config.toml says near from −60, medium from −75 dBm."
    )


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        (("hour", "csv", "", "", None), "csv?last_hours=1"),
        (("all", "parquet", "", "", "  "), "parquet?last_days=3650"),
        (
            ("week", "jsonl", "near", "a b&c=d", HASH.upper()),
            f"jsonl?last_days=7&zone=near&device_id=a+b%26c%3Dd&device_hash={HASH}",
        ),
    ],
)
def test_the_link_asks_for_what_was_chosen(chosen: tuple[str, str, str, str, str | None], asked: str) -> None:
    """Range, format and what narrows them become parameters of the route; a sensor's name cannot add any."""
    assert export_link(*chosen) == f"/api/v1/export/detections/{asked}"


@pytest.mark.parametrize(
    "chosen",
    [
        ("day", "csv", "", "", "0f0f"),
        ("day", "exe", "", "", ""),
        ("ages", "csv", "", "", ""),
        ("day", "csv", "", "", "é" * 64),
    ],
)
def test_an_export_that_cannot_be_has_no_link(chosen: tuple[str, str, str, str, str]) -> None:
    """A hash that is too short, or a choice that was never offered, is refused with a sentence."""
    with pytest.raises(ExportChoiceError, match=r"64 digits|Choose"):
        export_link(*chosen)


def test_a_sensors_name_is_chosen_as_it_is_and_shown_harmless() -> None:
    """The value is the name, what is shown of it holds no character that turns the text."""
    assert "\u202e" not in sensor_choices([HOSTILE_NAME])[HOSTILE_NAME]


def test_keys_in_use_come_first() -> None:
    """A revoked key stays in the list, below the others, and has no button any more."""
    revoked = replace(KEY, key_id=2, name="old", revoked_at=NOW_AT)
    rows = keys.key_rows([revoked, KEY], NOW_AT, SETTINGS.time_zone)
    assert [words(row).split()[0] for row in rows] == ["Grafana", "old"]
    assert [len(of_type(row, "Button")) for row in rows] == [1, 0]
    assert "Never" in words(rows[0])
    assert "Revoked 16:05" in words(rows[1])


def test_no_keys_are_said_in_words() -> None:
    """An empty list says what it means."""
    assert "There is no key yet" in words(keys.key_rows([], NOW_AT, SETTINGS.time_zone))


def test_a_new_key_is_shown_whole() -> None:
    """It can be copied from what is shown, and its name is no markup."""
    shown = words(keys.made_key(NewKey(replace(KEY, name=HOSTILE_NAME), "pk_secret")))
    assert "pk_secret" in shown
    assert "\u202e" not in shown


# ---- in a browser ----------------------------------------------------------------------------------------------------


def _opened(visit: Visit) -> Page:
    page = visit.open("/settings")
    expect(page.locator("#zones-near")).to_have_value(re.compile(r"-\d+"))
    return page


def test_thresholds_are_tried_saved_and_taken_back(visit: Visit, place: FakePlace) -> None:
    """The preview follows what is typed before anything is saved; saving holds; the way back leads to config.toml."""
    page = _opened(visit)
    expect(page.get_by_role("button", name="Save zones")).to_be_disabled()
    page.get_by_label("Near from").fill("-62")
    expect(page.locator(".preview-then")).to_have_text("With these181020")
    assert place.changed_thresholds is None
    page.get_by_role("button", name="Save zones").click()
    expect(page.locator("#zones-state")).to_contain_text("In force: near from −62, medium from −75 dBm.")
    assert place.changed_thresholds == ZoneThresholds(-62, -75)
    expect(page.locator(".preview-then")).to_have_count(0)
    page.get_by_role("button", name="Back to config.toml").click()
    expect(page.get_by_label("Near from")).to_have_value("-60")
    assert place.changed_thresholds is None


def test_thresholds_that_cannot_be_are_told_while_they_are_typed(visit: Visit) -> None:
    """A sentence says what is wrong, and nothing can be saved until it is right."""
    page = _opened(visit)
    page.get_by_label("Medium from").fill("-60")
    expect(page.locator("#zones-mistake")).to_have_text("Near must be above medium: −60 is above −75.")
    expect(page.get_by_role("button", name="Save zones")).to_be_disabled()
    page.get_by_label("Medium from").fill("-200")
    expect(page.locator("#zones-mistake")).to_have_text("Medium must be a whole number from −127 to −1.")
    page.get_by_label("Medium from").fill("-80")
    expect(page.locator("#zones-mistake")).to_have_text("")
    expect(page.get_by_role("button", name="Save zones")).to_be_enabled()


def test_who_is_not_logged_in_changes_nothing(visit: Visit, place: FakePlace) -> None:
    """Saving is refused with the way to the login; keys are not shown, and the export says why it has no link."""
    place.may_change = False
    place.keys = [KEY]
    page = _opened(visit)
    page.get_by_label("Near from").fill("-50")
    page.get_by_role("button", name="Save zones").click()
    expect(page.locator("#zones-said")).to_contain_text("Nothing was changed: this asks for the admin password.")
    expect(page.locator("#zones-said a")).to_have_attribute("href", "/login?next=/settings")
    assert place.changed_thresholds is None
    expect(page.locator("#keys-closed")).to_contain_text("Only the admin sees, makes and revokes keys.")
    expect(page.get_by_text("Grafana", exact=True)).to_have_count(0)
    expect(page.locator("#export-note")).to_contain_text("Single devices are for those who are logged in.")
    assert page.locator("#export-link").get_attribute("href") is None


def test_a_login_that_ended_meanwhile_changes_nothing(visit: Visit, place: FakePlace) -> None:
    """Each click asks anew who clicks: an open page makes and revokes no key after its login has ended."""
    place.keys = [KEY]
    page = _opened(visit)
    page.get_by_role("button", name="Revoke Grafana").click()
    place.may_change = False
    page.get_by_role("button", name="Revoke key").click()
    expect(page.locator("#keys-said")).to_contain_text("Nothing was changed")
    page.locator("#key-name").fill("Node-RED")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#key-made")).to_contain_text("Nothing was changed")
    assert place.keys == [KEY]


def test_a_key_is_made_shown_once_and_revoked(visit: Visit, place: FakePlace) -> None:
    """It stands in the list, is seen until one goes elsewhere, and is taken back after a question."""
    page = _opened(visit)
    expect(page.locator("#key-rows")).to_contain_text("There is no key yet.")
    page.locator("#key-name").fill("Node-RED")
    page.get_by_text("Sensor: may send scans in").click()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#new-key")).to_have_text(re.compile("^pk_"))
    assert [(key.name, key.role) for key in place.keys] == [("Node-RED", Role.SENSOR)]
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Settings").click()
    expect(page.locator("#new-key")).to_have_count(0)
    dialog = page.get_by_role("dialog", name="Revoke the key “Node-RED”?")
    page.get_by_role("button", name="Revoke Node-RED").click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert place.keys[0].revoked_at is None
    page.get_by_role("button", name="Revoke Node-RED").click()
    dialog.get_by_role("button", name="Revoke key").click()
    expect(page.locator("#keys-said")).to_have_text("The key Node-RED is revoked.")
    expect(page.locator("#key-rows")).to_contain_text("Revoked 16:05")
    assert place.keys[0].revoked_at == NOW_AT


def test_a_name_that_is_taken_is_told(visit: Visit, place: FakePlace) -> None:
    """Two keys of one name could not be told apart: the sentence says what to do."""
    place.keys = [KEY]
    page = _opened(visit)
    page.locator("#key-name").fill("Grafana")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#key-made")).to_have_text(
        "There is a key Grafana already. Revoke it first, or choose another name."
    )


def test_the_download_follows_every_choice(visit: Visit) -> None:
    """Each choice is a parameter of the link; a hash that is none takes the link away and says why."""
    page = _opened(visit)
    link = page.locator("#export-link")
    expect(link).to_have_attribute("href", "/api/v1/export/detections/csv?last_days=1")
    page.get_by_text("The last 7 days").click()
    page.get_by_text("Parquet, for pandas").click()
    page.locator("#export-zone").get_by_text("Medium").click()
    page.locator("#export-sensor").get_by_text("reading room", exact=True).click()
    page.get_by_label("Only this device").fill("0f0f")
    expect(page.locator("#export-note")).to_have_text("The hash of a device has 64 digits, from 0 to 9 and a to f.")
    page.get_by_label("Only this device").fill(HASH)
    expect(link).to_have_attribute("href", re.compile(HASH))
    address = urlsplit(link.get_attribute("href") or "")
    assert address.path == "/api/v1/export/detections/parquet"
    assert parse_qs(address.query) == {
        "last_days": ["7"],
        "zone": ["medium"],
        "device_id": ["reading room"],
        "device_hash": [HASH],
    }


def test_a_scan_leaves_what_is_being_typed_alone(visit: Visit, place: FakePlace) -> None:
    """New numbers every minute do not put the thresholds back that somebody is changing."""
    page = _opened(visit)
    page.get_by_label("Near from").fill("-50")
    expect(page.locator(".preview-then")).to_have_count(1)
    place.scan_finished(replace(place.overview_now, people_now=11))
    page.wait_for_function("document.querySelector('#people-reading').textContent.includes('11')")
    expect(page.get_by_label("Near from")).to_have_value("-50")


def test_zones_that_cannot_be_read_are_told(visit: Visit, place: FakePlace) -> None:
    """A failing database is a sentence on the view, which goes when it answers again."""
    page = _opened(visit)
    place.error = RuntimeError("disk I/O error")
    page.get_by_label("Near from").fill("-50")
    expect(page.locator("#trouble-zones")).to_be_visible()
    place.error = None
    page.get_by_label("Near from").fill("-51")
    expect(page.locator("#trouble-zones")).to_be_hidden()


@pytest.fixture
def phone(chromium: Browser, place: FakePlace) -> Iterator[Page]:
    """A narrow phone."""
    with served(place) as address:
        page = chromium.new_page(viewport={"width": 360, "height": 780}, has_touch=True, is_mobile=True)
        yield Visit(page, address).open("/settings")
        page.close()


def test_all_pages_stand_in_two_rows_on_a_phone(phone: Page) -> None:
    """Each link is wholly in sight at 360 pixels, in no more than two rows."""
    boxes = [link.bounding_box() for link in phone.locator(".heading nav li").all()]
    places = [(box["x"], box["x"] + box["width"], round(box["y"])) for box in boxes if box is not None]
    assert len(places) == len(boxes) > 5
    assert all(left >= 0 and right <= 360 for left, right, _ in places)
    assert len({top for _, _, top in places}) <= 2


def test_thresholds_are_changed_by_a_finger(phone: Page) -> None:
    """A phone's keyboard may have no minus: the buttons beside the number do."""
    expect(phone.locator("#zones-near")).to_have_value("-60")
    phone.locator("#zones-near ~ [aria-label='Decrease value']").tap()
    expect(phone.locator(".preview-now")).to_have_count(1)
    expect(phone.locator("#zones-near")).to_have_value("-61")
    expect(phone.locator(".preview-then")).to_have_count(1)
