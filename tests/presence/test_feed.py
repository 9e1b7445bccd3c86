from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.feed import MOST_MISSING, ScanCursor


def after(*scan_ids: int) -> ScanCursor:
    cursor = ScanCursor(0)
    for scan_id in scan_ids:
        cursor = cursor.past(scan_id)
    return cursor


@given(st.lists(st.integers(1, 60), unique=True))
def test_a_cursor_includes_what_was_told_in_whatever_order(scan_ids: list[int]) -> None:
    """Each number told is included, and none that was passed over."""
    cursor = after(*scan_ids)
    assert {number for number in range(1, 70) if cursor.includes(number)} == set(scan_ids)


@given(st.lists(st.integers(1, 60), unique=True))
def test_a_cursor_is_what_its_text_stands_for(scan_ids: list[int]) -> None:
    """A cursor that is sent and comes back is the same."""
    assert ScanCursor.parse(str(after(*scan_ids))) == after(*scan_ids)


def test_the_text_of_a_cursor_names_ranges() -> None:
    """Numbers that follow each other are written as a range."""
    assert str(after(1, 11, 13, 17)) == "17~2-10.12.14-16"


def test_a_cursor_with_too_much_to_write_stands_for_less() -> None:
    """Whoever comes back with it is told something twice, and misses nothing."""
    cursor = after(*range(2, 400, 2))
    text = str(cursor)
    assert len(text) < 1200
    read = ScanCursor.parse(text)
    assert all(cursor.includes(number) for number in range(1, 500) if read.includes(number))
    assert read.last_id == 100


def test_only_the_newest_missing_numbers_are_remembered() -> None:
    """A leap, as after a restored database, does not fill the memory."""
    assert after(10**9).missing == frozenset(range(10**9 - MOST_MISSING, 10**9))


def test_a_number_given_up_counts_as_told() -> None:
    """It is no longer looked for."""
    assert after(1, 4).without([2]) == ScanCursor(4, frozenset({3}))


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1.5", "5~", "5~5", "5~3-9", "9" * 19, "٣", "9~1-3.", "1' OR 1=1", "90000~1-5000", "5\n"],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Nothing but the text of a cursor is taken for one, and none that would fill the memory."""
    with pytest.raises(ValueError, match="no cursor"):
        ScanCursor.parse(text)
