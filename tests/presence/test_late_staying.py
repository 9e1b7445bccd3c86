from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from presence.late_staying import KnownStay, LateReading, late_stays
from presence.tags import TagStay
from presence.zones import Zone, ZoneThresholds
from tests.presence.tag_reports import second


def readings(sensor: str, minutes: Iterable[float], rssi_dbm: float | None = -55.0) -> list[LateReading]:
    """A tag heard once in each of some minutes."""
    return [LateReading(sensor, second(60 * minute), rssi_dbm, 30) for minute in minutes]


def known(sensor: str, from_minute: float, to_minute: float | None, stay_id: int = 1) -> KnownStay:
    """A stay in the log."""
    ended_at = None if to_minute is None else second(60 * to_minute)
    stay = TagStay(1, second(60 * from_minute), ended_at, sensor, Zone.NEAR, -50.0)
    return KnownStay(stay_id, stay, 30)


def told(late: Iterable[LateReading], log: Sequence[KnownStay] = ()) -> list[tuple[str, datetime, datetime | None]]:
    """The stays that follow: where, from, to."""
    found = [one.told(1) for one in late_stays(late, log, ZoneThresholds())]
    return [(stay.sensor, stay.from_at, stay.to_at) for stay in found]


def test_readings_of_one_sensor_are_one_stay() -> None:
    """From the first to the last, with their mean and zone; in whatever order they come."""
    (stay,) = late_stays(reversed(readings("hall", range(10))), [], ZoneThresholds())
    assert stay.told(1) == TagStay(1, second(0), second(540), "hall", Zone.NEAR, -55.0)
    assert (stay.stay_id, stay.sighting_count) == (None, 300)


def test_a_tag_that_two_sensors_heard_was_at_the_better_one() -> None:
    """One that is stronger by less than signals wander gets nothing; one that is by more has it from then on."""
    hall = readings("hall", range(10))
    assert told([*hall, *readings("door", range(10), -51.0)]) == [("door", second(0), second(540))]
    assert told([*hall, *readings("stairs", [minute + 0.1 for minute in range(10)], -51.0)]) == [
        ("hall", second(0), second(540))
    ]
    carried = [*readings("door", range(5, 10), -45.0), *readings("door", range(5), -80.0)]
    assert told([*hall, *carried])[0][0] == "hall"
    assert told([*hall, *carried])[-1] == ("door", second(300), second(540))


def test_a_tag_that_nobody_heard_for_minutes_had_left() -> None:
    """The stay is over when it was last heard, and another begins when it came back."""
    late = readings("hall", [0, 1, 2, 8, 9])
    assert told(late) == [("hall", second(0), second(120)), ("hall", second(480), second(540))]


def test_what_was_known_at_the_time_stays_as_it_is() -> None:
    """Readings out of a stay that is in the log are left out, and none bridges one."""
    late = readings("hall", range(10))
    assert told(late, [known("door", 0, None)]) == []
    assert told(late, [known("door", 4.2, 4.8)]) == [
        ("hall", second(0), second(240)),
        ("hall", second(300), second(540)),
    ]


def test_a_stay_that_ended_for_want_of_news_lasts_on() -> None:
    """It is the same one, which ends later; one at another place, or of long before, is left alone."""
    late = readings("hall", range(10, 20))
    (stay,) = late_stays(late, [known("hall", 0, 9, stay_id=7)], ZoneThresholds())
    assert (stay.stay_id, stay.sighting_count) == (7, 330)
    assert (stay.told(1).from_at, stay.told(1).to_at) == (second(0), second(19 * 60))
    assert told(late, [known("door", 0, 9)]) == [("hall", second(600), second(19 * 60))]
    assert told(late, [known("hall", 0, 4)]) == [("hall", second(600), second(19 * 60))]


def test_a_tag_heard_for_a_moment_has_no_stay() -> None:
    """As when it is followed as it happens."""
    assert told(readings("hall", [3])) == []


@given(
    st.lists(
        st.tuples(st.sampled_from(["hall", "door", "stairs"]), st.integers(0, 3600), st.none() | st.floats(-99, -30))
    ),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 600)), max_size=4),
)
def test_no_two_stays_of_a_tag_are_at_the_same_time(
    heard: list[tuple[str, int, float | None]], log: list[tuple[int, int]]
) -> None:
    """Whatever comes late, the log says of each moment one place at most, as far as it did before."""
    known_stays: list[KnownStay] = []
    end = 0
    for number, (pause, length) in enumerate(log):
        begin = end + pause + 1
        end = begin + length
        known_stays.append(known("door", begin / 60, end / 60, number))
    late = [LateReading(sensor, second(at), rssi_dbm, 1) for sensor, at, rssi_dbm in heard]
    found = late_stays(late, known_stays, ZoneThresholds())
    lasting = {stay.stay_id for stay in found}
    stays = [stay.told(1) for stay in found] + [one.stay for one in known_stays if one.stay_id not in lasting]
    stays.sort(key=lambda stay: stay.from_at)
    for earlier, later in pairwise(stays):
        assert earlier.to_at is not None
        assert earlier.to_at < later.from_at
