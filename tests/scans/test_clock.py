from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scans.clock import WRITTEN_AT, Clock, Jump, is_right, machine_clock

NOW = datetime(2030, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now_at", "newest_at", "is_synchronised", "expected"),
    [
        (NOW, None, False, True),
        (datetime(1970, 1, 1, tzinfo=UTC), None, False, False),
        (WRITTEN_AT - timedelta(seconds=1), None, True, False),
        (NOW - timedelta(hours=1), NOW, False, True),
        (NOW - timedelta(days=200), NOW, False, False),
        (NOW - timedelta(days=200), NOW, True, True),
        (NOW + timedelta(days=200), NOW, False, True),
    ],
)
def test_when_a_clock_is_believed(
    now_at: datetime, newest_at: datetime | None, is_synchronised: bool, expected: bool
) -> None:
    """A clock before the programme, or far back without a time server, is wrong; any other is believed."""
    assert is_right(now_at, newest_at, is_synchronised) is expected


def test_the_machine_says_whether_its_clock_is_kept_right() -> None:
    """The kernel's answer is read, whatever it is, and wall time is aware."""
    clock = machine_clock()
    assert clock.is_synchronised() in {True, False}
    assert clock.wall().tzinfo is UTC


def test_a_clock_put_far_ahead_is_believed_after_a_day() -> None:
    """Steps back and small ones are nothing; a day ahead is doubted until it lasted, or until it is put back."""
    hour, ahead = 0, timedelta(0)
    clock = Clock(lambda: NOW + timedelta(hours=hour) + ahead, lambda: 3600.0 * hour, lambda: False)
    jump = Jump(clock)
    steps = {1: timedelta(hours=20), 2: -timedelta(hours=3), 10: timedelta(days=200)}
    doubted = []
    for hour in range(60):
        ahead = steps.get(hour, ahead)
        if jump.is_recent():
            doubted.append(hour)
    assert doubted == [*range(10, 34)]


def test_a_step_ahead_that_is_put_back_is_over_at_once() -> None:
    """The clock is then what it was."""
    ahead = timedelta(0)
    clock = Clock(lambda: NOW + ahead, lambda: 0.0, lambda: False)
    jump = Jump(clock)
    ahead = timedelta(days=200)
    assert jump.is_recent()
    ahead = timedelta(0)
    assert not jump.is_recent()
