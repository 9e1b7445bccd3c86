"""Bluetooth, continuous: discovers all the time for whoever follows tags, and hands each scan its ten seconds of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.advertisements import Advertisements, sighting_of
from scans.bluetooth_faults import fault_of_error
from scans.broadcast import Broadcast, BroadcastEar
from scans.discovery import Discovery
from scans.sighting import HearSighting

# A scan waits so long for a discovery to begin: 6 s of mending, 6 s of a start and 3 s of asking why it failed.
_BEGIN_SECONDS = 15.0
# And so long to learn whether the adapter is well.
_ANSWER_SECONDS = 4.0
# And so long for what is being mended: a power cycle takes 6 s at most.
_MEND_SECONDS = 8.0
# What a discovery needs to end, on closing.
_END_SECONDS = 12.0

# What was heard of each device, by its address, is kept so long; it tells advertisements from changes of connections.
_KEPT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly a continuous discovery looks after itself, in seconds.

    Attributes:
        tick: How often it looks whether it is still wanted, and still hears.
        quiet: After so long without any advertisement, the adapter is asked whether it is well. Where tags are, there
            are several each second; asking takes 20 ms on a Pi 3.
        silent: After so long, the discovery is started anew, whatever the adapter says: a chip that hangs says nothing.
        first_pause: Before the next attempt after a failure; doubled each time.
        longest_pause: The longest of those. A scan does not wait for its end: it makes an attempt of its own.
        steady: A discovery that lasted so long was a good one, and the next failure is a first one.
    """

    tick: float = 1.0
    quiet: float = 5.0
    silent: float = 60.0
    first_pause: float = 5.0
    longest_pause: float = 60.0
    steady: float = 60.0


class ContinuousListener:
    """Listens for Bluetooth advertisements all the time while it is wanted (a `scans.listener.Listener`).

    It runs on a thread of its own. Each discovery has its own event loop and D-Bus connection, is mended when it fails,
    and tried again. A scan gets what is advertised in its window, from the moment on that a discovery runs, and so
    hears neither more nor less than one that begins and ends its own.

    Args:
        discovery: How discoveries are run.
        wall: The wall clock, which dates what is heard.
        monotonic: Seconds that only ever go forward.
        ear: Hears everything, and is told when there is nothing to be heard.
        is_wanted: Whether to listen also outside of scans.
        pace: How quickly it looks after itself.
    """

    def __init__(
        self,
        discovery: Discovery,
        wall: Callable[[], datetime],
        monotonic: Callable[[], float],
        ear: BroadcastEar,
        is_wanted: Callable[[], bool] = lambda: True,
        *,
        pace: Pace = Pace(),
    ) -> None:
        self._discovery = discovery
        self._monotonic = monotonic
        self._ear = ear
        self._is_wanted = is_wanted
        self._pace = pace
        self._advertisements = Advertisements(self._take, wall)
        # All that follows is shared by the two threads, under this condition, but for the last four.
        self._state = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # of the discovery that runs
        self._window: HearSighting | None = None  # of the scan under way
        self._due = 0  # scans that wait for it, or are under way: more than one where the first was given up
        self._resting = 0
        self._is_closed = False
        self._failures = 0
        self._mended = 0  # failures after which mending was tried
        self._fault: Fault | None = None  # of the last failure
        self._recovery = ""
        self._questions = 0  # whether the adapter is well, asked by scans
        self._answers = 0
        self._is_discovering = False
        self._wake = asyncio.Event()
        self._heard_seconds = 0.0
        self._asked_seconds = 0.0
        self._forgot_seconds = 0.0

    @property
    def radio(self) -> Radio:
        """Bluetooth."""
        return Radio.BLUETOOTH

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Hand over what is heard in the next `seconds`; see `scans.listener.Listener.listen`."""
        with self._state:
            self._begin_thread()
            failures = self._failures
            self._due += 1
            self._advertisements.forget()
            self._window = hear  # before a discovery begins, whose first moments count as they do in a sampled scan
            self._state.notify_all()
            try:
                self._state.wait_for(lambda: self._loop or self._failures > failures or self._is_closed, _BEGIN_SECONDS)
                if self._loop is None:
                    return None if self._is_closed else self._fault or Fault(FaultReason.HUNG)
                fault = self._wait_in_window(seconds, hear, failures)
            finally:
                self._due -= 1
                self._close_window(hear)
        # Also one from between the scans, when there was nobody to tell.
        error, self._advertisements.error = self._advertisements.error, None
        return fault_of_error(error) if fault is None and error is not None else fault

    def recover(self, fault: Fault) -> str:
        """What was done about the last failure: mending goes on by itself, also between scans."""
        del fault
        with self._state:
            self._state.wait_for(lambda: self._mended == self._failures or self._is_closed, _MEND_SECONDS)
            return self._recovery

    def close(self) -> None:
        """End the discovery that runs, and the thread."""
        with self._state:
            self._is_closed = True
            self._state.notify_all()
            self._wake_discovery()
            thread = self._thread
        if thread is not None:
            thread.join(_END_SECONDS)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """While the context is open, nothing is heard; it is entered once the discovery that ran has ended."""
        with self._state:
            self._begin_thread()  # which listens as soon as it is wanted, and need not rest
            self._resting += 1
            self._wake_discovery()
            self._state.wait_for(lambda: not self._is_discovering, _END_SECONDS)
        try:
            yield
        finally:
            with self._state:
                self._resting -= 1
                self._state.notify_all()

    def _wait_in_window(self, seconds: float, hear: HearSighting, failures: int) -> Fault | None:
        """Let a scan's time pass, and find out whether the adapter listened in it."""
        has_failed = self._state.wait_for(lambda: self._failures > failures or self._is_closed, seconds)
        self._close_window(hear)
        if not has_failed and self._loop is not None:
            self._questions += 1
            self._wake_discovery()
            self._state.wait_for(
                lambda: self._answers == self._questions or self._failures > failures or self._is_closed,
                _ANSWER_SECONDS,
            )
        return self._fault if self._failures > failures else None

    def _close_window(self, hear: HearSighting) -> None:
        """Hand over no more, unless another scan has begun meanwhile."""
        if self._window is hear:
            self._window = None

    def _begin_thread(self) -> None:
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._run, name="bluetooth-continuous", daemon=True)
            self._thread.start()

    def _wake_discovery(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def _take(self, broadcast: Broadcast) -> None:
        """Take one advertisement, on the discovery's thread."""
        self._heard_seconds = self._monotonic()
        with self._state:
            if self._window is not None:
                self._window(sighting_of(broadcast))
        self._ear.hear(broadcast)

    # What follows runs on the thread of its own.

    def _run(self) -> None:
        in_a_row = 0
        pause = self._pace.first_pause
        while self._wait_until_wanted():
            began = self._monotonic()
            fault = self._discover()
            with self._state:
                self._is_discovering = False
                self._state.notify_all()
            if fault is None:
                continue
            if self._monotonic() - began >= self._pace.steady:
                in_a_row, pause = 0, self._pace.first_pause
            in_a_row += 1
            self._fail(fault, in_a_row)
            self._pause(pause)
            pause = min(2 * pause, self._pace.longest_pause)

    def _wait_until_wanted(self) -> bool:
        """Wait until somebody wants it to listen; False when it is closed instead.

        From then on until the discovery has been stopped the radio is in use: longer than it listens.
        """
        with self._state:
            while not self._is_closed and not self._is_to_listen():
                self._state.wait(self._pace.tick)
            self._is_discovering = not self._is_closed
            return self._is_discovering

    def _is_to_listen(self) -> bool:
        return not self._is_closed and (self._due > 0 or (self._resting == 0 and self._is_wanted()))

    def _discover(self) -> Fault | None:
        try:
            return asyncio.run(self._discovery.run(self._advertisements.take, self._listen))
        except Exception as error:  # noqa: BLE001 - whatever a radio does, it is tried again, and its owner is told
            # Only the kind of error is kept: its text could hold an address.
            return Fault(FaultReason.UNEXPECTED, detail=type(error).__name__)

    async def _listen(self) -> Fault | None:
        """Listen until something is wrong, or nobody wants it any more."""
        fault: Fault | None = None
        self._wake = asyncio.Event()  # which belongs to this discovery's loop
        self._heard_seconds = self._asked_seconds = self._monotonic()
        self._ear.begin_listening()
        with self._state:
            self._loop = asyncio.get_running_loop()
            self._state.notify_all()
        try:
            fault = await self._until_trouble()
        finally:
            self._ear.end_listening(was_deaf=fault is not None)
            with self._state:
                self._loop = None
                self._state.notify_all()
        return fault

    async def _until_trouble(self) -> Fault | None:
        while self._is_to_listen():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.tick):
                    await self._wake.wait()
            self._wake.clear()
            self._forget_in_time()
            questions = self._questions
            silent_for = self._monotonic() - self._heard_seconds
            if silent_for >= self._pace.silent:
                return None  # it begins anew
            if questions > self._answers or self._is_long_quiet():
                self._asked_seconds = self._monotonic()
                fault = await self._discovery.trouble(while_discovering=silent_for >= self._pace.quiet)
                if fault is not None:
                    return fault
                with self._state:
                    self._answers = questions
                    self._state.notify_all()
        return None

    def _forget_in_time(self) -> None:
        with self._state:
            if self._window is None and self._monotonic() - self._forgot_seconds >= _KEPT_SECONDS:
                self._advertisements.forget()
                self._forgot_seconds = self._monotonic()

    def _is_long_quiet(self) -> bool:
        return self._monotonic() - max(self._heard_seconds, self._asked_seconds) >= self._pace.quiet

    def _fail(self, fault: Fault, in_a_row: int) -> None:
        with self._state:
            self._failures += 1
            self._fault = fault
            self._state.notify_all()
        recovery = self._discovery.recover(fault, in_a_row)
        with self._state:
            self._mended = self._failures
            self._recovery = recovery
            self._state.notify_all()

    def _pause(self, seconds: float) -> None:
        """Wait before the next attempt, unless a scan waits for it."""
        with self._state:
            self._state.wait_for(lambda: self._due > 0 or self._is_closed, seconds)
