from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scans.clock import WRITTEN_AT, is_right, machine_clock

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
