"""Patience: a radio listens on a thread of its own, and is waited for just so long. One that hangs delays nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.flood import most_addresses
from scans.folding import Fold
from scans.listener import Listener

# A listener that still hangs a minute later is given up, and a fresh one made in its place. Each costs a thread that
# may never end, so there is a limit; past it the box goes on without this radio and says so.
_MOST_GIVEN_UP = 20


@dataclass(slots=True)
class _Listening:
    """One scan of one radio, as it goes on."""

    fold: Fold
    done: threading.Event = field(default_factory=threading.Event)
    fault: Fault | None = None


class PatientRadio:
    """One radio of a sensor: runs its listener, stops waiting for it in time, and replaces it when it hangs.

    Args:
        radio: Which radio.
        make_listener: Makes its listener, now and whenever one has to be replaced.
        patience_seconds: How long it may take beyond the time it listens: to start, stop and recover. A listener that
            finds everything hung needs 40 s for that.
    """

    def __init__(self, radio: Radio, make_listener: Callable[[], Listener], patience_seconds: float) -> None:
        self.radio = radio
        self._make_listener = make_listener
        self._patience_seconds = patience_seconds
        self._listener = make_listener()
        self._under_way: _Listening | None = None
        self._given_up: list[Listener] = []
        self._is_stuck = False

    def begin(self, seconds: float) -> None:
        """Begin to listen, and return at once."""
        if self._under_way is not None and not self._under_way.done.is_set() and not self._replace_listener():
            self._is_stuck = True
            return
        self._is_stuck = False
        listening = self._under_way = _Listening(Fold(self.radio, most_addresses(seconds)))
        threading.Thread(
            target=self._listen, args=(self._listener, seconds, listening), name=f"{self.radio}-listen", daemon=True
        ).start()

    def finish(self, seconds: float) -> tuple[Fold, Fault | None]:
        """Wait for what `begin` began, `seconds` and the patience at most; give what was heard, and what went wrong."""
        listening = self._under_way
        if listening is None or self._is_stuck:
            return Fold(self.radio), Fault(FaultReason.HUNG)
        if not listening.done.wait(seconds + self._patience_seconds):
            return listening.fold, Fault(FaultReason.HUNG)
        return listening.fold, listening.fault

    def close(self) -> None:
        """Let each listener put back what it changed, those given up first, and end the wait."""
        for listener in (*self._given_up, self._listener):
            listener.close()
        if self._under_way is not None:
            self._under_way.done.set()

    def _replace_listener(self) -> bool:
        """Whether a fresh listener could be put in the place of the one that hangs."""
        if len(self._given_up) >= _MOST_GIVEN_UP:
            return False
        self._given_up.append(self._listener)
        self._listener = self._make_listener()
        return True

    def _listen(self, listener: Listener, seconds: float, listening: _Listening) -> None:
        try:
            fault = listener.listen(seconds, listening.fold.hear)
            if fault is not None:
                fault = replace(fault, recovery=listener.recover(fault))
            listening.fault = fault
        except Exception as error:  # noqa: BLE001 - whatever a radio does, the next minute runs, and its owner is told
            # Only the kind of error is kept: its text could hold an address.
            listening.fault = Fault(FaultReason.UNEXPECTED, detail=type(error).__name__)
        finally:
            listening.done.set()
