from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from db.tally import marked, marked_many


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 7)), min_size=1, max_size=200))
def test_few_and_many_are_marked_alike(detections: list[tuple[int, int]]) -> None:
    """Whichever way is taken, each device has the zones of all its detections, and who was not there has none."""
    ids = array("I", [number for number, _ in detections])
    marks = bytes(mark for _, mark in detections)
    expected = dict.fromkeys(ids, 8)
    for number, mark in detections:
        expected[number] |= mark
    one_by_one = bytes(expected.get(number, 0) for number in range(min(ids), max(ids) + 1))
    assert marked(ids, marks) == one_by_one
    assert marked_many(ids, marks) == one_by_one
