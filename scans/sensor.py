"""A sensor: both radios listen side by side, and what they heard becomes a scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import Heard, Hearing, Scan, Unheard
from scans.clock import Clock, is_right
from scans.counting import Window, new_windows
from scans.folding import Fold, ObservationRules
from scans.outages import Outage
from scans.patience import PatientRadio
from scans.visitor_key import VisitorKey, VisitorKeys


class Sensor:
    """Makes one scan after the other.

    Args:
        name: Stored with each scan.
        radios: The radios it has; one that is switched off is not among them.
        keys: Where the key of the moment comes from.
        rules: What is said of each device.
        listen_seconds: How long each radio listens.
        clock: The clocks.
        newest_at: The latest time known to have passed (of the last scan before this start); None when there is none.
        windows: What counts, for each radio; None counts without learning what stays.
    """

    def __init__(
        self,
        *,
        name: str,
        radios: tuple[PatientRadio, ...],
        keys: VisitorKeys,
        rules: ObservationRules,
        listen_seconds: float,
        clock: Clock,
        newest_at: datetime | None,
        windows: Mapping[Radio, Window] | None = None,
    ) -> None:
        self._name = name
        self._radios = {radio.radio: radio for radio in radios}
        self._keys = keys
        self._rules = rules
        self._listen_seconds = listen_seconds
        self._clock = clock
        self._newest_at = newest_at
        self._windows = windows or new_windows()
        self._previous_start: float | None = None
        self._outages = {radio: Outage(radio, clock.monotonic) for radio in self._radios}

    def scan(self) -> Scan:
        """Listen with both radios, no longer than their patience; give what each heard, or why it did not."""
        start = self._clock.monotonic()
        started_at = self._clock.wall()
        clock_is_right = is_right(started_at, self._newest_at, self._clock.is_synchronised())
        key = self._keys.key_at(started_at, clock_is_right=clock_is_right)
        for radio in self._radios.values():
            radio.begin(self._listen_seconds)
        moment = Moment(started_at, key, self._rules)
        wifi, bluetooth = (self._finish(radio, start, moment) for radio in (Radio.WIFI, Radio.BLUETOOTH))
        scan = Scan(
            sensor=self._name,
            started_at=started_at,
            duration_seconds=self._clock.monotonic() - start,
            elapsed_seconds=None if self._previous_start is None else start - self._previous_start,
            key_period=key.period,
            clock_is_right=clock_is_right,
            wifi=wifi,
            bluetooth=bluetooth,
        )
        self._previous_start = start
        if scan.clock_is_right:
            self._newest_at = started_at
        return scan

    def close(self) -> None:
        """Stop the radios, and put back what they changed."""
        for radio in self._radios.values():
            radio.close()

    def _finish(self, radio: Radio, start: float, moment: Moment) -> Hearing:
        listening = self._radios.get(radio)
        if listening is None:
            return Unheard(Fault(FaultReason.SWITCHED_OFF))
        # Both radios share one deadline, counted from the common start.
        spent = self._clock.monotonic() - start
        fold, fault = listening.finish(max(self._listen_seconds - spent, 0.0))
        hearing = hearing_of(fold, fault, moment, self._windows[radio])
        self._outages[radio].note(hearing.cut_short if isinstance(hearing, Heard) else hearing.fault)
        return hearing


@dataclass(frozen=True, slots=True)
class Moment:
    """What a scan goes by, beside what its radios hear.

    Attributes:
        started_at: When it began.
        key: The key of that moment.
        rules: What is said of each device.
    """

    started_at: datetime
    key: VisitorKey
    rules: ObservationRules


def hearing_of(fold: Fold, fault: Fault | None, moment: Moment, window: Window) -> Hearing:
    """What a radio heard, or why not: a fault after something was heard cuts it short, one before leaves it unheard.

    A flood of made-up devices leaves it unheard too: nothing can be told of who was there, so nothing is stored of it.
    What was heard enters the window; a scan that heard nothing for a fault leaves it as it is.
    """
    flood = fold.flood()
    if flood is not None:
        return Unheard(flood)
    observations = fold.observations(moment.key, moment.rules)
    if fault is not None and not observations:
        return Unheard(fault)
    return Heard(observations, fault, window.count(moment.started_at, fold.senders(moment.started_at)))
