from __future__ import annotations

from dataclasses import replace

from layouts.picker import chosen_sensor, sensor_note, sensor_options
from tests.layouts.fake_place import HOSTILE_NAME, NOW_AT, FakePlace
from tests.layouts.trees import attribute, of_type, words

HEARD, SILENT = FakePlace().sensors(NOW_AT)


def test_all_sensors_are_offered_and_each_of_them() -> None:
    """The first choice is all; each sensor is told apart by its name, which is shown as harmless words."""
    options = of_type(sensor_options((HEARD, SILENT)), "Option")
    assert [attribute(option, "value") for option in options] == ["", "reading room", HOSTILE_NAME]
    assert "\u202e" not in words(options)


def test_a_choice_stands_for_a_sensor_or_for_all() -> None:
    """A sensor that is gone, or was never there, or is the only one, is no choice: all are shown."""
    both = (HEARD, SILENT)
    assert chosen_sensor(both, "reading room") is HEARD
    assert [chosen_sensor(both, asked) for asked in ("", None, "gone", 7, ["reading room"])] == [None] * 5
    assert chosen_sensor((HEARD,), "reading room") is None


def test_of_a_chosen_sensor_its_place_and_state_are_told() -> None:
    """Whoever looks at one sensor sees at once when it is silent."""
    assert words(sensor_note(HEARD)).startswith("first floor, by the stairs Heard")
    assert words(sensor_note(SILENT)).startswith("Silent")
    assert words(sensor_note(replace(HEARD, is_active=False))).startswith("first floor, by the stairs Switched off")
    assert sensor_note(None) == []
