"""BlueZ's own notes of the devices that it hears, under their addresses: in memory, where nothing is lost by it."""

from __future__ import annotations

import re
from pathlib import Path

from install.layout import Layout
from install.machine import Machine, make_open_folder
from install.service import Say

_BLUETOOTH = "bluetooth"

# Each key of a device that is paired stands under this name, whatever it is for (BlueZ, doc/settings-storage.txt).
_KEY = re.compile(r"^Key=", re.MULTILINE)


def keep_notes_in_memory(layout: Layout, source: Path, machine: Machine, say: Say) -> None:
    """Let BlueZ note in memory what it hears, and delete its notes on the card; but nothing where something is paired.

    Args:
        layout: Where things lie on the machine.
        source: The checkout, which brings the settings for it.
        machine: Whose commands are used.
        say: Tells what was done.

    Raises:
        InstallError: systemd does not take the settings.
    """
    if _is_anything_paired(layout.bluez):
        say(
            "Something is paired with this machine by Bluetooth, so BlueZ goes on noting on the card which devices it "
            "hears: docs/privacy.md says, under What others on the Pi keep, how to have that in memory."
        )
        return
    text = (source / "install" / "bluetooth.conf").read_text(encoding="utf-8")
    if not layout.bluez_drop_in.exists() or layout.bluez_drop_in.read_text(encoding="utf-8") != text:
        make_open_folder(layout.bluez_drop_in.parent)
        layout.bluez_drop_in.write_text(text, encoding="utf-8")
        layout.bluez_drop_in.chmod(0o644)
        machine.run("systemctl", "daemon-reload")
        if not machine.succeeds("systemctl", "try-restart", _BLUETOOTH):
            keep_notes_on_disk(layout, machine)
            say("BlueZ does not start with its notes in memory, so they stay on the card; `./run doctor` tells of it.")
            return
        say("BlueZ keeps in memory what it notes of devices that it hears, and nothing on the card.")
    for note in layout.bluez.glob("*/cache/*"):
        note.unlink()


def keep_notes_on_disk(layout: Layout, machine: Machine) -> None:
    """Let BlueZ note what it hears where it does by itself, if that was ever changed."""
    if layout.bluez_drop_in.exists():
        layout.bluez_drop_in.unlink()
        machine.run("systemctl", "daemon-reload")
        machine.succeeds("systemctl", "try-restart", _BLUETOOTH)  # one that does not start has reasons of its own


def _is_anything_paired(store: Path) -> bool:
    return any(_KEY.search(info.read_text(encoding="utf-8", errors="replace")) for info in store.glob("*/*/info"))
