"""Replay: stored captures take the road of live ones, grouped by their own clock into one scan a minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import Hearing, Scan, Unheard
from scans.advertisement_log import AdvertisementLog
from scans.counting import Window, new_windows
from scans.folding import Fold, ObservationRules
from scans.sensor import Moment, hearing_of
from scans.sighting import HearSighting, Sighting
from scans.visitor_key import VisitorKeys

_MINUTE = 60

# Minutes without a frame between two with some were silent ones: the sniffer ran, and nobody was there. Past an hour
# of silence nobody can say that it still ran, and the time between is a gap.
_LONGEST_SILENCE_MINUTES = 60

ReadCapture = Callable[[Path, HearSighting], Fault | None]
"""Hands the sightings of a stored capture over, in the order of the file; gives what was unreadable."""


class Replay:
    """Turns stored captures, and a log of advertisements beside them, into scans.

    Args:
        sensor: Name stored with each scan.
        keys: Where the key of each minute comes from.
        rules: What is said of each device.
        emit: Takes each scan, the earliest first within a capture.
        windows: What counts, for each radio; None counts without learning what stays.
    """

    def __init__(
        self,
        sensor: str,
        keys: VisitorKeys,
        rules: ObservationRules,
        emit: Callable[[Scan], None],
        windows: Mapping[Radio, Window] | None = None,
    ) -> None:
        self._sensor = sensor
        self._keys = keys
        self._rules = rules
        self._emit = emit
        self._windows = windows or new_windows()
        self._previous_minute: int | None = None

    def play(
        self, captures: Sequence[Path], read_capture: ReadCapture, bluetooth_log: Path | None
    ) -> list[tuple[Path, Fault]]:
        """Play everything, in the order given.

        Returns:
            What could not be read, with the file it was in; what was readable before that is kept.
        """
        log = AdvertisementLog(bluetooth_log)
        faults: list[tuple[Path, Fault]] = []
        for capture in captures:
            minutes = _Minutes(lambda minute, fold: self._close(minute, fold, log))
            fault = read_capture(capture, minutes.hear)
            minutes.finish()
            if fault is not None:
                faults.append((capture, fault))
        for minute, fold in log.rest():
            self._emit_scan(minute, None, fold)
        if bluetooth_log is not None and log.fault is not None:
            faults.append((bluetooth_log, log.fault))
        return faults

    def _close(self, minute: int, wifi: Fold, log: AdvertisementLog) -> None:
        for earlier, fold in log.before(minute):
            self._emit_scan(earlier, None, fold)
        self._emit_scan(minute, wifi, log.at(minute))

    def _emit_scan(self, minute: int, wifi: Fold | None, bluetooth: Fold | None) -> None:
        started_at = datetime.fromtimestamp(minute * _MINUTE, UTC)
        key = self._keys.key_at(started_at)
        moment = Moment(started_at, key, self._rules)

        def hearing(radio: Radio, fold: Fold | None) -> Hearing:
            if fold is None:
                return Unheard(Fault(FaultReason.NOT_CAPTURED))
            return hearing_of(fold, None, moment, self._windows[radio])

        elapsed = None if self._previous_minute is None else (minute - self._previous_minute) * _MINUTE
        self._previous_minute = minute
        self._emit(
            Scan(
                sensor=self._sensor,
                started_at=started_at,
                duration_seconds=_MINUTE,
                elapsed_seconds=elapsed if elapsed is not None and elapsed > 0 else None,
                key_period=key.period,
                clock_is_right=True,
                wifi=hearing(Radio.WIFI, wifi),
                bluetooth=hearing(Radio.BLUETOOTH, bluetooth),
            )
        )


class _Minutes:
    """Groups the frames of one capture by the minute of their own clock; silent minutes between them are empty ones."""

    def __init__(self, close: Callable[[int, Fold], None]) -> None:
        self._close = close
        self._minute: int | None = None
        self._fold = Fold(Radio.WIFI)

    def hear(self, sighting: Sighting) -> None:
        minute = int(sighting.heard_at_seconds // _MINUTE)
        if minute != self._minute:
            self._turn_to(minute)
        self._fold.hear(sighting)

    def finish(self) -> None:
        if self._minute is not None:
            self._close(self._minute, self._fold)

    def _turn_to(self, minute: int) -> None:
        if self._minute is not None:
            self._close(self._minute, self._fold)
            if minute - self._minute <= _LONGEST_SILENCE_MINUTES:
                for silent in range(self._minute + 1, minute):
                    self._close(silent, Fold(Radio.WIFI))
        self._minute = minute
        self._fold = Fold(Radio.WIFI)
