"""The place: what every command starts from, the settings and what follows from them."""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import tzlocal

from config import Config, load_config
from db.settings import StoreSettings
from db.store import Store, open_store
from presence.sensors import SensorCard
from presence.zones import ZoneThresholds, Zoning
from scans.clock import Clock, machine_clock
from scans.enrolment import joined_settings, site_registry
from scans.fixtures import WhatStays
from scans.folding import ObservationRules
from scans.manufacturers import Manufacturers
from scans.registry_key import RegistryKey
from scans.visitor_key import KeyRotation, VisitorKeys

HOME = Path(__file__).resolve().parent


def version() -> str:
    """The version of this programme, as pyproject.toml has it."""
    told = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))
    return str(told["project"]["version"])


DEMO_DATABASE = "sqlite:///data/demo.db"


@dataclass(frozen=True, slots=True)
class Place:
    """What every command starts from: the settings, and what follows from them.

    Attributes:
        config: The settings.
        is_demo: Whether the site is simulated.
        database_url: The database, its path absolute.
        time_zone: The place's.
        clock: The machine's.
        manufacturers: Names makers; shared, since its tables take memory.
    """

    config: Config
    is_demo: bool
    database_url: str
    time_zone: ZoneInfo
    clock: Clock
    manufacturers: Manufacturers

    @property
    def thresholds(self) -> ZoneThresholds:
        """Where near and medium end."""
        return ZoneThresholds(self.config.presence.near_dbm, self.config.presence.medium_dbm)

    def rules(self, zoning: Zoning | None = None) -> ObservationRules:
        """What is said of each device; zones by the thresholds in config.toml, where nothing else tells them."""
        return ObservationRules(self.manufacturers.maker, zoning or self.thresholds, self.config.scans.wifi_ssids)

    @property
    def folder(self) -> Path:
        """Where what is kept besides the database lies: where the settings say, else beside its file."""
        if self.config.db.folder:
            return (HOME / self.config.db.folder).resolve()
        return self._file.parent if self._file is not None else (HOME / "data").resolve()

    @property
    def key_path(self) -> Path | None:
        """Where the visitor key lies; nowhere when the database is in memory."""
        if self.database_url == "sqlite://":
            return None
        return self.folder / (f"{self._file.stem}.key" if self._file is not None else "site.key")

    @property
    def _file(self) -> Path | None:
        """The database's file; None for one in memory or of a server."""
        path = self.database_url.removeprefix("sqlite:///")
        return Path(path) if path != self.database_url else None

    def visitor_keys(self) -> VisitorKeys:
        """The keys that belong to the database; in memory when it is."""
        scans = self.config.scans
        return VisitorKeys(self.key_path, scans.key_rotation, scans.key_rotation_hour, self.time_zone)

    def registry_key(self) -> RegistryKey:
        """The key of the register of tags: that of the site which this machine has joined, such as a second hub's.

        Without a site it is one of its own; in memory when the database is.
        """
        if self.database_url == "sqlite://":
            return RegistryKey(None)
        return site_registry(self.folder) or RegistryKey(self.folder / "registry.key")

    def what_stays(self, key: RegistryKey, known: frozenset[str]) -> WhatStays:
        """How to learn what stays at the place.

        Args:
            key: Under which such things are named.
            known: Those that are known from before.
        """
        return WhatStays(key.digest, known, self.time_zone, self.manufacturers.maker)

    @property
    def card(self) -> SensorCard:
        """What this machine says of itself as a sensor."""
        scans = self.config.scans
        return SensorCard(scans.sensor_name, scans.sensor_place or None, version())

    @property
    def store_settings(self) -> StoreSettings:
        """How to remember."""
        return store_settings(self.config, self.time_zone)

    def open_store(self) -> Store:
        """The database, brought up to date."""
        return open_store(self.database_url, self.store_settings)


def store_settings(config: Config, time_zone: ZoneInfo) -> StoreSettings:
    """How to remember, in a time zone."""
    return StoreSettings(
        interval_seconds=config.scans.interval_seconds,
        visit_gap=timedelta(minutes=config.presence.visit_gap_minutes),
        hold=timedelta(minutes=config.presence.hold_minutes),
        visible_share=config.presence.visible_share,
        keep_days=config.db.keep_days,
        keep_scans_days=config.db.keep_scans_days,
        keep_detections_days=config.db.keep_detections_days,
        time_zone=time_zone,
        capacity=config.presence.capacity or None,
        medium_dbm=config.presence.medium_dbm,
        recognises=config.scans.key_rotation is not KeyRotation.DAILY,
    )


def place_of(arguments: argparse.Namespace) -> Place:
    """The settings, checked, and what follows from them.

    Raises:
        ConfigError: Some are wrong.
        EnrolmentError: Those of the site that this sensor joined cannot be read.
    """
    environment = _environment(arguments)
    alone = _place(arguments, environment)
    joined = joined_settings(alone.folder)
    return _place(arguments, {**joined, **environment}) if joined else alone


def _environment(arguments: argparse.Namespace) -> dict[str, str]:
    """The environment, and what the command line puts in its place."""
    environment = dict(os.environ)
    if arguments.db is not None:
        environment["TRACKING_DB_URL"] = arguments.db
    if getattr(arguments, "port", None) is not None:
        environment["TRACKING_LINKS_PORT"] = arguments.port
    return environment


def _place(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Place:
    config = load_config(arguments.config or (HOME / "config.toml").resolve(), environment)
    url = DEMO_DATABASE if arguments.demo and arguments.db is None else config.db.url
    zone = config.presence.time_zone
    return Place(
        config=config,
        is_demo=arguments.demo,
        database_url=with_absolute_path(url, Path.cwd() if arguments.db is not None else HOME),
        time_zone=ZoneInfo(zone) if zone else tzlocal.get_localzone(),
        clock=machine_clock(),
        manufacturers=Manufacturers(),
    )


def with_absolute_path(url: str, folder: Path) -> str:
    """The address of a database, whose path begins at a folder where it is a relative one."""
    path = url.removeprefix("sqlite://")
    if not path or path == url:
        return url
    file = folder / path[1:]
    # A service's folder of data is a link in a release, which goes with the next update; what was said is to stay true.
    return f"sqlite:///{file.parent.resolve() / file.name}"
