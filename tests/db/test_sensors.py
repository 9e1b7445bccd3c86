from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from db.connect import Connections
from db.sensors import Sensors, Word
from presence.scan import Scan
from presence.sensors import SensorCard, SensorState
from tests.db.scanning import HUNG, minute, scan

CARD = SensorCard("stairs", "first floor", "0.1.0")


@pytest.fixture
def sensors(any_url: str) -> Iterator[Sensors]:
    """A site without a sensor, on each kind of database."""
    with closing(Connections(any_url)) as connections:
        yield Sensors(connections, timedelta(minutes=1))


def word(number: float, newest: Scan | None = None, card: SensorCard = CARD) -> Word:
    return Word(card, minute(number), newest, clock_offset_seconds=-0.25, waiting_count=3)


def test_a_sensor_is_known_by_its_first_word(sensors: Sensors) -> None:
    """Who was never heard of is a sensor from its first word on, with all that it says."""
    sensors.note(word(1, scan(minute(0.5), ["a", "b"], ["c"])))
    (row,) = sensors.all(minute(2))
    assert row == sensors.one("stairs", minute(2))
    assert (row.card, row.state, row.is_active) == (CARD, SensorState.HEARD, True)
    assert (row.added_at, row.last_received_at, row.last_scan_at) == (minute(1), minute(1), minute(0.5))
    assert (row.clock_offset_seconds, row.device_count, row.waiting_count) == (-0.25, 3, 3)


def test_a_sensor_falls_silent_by_itself(sensors: Sensors) -> None:
    """State is told by when the last word came, without anything being written."""
    sensors.note(word(0))
    states = [row.state for number in (1, 4, 6) if (row := sensors.one("stairs", minute(number))) is not None]
    assert states == [SensorState.HEARD, SensorState.LATE, SensorState.SILENT]


def test_devices_of_a_sensor_that_heard_nothing_are_unknown(sensors: Sensors) -> None:
    """A scan in which one radio was heard counts that one; one in which neither was is no zero."""
    sensors.note(word(1, scan(minute(1), HUNG, ["a"])))
    assert [row.device_count for row in sensors.all(minute(1))] == [1]
    sensors.note(word(2, scan(minute(2), HUNG, HUNG)))
    assert [row.device_count for row in sensors.all(minute(2))] == [None]


def test_a_word_without_a_new_scan_leaves_the_newest(sensors: Sensors) -> None:
    """A repeat says that the sensor lives, and nothing of its devices; nor does a scan that comes late."""
    sensors.note(word(5, scan(minute(5), ["a", "b"])))
    sensors.note(word(6))
    sensors.note(word(7, scan(minute(3), ["a"])))
    (row,) = sensors.all(minute(7))
    assert (row.last_received_at, row.last_scan_at, row.device_count) == (minute(7), minute(5), 2)


def test_a_scan_from_the_future_is_not_the_newest_for_long(sensors: Sensors) -> None:
    """Once the clock of a sensor that was ahead is set, its scans are the newest again."""
    sensors.note(word(1, scan(minute(100), ["a", "b"])))
    sensors.note(word(2, scan(minute(2), ["a"])))
    assert [(row.last_scan_at, row.device_count) for row in sensors.all(minute(2))] == [(minute(2), 1)]


def test_what_a_sensor_does_not_say_of_itself_stays(sensors: Sensors) -> None:
    """A place given here stays while the sensor names none itself, as does its version."""
    sensors.note(word(1))
    assert sensors.set_place("stairs", "second floor")
    sensors.note(word(2, card=SensorCard("stairs", None, None)))
    assert [row.card for row in sensors.all(minute(2))] == [SensorCard("stairs", "second floor", "0.1.0")]
    sensors.note(word(3))
    assert [row.card for row in sensors.all(minute(3))] == [CARD]


def test_a_sensor_may_be_registered_before_it_speaks(sensors: Sensors) -> None:
    """A registered sensor is silent, was never heard, and cannot be registered twice."""
    assert sensors.register(CARD, minute(0))
    assert not sensors.register(replace(CARD, place="elsewhere"), minute(1))
    (row,) = sensors.all(minute(1))
    assert (row.card, row.state, row.added_at, row.last_received_at) == (CARD, SensorState.SILENT, minute(0), None)
    sensors.note(word(2))
    assert [row.added_at for row in sensors.all(minute(2))] == [minute(0)]


def test_a_sensor_stays_switched_off_until_it_is_switched_on(sensors: Sensors) -> None:
    """No word of a sensor switches it on again; only its owner does."""
    sensors.note(word(1))
    assert sensors.set_active("stairs", is_active=False)
    sensors.note(word(2))
    assert [row.is_active for row in sensors.all(minute(2))] == [False]
    assert sensors.set_active("stairs", is_active=True)
    assert [row.is_active for row in sensors.all(minute(2))] == [True]


def test_what_is_no_sensor_cannot_be_changed(sensors: Sensors) -> None:
    """A name that no sensor has is told by False, or by None."""
    assert not sensors.set_place("nobody", "nowhere")
    assert not sensors.set_active("nobody", is_active=True)
    assert sensors.one("nobody", minute(0)) is None
