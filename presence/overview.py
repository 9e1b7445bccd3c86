"""Read models: what is known at one moment. The page, the report and other programs all render these, so they agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from presence.estimate import PeopleNow
from presence.faults import Fault
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import AddressKind
from presence.zones import Zone


@dataclass(frozen=True, slots=True)
class RadioState:
    """One radio as its latest scan left it.

    Attributes:
        radio: Which radio.
        device_count: Devices in the latest scan; None when the radio was not heard in it, or there is no scan yet.
        fault: Why it was not heard, or what cut it short; None when all is well or there is no scan yet.
        last_heard_at: Start of the latest scan in which it was heard; None when it never was.
        fault_since_at: Start of the first of the unbroken run of scans with no hearing; None when it was heard.
    """

    radio: Radio
    device_count: int | None
    fault: Fault | None
    last_heard_at: datetime | None
    fault_since_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The place now, and in total.

    Attributes:
        as_of_at: The moment this was read.
        last_scan_at: Start of the latest scan; None before the first.
        clock_is_right: Whether the clock was right at the latest scan (True before the first).
        wifi: The Wi-Fi radio.
        bluetooth: The Bluetooth radio.
        people_now: Devices of the latest scan over the radios heard; None when neither was heard or the latest scan
            is too old to say anything about now.
        people_now_with_ratio: The same, with those who cannot be heard; None when `people_now` is.
        visible_share: The share of people who can be heard.
        present_count: Devices heard within the hold window; a silent phone has not left. None like `people_now`.
        hold_minutes: Length of the hold window.
        zones_now: Devices of the latest scan by zone; those without a reading are in none.
        wifi_total: Different devices ever heard by Wi-Fi (a device that comes back under a new visitor key is new).
        bluetooth_total: The same for Bluetooth.
        average_time_spent_minutes: Mean over devices of the minutes they were detected, since `time_spent_since_at`;
            None when there is none yet.
        time_spent_since_at: When the time spent was last reset; None when it never was.
        saved_at: When a report was last saved; None when none ever was.
        sensor: The sensor whose devices these are; None for all of the site. Time spent and reports are the site's.
    """

    as_of_at: datetime
    last_scan_at: datetime | None
    clock_is_right: bool
    wifi: RadioState
    bluetooth: RadioState
    people_now: int | None
    people_now_with_ratio: int | None
    visible_share: float
    present_count: int | None
    hold_minutes: float
    zones_now: dict[Zone, int]
    wifi_total: int
    bluetooth_total: int
    average_time_spent_minutes: float | None
    time_spent_since_at: datetime | None
    saved_at: datetime | None
    sensor: str | None = None

    @property
    def people_total(self) -> int:
        """Different devices ever heard, both radios together."""
        return self.wifi_total + self.bluetooth_total

    @property
    def radios(self) -> tuple[RadioState, RadioState]:
        """Both radios, Wi-Fi first."""
        return (self.wifi, self.bluetooth)


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One point of a chart: the mean number of devices in the scans of one bucket, the sensors' means added up.

    Attributes:
        at: Start of the bucket.
        wifi: Mean devices heard by Wi-Fi; None when it was not heard in this bucket.
        bluetooth: The same for Bluetooth.
        peak: Most devices, over the radios heard, in any one scan of the bucket; with several sensors, what each had
            at most, added up. None when neither was heard.
    """

    at: datetime
    wifi: float | None
    bluetooth: float | None
    peak: int | None

    @property
    def both(self) -> float | None:
        """Mean devices over the radios heard; None when neither was."""
        heard = [count for count in (self.wifi, self.bluetooth) if count is not None]
        return sum(heard) if heard else None


@dataclass(frozen=True, slots=True)
class History:
    """A range of time, drawn: one point for every bucket of it, gaps included, oldest first.

    Attributes:
        time_range: How far back it looks.
        from_at: Start of the first bucket.
        to_at: End of the last bucket (now, or just after).
        points: One for each bucket; one in which nothing was heard has only None.
    """

    time_range: TimeRange
    from_at: datetime
    to_at: datetime
    points: tuple[HistoryPoint, ...]


class DeviceSort(StrEnum):
    """The columns a device table can be sorted by."""

    RADIO = "radio"
    MANUFACTURER = "manufacturer"
    ADDRESS_KIND = "address_kind"
    RSSI = "rssi"
    ZONE = "zone"
    TIME_SPENT = "time_spent"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    """Which devices to list.

    Attributes:
        time_range: Devices last seen in this range; a range longer than devices are kept shows those kept.
        search: Text to look for in manufacturer, networks asked for, zone, radio, kind and the hash's beginning, in
            either case; empty for all. It is text, never a pattern.
        sort: Column to sort by.
        descending: Whether the greatest comes first. Devices without a value come last either way.
        offset: Rows to skip.
        limit: Rows to return, at most.
        sensor: Devices placed at this sensor; None for those of all.
    """

    time_range: TimeRange = TimeRange.DAY
    search: str = ""
    sort: DeviceSort = DeviceSort.LAST_SEEN
    descending: bool = True
    offset: int = 0
    limit: int = 25
    sensor: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device as remembered. `rssi_…`, `zone` and `ssids` are those of the latest scan that heard it.

    `sensor` is the one it is placed at, or was when it left.
    """

    device_hash: str
    radio: Radio
    manufacturer: str | None
    address_kind: AddressKind
    rssi_mean_dbm: float | None
    rssi_std_db: float | None
    zone: Zone | None
    ssids: tuple[str, ...]
    time_spent_minutes: float
    first_seen_at: datetime
    last_seen_at: datetime
    sensor: str


@dataclass(frozen=True, slots=True)
class DevicePage:
    """A page of a device table: its rows, and how many the query matches among those that are looked at.

    Looked at are those present now, and the 2,500 of each radio that left last: what a list costs must not grow.
    """

    rows: tuple[DeviceRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Stays:
    """The visits that ended in a range of time, and those still going on.

    Attributes:
        count: How many ended.
        average_minutes: Their mean length; None when none ended.
        longest_minutes: The longest; None when none ended.
        ongoing_count: How many are still going on now.
    """

    count: int
    average_minutes: float | None
    longest_minutes: float | None
    ongoing_count: int


@dataclass(frozen=True, slots=True)
class BusyHour:
    """An hour of the day (0 to 23, local time) and the mean devices heard in it over the range."""

    hour: int
    mean_devices: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a radio was not heard.

    Attributes:
        radio: Which radio.
        from_at: Start of the first scan without it, or of the first minute without a scan.
        to_at: Start of the first scan with it again; None when it is still not heard.
        fault: Why; None when there was no scan at all (the box was off).
    """

    radio: Radio
    from_at: datetime
    to_at: datetime | None
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class RadioTotals:
    """One radio over a range of time: scans that heard, scans that did not, different devices, and the mean a scan."""

    radio: Radio
    scans_heard: int
    scans_unheard: int
    new_devices: int
    mean_devices: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """All that the saved report says, over a range of time.

    Attributes:
        overview: The place now.
        time_range: The range the rest is about.
        from_at: Its start.
        stays: Visits in it.
        busiest_hours: At most five hours of the day, the busiest first.
        manufacturers: At most ten makers and their number of devices, the most frequent first; those that could not
            be told are under None.
        radios: Each radio's totals, Wi-Fi first.
        gaps: Times a radio was not heard, the latest first; at most 20.
        gap_count: How many there were in all.
        people: The people now, estimated; None where nobody estimates them.
    """

    overview: Overview
    time_range: TimeRange
    from_at: datetime
    stays: Stays
    busiest_hours: tuple[BusyHour, ...]
    manufacturers: tuple[tuple[str | None, int], ...]
    radios: tuple[RadioTotals, RadioTotals]
    gaps: tuple[Gap, ...]
    gap_count: int
    people: PeopleNow | None = None


class Phase(StrEnum):
    """What the box is doing."""

    STARTING = "starting"
    SCANNING = "scanning"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Activity:
    """What the box is doing right now: kept in memory, never stored.

    Attributes:
        phase: What it does.
        scan_count: Scans finished since the start; a page that sees it change has something new to show.
        next_scan_in: Time to the next scan; None while scanning or when not yet known.
    """

    phase: Phase
    scan_count: int
    next_scan_in: timedelta | None
