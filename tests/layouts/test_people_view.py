from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from layouts.busy_week import busy_note, busy_week, hours_of_today
from layouts.crowd import crowd_stays, returning_text
from layouts.fixtures import decided_text, fixture_rows, fixtures_summary
from layouts.palette import DARK, LIGHT
from layouts.people_charts import estimate_chart, estimate_legend
from layouts.what_if import asked_cut, asked_share, what_if_chart, what_if_said
from presence.estimate import BusyWeek, EstimateError, FixtureDecision, PeopleHistory, PeoplePoint, Returning, WhatIf
from presence.ranges import TimeRange
from tests.layouts.fake_people import FakePeople, made_up_fixtures, made_up_people, made_up_week
from tests.layouts.fake_place import NOW_AT
from tests.layouts.trees import attribute, of_type, words

PRAGUE = ZoneInfo("Europe/Prague")
LOCAL = NOW_AT.astimezone(PRAGUE)
NOTHING = (None,) * 24


@pytest.mark.parametrize("time_range", list(TimeRange))
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_chart_of_people_is_one_that_plotly_takes(time_range: TimeRange, palette: object) -> None:
    """Every range, in both themes, passes plotly's own checks."""
    from plotly import graph_objects  # noqa: PLC0415 - it takes seconds to import

    figure = estimate_chart(made_up_people(time_range), palette, PRAGUE)  # type: ignore[arg-type]  # both are palettes
    graph_objects.Figure(figure)


def test_a_gap_stays_a_gap() -> None:
    """The line is broken, the band ends and begins anew, and the time not heard is shaded."""
    at = NOW_AT - timedelta(hours=1)
    heard = [PeoplePoint(at + timedelta(minutes=number), 1.0, 2.0, 4.0) for number in range(4)]
    points = (heard[0], replace(heard[1], low=None, likely=None, high=None), heard[2], heard[3])
    figure = estimate_chart(PeopleHistory(TimeRange.HOUR, points), LIGHT, PRAGUE)
    band, line = figure["data"]
    assert line["y"] == [2.0, None, 2.0, 2.0]
    assert line["connectgaps"] is False
    assert band["y"] == [4.0, 1.0, None, 4.0, 4.0, 1.0, 1.0, None]
    assert len(figure["layout"]["shapes"]) == 1


def test_the_usual_is_drawn_where_it_is_known() -> None:
    """A range that is longer than a week has no usual line, and no key for one."""
    week, month = made_up_people(TimeRange.WEEK), made_up_people(TimeRange.MONTH)
    assert [line["name"] for line in estimate_chart(week, LIGHT, PRAGUE)["data"]] == ["Range", "Usual", "People"]
    assert [key for key, _ in estimate_legend(month)] == ["people", "band"]


def test_the_busy_week_is_a_table_of_numbers() -> None:
    """Seven days and today, twenty-four hours, each cell with its number; what is not known is a dash."""
    table = busy_week(made_up_week(), NOTHING, LOCAL)
    rows = of_type(table, "Tr")
    assert len(rows) == 9
    assert words(rows[3]).startswith("Wednesday — — — — — 0 0 0 10 14 17")
    assert words(rows[8]) == "Today" + " —" * 24
    assert {attribute(row, "role") for row in rows} == {"row"}


def test_the_hour_that_it_is_is_marked_in_the_week_and_today() -> None:
    """Tuesday, four in the afternoon, where the box is."""
    marked = of_type(busy_week(made_up_week(), (3.0,) * 24, LOCAL), "Td")[1:]  # the first stands in the corner
    now = [place for place, cell in enumerate(marked) if "busy-now" in (attribute(cell, "className") or "")]
    assert now == [24 + 16, 7 * 24 + 16]


def test_a_week_in_which_nobody_came_is_drawn() -> None:
    """Zeros are numbers, and the strongest of them is none."""
    nobody = busy_week(BusyWeek(((0.0,) * 24,) * 7, 3), NOTHING, LOCAL)
    assert "busy-strong" not in str(nobody)


def test_before_the_first_hour_there_is_no_week() -> None:
    """An empty heat map is not drawn; a sentence says when there will be one."""
    nothing = BusyWeek((NOTHING,) * 7, 0)
    assert busy_week(nothing, NOTHING, LOCAL) is None
    assert busy_note(nothing).startswith("Not known yet")
    assert "Fewer than three say little" in busy_note(replace(made_up_week(), weeks=2))


def test_the_hours_of_today_are_means_of_the_local_day() -> None:
    """What was yesterday where the box is counts for no hour, and what was not heard neither."""
    midnight = LOCAL.replace(hour=0, minute=0, second=0)
    points = tuple(
        PeoplePoint(midnight + timedelta(minutes=minutes), people, people, people)
        for minutes, people in ((-10, 9.0), (0, 4.0), (10, 6.0), (20, None), (70, 2.0))
    )
    today = hours_of_today(PeopleHistory(TimeRange.DAY, points), LOCAL, PRAGUE)
    assert today == (5.0, 2.0, *[None] * 22)


def test_stays_tell_their_mean_their_range_and_what_they_rest_on() -> None:
    """Each class has its share, and nobody is followed."""
    said = words(crowd_stays(FakePeople().crowd))
    assert said.startswith("On average 41 minutes (33 to 52, four times out of five) up to 5 min: 12 %")
    assert "longer than 60 min: 22 %" in said
    assert "312 devices" in said
    assert words(crowd_stays(None)).startswith("Too little was heard")


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (None, "cannot be told: each night all devices get new names"),
        (Returning(0, 0), "No visit of a device that keeps its address ended in this time"),
        (Returning(12, 1_019), "Of 1,031 devices that kept their address, 12 had been here on an earlier day."),
    ],
)
def test_who_came_back_is_told_only_where_that_can_be_known(back: Returning | None, said: str) -> None:
    """Where names last for days their number is told, and where they do not, why there is none."""
    assert said in returning_text(back)


def test_things_that_stay_are_listed_with_what_was_decided() -> None:
    """What nobody has decided on offers both ways, what was decided the other one; who may not change sees none."""
    things = made_up_fixtures()
    rows = fixture_rows(things, NOW_AT, PRAGUE, may_change=True)
    assert [[words(button) for button in of_type(row, "Button")] for row in rows] == [
        ["Leave it out", "Count it"],
        ["Count it"],
        ["Leave it out"],
    ]
    assert "Hewlett Packard Wi-Fi 11 April 2026" in words(rows[0])
    assert "Unknown maker" in words(rows[2])
    assert of_type(fixture_rows(things, NOW_AT, PRAGUE, may_change=False), "Button") == []
    assert fixtures_summary(things) == "3 things, 2 of them left out; 1 not looked at yet."
    assert fixtures_summary([]).startswith("Nothing of that kind is known yet.")


def test_a_decision_can_be_undone() -> None:
    """The way back leads to what was before, also to "not decided yet"."""
    thing = made_up_fixtures()[0]
    said = decided_text(thing, FixtureDecision.KEPT)
    assert words(said) == "Hewlett Packard counts as a visitor's from now on. The past is estimated anew. Undo"
    (undo,) = of_type(said, "Button")
    assert '"decision": "learned"' in attribute(undo, "data-says")


def test_what_if_compares_the_hours_that_both_know() -> None:
    """The means are of the same hours, and the difference is told in per cent."""
    tried = WhatIf(TimeRange.DAY, {1: 10.0, 2: 20.0}, {2: 30.0, 3: 90.0})
    assert what_if_said(tried) == ("On average there would have been 30 people instead of 20, 50 % more.")
    assert what_if_said(WhatIf(TimeRange.DAY, {}, {})).startswith("Nothing was heard")
    assert what_if_said(WhatIf(TimeRange.DAY, {1: 0.0}, {1: 2.0})).endswith("2 people instead of 0.")
    same = WhatIf(TimeRange.DAY, {1: 4.0}, {1: 4.0})
    assert what_if_said(same).startswith("No difference")


def test_what_if_draws_hours_that_were_not_heard_as_gaps() -> None:
    """Three o'clock, which is absent, is no zero."""
    tried = FakePeople().what_if(0.5, -75, TimeRange.DAY, NOW_AT)
    now, then = what_if_chart(tried, LIGHT)["data"]
    assert now["y"][3] is None
    assert then["y"][2] is not None


@pytest.mark.parametrize("typed", [0, 101, -5, "80", float("nan"), [80]])
def test_a_share_that_cannot_be_is_refused(typed: object) -> None:
    """A share of people is from 1 to 100 %."""
    with pytest.raises(EstimateError, match="from 1 to 100"):
        asked_share(typed)


def test_what_is_asked_of_what_if_is_one_of_its_choices() -> None:
    """Nothing typed is as it is now, and what no choice says too."""
    assert asked_share(None) is None
    assert asked_share(70) == 0.7
    assert asked_cut("-75") == -75
    assert asked_cut("now") is None
    assert asked_cut({"-75": 1}) is None
