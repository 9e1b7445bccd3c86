from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from layouts.people_now import estimate_reading, remark_on, why_steps
from layouts.people_words import range_text, step_change, steps_by_radio
from presence.estimate import PeopleNow, StepKind, Usual
from tests.layouts.fake_people import ESTIMATE, PLAIN_ESTIMATE, STEPS, busy_people
from tests.layouts.fake_place import (
    NOW_AT,
    both_broken_overview,
    busy_overview,
    empty_overview,
    wifi_broken_overview,
)
from tests.layouts.trees import attribute, components, of_type, words

PRAGUE = ZoneInfo("Europe/Prague")


def reading_of(now: PeopleNow, remark: str | None = None) -> str:
    return words(estimate_reading(now, remark, NOW_AT, PRAGUE))


def test_the_estimate_stands_with_its_range_its_capacity_and_the_usual() -> None:
    """The likely number is beside its range, its share of the capacity, and how far it is from the usual."""
    assert reading_of(busy_people()) == (
        "People here, estimated: 22 18 to 26, four times out of five "
        "63 % of the capacity of 35 (51 % to 75 %) "
        "5 more than usual for a Tuesday at this hour (17, over 6 weeks) "
        "Learned from 4 counts of yours."
    )


def test_what_lies_within_the_range_is_as_usual() -> None:
    """A difference that the estimate cannot tell is none."""
    now = replace(busy_people(), usual=Usual(20.0, 5), capacity=None)
    assert "About as many as usual for a Tuesday at this hour (20, over 5 weeks)" in reading_of(now)
    fewer = replace(busy_people(), usual=Usual(40.0, 5))
    assert "18 fewer than usual" in reading_of(fewer)


def test_nothing_is_said_of_what_nobody_knows() -> None:
    """Without a capacity and three weeks the card names neither, and without counts it asks for one."""
    alone = PeopleNow(NOW_AT, replace(PLAIN_ESTIMATE, steps=STEPS), None, None)
    said = reading_of(alone)
    assert "capacity" not in said
    assert "usual" not in said
    assert "No count of yours yet, so the range is wide" in said


def test_one_radio_alone_is_named() -> None:
    """An estimate that only Bluetooth stands behind says so and why, and is marked."""
    alone = replace(busy_people(), estimate=PLAIN_ESTIMATE)
    remark = remark_on(alone, wifi_broken_overview())
    assert remark == "By Bluetooth alone: Wi-Fi was not heard, so the range is less sure."
    reading = estimate_reading(alone, remark, NOW_AT, PRAGUE)
    (alarm,) = [one for one in of_type(reading, "Strong") if attribute(one, "className") == "alarm"]
    assert words(alarm) == remark
    assert "Wi-Fi was not heard when you counted" in str(remark_on(alone, busy_overview()))
    assert remark_on(busy_people(), busy_overview()) is None


def test_no_estimate_is_a_dash_with_its_reason() -> None:
    """What is not known is no zero, and the reason says what to do."""
    nothing = replace(busy_people(), estimate=None)
    assert reading_of(nothing, "Why not.") == "People here, estimated: — Why not."
    assert remark_on(nothing, empty_overview()) == "Listening for the first time…"
    assert remark_on(nothing, replace(empty_overview(), sensor="door")) == "Nothing has come from this sensor yet."
    assert "came without counts" in str(remark_on(nothing, busy_overview()))
    assert "no radio was heard" in str(remark_on(nothing, both_broken_overview()))
    assert remark_on(nothing, replace(busy_overview(), people_now=None)) == "Not known: the latest scan is too old."


def test_the_bar_is_silent_and_within_its_ends() -> None:
    """The bar says nothing to a screen reader that the words do not, and no mark leaves it."""
    reading = estimate_reading(replace(busy_people(), capacity=10), None, NOW_AT, PRAGUE)
    (bar,) = [one for one in components(reading) if attribute(one, "className") == "range-bar"]
    assert attribute(bar, "aria-hidden") == "true"
    lefts = [float(attribute(mark, "style")["left"].rstrip("%")) for mark in of_type(bar, "Span")]
    assert all(0 <= left <= 100 for left in lefts)


def test_the_steps_add_up_to_the_eye() -> None:
    """Whatever is added or taken away is the difference of the numbers shown before and after it."""
    for _, under in steps_by_radio(STEPS):
        for step, before in under:
            change = step_change(step, before)
            if change and change[0] in "+−":
                assert before is not None
                told = float(change[1:]) * (1 if change[0] == "+" else -1)
                assert round(round(before, 1) + told, 1) == round(step.value, 1)


def test_every_step_is_told_in_words() -> None:
    """Each kind of step has a sentence, under its radio; nothing of the machine's own names is shown."""
    tables = why_steps(busy_people())
    assert [words(of_type(table, "Caption")) for table in tables] == ["By Wi-Fi", "By Bluetooth", "Together"]
    said = words(tables)
    assert "Only those heard at −75 dBm or more: what is weaker is outside the place − 11 41" in said
    assert "From devices to people, as your counts teach × 0.82 22.6" in said
    assert "18 to 26, four times out of five 22" in said
    assert {step.kind for step in STEPS} == set(StepKind)
    assert "_" not in said


def test_why_without_a_number_says_so() -> None:
    """There is nothing to explain while nothing is known."""
    assert words(why_steps(replace(busy_people(), estimate=None))) == "There is no number to explain just now."


def test_a_range_of_one_number_is_one() -> None:
    """An empty room needs no "0 to 0"."""
    assert range_text(0.0, 0.3) == "0"
    assert range_text(ESTIMATE.low, ESTIMATE.high) == "18 to 26"
