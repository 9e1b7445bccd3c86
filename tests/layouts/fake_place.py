"""A place that needs no database: what a page's reader and commands do, over values made up here."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from layouts.needs import Managing, PageSettings
from presence.access import Identity, KeyNameTakenError, KeyRow, NewKey, Role
from presence.faults import Fault, FaultReason
from presence.overview import (
    Activity,
    BusyHour,
    DevicePage,
    DeviceQuery,
    DeviceRow,
    DeviceSort,
    Gap,
    History,
    HistoryPoint,
    Overview,
    Phase,
    RadioState,
    RadioTotals,
    Report,
    Stays,
)
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import AddressKind
from presence.sensors import SensorCard, SensorRow, SensorState
from presence.trends import SensorTrend, Trends
from presence.zones import Zone, ZoneThresholds

NOW_AT = datetime(2026, 5, 12, 14, 5, 42, tzinfo=UTC)
"""The moment at which every fake place is looked at."""

HOSTILE_NAME = '<img src=x onerror="window.pwned=1"><b>bold</b>\u202egnp.exe\x07{{7*7}}'
"""What an attacker may call a network: markup, a character that turns the text, a bell."""

SETTINGS = PageSettings(
    site_name="City library, reading room",
    demo=False,
    time_zone=ZoneInfo("Europe/Prague"),
    thresholds=ZoneThresholds(),
    scan_interval=timedelta(minutes=1),
    listed=(
        ("Scan interval", "60 s"),
        ("Listening time", "10 s"),
        ("Visible share", "80 %"),
        ("New visit after", "10 minutes away"),
        ("Kept for", "30 days"),
    ),
)

_NO_INTERFACE = Fault(FaultReason.NO_INTERFACE)
_HUNG = Fault(FaultReason.HUNG, detail="StartDiscovery did not answer", recovery="power-cycled the adapter")


def busy_overview() -> Overview:
    """The seed's numbers: 7 people around, 18 detected, 7.825 minutes on average."""
    return Overview(
        as_of_at=NOW_AT,
        last_scan_at=NOW_AT - timedelta(seconds=34),
        clock_is_right=True,
        wifi=RadioState(Radio.WIFI, 4, None, NOW_AT - timedelta(seconds=34), None),
        bluetooth=RadioState(Radio.BLUETOOTH, 3, None, NOW_AT - timedelta(seconds=34), None),
        people_now=7,
        people_now_with_ratio=8,
        visible_share=0.8,
        present_count=9,
        hold_minutes=5,
        zones_now={Zone.NEAR: 2, Zone.MEDIUM: 4, Zone.FAR: 1},
        wifi_total=11,
        bluetooth_total=7,
        average_time_spent_minutes=7.825,
        time_spent_since_at=None,
        saved_at=None,
    )


def empty_overview() -> Overview:
    """Before the first scan."""
    return Overview(
        as_of_at=NOW_AT,
        last_scan_at=None,
        clock_is_right=True,
        wifi=RadioState(Radio.WIFI, None, None, None, None),
        bluetooth=RadioState(Radio.BLUETOOTH, None, None, None, None),
        people_now=None,
        people_now_with_ratio=None,
        visible_share=0.8,
        present_count=None,
        hold_minutes=5,
        zones_now={},
        wifi_total=0,
        bluetooth_total=0,
        average_time_spent_minutes=None,
        time_spent_since_at=None,
        saved_at=None,
    )


def wifi_broken_overview() -> Overview:
    """Bluetooth alone hears."""
    return replace(
        busy_overview(),
        wifi=RadioState(Radio.WIFI, None, _NO_INTERFACE, NOW_AT - timedelta(hours=2), NOW_AT - timedelta(minutes=119)),
        people_now=3,
        people_now_with_ratio=3,
        present_count=4,
        zones_now={Zone.NEAR: 1, Zone.MEDIUM: 1, Zone.FAR: 1},
    )


def both_broken_overview() -> Overview:
    """Neither radio hears."""
    return replace(
        wifi_broken_overview(),
        bluetooth=RadioState(Radio.BLUETOOTH, None, _HUNG, NOW_AT - timedelta(hours=1), NOW_AT - timedelta(minutes=59)),
        people_now=None,
        people_now_with_ratio=None,
        present_count=None,
        zones_now={},
    )


def made_up_points(time_range: TimeRange, *, broken: bool = False) -> tuple[HistoryPoint, ...]:
    """A plausible curve with a gap of both radios, and one of Wi-Fi alone; whole numbers in the last hour."""
    randomness = random.Random(7)
    count = round(time_range.span / time_range.bucket)
    start = NOW_AT.replace(second=0, microsecond=0) - time_range.bucket * (count - 1)
    points = []
    for index in range(count):
        crowd = 6 + 5 * math.sin(index / count * math.tau * 2) + randomness.random() * 2
        wifi, bluetooth = (round(crowd * share, 0 if time_range is TimeRange.HOUR else 1) for share in (0.6, 0.4))
        place = index / count
        both_silent = 0.55 < place < 0.62 or (broken and place > 0.9)
        wifi_silent = both_silent or 0.3 < place < 0.36 or (broken and place > 0.8)
        points.append(
            HistoryPoint(
                start + time_range.bucket * index,
                None if wifi_silent else wifi,
                None if both_silent else bluetooth,
                None if both_silent else round(wifi + bluetooth) + 2,
            )
        )
    return tuple(points)


def made_up_trends(time_range: TimeRange, sensors: Sequence[str]) -> Trends:
    """A plausible day of hours or range of days, with a gap of all sensors, for sensors of these names."""
    block = max(timedelta(hours=1), min(time_range.span // 24, timedelta(days=1)))
    count = max(24, time_range.span // block)
    start = NOW_AT.replace(minute=0, second=0) - block * (count - 1)
    crowds = [None if 8 <= number <= 10 else 6 + number % 7 for number in range(count)]
    return Trends(
        time_range,
        tuple(start + block * number for number in range(count + 1)),
        tuple(None if crowd is None else {Zone.NEAR: 2, Zone.MEDIUM: crowd, Zone.FAR: 3} for crowd in crowds),
        tuple(
            SensorTrend((name,), tuple(None if crowd is None else crowd / (place + 2) for crowd in crowds))
            for place, name in enumerate(sensors)
        ),
    )


def made_up_rows(count: int) -> list[DeviceRow]:
    """Devices of both radios, some without a signal, a maker or networks."""
    makers = (
        "Apple",
        None,
        "Samsung Electronics",
        "Intel Corporate",
        "Xiaomi Communications",
        "Google",
        None,
        "Raspberry Pi Trading",
    )
    rows = []
    for index in range(count):
        is_wifi = index % 3 != 0
        rssi = None if index % 11 == 5 else -45.0 - index % 45
        rows.append(
            DeviceRow(
                device_hash=f"{index * 2654435761 % 2**32:08x}" + "ab" * 28,
                radio=Radio.WIFI if is_wifi else Radio.BLUETOOTH,
                manufacturer=makers[index % len(makers)],
                address_kind=AddressKind.RANDOMISED if is_wifi else AddressKind.RESOLVABLE,
                rssi_mean_dbm=rssi,
                rssi_std_db=None if rssi is None or index % 4 == 0 else 2.4,
                zone=ZoneThresholds().zone_of(rssi),
                ssids=("eduroam", "Home-5G")[: index % 3] if is_wifi else (),
                time_spent_minutes=1.0 + index * 7 % 90,
                first_seen_at=NOW_AT - timedelta(minutes=120 + 9 * index),
                last_seen_at=NOW_AT - timedelta(minutes=9 * index, seconds=30),
                sensor=("entrance", "reading room")[index % 2],
            )
        )
    return rows


def hostile_rows() -> list[DeviceRow]:
    """One device whose every word is an attack."""
    first = made_up_rows(2)[1]
    return [replace(first, manufacturer=HOSTILE_NAME, ssids=(HOSTILE_NAME, "x" * 100_000, "مرحبا", "", *["n"] * 9))]


def _set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class FakePlace:
    """A page's reader, commands, activity and report folder in one, which the test can change while a page is open.

    Attributes:
        overview_now: What `overview` answers.
        rows: The devices.
        points_broken: Whether the radios fell silent at the end of the history.
        activity_now: What the box does.
        error: What every read raises; None when all is well.
        resets: When the time spent was reset.
        saved: The reports kept.
        save_error: What keeping a report raises; None when all is well.
        may_change: Whether who looks may change anything.
        queries: What was asked of the device table.
        changed_thresholds: Where zones end; None where config.toml says.
        keys: The keys of programs, the newest first.
        sensor_count: How many sensors there are, at most two.
        read_begun: Set at the first read.
        reads_may_go_on: While it is cleared, every read waits.
    """

    overview_now: Overview = field(default_factory=busy_overview)
    rows: list[DeviceRow] = field(default_factory=lambda: made_up_rows(60))
    points_broken: bool = False
    activity_now: Activity = field(default_factory=lambda: Activity(Phase.WAITING, 12, timedelta(seconds=26)))
    error: Exception | None = None
    resets: list[datetime] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    save_error: OSError | None = None
    may_change: bool = True
    queries: list[DeviceQuery] = field(default_factory=list)
    changed_thresholds: ZoneThresholds | None = None
    keys: list[KeyRow] = field(default_factory=list)
    sensor_count: int = 2
    read_begun: threading.Event = field(default_factory=threading.Event)
    reads_may_go_on: threading.Event = field(default_factory=_set_event)

    def activity(self) -> Activity:
        """What the box does."""
        return self.activity_now

    def scan_finished(self, overview: Overview) -> None:
        """Let a scan end that found this."""
        self.overview_now = overview
        self.activity_now = Activity(Phase.WAITING, self.activity_now.scan_count + 1, timedelta(seconds=60))

    def overview(self, now_at: datetime, sensor: str | None = None) -> Overview:
        """As `layouts.needs.PageReader`; of one sensor with 2 people around."""
        self._begin_read()
        if sensor is not None:
            return replace(self.overview_now, as_of_at=now_at, sensor=sensor, people_now=2, people_now_with_ratio=2)
        return replace(self.overview_now, as_of_at=now_at)

    def history(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> History:
        """As `layouts.needs.PageReader`."""
        self._begin_read()
        points = made_up_points(time_range, broken=self.points_broken or sensor is not None)
        if self.overview_now.last_scan_at is None:
            points = tuple(HistoryPoint(point.at, None, None, None) for point in points)
        return History(time_range, points[0].at, now_at, points)

    def trends(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> Trends:
        """As `layouts.needs.PageReader`, for as many sensors as there are."""
        self._begin_read()
        names = [row.card.name for row in self.sensors(now_at)] if sensor is None else []
        return made_up_trends(time_range, names)

    def devices(self, query: DeviceQuery, now_at: datetime) -> DevicePage:
        """As `layouts.needs.PageReader`; sorts by last seen and minutes alone."""
        self._begin_read()
        self.queries.append(query)
        words = query.search.lower()
        found = [
            row for row in self.rows if row.last_seen_at > now_at - query.time_range.span and words in _searchable(row)
        ]
        if query.sort is DeviceSort.TIME_SPENT:
            found.sort(key=lambda row: row.time_spent_minutes, reverse=query.descending)
        else:
            found.sort(key=lambda row: row.last_seen_at, reverse=query.descending)
        return DevicePage(tuple(found[query.offset : query.offset + query.limit]), len(found))

    def report(self, time_range: TimeRange, now_at: datetime) -> Report:
        """As `layouts.needs.PageReader`."""
        self._begin_read()
        return busy_report(self.overview(now_at), time_range)

    def sensors(self, now_at: datetime) -> tuple[SensorRow, ...]:
        """Two sensors, one of which has not spoken for an hour; or only the first."""
        self._begin_read()
        heard = SensorRow(
            SensorCard("reading room", "first floor, by the stairs", "0.2.0"),
            SensorState.HEARD,
            is_active=True,
            added_at=now_at - timedelta(days=30),
            last_received_at=now_at - timedelta(seconds=12),
            last_scan_at=now_at - timedelta(seconds=22),
            clock_offset_seconds=0.2,
            device_count=17,
            waiting_count=0,
        )
        hour_ago = now_at - timedelta(hours=1)
        silent = replace(
            heard,
            card=SensorCard(HOSTILE_NAME, None, None),
            state=SensorState.SILENT,
            last_received_at=hour_ago,
            last_scan_at=hour_ago,
            clock_offset_seconds=-94.0,
            device_count=None,
        )
        return (heard, silent)[: self.sensor_count]

    def reset_time_spent(self, now_at: datetime) -> None:
        """As `layouts.needs.PageCommands`."""
        self.resets.append(now_at)
        self.overview_now = replace(self.overview_now, average_time_spent_minutes=None, time_spent_since_at=now_at)

    def note_saved(self, now_at: datetime) -> None:
        """As `layouts.needs.PageCommands`."""
        self.overview_now = replace(self.overview_now, saved_at=now_at)

    def managing(self) -> Managing:
        """What the view of settings is joined to: this place."""
        return Managing(self.identity, self, self, self.best_signals)

    def identity(self) -> Identity | None:
        """As `layouts.needs.Managing`."""
        return Identity("admin", Role.ADMIN) if self.may_change else None

    def best_signals(self, _now_at: datetime) -> dict[int, int]:
        """As `layouts.needs.Managing`: 48 devices."""
        self._begin_read()
        return {-45: 10, -62: 8, -74: 10, -76: 8, -90: 12}

    def thresholds(self) -> ZoneThresholds | None:
        """As `layouts.needs.PageZones`."""
        self._begin_read()
        return self.changed_thresholds

    def set_thresholds(self, thresholds: ZoneThresholds, _now_at: datetime) -> None:
        """As `layouts.needs.PageZones`."""
        self.changed_thresholds = thresholds

    def reset_thresholds(self) -> None:
        """As `layouts.needs.PageZones`."""
        self.changed_thresholds = None

    def list_keys(self) -> tuple[KeyRow, ...]:
        """As `layouts.needs.PageKeys`."""
        self._begin_read()
        return tuple(self.keys)

    def make_key(self, name: str, role: Role, now_at: datetime) -> NewKey:
        """As `layouts.needs.PageKeys`."""
        if any(key.name == name for key in self.keys):
            raise KeyNameTakenError(f"There is a key {name} already. Revoke it first, or choose another name.")
        self.keys.insert(0, KeyRow(len(self.keys) + 1, name, role, now_at, None, None))
        return NewKey(self.keys[0], "pk_" + "Zx9" * 14)

    def revoke_key(self, which: int, now_at: datetime) -> str:
        """As `layouts.needs.PageKeys`."""
        (revoked,) = (key for key in self.keys if key.key_id == which)
        self.keys = [replace(key, revoked_at=now_at) if key is revoked else key for key in self.keys]
        return revoked.name

    def save_report(self, text: str, _made_at: datetime) -> None:
        """Keep a report."""
        if self.save_error is not None:
            raise self.save_error
        self.saved.append(text)

    def _begin_read(self) -> None:
        self.read_begun.set()
        self.reads_may_go_on.wait()
        if self.error is not None:
            raise self.error


def busy_report(overview: Overview, time_range: TimeRange) -> Report:
    """A report with something under each of its headings."""
    return Report(
        overview=overview,
        time_range=time_range,
        from_at=overview.as_of_at - time_range.span,
        stays=Stays(count=42, average_minutes=23.4, longest_minutes=187.0, ongoing_count=6),
        busiest_hours=(BusyHour(14, 12.4), BusyHour(11, 9.0), BusyHour(23, 1.5)),
        manufacturers=(("Apple", 21), (None, 14), ("Samsung Electronics", 9)),
        radios=(RadioTotals(Radio.WIFI, 1310, 130, 88, 4.2), RadioTotals(Radio.BLUETOOTH, 1440, 0, 61, 2.9)),
        gaps=(
            Gap(Radio.WIFI, NOW_AT - timedelta(hours=2), None, _NO_INTERFACE),
            Gap(Radio.BLUETOOTH, NOW_AT - timedelta(hours=9), NOW_AT - timedelta(hours=8), _HUNG),
            Gap(Radio.WIFI, NOW_AT - timedelta(hours=14), NOW_AT - timedelta(hours=13), None),
        ),
        gap_count=5,
    )


def _searchable(row: DeviceRow) -> str:
    return " ".join((row.manufacturer or "", row.zone or "", row.radio.label, *row.ssids)).lower()
