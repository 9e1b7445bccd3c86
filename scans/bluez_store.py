"""What BlueZ keeps: its own notes of devices that it heard, under their addresses."""

from __future__ import annotations

from pathlib import Path

from presence.findings import Finding

_PART = "Bluetooth's notes"
_IN_MEMORY = {"tmpfs", "ramfs"}


def examine_bluez_store(store: Path = Path("/var/lib/bluetooth"), processes: Path = Path("/proc")) -> Finding:
    """Whether the Bluetooth service of this machine notes addresses on a disk.

    It keeps the name of each device that it hears say its whole name, in a file named after the device's address
    (BlueZ, src/device.c, `device_store_cached_name`). No setting of its own switches that off.

    Args:
        store: Where it keeps them.
        processes: Where the kernel lists what is mounted where (proc(5)).
    """
    if not store.is_dir():
        return Finding(_PART, "there are none")
    mounted = {
        Path(line.split()[1]): line.split()[2] for line in (processes / "mounts").read_text("utf-8").splitlines()
    }
    nearest = next((mounted[folder] for folder in (store, *store.parents) if folder in mounted), "")
    if nearest in _IN_MEMORY:
        return Finding(_PART, f"{store} is in memory")
    return Finding(
        _PART,
        f"BlueZ notes devices that say their name in {store}, under their addresses",
        "Have them in memory, see docs/privacy.md, What others on the Pi keep.",
    )
