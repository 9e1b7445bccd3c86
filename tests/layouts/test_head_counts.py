from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from layouts.count_advice import counts_advice
from layouts.head_count_list import count_rows, counts_summary, difference_text
from layouts.head_counts import asked_moment, asked_people, calibration_text
from presence.estimate import Calibration, EstimateError, HeadCount
from tests.layouts.fake_people import FakePeople
from tests.layouts.fake_place import NOW_AT
from tests.layouts.trees import of_type, words

PRAGUE = ZoneInfo("Europe/Prague")


def counted(*people: int) -> Calibration:
    place = FakePeople()
    for number, count in enumerate(people):
        place.add(count, NOW_AT - timedelta(hours=number), "admin")
    return place.calibration()


@pytest.mark.parametrize(("typed", "people"), [("0", 0), (" 12 ", 12), ("007", 7), ("100000", 100_000)])
def test_a_whole_number_of_people_is_taken(typed: str, people: int) -> None:
    """Nobody, some, and as many as a stadium holds; blanks around it do not matter."""
    assert asked_people(typed) == people


@pytest.mark.parametrize("typed", [None, "", 12, "-1", "1.5", "100001", "9" * 5000, "twelve", "\u0663", [3], {"a": 1}])
def test_anything_else_is_no_count(typed: object) -> None:
    """What is not a whole number from 0 on is refused with what to write."""
    with pytest.raises(EstimateError, match="a whole number from 0 to 100,000"):
        asked_people(typed)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        (None, NOW_AT),
        ("  ", NOW_AT),
        ("14:05", datetime(2026, 5, 12, 12, 5, tzinfo=UTC)),
        ("9.30", datetime(2026, 5, 12, 7, 30, tzinfo=UTC)),
        ("2026-05-11 23:59", datetime(2026, 5, 11, 21, 59, tzinfo=UTC)),
        ("2026-01-11 12:00", datetime(2026, 1, 11, 11, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_time_of_today_or_a_date_where_the_box_is(typed: object, moment: datetime) -> None:
    """Nothing is now; a time is of today; a date may be any that is over."""
    assert asked_moment(typed, NOW_AT, PRAGUE) == moment


@pytest.mark.parametrize("typed", ["noon", "25:00", "2026-02-30 12:00", "14:05; drop", "14:05 " * 9, ["14:05"]])
def test_what_is_no_moment_is_refused_with_an_example(typed: object) -> None:
    """The mistake says what to write."""
    with pytest.raises(EstimateError, match="for example 14:05"):
        asked_moment(typed, NOW_AT, PRAGUE)


def test_what_is_still_to_come_was_not_counted() -> None:
    """A time that lies ahead is most likely yesterday's, which has to be said."""
    with pytest.raises(EstimateError, match=r"still to come. For yesterday write 2026-05-11 18:00"):
        asked_moment("18:00", NOW_AT, PRAGUE)


def test_the_errors_with_and_without_counts_stand_side_by_side() -> None:
    """From the third count on the page says how far off the estimate is, as a person would."""
    assert calibration_text(counted()) == "Nothing was learned from counts yet."
    assert calibration_text(counted(4)).startswith("1 count so far. From the third on")
    of_three = counted(0, 10, 20)
    assert calibration_text(of_three) == "With 3 counts the estimate is off by about 2 people; without, by 5."
    alike = replace(of_three, error=1.6, plain_error=2.3)
    assert calibration_text(alike) == "With 3 counts the estimate is off by about 1.6 people; without, by 2.3."
    assert calibration_text(replace(of_three, error=1.04)).endswith("about 1 person; without, by 5.")


def test_a_fit_under_way_is_said() -> None:
    """While something is learned aside, the page says that it is coming."""
    assert calibration_text(replace(counted(3), is_fitting=True)).startswith("Learning from your counts…")
    assert calibration_text(replace(counted(), is_fitting=True)).startswith("Estimating anew…")


def test_where_the_place_ends_is_told_once_it_was_learned() -> None:
    """The signal strength that calibration chose is said in words."""
    assert "the place ends at about −75 dBm" in counts_summary(counted(0, 10, 20))
    assert "dBm" not in counts_summary(counted(1))


@pytest.mark.parametrize(
    ("people", "advice"),
    [
        ((), "Count once when it is empty, and once when it is full."),
        ((0,), "count once when it is full"),
        ((20,), "count once when it is empty"),
        ((18, 20, 22), "The fullest so far was 22."),
        ((0, 40), "about half full, with some 20 people"),
        ((0, 40, 22), "Ten counts bring most"),
        ((0, 40, 22) * 4, "These counts do well."),
        ((0, 40, 22) * 10, "There are counts enough."),
    ],
)
def test_what_to_count_next_is_what_is_missing_most(people: tuple[int, ...], advice: str) -> None:
    """Empty and full first, then the middle, then other hours."""
    assert advice in counts_advice(counted(*people))


def test_counts_that_teach_nothing_are_no_reason_to_stop() -> None:
    """An entry of a time in which nothing was heard, or that was taken back, does not count for the advice."""
    nothing = HeadCount(1, NOW_AT, 0, None)
    gone = HeadCount(2, NOW_AT, 30, 28.0, is_deleted=True)
    calibration = replace(counted(), head_counts=(nothing, gone))
    assert counts_advice(calibration).startswith("Count once when it is empty")


def test_an_entry_tells_how_far_the_estimate_was() -> None:
    """The difference of the numbers shown has its sign; none where nothing was heard."""
    one = HeadCount(1, NOW_AT, 10, 12.6)
    assert difference_text(one) == "+ 3"
    assert difference_text(replace(one, estimated=8.0)) == "− 2"
    assert difference_text(replace(one, estimated=10.4)) == "0"
    assert difference_text(replace(one, estimated=None)) == "—"


def test_entries_have_their_buttons_for_those_who_may() -> None:
    """Who may change something sees Edit and Delete, of what was taken back Restore; others see none."""
    calibration = replace(
        counted(), head_counts=(HeadCount(2, NOW_AT, 3, 4.0), HeadCount(1, NOW_AT, 9, 8.0, is_deleted=True))
    )
    rows = count_rows(calibration, NOW_AT, PRAGUE, may_change=True)
    assert [words(button) for button in of_type(rows, "Button")] == ["Edit", "Delete", "Restore"]
    rows = count_rows(calibration, NOW_AT, PRAGUE, may_change=False)
    assert of_type(rows, "Button") == []
    assert "Taken back" in words(rows)


def test_no_entry_is_said() -> None:
    """An empty table says that it is."""
    assert words(count_rows(counted(), NOW_AT, PRAGUE, may_change=True)) == "There is no count yet."
