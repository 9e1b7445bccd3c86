from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from presence.sensors import SensorState, state_of

NOON_AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        (0, SensorState.HEARD),
        (2.5, SensorState.HEARD),
        (2.6, SensorState.LATE),
        (5, SensorState.LATE),
        (5.1, SensorState.SILENT),
        (-300, SensorState.SILENT),
    ],
)
def test_a_sensor_turns_silent_by_itself(minutes: float, state: SensorState) -> None:
    """One that was not heard from for two and a half intervals is late, for five silent; nobody need say so."""
    assert state_of(NOON_AT - minutes * MINUTE, NOON_AT, MINUTE) is state


def test_a_sensor_never_heard_from_is_silent() -> None:
    """One that was only registered so far is not taken for one that speaks."""
    assert state_of(None, NOON_AT, MINUTE) is SensorState.SILENT
