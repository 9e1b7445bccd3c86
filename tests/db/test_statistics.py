from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from db.connect import Connections
from db.read_statistics import Statistics
from db.recorder import Recorder
from db.zone_sums import ZoneSums
from presence.radio import Radio
from presence.scan import Scan
from presence.statistics import DistinctWithin, estimated_people
from tests.db.scanning import HUNG, PRAGUE, SETTINGS, device, minute, scan
from tests.db.statistics_model import by_sensor, expected, of_answer
from tests.sqlite import passing_database

# Clocks in Prague are put forward in the night to 28 March 2027, and back in the night to 31 October.
SPRING_AT = datetime(2027, 3, 27, 20, tzinfo=UTC)
AUTUMN_AT = datetime(2027, 10, 30, 20, tzinfo=UTC)
SENSORS = ("door", "hall", "stairs")


def record(connections: Connections, *scans: Scan) -> None:
    recorder = Recorder(connections, SETTINGS)
    for one in scans:
        recorder.record(one)


names = st.sampled_from("abcdefgh")
heard = st.one_of(
    st.just(HUNG),
    st.dictionaries(names, st.sampled_from([None, -40.0, -60.4, -70.0, -90.0]), max_size=5),
)


@st.composite
def some_scans(draw: st.DrawFn) -> list[Scan]:
    """Scans of several sensors over four days around a change of clocks, in any order: late ones come after newer."""
    start_at = draw(st.sampled_from([SPRING_AT, AUTUMN_AT]))
    scans = []
    for _ in range(draw(st.integers(0, 12))):
        at = start_at + timedelta(minutes=draw(st.one_of(st.integers(0, 4 * 1440), st.integers(0, 8 * 60))))
        hearings = [draw(heard), draw(heard)]
        found = [
            [device(name, radio, rssi_dbm=rssi) for name, rssi in one.items()] if isinstance(one, dict) else one
            for radio, one in zip(Radio, hearings, strict=True)
        ]
        scans.append(by_sensor(scan(at, *found), draw(st.sampled_from(SENSORS))))
    return scans


def agree(connections: Connections, scans: Sequence[Scan], windows: Sequence[tuple[int, int]]) -> None:
    """Compare every reading of statistics with the model."""
    statistics = Statistics(connections, SETTINGS)
    start_at = min((one.started_at for one in scans), default=SPRING_AT)
    for sensor in (None, *SENSORS):
        for from_minute, minutes in windows:
            from_at = start_at + timedelta(minutes=from_minute)
            to_at = from_at + timedelta(minutes=minutes)
            assert of_answer(statistics.between(from_at, to_at, sensor)) == expected(scans, from_at, to_at, sensor)
        first = start_at.astimezone(PRAGUE).date()
        for of_day in statistics.days(first, first + timedelta(days=5), sensor):
            answer = of_day.statistics
            assert of_answer(answer) == expected(scans, answer.from_at, answer.to_at, sensor)
            assert answer.from_at.astimezone(PRAGUE).date() == of_day.day
        for answer in statistics.hours(first, start_at + timedelta(days=2), sensor):
            assert of_answer(answer) == expected(scans, answer.from_at, answer.to_at, sensor)


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    scans=some_scans(),
    windows=st.lists(st.tuples(st.integers(-300, 6000), st.integers(1, 6000)), max_size=4),
    rolled=st.sets(st.integers(0, 12)),
)
def test_statistics_say_what_counting_all_scans_says(
    scans: list[Scan], windows: list[tuple[int, int]], rolled: set[int]
) -> None:
    """Hours, days and any range agree with a count of all scans, whenever sums were made, and whatever came late."""
    with passing_database() as url, closing(Connections(url)) as connections:
        sums = ZoneSums(connections, SETTINGS)
        for number, one in enumerate(scans):
            record(connections, one)
            if number in rolled:
                sums.roll_up(one.started_at + timedelta(hours=30))
        agree(connections, scans, windows)
        while sums.roll_up(AUTUMN_AT + timedelta(days=30)):
            agree(connections, scans, windows)
        agree(connections, scans, windows)


def test_a_phone_in_three_zones_of_two_sensors_is_one(connections: Connections) -> None:
    """A device counts in each zone it was heard in, and once in all, whatever sensors heard it."""
    record(
        connections,
        by_sensor(scan(minute(0), [device("a", rssi_dbm=-50)]), "door"),
        by_sensor(scan(minute(0.1), [device("a", rssi_dbm=-70)]), "hall"),
        by_sensor(scan(minute(1), [device("a", rssi_dbm=-90)]), "door"),
    )
    answer = Statistics(connections, SETTINGS).between(minute(-5), minute(5))
    assert answer.zones is not None
    assert answer.total is not None
    assert [figures.device_count for figures in answer.zones.values()] == [1, 1, 1]
    assert (answer.total.device_count, answer.total.detection_count, answer.total.rssi_mean_dbm) == (1, 3, -70)


def test_not_heard_is_never_zero(connections: Connections) -> None:
    """A time in which a radio heard nobody is 0; one in which none was heard has no figures."""
    record(connections, scan(minute(0), HUNG, HUNG), scan(minute(60), HUNG, ()))
    statistics = Statistics(connections, SETTINGS)
    for _ in range(2):
        assert statistics.between(minute(-1), minute(1)).total is None
        nobody = statistics.between(minute(59), minute(61)).total
        assert nobody is not None
        assert (nobody.device_count, nobody.rssi_mean_dbm) == (0, None)
        ZoneSums(connections, SETTINGS).roll_up(minute(600))


def test_longer_than_a_day_says_that_days_are_added_up(connections: Connections) -> None:
    """A device heard on two days counts twice in a range over both, and the answer says so."""
    record(connections, scan(minute(0), ["a"]), scan(minute(1600), ["a"]))
    statistics = Statistics(connections, SETTINGS)
    short, long = statistics.between(minute(0), minute(60)), statistics.between(minute(0), minute(1601))
    assert (short.distinct_within, long.distinct_within) == (DistinctWithin.RANGE, DistinctWithin.DAY)
    assert long.total is not None
    assert long.total.device_count == 2


@pytest.mark.parametrize(("devices", "people"), [(0, 0), (1, 1), (2, 1), (3, 2), (10, 7)])
def test_people_are_estimated_as_the_older_system_did(devices: int, people: int) -> None:
    """One person for each device and a half, and at least one where there is a device."""
    assert estimated_people(devices) == people
