"""The box: one minute after the other it hears, hands over what was heard, and knows what goes on."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import timedelta

from presence.faults import FaultReason
from presence.overview import Activity, Phase
from presence.scan import Hearing, Scan, Unheard
from scans.clock import Clock
from scans.minute import EveryMinute
from scans.progress import Progress
from scans.sensor import Sensor
from scans.visitor_key import KeyFileError

_log = logging.getLogger(__name__)


class Box:
    """Scans every interval, from `start` to `stop`.

    Args:
        sensor: What hears; the box closes it.
        remember: Takes each scan, and returns when it is safe.
        not_remembered: What `remember` raises when it cannot; its message is for the owner.
        interval_seconds: From the start of one scan to the start of the next.
        jitter_seconds: Each start is shifted at random by up to this.
        clock: The clocks.
        rng: Where the shifts come from.

    Attributes:
        progress: When a minute was last got through. One in which every radio hung does not count.
    """

    def __init__(
        self,
        *,
        sensor: Sensor,
        remember: Callable[[Scan], None],
        not_remembered: type[Exception],
        interval_seconds: float,
        jitter_seconds: float,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._sensor = sensor
        self._remember = remember
        self._troubles = (not_remembered, KeyFileError)
        self.progress = Progress(clock.monotonic)
        self._minute = EveryMinute(self._scan_once, interval_seconds, jitter_seconds, clock, rng)
        self._phase = Phase.STARTING
        self._scan_count = 0
        self._trouble = ""
        self._is_stopping = False

    def start(self) -> None:
        """Scan now, and then every interval."""
        self._minute.start()

    def stop(self) -> None:
        """End the scan under way, which is not remembered; the radios put back what they changed."""
        self._is_stopping = True
        self._sensor.close()
        self._minute.stop()

    def activity(self) -> Activity:
        """What is going on now."""
        is_waiting = self._phase is Phase.WAITING
        next_scan_in = timedelta(seconds=self._minute.seconds_to_next()) if is_waiting else None
        return Activity(self._phase, self._scan_count, next_scan_in)

    def _scan_once(self) -> None:
        """One minute; whatever goes wrong, the next one tries again."""
        self._phase = Phase.SCANNING
        try:
            scan = self._sensor.scan()
            if not self._is_stopping:  # cut short, it would say that fewer were there
                self._remember(scan)
            self._note("")
            if not _all_hang(scan):
                self.progress.note()
        except self._troubles as error:
            self._note(str(error))
            self.progress.note()
        finally:
            self._scan_count += 1
            self._phase = Phase.WAITING

    def _note(self, trouble: str) -> None:
        """Log a failure once when it begins and once when it ends."""
        if trouble and not self._trouble:
            _log.error("Scans are not recorded. %s", trouble)
        elif self._trouble and not trouble:
            _log.info("Scans are recorded again.")
        self._trouble = trouble


def _all_hang(scan: Scan) -> bool:
    """Whether every radio that is switched on hangs; then nothing but a fresh start of the programme is left to try."""
    reasons = {_why_unheard(scan.wifi), _why_unheard(scan.bluetooth)} - {FaultReason.SWITCHED_OFF}
    return reasons == {FaultReason.HUNG}


def _why_unheard(hearing: Hearing) -> FaultReason | None:
    return hearing.fault.reason if isinstance(hearing, Unheard) else None
