from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from layouts.cards import cards, data_state_reading, people_reading, spoken_reading, time_spent_reading, total_reading
from tests.layouts.fake_place import (
    NOW_AT,
    SETTINGS,
    both_broken_overview,
    busy_overview,
    empty_overview,
    wifi_broken_overview,
)
from tests.layouts.trees import attribute, of_type, words


def test_the_cards_say_what_the_first_page_of_this_kind_said() -> None:
    """The four readings begin with the exact words of the page to match."""
    overview = busy_overview()
    assert words(people_reading(overview, with_ratio=False)).startswith("People currently around: 7 ")
    assert words(total_reading(overview)).startswith("Total of people detected: 18")
    assert words(time_spent_reading(overview, SETTINGS)).startswith("Average time spent: 7.8 minutes")
    assert words(data_state_reading(overview, SETTINGS)).startswith("Data state: Data not saved")


def test_the_cards_have_their_switch_and_buttons() -> None:
    """A Ratio switch, Reset time and Save data stand on the cards from the start."""
    controls = {attribute(button, "id"): words(button) for button in of_type(cards(), "Button")}
    assert controls == {"ratio-switch": "Ratio", "reset-time": "Reset time", "save-data": "Save data"}


def test_the_ratio_changes_the_people_around_and_says_how_many_it_adds() -> None:
    """Seven devices at a visible share of 80 % are eight people, one of them by the ratio."""
    shown = words(people_reading(busy_overview(), with_ratio=True))
    assert shown.startswith("People currently around: 8 Wi-Fi 4 · Bluetooth 3 · Ratio 1")


def test_those_present_within_the_hold_window_stand_beneath() -> None:
    """A silent phone has not left, so both numbers are shown."""
    assert "9 present within the last 5 minutes" in words(people_reading(busy_overview(), with_ratio=False))


def test_one_radio_alone_is_named_beside_its_number() -> None:
    """A number that only Bluetooth stands behind says so, and is marked."""
    reading = people_reading(wifi_broken_overview(), with_ratio=False)
    assert words(reading).startswith("People currently around: 3 Bluetooth only")
    assert [words(strong) for strong in of_type(reading, "Strong")] == ["Bluetooth only"]


def test_nothing_heard_is_a_dash_with_its_reason() -> None:
    """With both radios broken the number is not known, which is not zero."""
    assert words(people_reading(both_broken_overview(), with_ratio=True)) == (
        "People currently around: — Not known: no radio was heard."
    )


def test_a_scan_too_old_for_now_is_a_dash_with_its_reason() -> None:
    """What was heard an hour ago says nothing about now."""
    old = replace(busy_overview(), people_now=None, people_now_with_ratio=None, present_count=None)
    assert "Not known: the latest scan is too old." in words(people_reading(old, with_ratio=False))


def test_before_the_first_scan_the_cards_say_that_the_box_listens() -> None:
    """An empty database shows dashes and what is going on."""
    overview = empty_overview()
    assert words(people_reading(overview, with_ratio=False)) == (
        "People currently around: — Listening for the first time…"
    )
    assert words(total_reading(overview)) == "Total of people detected: — Listening for the first time…"
    assert words(time_spent_reading(overview, SETTINGS)).startswith("Average time spent: — Since")


def test_nobody_is_a_zero() -> None:
    """A scan that heard nobody is a number, and it is zero."""
    nobody = replace(busy_overview(), people_now=0, people_now_with_ratio=0)
    assert words(people_reading(nobody, with_ratio=False)).startswith("People currently around: 0 ")


def test_the_time_spent_says_since_when() -> None:
    """After a reset the moment stands beneath, in the time of the place."""
    reset = replace(busy_overview(), time_spent_since_at=NOW_AT - timedelta(days=1))
    assert words(time_spent_reading(reset, SETTINGS)).endswith("Since 11 May 2026, 16:05")


def test_a_save_shows_its_date_and_time() -> None:
    """After a save its moment takes the place of "Data not saved"."""
    saved = replace(busy_overview(), saved_at=NOW_AT)
    assert words(data_state_reading(saved, SETTINGS)).startswith("Data state: 12 May 2026, 16:05")


def test_a_screen_reader_is_told_one_short_sentence() -> None:
    """What is spoken at a change is the number alone."""
    assert spoken_reading(busy_overview(), with_ratio=False) == "People currently around: 7."
    assert spoken_reading(both_broken_overview(), with_ratio=False) == "People currently around: not known."
