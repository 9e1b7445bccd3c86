from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.listening import Ears
from tests.presence.tag_reports import report, second

HOUR = timedelta(hours=1)


def test_a_sensor_listens_while_it_reports() -> None:
    """It listens until it says that it does not, or says nothing for half a minute."""
    ears = Ears(second(0))
    for to in (-1, 0, 1):
        ears.take(report("door", to), second(to))
    assert ears.listens("door", second(31))
    assert not ears.listens("door", second(32))
    ears.take(report("door", 40), second(40))
    assert ears.listens("door", second(41))
    ears.take(report("door", 42, is_listening=False), second(42))
    assert not ears.listens("door", second(42))


def test_a_sensor_is_given_time_for_its_first_report() -> None:
    """After a start a sensor is taken to listen until its first report could be there."""
    ears = Ears(second(0))
    assert ears.listens("door", second(30))
    assert not ears.listens("door", second(31))


def test_one_that_listens_now_and_then_is_silent_by_its_own_pace() -> None:
    """A sensor that reports once a minute is not silent in between."""
    ears = Ears(second(0))
    for to in (0, 60, 120):
        ears.take(report("door", to, length=10), second(to))
    assert ears.listens("door", second(120 + 149))
    assert not ears.listens("door", second(120 + 151))


def test_only_what_was_listened_counts() -> None:
    """Ten seconds of each minute are ten seconds of listening, and a lost report is none."""
    ears = Ears(second(0))
    ears.take(report("door", 10, length=10), second(10))
    mark = ears.mark("door", second(9))
    assert ears.unheard_seconds("door", mark) == 1
    ears.take(report("door", 70, length=10), second(70))
    ears.take(report("door", 190, length=10), second(190))
    assert ears.unheard_seconds("door", mark) == 21


def test_what_was_heard_before_the_newest_report_is_not_thought_longer_ago_than_that() -> None:
    """A sensor may not have listened in between, so no more is taken to be listened since than its newest report."""
    ears = Ears(second(0))
    for to in (10, 70):
        ears.take(report("door", to, length=10), second(to))
    assert ears.unheard_seconds("door", ears.mark("door", second(9))) == 10


def test_a_report_that_comes_twice_counts_once() -> None:
    """The same report again adds nothing, nor does one that overlaps beyond what is new of it."""
    ears = Ears(second(0))
    ears.take(report("door", 5, length=5), second(5))
    mark = ears.mark("door", second(0))
    for received in (5, 6, 9):
        ears.take(report("door", 5, length=5), second(received))
    assert ears.unheard_seconds("door", mark) == 5
    ears.take(report("door", 7, length=5), second(9))
    assert ears.unheard_seconds("door", mark) == pytest.approx(7, abs=0.5)


@pytest.mark.parametrize("wrong_by", [HOUR * -24 * 200, -HOUR, HOUR, HOUR * 24 * 200])
def test_a_sensors_clock_may_be_wrong(wrong_by: timedelta) -> None:
    """Times are by the receiver's clock, whatever the sensor's says."""
    ears = Ears(second(0))
    sent = report("door", 5)
    moved = type(sent)("door", sent.from_at + wrong_by, sent.to_at + wrong_by, is_listening=True, readings=())
    window = ears.take(moved, second(5))
    assert (window.from_at, window.to_at) == (second(4), second(5))
    assert window.time_of(second(4.5) + wrong_by) == second(4.5)
    assert window.time_of(second(99) + wrong_by) == second(5)
    assert ears.listens("door", second(6))


def test_a_report_that_was_held_up_tells_the_past() -> None:
    """What waited on its way for minutes is known to be minutes old, and is no sign of life."""
    ears = Ears(second(0))
    for to in range(1, 11):
        ears.take(report("door", to), second(to))
    for to in range(11, 300):
        window = ears.take(report("door", to), second(300))
        assert abs((window.to_at - second(to)).total_seconds()) < 15
        assert ears.listens("door", second(300)) == (window.to_at >= second(270))
    assert ears.take(report("door", 301), second(301)).to_at == second(301)


@pytest.mark.parametrize("stepped_by", [-HOUR, timedelta(minutes=-2), timedelta(minutes=2), HOUR])
def test_a_clock_that_is_set_is_believed_soon(stepped_by: timedelta) -> None:
    """A sensor whose clock was put back or forward listens again within some minutes at most."""
    ears = Ears(second(0))
    for to in range(1, 61):
        ears.take(report("door", to), second(to))
    for to in range(61, 241):
        sent = report("door", to)
        moved = type(sent)("door", sent.from_at + stepped_by, sent.to_at + stepped_by, is_listening=True, readings=())
        ears.take(moved, second(to))
    assert ears.listens("door", second(241))


@pytest.mark.parametrize("stepped_by", [timedelta(days=-200), timedelta(days=200)])
def test_the_receivers_clock_may_be_set(stepped_by: timedelta) -> None:
    """When the receiver's own clock jumps, sensors listen again within a quarter of an hour."""
    ears = Ears(second(0))
    for to in range(1, 61):
        ears.take(report("door", to), second(to))
    for to in range(61, 961):
        ears.take(report("door", to), second(to) + stepped_by)
    assert ears.listens("door", second(961) + stepped_by)


@given(st.lists(st.tuples(st.integers(-5000, 5000), st.integers(0, 600), st.booleans()), max_size=40))
def test_no_sequence_of_reports_counts_more_than_time_passed(sent: list[tuple[int, int, bool]]) -> None:
    """However reports come, a sensor has never listened longer than they say, nor is a window in the future."""
    ears = Ears(second(0))
    total = 0
    for received, (to, length, is_listening) in enumerate(sent):
        window = ears.take(report("door", to, length=length, is_listening=is_listening), second(received))
        total += length
        assert window.from_at <= window.to_at <= second(received)
        assert 0 <= ears.unheard_seconds("door", 0.0) <= total
        assert 0 <= ears.mark("door", window.to_at) <= total
