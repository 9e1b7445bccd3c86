"""Where an installed programme lies on a machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# The name of the service, of its user, and of the folders that are its own.
NAME = "tracking"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files and folders of an installed programme.

    Code lies in /opt, since a home folder is closed to other users on Raspberry Pi OS, and belongs to root, so that a
    programme that was taken over cannot change itself. Data lie in /var/lib, settings in /etc (Filesystem Hierarchy
    Standard 3.0, sections 3.7, 3.13 and 5.8).

    Attributes:
        root: The machine's root folder, or a folder that stands for it (as DESTDIR does elsewhere).
    """

    root: Path

    @property
    def programme(self) -> Path:
        """Where releases lie, and the link to the one in force."""
        return self.root / "opt" / NAME

    @property
    def releases(self) -> Path:
        """A folder for each release: the one in force, and the one before."""
        return self.programme / "releases"

    @property
    def current(self) -> Path:
        """The link to the release in force: to change it is one step, which no power cut can halve."""
        return self.programme / "current"

    @property
    def data(self) -> Path:
        """The database, keys, reports and backups."""
        return self.root / "var/lib" / NAME

    @property
    def data_to_be(self) -> Path:
        """Where the data of a first installation are gathered; left where one was cut off, for the next to go on."""
        return self.data.with_name(f"{NAME}.new")

    @property
    def settings(self) -> Path:
        """The settings, which updates leave alone."""
        return self.root / "etc" / NAME / "config.toml"

    @property
    def unit(self) -> Path:
        """What systemd knows of the service."""
        return self.root / "etc/systemd/system" / f"{NAME}.service"

    @property
    def rule(self) -> Path:
        """What the service may ask of systemd."""
        return self.root / "etc/polkit-1/rules.d" / f"50-{NAME}.rules"

    @property
    def bluez(self) -> Path:
        """Where BlueZ keeps what it knows of devices."""
        return self.root / "var/lib/bluetooth"

    @property
    def bluez_drop_in(self) -> Path:
        """What is changed of BlueZ's own service (systemd.unit(5), drop-ins)."""
        return self.root / "etc/systemd/system/bluetooth.service.d" / f"{NAME}.conf"

    @property
    def is_installed(self) -> bool:
        """Whether there is a service."""
        return self.unit.exists()
