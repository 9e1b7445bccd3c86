"""What BlueZ keeps: its own notes of devices that it heard, under their addresses."""

from __future__ import annotations

import contextlib
from pathlib import Path

from presence.findings import Finding

_PART = "Bluetooth's notes"
_IN_MEMORY = {"tmpfs", "ramfs"}


# What `./run install` changes of BlueZ's own service, which counts from its next start.
_CHANGED_SERVICE = Path("/etc/systemd/system/bluetooth.service.d/tracking.conf")


def examine_bluez_store(
    store: Path = Path("/var/lib/bluetooth"), processes: Path = Path("/proc"), changed_service: Path = _CHANGED_SERVICE
) -> Finding:
    """Whether the Bluetooth service of this machine notes addresses on a disk, as it runs now.

    It keeps the name of each device that it hears say its whole name, in a file named after the device's address
    (BlueZ, src/device.c, `device_store_cached_name`). No setting of its own switches that off.

    Args:
        store: Where it keeps them.
        processes: Where the kernel lists what is mounted where, for each process (proc(5)).
        changed_service: The file that has the Bluetooth service keep them in memory, where it is there.
    """
    if not store.is_dir():
        return Finding(_PART, "there are none")
    mounts = _mounts_of_bluez(processes)
    if not mounts and changed_service.exists():
        return Finding(_PART, "BlueZ does not run; when it does, they are in memory")
    mounts = mounts or (processes / "mounts").read_text("utf-8")
    mounted = {Path(line.split()[1]): line.split()[2] for line in mounts.splitlines()}
    nearest = next((mounted[folder] for folder in (store, *store.parents) if folder in mounted), "")
    if nearest in _IN_MEMORY:
        return Finding(_PART, f"{store} is in memory")
    return Finding(
        _PART,
        f"BlueZ notes devices that say their name in {store}, under their addresses",
        "`./run install` has them in memory; see docs/privacy.md, What others on the Pi keep.",
    )


def _mounts_of_bluez(processes: Path) -> str:
    """What the Bluetooth service sees mounted where, which its unit may change; empty while it does not run."""
    for process in processes.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended since
            if (process / "comm").read_text("utf-8", errors="replace") == "bluetoothd\n":
                return (process / "mounts").read_text("utf-8")
    return ""
