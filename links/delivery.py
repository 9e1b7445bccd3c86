"""Delivery: the process that hands notifications over, started when there is one, and killed when it hangs."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_log = logging.getLogger(__name__)

_PROGRAMME_FOLDER = Path(__file__).parents[1]
_COMMAND = (sys.executable, "-m", "links.deliver")
# The process itself gives a service 17 s; whoever says nothing for longer hangs.
_LIMIT_SECONDS = 20.0
# A Pi that is busy takes this long to start it, at worst.
_START_SECONDS = 40.0
# Most alerts come in company; after this long without any, its memory is wanted for other things.
_IDLE_SECONDS = 600.0
_GOODBYE_SECONDS = 5.0

_TOO_SLOW = "The service did not answer in time. It is tried again."
_ENDED = "The notification could not be handed over, the process for it ended. It is tried again."

Answered = Callable[[int, str | None], None]
"""Called with the number of a notification, and why it was not taken, None for it was. From any thread."""


@dataclass(frozen=True, slots=True)
class Order:
    """A notification to be handed over.

    Attributes:
        number: Its number.
        url: Where to; a secret.
        title: A few words.
        body: A sentence or two.
    """

    number: int
    url: str = field(repr=False)
    title: str
    body: str


class _Process:
    """One process, and what it has in hand."""

    def __init__(self, command: Sequence[str], answered: Answered, now: float) -> None:
        self._answered = answered
        self._lock = threading.Lock()
        self._in_hand: dict[int, float] = {}  # until when each may take
        self._ready_at = now + _START_SECONDS
        self.busy_at = now
        self.hangs = False
        self._has_answered = False
        # A session of its own, so that Ctrl+C in a terminal does not end it before it has answered. What it says on its
        # error stream may quote an address.
        self._process = subprocess.Popen(
            command,
            cwd=_PROGRAMME_FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name="delivery", daemon=True)
        self._reader.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def has_work(self) -> bool:
        return bool(self._in_hand)

    def give(self, order: Order, now: float, limit_seconds: float) -> None:
        with self._lock:
            until = limit_seconds + (now if self._has_answered else max(now, self._ready_at))
            self._in_hand[order.number] = until
        self.busy_at = now
        words = {"id": order.number, "url": order.url, "title": order.title, "body": order.body}
        with contextlib.suppress(OSError):  # it has ended: its reader says so of all that it had in hand
            assert self._process.stdin is not None  # noqa: S101 - for the type: it is a pipe
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()

    def expire(self, now: float) -> None:
        """Give up what takes too long."""
        with self._lock:
            late = [number for number, until in self._in_hand.items() if now > until]
        for number in late:
            self.hangs = True
            self._settle(number, _TOO_SLOW)

    def end(self, patience_seconds: float) -> None:
        """Let it finish what it has in hand, for so long, and end it."""
        with contextlib.suppress(OSError):  # it has ended by itself
            assert self._process.stdin is not None  # noqa: S101 - as above
            self._process.stdin.close()
        try:
            self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - as above
        with self._process.stdout as answers:
            for line in answers:
                answer = json.loads(line)
                self._has_answered = True
                self._settle(answer["id"], answer["problem"])
        with self._lock:
            lost = list(self._in_hand)
        if lost:
            _log.warning("The process that hands notifications over ended (status %s).", self._process.wait())
        for number in lost:
            self._settle(number, _ENDED)

    def _settle(self, number: int, problem: str | None) -> None:
        with self._lock:
            known = self._in_hand.pop(number, None) is not None
        if known:
            self._answered(number, problem)


class Delivery:
    """Hands notifications over through a process of its own. For one thread; what becomes of each is told on another.

    A process in which something hangs is given no more, and is killed as soon as it has nothing else in hand; meanwhile
    another takes its place, so that no channel waits for one that hangs.

    Args:
        answered: Told what became of each, once.
        monotonic: Seconds that only ever go forward.
        limit_seconds: How long one may take.
        idle_seconds: After how long without work the process ends.
        command: What is started.
    """

    def __init__(
        self,
        answered: Answered,
        monotonic: Callable[[], float],
        *,
        limit_seconds: float = _LIMIT_SECONDS,
        idle_seconds: float = _IDLE_SECONDS,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self._answered = answered
        self._monotonic = monotonic
        self._limit_seconds = limit_seconds
        self._idle_seconds = idle_seconds
        self._command = command
        self._processes: list[_Process] = []

    @property
    def process_count(self) -> int:
        """How many processes there are: none while there is nothing to do, two while one of them hangs."""
        return len(self._processes)

    def give(self, order: Order) -> None:
        """Hand a notification over. Does not wait for what becomes of it."""
        now = self._monotonic()
        for process in self._processes:
            if process.is_alive and not process.hangs:
                process.give(order, now, self._limit_seconds)
                return
        try:
            process = _Process(self._command, self._answered, now)
        except OSError as error:
            self._answered(order.number, f"The process for notifications cannot be started ({error.strerror}).")
            return
        self._processes.append(process)
        process.give(order, now, self._limit_seconds)

    def look(self) -> None:
        """Give up what takes too long, and end what hangs or is idle; to be called every second or so."""
        now = self._monotonic()
        for process in list(self._processes):
            process.expire(now)
            is_idle = not process.has_work and now - process.busy_at > self._idle_seconds
            if is_idle or not process.is_alive or (process.hangs and not process.has_work):
                process.end(0.0 if process.hangs else _GOODBYE_SECONDS)
                self._processes.remove(process)

    def stop(self) -> None:
        """End all, once what is in hand is done or some seconds have passed. Harmless when called twice."""
        while self._processes:
            self._processes.pop().end(_GOODBYE_SECONDS)
