from __future__ import annotations

from datetime import timedelta

from layouts.sensors import sensor_rows, sensors_summary
from presence.sensors import SensorCard, SensorRow, SensorState
from tests.layouts.fake_place import HOSTILE_NAME, NOW_AT, SETTINGS
from tests.layouts.trees import words


def sensor(
    name: str, state: SensorState = SensorState.HEARD, *, is_active: bool = True, offset: float | None = 0.3
) -> SensorRow:
    return SensorRow(
        card=SensorCard(name, "first floor", "0.2"),
        state=state,
        is_active=is_active,
        added_at=NOW_AT,
        last_received_at=NOW_AT,
        last_scan_at=NOW_AT - timedelta(minutes=1),
        clock_offset_seconds=offset,
        device_count=12,
        waiting_count=0,
    )


def shown(*rows: SensorRow) -> list[str]:
    return [words(row) for row in sensor_rows(rows, NOW_AT, SETTINGS.time_zone)]


def test_a_sensor_shows_what_it_last_heard() -> None:
    """Its name, place, state, devices, last scan, clock, what waits there, and version are in its row."""
    assert shown(sensor("stairs")) == ["stairs first floor Heard 12 16:04 right 0 0.2"]


def test_those_that_need_help_come_first() -> None:
    """Silent sensors stand before late ones, those before the rest, and one switched off is last and no alarm."""
    rows = shown(
        sensor("a"), sensor("b", SensorState.LATE), sensor("c", SensorState.SILENT), sensor("d", is_active=False)
    )
    assert [row.split()[0] for row in rows] == ["c", "b", "a", "d"]
    assert "Switched off" in rows[3]


def test_a_clock_that_is_off_is_said() -> None:
    """By how much, and in which direction; a fraction of a second is right, and what is not known is a dash."""
    assert "130 s behind" in shown(sensor("a", offset=-130))[0]
    assert "2.5 s ahead" in shown(sensor("a", offset=2.5))[0]
    assert " — " in shown(sensor("a", offset=None))[0]


def test_a_sensors_name_is_no_markup() -> None:
    """What a sensor calls itself is shown as harmless text."""
    assert "\u202e" not in shown(sensor(HOSTILE_NAME))[0]


def test_the_summary_counts_those_that_do_not_speak() -> None:
    """In one line one sees whether all is well; a sensor that was switched off does not count."""
    assert sensors_summary([]) == "No sensor has been heard from yet."
    assert sensors_summary([sensor("a"), sensor("b", SensorState.SILENT, is_active=False)]) == "1 sensor, all heard."
    some = [sensor("a"), sensor("b", SensorState.SILENT), sensor("c", SensorState.LATE)]
    assert sensors_summary(some) == "3 sensors: 1 silent, 1 late."
