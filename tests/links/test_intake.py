from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.connect import Connections
from db.errors import DatabaseError
from db.intake import Intake, IntakeRefusedError
from links.intake import IntakeFullError, IntakeQueue, QueueState, Taker
from presence.message import Batch, Receipt, ScanMessage
from presence.sensors import SensorCard
from tests.db.scanning import SETTINGS, minute, scan
from tests.links.waiting import PATIENCE_SECONDS, wait_until
from tests.sqlite import new_database

NOW = minute(60)


def batch(sensor: str, number: int, *names: str, key_period: int = NOW.date().toordinal()) -> Batch:
    """A batch of one scan."""
    one = replace(scan(minute(number), names or ("a",), key_period=key_period), sensor=sensor)
    message_id = hashlib.sha256(f"{sensor} {number}".encode()).hexdigest()[:32]
    return Batch(SensorCard(sensor, None, None), "00" * 8, NOW, 0, (ScanMessage(message_id, one),))


class Gate:
    """A taker that lets nothing through until it is opened, and remembers what came at once."""

    def __init__(self, taker: Taker, problem: DatabaseError | None = None) -> None:
        self.groups: list[list[str]] = []
        self.asked = threading.Event()
        self.opened = threading.Event()
        self._taker = taker
        self._problem = problem

    def take(self, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        self.asked.set()
        if self._problem is not None and not self.opened.is_set():
            raise self._problem
        self.groups.append([one.sensor.name for one in batches])
        assert self.opened.wait(PATIENCE_SECONDS)
        return self._taker.take(batches, received_at)


class Fails:
    """A taker with a mistake in it."""

    def take(self, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        raise ZeroDivisionError(f"{batches} at {received_at}")


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    """The intake of an empty database."""
    with closing(Connections(new_database(tmp_path / "hub.db"))) as connections:
        yield Intake(connections, SETTINGS, lambda: "00" * 8)


@contextmanager
def running(
    taker: Taker,
    is_clock_right: Callable[[], bool] = lambda: True,
    committed: Callable[[], None] = lambda: None,
    clock: Callable[[], datetime] = lambda: NOW,
) -> Iterator[IntakeQueue]:
    queue = IntakeQueue(taker, clock, is_clock_right=is_clock_right, committed=committed)
    queue.start()
    try:
        yield queue
    finally:
        queue.stop()


def test_the_sender_is_told_after_the_commit(intake: Intake) -> None:
    """A receipt says what was stored and what was a repeat, and whoever wants to know of commits is told first."""
    told: list[str] = []
    with running(intake, committed=lambda: told.append("commit")) as queue:
        assert queue.put(batch("stairs", 1, "a", "b")).result(PATIENCE_SECONDS) == Receipt(1, 0, 2)
        assert queue.put(batch("stairs", 1, "a", "b")).result(PATIENCE_SECONDS) == Receipt(0, 1, 0)
        assert queue.state() == QueueState(problem=None, waiting_count=0, taken=1, repeated=1, refused=0)
    assert told == ["commit", "commit"]


def test_what_waits_is_taken_together(intake: Intake) -> None:
    """While one commit goes on, whatever comes gathers for the next."""
    gate = Gate(intake)
    with running(gate) as queue:
        first = queue.put(batch("a", 1))
        assert gate.asked.wait(PATIENCE_SECONDS)
        others = [queue.put(batch(name, 1)) for name in "bcd"]
        gate.opened.set()
        assert [one.result(PATIENCE_SECONDS).stored for one in (first, *others)] == [1, 1, 1, 1]
    assert gate.groups == [["a"], ["b", "c", "d"]]


def test_a_commit_is_bounded(intake: Intake) -> None:
    """More than a second's work is cut into several commits."""
    gate = Gate(intake)
    many = [str(number) for number in range(3000)]
    with running(gate) as queue:
        queue.put(batch("a", 1))
        assert gate.asked.wait(PATIENCE_SECONDS)
        waiting = [queue.put(batch(name, 1, *many)) for name in "bcd"]
        gate.opened.set()
        assert [one.result(PATIENCE_SECONDS).detections for one in waiting] == [3000, 3000, 3000]
    assert gate.groups == [["a"], ["b", "c"], ["d"]]


def test_a_bad_batch_does_not_fail_its_neighbours(intake: Intake) -> None:
    """Of a group in which one is refused, the others are stored, and only the bad one's sender is told why not."""
    gate = Gate(intake)
    with running(gate) as queue:
        queue.put(batch("first", 1))
        assert gate.asked.wait(PATIENCE_SECONDS)
        before, bad, after = queue.put(batch("b", 1)), queue.put(batch("c", 1, key_period=3)), queue.put(batch("d", 1))
        gate.opened.set()
        assert (before.result(PATIENCE_SECONDS).stored, after.result(PATIENCE_SECONDS).stored) == (1, 1)
        with pytest.raises(IntakeRefusedError, match="visitor key"):
            bad.result(PATIENCE_SECONDS)
        assert (queue.state().taken, queue.state().refused) == (3, 1)
    assert gate.groups == [["first"], ["b", "c", "d"], ["b"], ["c"], ["d"]]


def test_while_the_database_is_away_everything_waits(intake: Intake, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is told and nothing lost until it is back; who can come again is sent away, and it is logged once."""
    caplog.set_level(logging.INFO)
    gate = Gate(intake, DatabaseError("The database's server does not answer."))
    with running(gate) as queue:
        waiting = queue.put(batch("stairs", 1))
        assert gate.asked.wait(PATIENCE_SECONDS)
        wait_until(lambda: queue.state().problem is not None, "a try")
        with pytest.raises(IntakeFullError, match="its log says why"):
            queue.put(batch("stairs", 2))
        published = queue.put(batch("stairs", 3), is_bounded=False)
        assert not waiting.done()
        gate.opened.set()
        assert (waiting.result(PATIENCE_SECONDS).stored, published.result(PATIENCE_SECONDS).stored) == (1, 1)
        assert queue.state().problem is None
    levels = [record.levelname for record in caplog.records if record.name == "links.intake"]
    assert levels == ["WARNING", "INFO"]


def test_a_refusal_after_an_outage_ends_the_outage(intake: Intake) -> None:
    """When the database is back and what waited is refused, the queue takes again."""
    gate = Gate(intake, DatabaseError("The database's server does not answer."))
    with running(gate) as queue:
        bad = queue.put(batch("stairs", 1, key_period=3))
        wait_until(lambda: queue.state().problem is not None, "a try")
        gate.opened.set()
        with pytest.raises(IntakeRefusedError):
            bad.result(PATIENCE_SECONDS)
        assert queue.put(batch("stairs", 2)).result(PATIENCE_SECONDS).stored == 1


def test_nothing_is_taken_before_the_clock_is_set(intake: Intake) -> None:
    """A hub that does not know the time judges no scan by it; it takes them once it does."""
    is_set = threading.Event()
    with running(intake, is_clock_right=is_set.is_set) as queue:
        waiting = queue.put(batch("stairs", 1))
        wait_until(lambda: "clock is not set" in (queue.state().problem or ""), "a look at the clock")
        assert not waiting.done()
        is_set.set()
        assert waiting.result(PATIENCE_SECONDS).stored == 1


def test_a_clock_that_jumps_is_asked_about_at_once(intake: Intake) -> None:
    """A scan that comes just after the clock went wrong is not judged by it, and lost: it waits until it is right."""
    walls, asked = [NOW], list[datetime]()

    def is_clock_right() -> bool:
        asked.append(walls[-1])
        return walls[-1] == NOW

    with running(intake, is_clock_right=is_clock_right, clock=lambda: walls[-1]) as queue:
        assert queue.put(batch("stairs", 1)).result(PATIENCE_SECONDS).stored == 1
        walls.append(NOW - timedelta(days=200))
        waiting = queue.put(batch("stairs", 2))
        wait_until(lambda: walls[-1] in asked or waiting.done(), "a look at the clock")
        assert not waiting.done()
        walls.append(NOW)
        assert waiting.result(PATIENCE_SECONDS).stored == 1


def test_a_clock_that_cannot_be_judged_refuses_nothing(intake: Intake) -> None:
    """While the database cannot even say whether the clock is right everything waits; afterwards it is taken."""
    is_back = threading.Event()

    def is_clock_right() -> bool:
        if not is_back.is_set():
            raise DatabaseError("The database server does not answer.")
        return True

    with running(intake, is_clock_right=is_clock_right) as queue:
        waiting = queue.put(batch("stairs", 1))
        wait_until(lambda: "does not answer" in (queue.state().problem or "") or waiting.done(), "a try")
        assert not waiting.done()
        is_back.set()
        assert waiting.result(PATIENCE_SECONDS).stored == 1


def test_a_full_queue_turns_away_who_can_come_again(intake: Intake) -> None:
    """Beyond its bound nothing more is put, but for what the broker bounds; afterwards it takes again."""
    gate = Gate(intake)
    many = [str(number) for number in range(20_000)]
    with running(gate) as queue:
        waiting = [queue.put(batch("a", 1))]
        assert gate.asked.wait(PATIENCE_SECONDS)
        large = batch("b", 1, *many)
        for _ in range(3):
            queue.put(large)
        with pytest.raises(IntakeFullError, match="More is sent"):
            queue.put(large)
        assert queue.state().waiting_count == 3
        waiting.append(queue.put(batch("c", 1), is_bounded=False))
        gate.opened.set()
        assert [one.result(PATIENCE_SECONDS).stored for one in waiting] == [1, 1]
        assert queue.put(batch("d", 1)).result(PATIENCE_SECONDS).stored == 1


def test_a_mistake_of_the_programme_is_told_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw refuses its batch, is in the log without what was sent, and stops nothing else."""
    with running(Fails()) as queue:
        for number in range(2):
            with pytest.raises(IntakeRefusedError, match="its log says why"):
                queue.put(batch("stairs", number)).result(PATIENCE_SECONDS)
    assert "ZeroDivisionError" in caplog.text
    assert "ScanMessage" not in caplog.text


def test_what_waits_when_the_queue_stops_is_cancelled(intake: Intake) -> None:
    """What is being committed is finished; the rest is given back to its senders, who keep it."""
    gate = Gate(intake)
    with running(gate) as queue:
        first = queue.put(batch("a", 1))
        assert gate.asked.wait(PATIENCE_SECONDS)
        second = queue.put(batch("b", 1))
        stopping = threading.Thread(target=queue.stop)
        stopping.start()
        wait_until(lambda: is_refused(queue), "the stop")
        gate.opened.set()
        stopping.join()
        assert first.result(PATIENCE_SECONDS).stored == 1
        with pytest.raises(CancelledError):
            second.result(PATIENCE_SECONDS)


def test_stopping_does_not_wait_for_a_database_that_is_away(intake: Intake) -> None:
    """A queue that cannot commit ends all the same, and gives back what waits."""
    with running(Gate(intake, DatabaseError("The database's server does not answer."))) as queue:
        waiting = queue.put(batch("a", 1))
        wait_until(lambda: queue.state().problem is not None, "a try")
    assert waiting.cancelled()


def test_a_receipt_may_be_awaited_and_given_up(intake: Intake) -> None:
    """From asyncio a receipt is awaited like any other; one given up disturbs nobody, and its scan is stored."""
    gate = Gate(intake)

    async def give_up(queue: IntakeQueue) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(queue.put(batch("a", 1))), 0.01)
        gate.opened.set()
        assert (await asyncio.wrap_future(queue.put(batch("b", 1)))).stored == 1
        assert (await asyncio.wrap_future(queue.put(batch("a", 1)))).repeated == 1

    with running(gate) as queue:
        asyncio.run(give_up(queue))


def is_refused(queue: IntakeQueue) -> bool:
    try:
        queue.put(batch("z", 1)).cancel()
    except IntakeFullError:
        return True
    return False
