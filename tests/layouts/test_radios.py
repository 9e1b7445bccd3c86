from __future__ import annotations

from dataclasses import replace

from layouts.radios import radio_states
from presence.faults import Fault, FaultReason, advice_for
from presence.overview import RadioState
from presence.radio import Radio
from tests.layouts.fake_place import (
    HOSTILE_NAME,
    NOW_AT,
    SETTINGS,
    both_broken_overview,
    busy_overview,
    empty_overview,
)
from tests.layouts.trees import of_type, words


def test_a_radio_that_hears_says_what_it_heard() -> None:
    """All is well, with the devices of the latest scan."""
    wifi, bluetooth = radio_states(busy_overview(), SETTINGS)
    assert words(wifi) == "Wi-Fi Listening well 4 devices in the latest scan."
    assert words(bluetooth) == "Bluetooth Listening well 3 devices in the latest scan."


def test_a_broken_radio_says_since_when_what_to_do_and_what_was_tried() -> None:
    """The owner reads the state, its beginning, the advice, the recovery and what the part said."""
    _, bluetooth = radio_states(both_broken_overview(), SETTINGS)
    shown = words(bluetooth)
    assert "Not heard since 15:06." in shown
    assert advice_for(Radio.BLUETOOTH, FaultReason.HUNG) in shown
    assert "Tried: power-cycled the adapter." in shown
    assert "It said: StartDiscovery did not answer" in shown


def test_what_is_to_be_typed_is_set_as_code() -> None:
    """Commands between backticks in an advice become code, without the backticks."""
    blocked = replace(busy_overview(), wifi=RadioState(Radio.WIFI, None, Fault(FaultReason.BLOCKED), None, NOW_AT))
    wifi, _ = radio_states(blocked, SETTINGS)
    assert [words(code) for code in of_type(wifi, "Code")] == ["sudo rfkill unblock wifi"]
    assert "`" not in words(wifi)


def test_a_radio_cut_short_is_a_warning_beside_its_devices() -> None:
    """What it heard before it was cut short still counts."""
    cut = replace(busy_overview(), wifi=RadioState(Radio.WIFI, 2, Fault(FaultReason.LOST), NOW_AT, None))
    assert words(radio_states(cut, SETTINGS)[0]).startswith("Wi-Fi Cut short 2 devices in the latest scan.")


def test_a_radio_that_is_switched_off_is_no_alarm() -> None:
    """Its owner wanted it so."""
    off = replace(busy_overview(), wifi=RadioState(Radio.WIFI, None, Fault(FaultReason.SWITCHED_OFF), None, NOW_AT))
    shown = words(radio_states(off, SETTINGS)[0])
    assert shown.startswith("Wi-Fi Not in use")
    assert "Never heard so far." in shown


def test_before_the_first_scan_no_radio_is_blamed() -> None:
    """Nothing is known yet."""
    assert words(radio_states(empty_overview(), SETTINGS)[0]) == "Wi-Fi No scan yet Its first scan is still to come."


def test_what_a_part_said_is_shown_as_text_alone() -> None:
    """Even a hostile detail is one visible line of text."""
    fault = Fault(FaultReason.UNEXPECTED, detail=HOSTILE_NAME)
    hostile = replace(busy_overview(), wifi=RadioState(Radio.WIFI, None, fault, None, NOW_AT))
    assert '<img src=x onerror="window.pwned=1">' in words(radio_states(hostile, SETTINGS)[0])
