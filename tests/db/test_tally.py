from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from db.tally import marked, marked_many, summed, summed_many


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 7)), min_size=1, max_size=200))
def test_few_and_many_are_marked_alike(detections: list[tuple[int, int]]) -> None:
    """Whichever way is taken, each device has the zones of all its detections, and who was not there has none."""
    ids = array("I", [number for number, _ in detections])
    marks = bytes(mark for _, mark in detections)
    expected = dict.fromkeys(ids, 8)
    for number, mark in detections:
        expected[number] |= mark
    one_by_one = bytes(expected.get(number, 0) for number in range(min(ids), max(ids) + 1))
    assert marked(ids, marks) == (min(ids), one_by_one)
    assert marked_many(ids, marks) == (min(ids), one_by_one)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-128, 127)), max_size=200))
def test_few_and_many_are_added_up_alike(detections: list[tuple[int, int]]) -> None:
    """Whichever way is taken, each zone has as many detections as there are, and their signal in all."""
    zones, rssi = bytes(zone for zone, _ in detections), array("b", [dbm for _, dbm in detections]).tobytes()
    of_each = [[dbm for zone, dbm in detections if zone == code] for code in range(4)]
    expected = [(len(some), sum(some)) for some in of_each]
    assert summed(zones, rssi) == expected
    assert summed_many(zones, rssi) == expected
