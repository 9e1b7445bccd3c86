"""What ought to be remembered, worked out anew in plain Python from all scans at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from presence.radio import Radio
from presence.scan import Heard, Scan
from presence.time_spent import credited_seconds
from presence.visits import is_same_visit, stay_seconds
from tests.db.scanning import SETTINGS


@dataclass(slots=True)
class Followed:
    """A device, and its open visit (`visit_started_at` is None when there is none)."""

    last_seen_at: datetime
    credit_seconds: float
    visit_started_at: datetime | None = None
    time_spent_seconds: float | None = None


@dataclass(slots=True)
class Model:
    """Everything a store of one sensor should know."""

    devices: dict[tuple[Radio, str], Followed] = field(default_factory=dict)
    visits: list[tuple[datetime, float]] = field(default_factory=list)

    def take(self, scan: Scan) -> None:
        """Follow one scan."""
        if not scan.clock_is_right:
            return
        for device in self.devices.values():
            self._end_visit(device, scan)
        credit = credited_seconds(scan.elapsed_seconds, SETTINGS.interval_seconds)
        for radio in Radio:
            hearing = scan.hearing(radio)
            if isinstance(hearing, Heard):
                for observation in hearing.observations:
                    self._see(radio, observation.device_hash, scan.started_at, credit)

    def _end_visit(self, device: Followed, scan: Scan) -> None:
        started_at, last_seen_at = device.visit_started_at, device.last_seen_at
        if started_at is not None and not is_same_visit(last_seen_at, scan.started_at, SETTINGS.visit_gap):
            self.visits.append((last_seen_at, stay_seconds(started_at, last_seen_at, device.credit_seconds)))
            device.visit_started_at = None

    def _see(self, radio: Radio, device_hash: str, at: datetime, credit: float) -> None:
        device = self.devices.setdefault((radio, device_hash), Followed(at, credit))
        device.last_seen_at, device.credit_seconds = at, credit
        device.visit_started_at = device.visit_started_at or at
        device.time_spent_seconds = (device.time_spent_seconds or 0) + credit

    def reset(self) -> None:
        """Begin the time spent anew."""
        for device in self.devices.values():
            device.time_spent_seconds = None

    @property
    def mean_minutes(self) -> float | None:
        """Mean time spent of those detected since the reset."""
        spent = [device.time_spent_seconds for device in self.devices.values() if device.time_spent_seconds is not None]
        return sum(spent) / len(spent) / 60 if spent else None


def model_of(events: Sequence[Scan | None]) -> Model:
    """The model of scans and resets (None)."""
    model = Model()
    for event in events:
        if event is None:
            model.reset()
        else:
            model.take(event)
    return model
