from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from presence.placement import moves

NOON_AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("placed", "other", "minutes", "moved"),
    [
        (-60.0, -55.0, 0, False),  # better, but no more than it wanders
        (-60.0, -53.0, 0, True),
        (-60.0, -90.0, 3, False),  # three windows without it are chance
        (-60.0, -90.0, 4, True),
        (None, -90.0, 0, True),
        (-60.0, None, 0, False),
        (None, None, 0, False),
        (None, None, 4, True),
    ],
)
def test_a_device_is_at_the_sensor_that_hears_it_best(
    placed: float | None, other: float | None, minutes: int, moved: bool
) -> None:
    """It moves to one that hears it clearly better, or that hears it at all when its own no longer does."""
    assert moved == moves(
        placed_rssi_dbm=placed,
        placed_seen_at=NOON_AT - minutes * MINUTE,
        rssi_dbm=other,
        seen_at=NOON_AT,
        interval=MINUTE,
    )


def test_a_device_between_two_sensors_stays_where_it_is() -> None:
    """One that two sensors hear about equally well, now the one better and now the other, never moves."""
    placed, moved = -60.0, 0
    for minute in range(60):
        other = placed + (5 if minute % 2 else -5)
        moved += moves(placed_rssi_dbm=placed, placed_seen_at=NOON_AT, rssi_dbm=other, seen_at=NOON_AT, interval=MINUTE)
    assert moved == 0
