"""The intake queue: batches of every transport, taken together, and each sender told once its scans are committed."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from db.errors import DatabaseError
from db.intake import IntakeRefusedError
from links.health import PartHealth
from links.older_payload import SiteKey, decode_older
from links.wire import decode_batch
from presence.message import Batch, Receipt
from presence.radio import Radio
from presence.scan import Heard
from presence.zones import Zoning

_log = logging.getLogger(__name__)

# What one commit takes at most, in devices: a PC's core takes some 36,000 a second on SQLite, a Pi's perhaps a tenth.
# So this is a second's work or two there, and nobody who writes besides waits for longer.
_MOST_TOGETHER = 5_000
# What may wait, in devices of about 500 bytes each: 25 MB. A busy place of ten sensors sends 1,000 a minute.
_MOST_WAITING = 50_000
# A scan without a device takes some room too.
_LEAST_WEIGHT = 5
# A commit of one scan costs half as much as one of ten. Sensors that were told together send their next scans together,
# within a few milliseconds of each other: while fewer wait than half of those told last, and more came within this
# time, others are waited for, but no longer than so many times, 50 ms, which nobody notices beside a commit.
_GATHER_SECONDS, _MOST_GATHERINGS = 0.005, 10
# A clock that was right, and has not jumped since, is not asked about again for so long: where no time server keeps it,
# the database must answer, which would be a thirtieth of a busy hub's work.
_CLOCK_SECONDS = 1.0
# Seconds between tries while the database is away.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0

CLOCK_IS_WRONG = "The hub's clock is not set yet, so that it cannot tell what is late. Give it the time."


class IntakeFullError(Exception):
    """As much waits as may wait, or nothing can be stored just now; the message says which. Try again later."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a body takes besides the body.

    Attributes:
        zoning: Tells the thresholds in force.
        key: Gives the site's visitor key of the moment; called from several threads. Raises IntakeFullError while it
            cannot be had.
        clock: Tells the time, aware.
    """

    zoning: Callable[[], Zoning]
    key: Callable[[], SiteKey]
    clock: Callable[[], datetime]

    def batch(self, body: bytes) -> Batch:
        """The batch of a sensor of this programme.

        Raises:
            WireError: It is none.
        """
        return decode_batch(body, self.zoning().zone_of)

    def older(self, body: bytes, device_id: str | None = None) -> Batch:
        """What the older BLE agent sent; with `device_id` a single detection of that sensor.

        Raises:
            WireError: It is not that.
            IntakeFullError: It cannot be read just now. Send it again later.
        """
        return decode_older(body, self.zoning().zone_of, self.key(), self.clock(), device_id)


class Taker(Protocol):
    """What stores batches; `db.intake.Intake` is one."""

    def take(self, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        """Store some batches, all or none."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """How the queue is; counts are since the start.

    Attributes:
        problem: Why nothing is taken just now, in a sentence; None when all is well.
        waiting_count: Batches that wait.
        taken: Scans stored.
        repeated: Scans that had come before, and were dropped.
        refused: Batches that are not to be stored.
    """

    problem: str | None
    waiting_count: int
    taken: int
    repeated: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    batch: Batch
    weight: int
    receipt: Future[Receipt]


class IntakeQueue:
    """Takes batches in, many in one commit, on a thread of its own.

    Args:
        taker: Stores them.
        clock: Tells the time, aware.
        is_clock_right: Whether that clock can be believed. While it cannot, what came seems late or early by as much,
            and nothing is taken. Raises DatabaseError while the database, which it asks, is away.
        committed: Called after each commit, on the queue's thread; must be quick and not raise.
    """

    def __init__(
        self,
        taker: Taker,
        clock: Callable[[], datetime],
        *,
        is_clock_right: Callable[[], bool],
        committed: Callable[[], None],
    ) -> None:
        self._taker = taker
        self._clock = clock
        self._is_clock_right = is_clock_right
        self._committed = committed
        self._waiting: deque[_Waiting] = deque()
        self._weight = 0
        self._last_count = 0
        self._right_at: tuple[float, datetime] | None = None  # by the steady clock, and by that one
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._problem: str | None = None
        self._taken = self._repeated = self._refused = 0
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)

    def start(self) -> None:
        """Begin to take what is put."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being committed; what still waits is cancelled, so that its senders keep it."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        self._thread.join()
        while self._waiting:
            self._waiting.popleft().receipt.cancel()

    def put(self, batch: Batch, *, is_bounded: bool = True) -> Future[Receipt]:
        """Let a batch wait for its turn. May be called from any thread, and does not wait.

        Args:
            batch: What came.
            is_bounded: Whether it is turned away when much waits. What comes by MQTT is not: the broker sends only so
                many ahead of their acknowledgement.

        Returns:
            What becomes of it: its receipt once it is committed, or IntakeRefusedError. Cancelled when the queue was
            stopped first. One that is cancelled by who waits for it may yet be stored.

        Raises:
            IntakeFullError: It was not put. Send it again later.
        """
        one = _Waiting(batch, _weight_of(batch), Future())
        with self._changed:
            if self._stopping.is_set():
                raise IntakeFullError("The hub is stopping.")
            if is_bounded and self._problem is not None:
                raise IntakeFullError("The hub cannot store anything just now; its log says why.")
            if is_bounded and self._weight >= _MOST_WAITING:
                raise IntakeFullError("More is sent to the hub than it can take in just now.")
            self._waiting.append(one)
            self._weight += one.weight
            self._changed.notify_all()
        return one.receipt

    def state(self) -> QueueState:
        """How the queue is."""
        with self._changed:
            return QueueState(self._problem, len(self._waiting), self._taken, self._repeated, self._refused)

    def health(self) -> PartHealth:
        """Whether what sensors send is stored."""
        state = self.state()
        figures = {
            "waiting": float(state.waiting_count),
            "taken_total": float(state.taken),
            "repeated_total": float(state.repeated),
            "refused_total": float(state.refused),
        }
        says = state.problem or "What sensors send is stored."
        return PartHealth("intake", is_fine=state.problem is None, is_needed=True, says=says, figures=figures)

    def _work(self) -> None:
        while group := self._next_group():
            self._settle(group)

    def _next_group(self) -> list[_Waiting]:
        """All that waits, as much as one commit takes; empty when the queue is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
        self._gather()
        with self._changed:
            group: list[_Waiting] = []
            weight = 0
            while self._waiting and not self._stopping.is_set() and weight < _MOST_TOGETHER:
                one = self._waiting.popleft()
                weight += one.weight
                group.append(one)
            self._weight -= weight
        self._last_count = len(group)
        return group

    def _gather(self) -> None:
        """Wait for others that are just coming, so that they share a commit."""
        seen = 0
        for _ in range(_MOST_GATHERINGS):
            waiting = len(self._waiting)
            if waiting == seen or 2 * waiting >= self._last_count or self._stopping.wait(_GATHER_SECONDS):
                return
            seen = waiting

    def _settle(self, group: Sequence[_Waiting]) -> None:
        """Take a group in and tell the senders. Where one of it is refused, each is tried by itself."""
        try:
            receipts = self._take_when_possible([one.batch for one in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, its sender is told, and the others' batches go on
            if len(group) == 1:
                self._refuse(group[0], error)
            else:
                for one in group:
                    self._settle([one])
            return
        if receipts is None:
            for one in group:
                one.receipt.cancel()
            return
        with self._changed:
            self._taken += sum(receipt.stored for receipt in receipts)
            self._repeated += sum(receipt.repeated for receipt in receipts)
        self._committed()
        for one, receipt in zip(group, receipts, strict=True):
            if one.receipt.set_running_or_notify_cancel():
                one.receipt.set_result(receipt)

    def _refuse(self, one: _Waiting, error: Exception) -> None:
        with self._changed:
            self._refused += 1
        if not isinstance(error, IntakeRefusedError):
            # Its own words may quote what was sent, which is no business of a log.
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("A batch of %r cannot be taken in: %s\n%s", one.batch.sensor.name, type(error).__name__, where)
            error = IntakeRefusedError("The hub could not take this in; its log says why.")
        if one.receipt.set_running_or_notify_cancel():
            one.receipt.set_exception(error)

    def _take_when_possible(self, batches: Sequence[Batch]) -> list[Receipt] | None:
        """Take batches in, once the clock is set and the database is there; None when the queue is stopped first.

        Raises:
            IntakeRefusedError: One of them is not to be stored.
        """
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            problem = CLOCK_IS_WRONG
            try:
                # The newest scan tells of a wrong clock, so the database may be away here too: that refuses nothing.
                if self._is_clock_known_right():
                    receipts = self._taker.take(batches, self._clock())
                    self._note(None)
                    return receipts
            except DatabaseError as error:
                problem = str(error)
            except (OSError, MemoryError) as error:
                problem = f"The hub lacks what it needs for that ({type(error).__name__})."
            except Exception:
                self._note(None)  # whatever is wrong with these batches, the database answers
                raise
            self._note(problem)
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return None

    def _is_clock_known_right(self) -> bool:
        steady, wall = time.monotonic(), self._clock()
        if self._right_at is not None:
            passed = steady - self._right_at[0]
            jumped = (wall - self._right_at[1]).total_seconds() - passed
            if passed < _CLOCK_SECONDS and abs(jumped) < _CLOCK_SECONDS:
                return True
        is_right = self._is_clock_right()
        self._right_at = (steady, wall) if is_right else None
        return is_right

    def _note(self, problem: str | None) -> None:
        """Log a problem when it begins and when it ends, not at each try."""
        if (problem is None) is not (self._problem is None):
            if problem is None:
                _log.info("Scans of other sensors are taken in again.")
            else:
                _log.warning("Scans of other sensors have to wait: %s", problem)
        with self._changed:
            self._problem = problem


def _weight_of(batch: Batch) -> int:
    """How much work a batch is, in devices."""
    scans = [message.scan for message in batch.messages]
    hearings = [scan.hearing(radio) for scan in scans for radio in Radio]
    devices = sum(len(hearing.observations) for hearing in hearings if isinstance(hearing, Heard))
    return devices + _LEAST_WEIGHT * max(1, len(scans))
