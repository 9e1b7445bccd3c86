from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scans.clock import Clock, machine_clock
from scans.minute import EveryMinute, MonotonicTrigger

# Generous: what is waited for comes within milliseconds on a machine that is not busy.
WAIT_SECONDS = 60


@dataclass
class HandClock:
    """A clock set by hand."""

    wall_at: datetime = datetime(2027, 1, 1, tzinfo=UTC)
    seconds: float = 100.0
    step: timedelta = field(default_factory=timedelta)

    def clock(self) -> Clock:
        return Clock(lambda: self.wall_at, lambda: self.seconds, lambda: False)

    def pass_seconds(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall_at += timedelta(seconds=seconds)


def trigger_and_hand(jitter_seconds: float = 0) -> tuple[MonotonicTrigger, HandClock]:
    hand = HandClock()
    return MonotonicTrigger(60, jitter_seconds, hand.clock(), random.Random(1)), hand


def test_the_first_start_is_at_once() -> None:
    """The first scan does not wait for a minute."""
    trigger, hand = trigger_and_hand()
    assert trigger.get_next_fire_time(None, hand.wall_at) == hand.wall_at


def test_starts_keep_to_the_monotonic_clock_when_the_wall_clock_jumps() -> None:
    """After a step of the wall clock by 200 days the next start is still at the next whole minute of elapsed time."""
    for jump in (timedelta(days=200), timedelta(hours=-1), timedelta(days=-200)):
        trigger, hand = trigger_and_hand()
        previous = trigger.get_next_fire_time(None, hand.wall_at)
        hand.pass_seconds(12)
        hand.wall_at += jump
        due = trigger.get_next_fire_time(previous, hand.wall_at)
        assert due - hand.wall_at == timedelta(seconds=48)


def test_a_start_asked_for_again_stays_where_it_is() -> None:
    """However often the scheduler asks for the next start, it is one interval after the first."""
    trigger, hand = trigger_and_hand(jitter_seconds=3)
    first = trigger.get_next_fire_time(None, hand.wall_at)
    hand.pass_seconds(0.01)
    asked = {trigger.get_next_fire_time(first, hand.wall_at) for _ in range(3)}
    assert len(asked) == 1
    assert timedelta(seconds=59.9) <= asked.pop() - first <= timedelta(seconds=63)


def test_a_missed_minute_is_not_made_up_for() -> None:
    """After a pause of three minutes one start follows, at the next whole minute."""
    trigger, hand = trigger_and_hand()
    previous = trigger.get_next_fire_time(None, hand.wall_at)
    hand.pass_seconds(190)
    assert trigger.get_next_fire_time(previous, hand.wall_at) - hand.wall_at == timedelta(seconds=50)


def test_starts_are_jittered_within_bounds() -> None:
    """Each start is shifted by its own amount between none and the jitter."""
    trigger, hand = trigger_and_hand(jitter_seconds=3)
    trigger.get_next_fire_time(None, hand.wall_at)
    shifts = []
    for slot in range(1, 200):
        due = trigger.get_next_fire_time(hand.wall_at, hand.wall_at)
        hand.pass_seconds((due - hand.wall_at).total_seconds())
        shifts.append(hand.seconds - 100 - slot * 60)
    assert 0 <= min(shifts) < 0.5
    assert 2.5 < max(shifts) <= 3


def test_the_job_runs_again_and_never_twice_at_once() -> None:
    """A job that outlasts its interval is not started a second time beside itself."""
    running, most, runs = [0], [0], threading.Semaphore(0)

    def job() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        threading.Event().wait(0.15)
        running[0] -= 1
        runs.release()

    minute = EveryMinute(job, 0.05, 0, machine_clock(), random.Random(1))
    minute.start()
    for _ in range(4):
        assert runs.acquire(timeout=WAIT_SECONDS)
    minute.stop()
    assert most == [1]


def test_a_start_planned_far_ahead_is_brought_back() -> None:
    """When the wall clock was put back by 200 days, so that the plan lies 200 days ahead, the job runs all the same."""
    clock, runs = machine_clock(), threading.Semaphore(0)
    minute = EveryMinute(runs.release, 0.5, 0, clock, random.Random(1))
    minute.start()
    assert runs.acquire(timeout=WAIT_SECONDS)
    # Setting the machine's clock is not for a test: instead the plan is moved as far ahead as the clock would have
    # gone back.
    minute._scheduler.modify_job("scan", next_run_time=clock.wall() + timedelta(days=200))  # noqa: SLF001
    for _ in range(3):
        assert runs.acquire(timeout=WAIT_SECONDS)
    minute.stop()


def test_it_knows_when_the_next_start_is_due() -> None:
    """The time to the next start is told in seconds, and is never negative."""
    hand = HandClock()
    minute = EveryMinute(lambda: None, 60, 0, hand.clock(), random.Random(1))
    hand.pass_seconds(-10)
    assert minute.seconds_to_next() == 10
    hand.pass_seconds(30)
    assert minute.seconds_to_next() == 0
