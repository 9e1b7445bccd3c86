from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.formats import (
    count_text,
    counted,
    minutes_text,
    moment_text,
    number_text,
    plain_words,
    share_text,
    short_moment_text,
    signal_text,
)

PRAGUE = ZoneInfo("Europe/Prague")
NOW_AT = datetime(2026, 5, 12, 14, 5, tzinfo=UTC)


def test_what_is_not_known_is_a_dash_and_never_a_zero() -> None:
    """None is written as a dash, whatever it would have counted."""
    assert {count_text(None), number_text(None), minutes_text(None), signal_text(None, None)} == {"—"}


def test_numbers_are_written_for_people() -> None:
    """Thousands are set apart, and a number has one decimal or none."""
    assert count_text(1224690) == "1,224,690"
    assert number_text(7.825) == "7.8"
    assert number_text(12.0) == "12"
    assert share_text(0.8) == "80 %"


def test_units_agree_with_their_number() -> None:
    """One minute is singular, and so is one device."""
    assert minutes_text(7.825) == "7.8 minutes"
    assert minutes_text(1.02) == "1 minute"
    assert counted(1, "device") == "1 device"
    assert counted(0, "device") == "0 devices"


def test_times_are_those_of_the_place() -> None:
    """A moment is written in the zone of the settings, not in UTC."""
    assert moment_text(NOW_AT, PRAGUE) == "12 May 2026, 16:05"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 5, 12, 6, 1, tzinfo=UTC), "08:01"),
        (datetime(2026, 5, 11, 6, 1, tzinfo=UTC), "11 May, 08:01"),
        (datetime(2025, 5, 11, 6, 1, tzinfo=UTC), "11 May 2025, 08:01"),
        (datetime(2026, 5, 11, 22, 30, tzinfo=UTC), "00:30"),
    ],
)
def test_a_moment_is_as_short_as_it_stays_clear(at: datetime, shown: str) -> None:
    """Today needs no date and this year no year, counted by the days of the place."""
    assert short_moment_text(at, NOW_AT, PRAGUE) == shown


def test_a_signal_shows_its_spread_when_there_is_one() -> None:
    """One reading alone has no deviation."""
    assert signal_text(-61.4, 2.44) == "−61 ± 2.4 dBm"
    assert signal_text(-61.4, None) == "−61 dBm"


def test_strangers_words_are_one_bounded_visible_line() -> None:
    """Control characters, line breaks and characters that turn the text are replaced, and a megabyte is cut."""
    assert plain_words("a\x07b\nc\u202ed\u2028e") == "a�b�c�d�e"
    assert plain_words("Café 日本 😀") == "Café 日本 😀"
    assert plain_words("x" * 1_000_000) == "x" * 64 + "…"


@given(st.text())
def test_strangers_words_are_printable_whatever_they_are(words: str) -> None:
    """No text at all comes out with anything that cannot be printed."""
    assert all(character.isprintable() for character in plain_words(words))
