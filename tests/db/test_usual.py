from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from db.store import Store
from tests.db.scanning import HUNG, PRAGUE, START_AT, scan

WEEK = timedelta(weeks=1)


def weeks_ago(number: int, now_at: datetime = START_AT) -> datetime:
    """The same time by the clock of the place, so many weeks before."""
    local = now_at.astimezone(PRAGUE).replace(tzinfo=None) - number * WEEK
    return local.replace(tzinfo=PRAGUE).astimezone(now_at.tzinfo)


def test_what_is_usual_is_the_median_of_the_weeks_before(store: Store) -> None:
    """Both radios are added up, the week of a feast moves nothing, and today does not count."""
    for week, count in ((4, 2), (3, 3), (2, 40), (1, 4)):
        store.recorder.record(scan(weeks_ago(week), [f"{week}-{number}" for number in range(count)], ["a"]))
    store.recorder.record(scan(START_AT, [f"now-{number}" for number in range(90)], []))
    assert store.reader.usual(START_AT) == (3 + 4) / 2 + 1


@pytest.mark.parametrize("known", [1, 2])
def test_two_weeks_are_too_few(store: Store, known: int) -> None:
    """Nothing is said to be usual before a third week is known."""
    for week in range(1, known + 1):
        store.recorder.record(scan(weeks_ago(week), ["a"], []))
    assert store.reader.usual(START_AT) is None


def test_a_week_that_was_not_heard_is_not_a_week_without_people(store: Store) -> None:
    """A broken radio makes nothing look usual."""
    for week in (4, 3, 2):
        store.recorder.record(scan(weeks_ago(week), ["a", "b"], []))
    store.recorder.record(scan(weeks_ago(1), HUNG, HUNG))
    assert store.reader.usual(START_AT) == 2


def test_other_hours_and_days_are_not_looked_at(store: Store) -> None:
    """Half past nine on a Wednesday is compared with that, across a change of the clocks too."""
    now_at = START_AT + 4 * WEEK  # Prague has summer time by then, and Greenwich an hour more to go
    for week in (5, 4, 3, 2, 1):
        at = weeks_ago(week, now_at)
        store.recorder.record(scan(at, ["a", "b"], []))
        store.recorder.record(scan(at + timedelta(hours=1), [f"c{number}" for number in range(30)], []))
        store.recorder.record(scan(at + timedelta(days=1), [f"d{number}" for number in range(30)], []))
    assert store.reader.usual(now_at) == 2
