"""What the page needs from the rest of the programme."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from layouts.needs_people import Estimating
from layouts.needs_tags import Following
from presence.access import Identity, KeyRow, NewKey, Role
from presence.notices import Notice
from presence.overview import Activity, DevicePage, DeviceQuery, History, Overview, Report
from presence.ranges import TimeRange
from presence.sensors import SensorRow
from presence.trends import Trends
from presence.zones import ZoneThresholds


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Settings that the page and the report show or go by.

    Attributes:
        site_name: The place's name; empty when it was given none.
        demo: Whether visitors are simulated, which every page then says.
        time_zone: In which times are shown.
        thresholds: Where zones end, unless that was changed.
        scan_interval: From the start of one scan to the start of the next; three without a scan are a warning.
        listed: Names and values of the settings that the report and the page about the project list.
    """

    site_name: str
    demo: bool
    time_zone: ZoneInfo
    thresholds: ZoneThresholds
    scan_interval: timedelta
    listed: tuple[tuple[str, str], ...]


class PageReader(Protocol):
    """Reads what is remembered. Each method may raise when the database cannot be read; the page then says so."""

    def overview(self, now_at: datetime, sensor: str | None = None) -> Overview:
        """The place now, and in total: as one sensor has it, or all."""
        ...

    def history(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> History:
        """A range of time, for the chart: of one sensor, or of all."""
        ...

    def trends(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> Trends:
        """A range of time by zone, and by sensor unless it is of one."""
        ...

    def devices(self, query: DeviceQuery, now_at: datetime) -> DevicePage:
        """A page of the device table."""
        ...

    def report(self, time_range: TimeRange, now_at: datetime) -> Report:
        """All that the saved report says."""
        ...

    def sensors(self, now_at: datetime) -> tuple[SensorRow, ...]:
        """The sensors of the site."""
        ...


class PageCommands(Protocol):
    """What the page's buttons change."""

    def reset_time_spent(self, now_at: datetime) -> None:
        """Start the time spent afresh."""
        ...

    def note_saved(self, now_at: datetime) -> None:
        """Remember that a report was saved."""
        ...


class PageZones(Protocol):
    """Where zones end, in place of what the settings say. Each method may raise as those of `PageReader`."""

    def thresholds(self) -> ZoneThresholds | None:
        """Where zones end; None when it is where the settings say."""
        ...

    def set_thresholds(self, thresholds: ZoneThresholds, now_at: datetime) -> None:
        """Let zones end here, from the next scan on."""
        ...

    def reset_thresholds(self) -> None:
        """Let zones end where the settings say."""
        ...


class PageKeys(Protocol):
    """The keys by which programs come in. Each method may raise as those of `PageReader`."""

    def list_keys(self) -> tuple[KeyRow, ...]:
        """All keys there ever were, the newest first."""
        ...

    def make_key(self, name: str, role: Role, now_at: datetime) -> NewKey:
        """Make a key; raises AccessError when it cannot have this name."""
        ...

    def revoke_key(self, which: int, now_at: datetime) -> str:
        """Take a key back, and tell its name; raises AccessError when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Managing:
    """What the view of settings is joined to.

    Attributes:
        identity: Tells who asks just now; None for somebody who has not said who they are.
        zones: Where zones end.
        keys: The keys of programs.
        best_signals: How many devices of the last hour, up to a moment, had which RSSI in whole dBm at their
            strongest; may raise as the methods of `PageReader`.
    """

    identity: Callable[[], Identity | None]
    zones: PageZones
    keys: PageKeys
    best_signals: Callable[[datetime], Mapping[int, int]]

    def may_see_devices(self) -> bool:
        """Whether who asks just now may have what tells a single device from all others."""
        identity = self.identity()
        return identity is not None and identity.role.includes(Role.VIEWER)


@dataclass(frozen=True, slots=True)
class PageParts:
    """The parts a page is joined to.

    Attributes:
        reader: Reads what is remembered.
        commands: Resets the time spent, notes a save.
        activity: Tells what the box does right now; must be quick.
        notices: Tells what is not as it should be with the box itself; must be quick.
        clock: Tells the time, aware.
        settings: What the page goes by.
        save_report: Keeps a report's text on the box, under the time it was made; raises OSError when it cannot.
        may_change: Whether who asks just now may change what is remembered.
        managing: What the view of settings is joined to.
        estimating: What the views of people are joined to.
        following: What the views of tags and alerts are joined to; None on a machine that has none of both.
    """

    reader: PageReader
    commands: PageCommands
    activity: Callable[[], Activity]
    notices: Callable[[], Sequence[Notice]]
    clock: Callable[[], datetime]
    settings: PageSettings
    save_report: Callable[[str, datetime], None]
    may_change: Callable[[], bool]
    managing: Managing
    estimating: Estimating
    following: Following | None = None

    def thresholds_in_force(self) -> ZoneThresholds:
        """Where zones end now: what was changed while running goes before the settings. May raise as the reader."""
        return self.managing.zones.thresholds() or self.settings.thresholds
