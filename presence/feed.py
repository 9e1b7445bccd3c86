"""The feed's nouns: a scan as it is told to whoever listens, and the cursor that says what was told already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from presence.faults import Fault
from presence.radio import Radio
from presence.zones import Zone

# Missing numbers that are remembered. Writers that commit side by side leave a few hundred open for milliseconds; of
# more, only the newest can still turn up.
MOST_MISSING = 1000
# Ranges of missing numbers that a cursor's text names: at most some 1,200 characters, which fit into an address.
_MOST_RANGES = 50
# A row number has at most 19 digits (a signed number of 64 bits); one digit less needs no check for what is beyond.
_TEXT = re.compile(r"\d{1,18}(~\d{1,18}(-\d{1,18})?(\.\d{1,18}(-\d{1,18})?){0,49})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class RadioCounts:
    """What one radio counted in one scan, without any device.

    Attributes:
        radio: Which radio.
        device_count: Devices heard; None when the radio was not heard.
        zone_counts: Devices by zone, those without a reading in none; None when the radio was not heard.
        fault: Why it was not heard, or what cut it short; None when all went well.
    """

    radio: Radio
    device_count: int | None
    zone_counts: dict[Zone, int] | None
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class ScanRow:
    """A scan as the ledger keeps it: counts, and nothing of anyone.

    Attributes:
        scan_id: Its number in the ledger.
        sensor: Name of the box that listened.
        started_at: When it began to listen, by its clock.
        duration_seconds: How long it listened.
        clock_is_right: False while the sensor's clock was known to be wrong.
        radios: Both radios, Wi-Fi first.
    """

    scan_id: int
    sensor: str
    started_at: datetime
    duration_seconds: float
    clock_is_right: bool
    radios: tuple[RadioCounts, RadioCounts]


@dataclass(frozen=True, slots=True)
class ScanCursor:
    """Which scans were told: all up to a number, but for some.

    With several writers on PostgreSQL, numbers do not become visible in their order: a transaction takes its numbers
    early and commits late. So what was passed over is remembered, and told when it turns up.

    Attributes:
        last_id: The greatest number told; 0 before the first.
        missing: Smaller numbers that were not there yet.
    """

    last_id: int
    missing: frozenset[int] = frozenset()

    def includes(self, scan_id: int) -> bool:
        """Whether this scan was told."""
        return scan_id <= self.last_id and scan_id not in self.missing

    def past(self, scan_id: int) -> ScanCursor:
        """The cursor once this scan has been told too."""
        if scan_id <= self.last_id:
            return ScanCursor(self.last_id, self.missing - {scan_id})
        passed_over = range(max(self.last_id + 1, scan_id - MOST_MISSING), scan_id)
        missing = sorted({*self.missing, *passed_over})[-MOST_MISSING:] if passed_over else self.missing
        return ScanCursor(scan_id, frozenset(missing))

    def without(self, scan_ids: Iterable[int]) -> ScanCursor:
        """The cursor once these are no longer waited for: they will not turn up."""
        return ScanCursor(self.last_id, self.missing.difference(scan_ids))

    def __str__(self) -> str:
        """The text that stands for it: 17, or 17~12.14-15 while 12, 14 and 15 are missing.

        With more ranges missing than can be written, it stands for somewhat less than was told: whoever comes back with
        it hears a scan twice rather than never.
        """
        ranges = list(_ranges(sorted(self.missing)))
        last_id = self.last_id if len(ranges) <= _MOST_RANGES else ranges[_MOST_RANGES][0] - 1
        written = ".".join(f"{start}-{end}" if end > start else f"{start}" for start, end in ranges[:_MOST_RANGES])
        return f"{last_id}~{written}" if written else f"{last_id}"

    @classmethod
    def parse(cls, text: str) -> ScanCursor:
        """The cursor that a text stands for.

        Raises:
            ValueError: It stands for none.
        """
        if not _TEXT.fullmatch(text):
            raise ValueError("this is no cursor")
        last, _, written = text.partition("~")
        missing: set[int] = set()
        for part in written.split(".") if written else ():
            start, _, end = part.partition("-")
            some = range(int(start), int(end or start) + 1)
            if len(some) + len(missing) > MOST_MISSING or some.stop > int(last):
                raise ValueError("this is no cursor")
            missing.update(some)
        return cls(int(last), frozenset(missing))


def _ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Numbers in rising order as unbroken ranges, first and last of each."""
    start = end = None
    for number in numbers:
        if end is not None and number == end + 1:
            end = number
            continue
        if start is not None and end is not None:
            yield start, end
        start = end = number
    if start is not None and end is not None:
        yield start, end
