"""The uplink: a sensor's scans on their way to a hub; each waits on disk until the far side has acknowledged it."""

from __future__ import annotations

import logging
import random
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from db.errors import DatabaseError
from db.outbox import Outbox, Waiting
from links.health import PartHealth
from links.payloads import Payload
from links.wire import WireError, encode_message
from presence.message import ScanMessage
from presence.scan import Scan

_log = logging.getLogger(__name__)

# Bytes in a batch at most, but for one large scan: 40 scans of a busy place, and little memory here. After a failure it
# is half as many, down to a single scan, for the line may be too slow for more in time; after each success twice.
_MOST_BATCH_BYTES = 1024 * 1024
_LEAST_BATCH_BYTES = 1024
# Seconds to wait after a failure, doubling from the first to the longest: a hub that starts again is found soon, and
# one that is away for a day is left in peace.
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
# Each pause is shortened at random by up to this share, so that sensors that lost their hub together come back one by
# one.
_JITTER = 0.5
# What is on its way cannot be called back. Whoever stops waits this long for an answer; without one it is sent again.
_GOODBYE_SECONDS = 3.0


class SendError(Exception):
    """It could not be sent now; the message says why and what to do.

    Attributes:
        wait_seconds: How long the far side asks to be left alone; 0 when it does not say.
    """

    def __init__(self, message: str, wait_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class RefusedError(Exception):
    """The far side will not take this, however often it is sent; the message says why."""


class Sender(Protocol):
    """A way to the far side."""

    @property
    def problem(self) -> str | None:
        """What is known to be wrong with it between two sendings; None for nothing."""

    def start(self) -> None:
        """Open it. Must not wait for the far side."""

    def stop(self) -> None:
        """Close it; whatever is being sent fails, if that can be."""

    def send(self, body: bytes) -> None:
        """Send, and wait until the far side has acknowledged.

        Raises:
            SendError: It was not acknowledged, and may or may not have arrived. Send it again later.
            RefusedError: It never will be.
        """


@dataclass(frozen=True, slots=True)
class UplinkState:
    """How the uplink is.

    Attributes:
        is_connected: Whether the far side took what was sent last; False until it first has.
        waiting_count: Scans that wait.
        oldest_at: When the oldest of them was kept; None when none waits.
        dropped_count: Scans that were dropped unsent: too many, too old, or refused.
        last_sent_at: When the far side last acknowledged something; None for not since the start.
        problem: Why scans do not go out, and what to do; None when all is well.
    """

    is_connected: bool
    waiting_count: int
    oldest_at: datetime | None
    dropped_count: int
    last_sent_at: datetime | None
    problem: str | None


class Uplink:
    """Sends what the outbox holds, oldest first, from a thread of its own, so that no scan ever waits for a network.

    Args:
        outbox: Where scans wait.
        sender: The way to the far side; the uplink starts and stops it.
        payload: How scans are written.
        clock: Tells the time, aware.
        rng: Spreads the pauses after a failure.
        pauses: Seconds to wait after the first failure, and at most.
        new_id: Names scans: 32 hexadecimal digits that no scan of any sensor has had.
    """

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        payload: Payload,
        clock: Callable[[], datetime],
        rng: random.Random,
        *,
        pauses: tuple[float, float] = (_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS),
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._payload = payload
        self._clock = clock
        self._rng = rng
        self._pauses = pauses
        self._new_id = new_id
        self._sending = _Trouble("Scans cannot be sent, and wait", "Scans are sent again.")
        self._keeping = _Trouble("A scan could not be put into the outbox, and is not sent", "Scans are kept again.")
        self._refusing = _Trouble("A scan was refused, and is set aside", "Scans are taken again.")
        self._batch_bytes = _MOST_BATCH_BYTES
        self._not_kept = 0
        self._last_sent_at: datetime | None = None
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._work, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._sender.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what was not acknowledged is sent after the next start. Harmless when called twice."""
        self._stopping.set()
        self._woken.set()
        self._sender.stop()
        if self._thread.is_alive():
            self._thread.join(_GOODBYE_SECONDS)

    def keep(self, scan: Scan) -> None:
        """Put a scan into the outbox, and let it be sent. Does not wait for a network, and does not raise."""
        message = ScanMessage(self._new_id(), scan)
        try:
            self._outbox.put(message.message_id, self._clock(), encode_message(message))
        except DatabaseError as error:
            self._not_kept += 1
            self._keeping.begin(str(error))
        else:
            self._keeping.end()
        self._woken.set()

    def state(self) -> UplinkState:
        """How the uplink is.

        Raises:
            DatabaseError: The outbox could not be read.
        """
        outbox = self._outbox.state()
        problem = self._sending.problem or self._sender.problem
        return UplinkState(
            is_connected=problem is None and self._last_sent_at is not None,
            waiting_count=outbox.waiting_count,
            oldest_at=outbox.oldest_at,
            dropped_count=outbox.dropped_count + self._not_kept,
            last_sent_at=self._last_sent_at,
            problem=problem or self._keeping.problem or self._refusing.problem,
        )

    def health(self) -> PartHealth:
        """Whether scans reach the hub.

        Raises:
            DatabaseError: The outbox could not be read.
        """
        state = self.state()
        says = state.problem or ("What is heard reaches the hub." if state.last_sent_at else "Nothing was sent yet.")
        figures = {"waiting": float(state.waiting_count), "dropped_total": float(state.dropped_count)}
        return PartHealth("uplink", is_fine=state.problem is None, is_needed=False, says=says, figures=figures)

    def _work(self) -> None:
        pause, longest = self._pauses
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                has_sent = self._send_oldest()
            except RefusedError as error:
                # If every scan is refused the fault hardly lies in each. So that they are not thrown away faster than
                # their owner can look, the next is tried after a pause too.
                self._sending.end()
                self._refusing.begin(str(error))
                asked = 0.0
            except (SendError, DatabaseError) as error:
                if not self._stopping.is_set():
                    self._sending.begin(str(error))
                self._batch_bytes = max(_LEAST_BATCH_BYTES, self._batch_bytes // 2)
                asked = error.wait_seconds if isinstance(error, SendError) else 0.0
            else:
                pause = self._pauses[0]
                if not has_sent and not self._stopping.is_set():
                    self._woken.wait()
                continue
            self._stopping.wait(max(asked, pause * (1 - _JITTER * self._rng.random())))
            pause = min(longest, 2 * pause)

    def _send_oldest(self) -> bool:
        """Send a batch of those that wait longest; tells whether there was any.

        What is refused is halved until it is taken, or is a single scan, which is set aside.
        """
        waiting = self._outbox.oldest(self._payload.most_messages, self._batch_bytes)
        if not waiting:
            return False
        while True:
            try:
                self._send(waiting)
            except RefusedError:
                if len(waiting) == 1:
                    self._outbox.set_aside(waiting[0], self._clock())
                    raise
                waiting = waiting[: len(waiting) // 2]
            else:
                self._outbox.delete(waiting)
                return True

    def _send(self, waiting: Sequence[Waiting]) -> None:
        others = self._outbox.state().waiting_count - len(waiting)
        try:
            body = self._payload.encode([one.body for one in waiting], max(0, others))
        except WireError as error:
            raise RefusedError(str(error)) from error
        if body is None:
            return
        self._sender.send(body)
        self._last_sent_at = self._clock()
        self._batch_bytes = min(_MOST_BATCH_BYTES, 2 * self._batch_bytes)
        self._sending.end()
        self._refusing.end()


class _Trouble:
    """Something that goes wrong for a while: told when it begins and when it ends, not in between."""

    def __init__(self, begun: str, ended: str) -> None:
        self._begun = begun
        self._ended = ended
        self.problem: str | None = None

    def begin(self, problem: str) -> None:
        if self.problem is None:
            _log.warning("%s: %s", self._begun, problem)
        self.problem = problem

    def end(self) -> None:
        if self.problem is not None:
            _log.info("%s", self._ended)
        self.problem = None
