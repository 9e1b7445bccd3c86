from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from presence.sharing import CountedHour, SharedHour, shared
from presence.statistics import ZoneFigures
from presence.zones import Zone

BEGIN_AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
COUNTS = st.lists(st.none() | st.tuples(*(st.integers(0, 12) for _ in Zone)), max_size=6)


def hours(counts: list[tuple[int, ...] | None]) -> list[CountedHour]:
    return [
        CountedHour(
            BEGIN_AT + timedelta(hours=number),
            "box",
            None if some is None else {zone: ZoneFigures(n, 3 * n, -60.0) for zone, n in zip(Zone, some, strict=True)},
        )
        for number, some in enumerate(counts)
    ]


def told(counts: list[tuple[int, ...] | None], smallest_group: int) -> list[SharedHour]:
    return list(shared(hours(counts), smallest_group))


@given(COUNTS, st.integers(0, 10), st.data())
def test_others_cannot_reckon_what_is_hidden(
    counts: list[tuple[int, ...] | None], smallest_group: int, data: st.DataObject
) -> None:
    """Whatever the hidden counts are, what is told is the same, to the last total: so nothing of them is in it."""
    others = [
        None
        if some is None
        else tuple(n if n >= smallest_group else data.draw(st.integers(0, smallest_group - 1)) for n in some)
        for some in counts
    ]
    assert told(counts, smallest_group) == told(others, smallest_group)


@given(COUNTS, st.integers(0, 10))
def test_no_small_count_is_told(counts: list[tuple[int, ...] | None], smallest_group: int) -> None:
    """What is told is true, and none of it is below the smallest group; what is hidden is."""
    for some, hour in zip(counts, told(counts, smallest_group), strict=True):
        assert hour.is_heard is (some is not None)
        for zone, count in zip(Zone, some or (), strict=some is not None):
            shown = hour.zones[zone]
            assert shown == count if count >= smallest_group else shown is None
        told_counts = [count for count in hour.zones.values() if count is not None]
        assert hour.together == (sum(told_counts) if told_counts else None)


def test_not_heard_is_no_small_count() -> None:
    """An hour in which no radio was heard is told as that, whatever is hidden."""
    [silent, empty] = told([None, (0, 0, 0)], 5)
    assert (silent.is_heard, empty.is_heard) == (False, True)
    assert silent.zones == empty.zones


def test_with_nought_nothing_is_hidden() -> None:
    """Who switches it off tells every count."""
    [hour] = told([(0, 1, 2)], 0)
    assert (list(hour.zones.values()), hour.together) == ([0, 1, 2], 3)
