from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest

from db.connect import Connections
from db.outbox import Outbox, OutboxLimits, OutboxState, Waiting
from tests.db.scanning import minute

LIMITS = OutboxLimits(most_bytes=1000, longest=timedelta(days=14))
ANY = 1_000_000


@pytest.fixture
def outbox(connections: Connections) -> Outbox:
    """An empty outbox of 1,000 bytes and 14 days."""
    return Outbox(connections, LIMITS)


def message_id(number: int) -> str:
    return f"{number:032x}"


def put(outbox: Outbox, number: int, size: int = 100, at_minute: float | None = None) -> None:
    outbox.put(message_id(number), minute(number if at_minute is None else at_minute), bytes([number]) * size)


def numbers(waiting: tuple[Waiting, ...]) -> list[int]:
    return [int(one.message_id, 16) for one in waiting]


def test_what_is_put_waits_in_order(outbox: Outbox) -> None:
    """Scans come out as they were put in, oldest first, and stay until they are deleted."""
    for number in (3, 1, 2):
        put(outbox, number)
    waiting = outbox.oldest(10, ANY)
    assert numbers(waiting) == [3, 1, 2]
    assert (waiting[0].kept_at, waiting[0].body) == (minute(3), b"\x03" * 100)
    assert outbox.oldest(10, ANY) == waiting
    outbox.delete(waiting[:2])
    assert numbers(outbox.oldest(10, ANY)) == [2]


def test_a_batch_is_bounded_in_number_and_bytes(outbox: Outbox) -> None:
    """As many come as are asked for and fit; one that is too large by itself comes alone."""
    for number in range(6):
        put(outbox, number, size=300 if number == 0 else 100)
    assert numbers(outbox.oldest(2, ANY)) == [0, 1]
    assert numbers(outbox.oldest(10, 500)) == [0, 1, 2]
    assert numbers(outbox.oldest(10, 50)) == [0]


def test_all_that_waits_can_be_forgotten(outbox: Outbox) -> None:
    """A sensor that joins another site starts with nothing of the old one, and is told how much that was."""
    for number in range(3):
        put(outbox, number)
    assert outbox.clear() == 3
    assert outbox.state().waiting_count == 0


def test_the_state_tells_what_waits(outbox: Outbox) -> None:
    """Number, bytes and age of what waits; nothing of these when nothing does."""
    assert outbox.state() == OutboxState(0, 0, None, 0, None)
    put(outbox, 1)
    put(outbox, 2, size=50)
    assert outbox.state() == OutboxState(2, 150, minute(1), 0, None)


def test_the_oldest_go_when_it_is_full(outbox: Outbox) -> None:
    """Beyond its size the oldest are dropped, as few as needed, and counted."""
    for number in range(12):
        put(outbox, number)
    assert numbers(outbox.oldest(20, ANY)) == list(range(2, 12))
    assert outbox.state() == OutboxState(10, 1000, minute(2), 2, minute(11))
    put(outbox, 12, size=450)
    assert numbers(outbox.oldest(20, ANY)) == [*range(7, 12), 12]
    assert outbox.state().dropped_count == 7


def test_one_larger_than_the_whole_outbox_costs_no_other(outbox: Outbox) -> None:
    """A scan that can never fit is dropped and counted; those that wait stay."""
    put(outbox, 1)
    put(outbox, 2, size=1001)
    assert outbox.state() == OutboxState(1, 100, minute(1), 1, minute(2))


def test_many_small_ones_make_room_for_a_large_one(connections: Connections) -> None:
    """Room is made by as many scans as it takes."""
    outbox = Outbox(connections, LIMITS)
    for number in range(500):
        outbox.put(message_id(number), minute(0), b"ab")
    outbox.put(message_id(500), minute(0), b"c" * 999)
    assert numbers(outbox.oldest(10, ANY)) == [500]
    assert outbox.state().dropped_count == 500


def test_what_is_too_old_goes_a_little_at_a_time(outbox: Outbox) -> None:
    """Beyond their age scans are dropped two at each new one, so that a clock that jumps loses next to nothing."""
    for number in range(5):
        put(outbox, number)
    put(outbox, 5, at_minute=14 * 24 * 60 + 3.5)
    assert numbers(outbox.oldest(10, ANY)) == [2, 3, 4, 5]
    put(outbox, 6, at_minute=14 * 24 * 60 + 3.6)
    assert numbers(outbox.oldest(10, ANY)) == [4, 5, 6]
    put(outbox, 7, at_minute=14 * 24 * 60 + 3.7)
    assert numbers(outbox.oldest(10, ANY)) == [4, 5, 6, 7]
    assert outbox.state().dropped_count == 4


def test_what_was_sent_meanwhile_dropped_takes_no_other_along(outbox: Outbox) -> None:
    """A scan whose place in the table is another's by now is not mistaken for it."""
    put(outbox, 1)
    sent = outbox.oldest(1, ANY)
    outbox.delete(sent)
    put(outbox, 2)
    outbox.delete(sent)
    assert numbers(outbox.oldest(10, ANY)) == [2]


def test_one_that_nobody_takes_is_set_aside(outbox: Outbox) -> None:
    """It waits no longer, and is counted."""
    put(outbox, 1)
    put(outbox, 2)
    outbox.set_aside(outbox.oldest(1, ANY)[0], minute(7))
    assert outbox.state() == OutboxState(1, 100, minute(2), 1, minute(7))


def test_all_of_it_is_there_after_a_restart(any_url: str) -> None:
    """What waits, and what was dropped, is on disk."""
    with contextlib.closing(Connections(any_url)) as connections:
        for number in range(12):
            put(Outbox(connections, LIMITS), number)
    with contextlib.closing(Connections(any_url)) as connections:
        assert Outbox(connections, LIMITS).state() == OutboxState(10, 1000, minute(2), 2, minute(11))
