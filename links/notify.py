"""Notifying: takes what is due out of the queue, has it handed over, and notes what became of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from db.channels import Channels
from db.errors import DatabaseError
from db.notifications import Notifications, QueueState
from links.delivery import Answered, Delivery, Order
from links.health import PartHealth
from presence.alerts import NoSuchAlertError
from presence.sealing import SealError

_log = logging.getLogger(__name__)

_STEP_SECONDS = 1.0
# One of each channel at a time, and there are not more channels (`db.channels`).
_MOST_AT_ONCE = 50
# The queue is counted this often, for whoever asks how it is.
_COUNTED_EVERY_SECONDS = 10.0
# What waits for longer is told as a trouble: eight tries are 10 minutes (`db.notifications`).
_TROUBLE_AFTER_SECONDS = 600.0


def _delivery(answered: Answered) -> Delivery:
    return Delivery(answered, time.monotonic)


class Notifier:
    """Hands notifications over, from a thread of its own, from `start` to `stop`.

    Each is noted as sent right after its channel took it. Where this machine stops between the two, or where a service
    took it but did not say so in time, it is sent again: twice rather than never.

    Args:
        notifications: The queue.
        channels: Tells where to.
        clock: Tells the time, aware.
        delivery: Makes what hands over, given what to call with what became of each.
    """

    def __init__(
        self,
        notifications: Notifications,
        channels: Channels,
        clock: Callable[[], datetime],
        delivery: Callable[[Answered], Delivery] = _delivery,
    ) -> None:
        self._notifications = notifications
        self._channels = channels
        self._clock = clock
        self._delivery = delivery(self._answer)
        self._answers: dict[int, str | None] = {}
        self._answering = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._queue = QueueState(0, None, 0)
        self._counted_at: float | None = None
        self._trouble = ""
        self._thread = threading.Thread(target=self._work, name="notifier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is in hand is given some seconds, and noted. Harmless when called twice."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def nudge(self) -> None:
        """Look at once, something may be due. May be called from any thread, and does not wait."""
        self._wake.set()

    def health(self) -> PartHealth:
        """Whether notifications are handed over."""
        queue = self._queue
        waits = 0.0 if queue.oldest_at is None else (self._clock() - queue.oldest_at).total_seconds()
        if self._trouble:
            says = self._trouble
        elif waits > _TROUBLE_AFTER_SECONDS:
            says = f"{queue.waiting_count} notifications wait. The list of channels says why."
        else:
            says = "Notifications are handed over."
        figures = {"waiting": float(queue.waiting_count), "given_up": float(queue.given_up_count)}
        is_fine = not self._trouble and waits <= _TROUBLE_AFTER_SECONDS
        return PartHealth("notifications", is_fine=is_fine, is_needed=False, says=says, figures=figures)

    def _answer(self, number: int, problem: str | None) -> None:
        with self._answering:
            self._answers[number] = problem
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._try(self._step)
            self._wake.wait(_STEP_SECONDS)
            self._wake.clear()
        self._delivery.stop()
        self._try(self._note_answers)

    def _try(self, what: Callable[[], None]) -> None:
        """Do something with the database; log a failure once when it begins and once when it ends."""
        try:
            what()
        except DatabaseError as error:
            if not self._trouble:
                _log.error("No notifications are handed over. %s", error)
            self._trouble = str(error)
            return
        if self._trouble:
            _log.info("Notifications are handed over again.")
        self._trouble = ""

    def _step(self) -> None:
        self._delivery.look()
        # First: what was handed over must be noted before anything is taken, or it would be taken again.
        self._note_answers()
        for one in self._notifications.due(self._clock(), _MOST_AT_ONCE):
            try:
                url = self._channels.url(one.channel_id)
            except NoSuchAlertError:
                continue  # the channel was deleted just now, and with it what waited for it
            except SealError as error:
                self._notifications.failed(one.notification_id, str(error), self._clock())
            else:
                self._delivery.give(Order(one.notification_id, url, one.title, one.body))
        self._count()

    def _note_answers(self) -> None:
        with self._answering:
            answers = dict(self._answers)
        for number, problem in answers.items():
            if problem is None:
                self._notifications.sent(number, self._clock())
            else:
                self._notifications.failed(number, problem, self._clock())
            with self._answering:
                del self._answers[number]

    def _count(self) -> None:
        now = time.monotonic()
        if self._counted_at is None or now - self._counted_at >= _COUNTED_EVERY_SECONDS:
            self._queue, self._counted_at = self._notifications.state(), now
