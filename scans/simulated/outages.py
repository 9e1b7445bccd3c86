"""Times in which a radio of the simulated site does not listen, so that a demonstration shows what that looks like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from presence.faults import Fault, FaultReason
from presence.radio import Radio


@dataclass(frozen=True, slots=True)
class WeeklyOutage:
    """A radio that fails once a week.

    Attributes:
        radio: Which radio.
        weekday: 0 is Monday.
        begins: Minutes after midnight, local time.
        minutes: How long it lasts; not over midnight.
        fault: Why.
    """

    radio: Radio
    weekday: int
    begins: int
    minutes: int
    fault: Fault

    def covers(self, at: datetime, time_zone: ZoneInfo) -> bool:
        """Whether the radio is out at a moment."""
        local = at.astimezone(time_zone)
        into_day = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        since = into_day - timedelta(minutes=self.begins)
        return local.weekday() == self.weekday and timedelta(0) <= since < timedelta(minutes=self.minutes)


# One gap in any week of history, in a busy hour, so that it is seen to be a gap and not an empty room.
DEMONSTRATION_OUTAGES = (
    WeeklyOutage(
        radio=Radio.BLUETOOTH,
        weekday=2,
        begins=15 * 60 + 10,
        minutes=25,
        fault=Fault(FaultReason.HUNG, detail="no answer for 6 s", recovery="power-cycled the adapter"),
    ),
)
