"""Outages: what the log says of a radio that is not heard, in two lines however long it lasts."""

from __future__ import annotations

import logging
from collections.abc import Callable

from presence.faults import Fault, FaultReason, advice_for
from presence.radio import Radio

_log = logging.getLogger(__name__)

# A radio that breaks again so soon comes and goes: it is called heard when it was for as long without a break.
_STEADY_SECONDS = 15 * 60.0


class Outage:
    """Follows one radio from scan to scan.

    A fault is logged when it begins, any other reason for it once, and its end once. A radio that comes and goes is
    said to, and then nothing until it is steadily heard: the page tells what is so at the moment.

    Args:
        radio: Which radio.
        monotonic: Seconds that only ever go forward.
    """

    def __init__(self, radio: Radio, monotonic: Callable[[], float]) -> None:
        self._radio = radio
        self._monotonic = monotonic
        self._told: set[FaultReason] = set()
        self._comes_and_goes = False
        self._heard_since: float | None = None
        self._ended_at: float | None = None

    def note(self, fault: Fault | None) -> None:
        """Take what the latest scan found: why it did not hear the radio, or was cut short; None when all was well."""
        if fault is None:
            self._note_heard()
        else:
            self._note_fault(fault)

    def _note_heard(self) -> None:
        if not self._told:
            return
        now = self._monotonic()
        if self._heard_since is None:
            self._heard_since = now
        if self._comes_and_goes and now - self._heard_since < _STEADY_SECONDS:
            return
        _log.info("%s is heard again.", self._radio.label)
        self._told.clear()
        self._comes_and_goes = False
        self._ended_at = now

    def _note_fault(self, fault: Fault) -> None:
        self._heard_since = None
        if fault.reason in self._told:
            return
        soon = self._ended_at is not None and self._monotonic() - self._ended_at < _STEADY_SECONDS
        if not self._told and soon:
            self._comes_and_goes = True
        how = "comes and goes. " if self._comes_and_goes else ""
        self._told.add(fault.reason)
        _log.warning("%s: %s%s %s", self._radio.label, how, advice_for(self._radio, fault.reason), fault.detail)
