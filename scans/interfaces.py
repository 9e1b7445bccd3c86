"""The machine's Wi-Fi interfaces as the kernel shows them in its files; anyone may read these."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from presence.faults import Fault, FaultReason

KERNEL_FOLDER = Path("/sys/class")
"""Where the kernel lists devices by class (sysfs(5))."""

# Link types of an interface in monitor mode: plain 802.11, Prism and radiotap headers (Linux
# include/uapi/linux/if_arp.h).
_MONITOR_TYPES = {"801", "802", "803"}

_IS_UP = 0x1  # IFF_UP (netdevice(7))


@dataclass(frozen=True, slots=True)
class WirelessInterface:
    """A Wi-Fi interface at one moment.

    Attributes:
        name: Such as "wlan0".
        phy: The adapter it belongs to, such as "phy0"; an adapter can have several interfaces.
        is_monitor: Whether it is in monitor mode.
        is_up: Whether it is switched on.
        has_carrier: Whether it is connected to a network, or serves one.
        blocking_switch: Number of the radio switch that blocks it (`rfkill unblock NUMBER`); None when none does.
    """

    name: str
    phy: str
    is_monitor: bool
    is_up: bool
    has_carrier: bool
    blocking_switch: str | None


def wireless_interfaces(kernel: Path = KERNEL_FOLDER) -> tuple[WirelessInterface, ...]:
    """All Wi-Fi interfaces, by name."""
    names = sorted(folder.parent.name for folder in kernel.glob("net/*/phy80211"))
    found = (wireless_interface(name, kernel) for name in names)
    return tuple(interface for interface in found if interface is not None)


def wireless_interface(name: str, kernel: Path = KERNEL_FOLDER) -> WirelessInterface | None:
    """The Wi-Fi interface of this name; None when there is none (any more)."""
    folder = kernel / "net" / name
    phy = kernel_text(folder / "phy80211" / "name")
    flags = kernel_text(folder / "flags")
    if not phy or not flags:
        return None
    return WirelessInterface(
        name=name,
        phy=phy,
        is_monitor=kernel_text(folder / "type") in _MONITOR_TYPES,
        is_up=bool(int(flags, 16) & _IS_UP),
        has_carrier=kernel_text(folder / "carrier") == "1",
        blocking_switch=_blocking_switch(folder / "phy80211"),
    )


def trouble_in_mid_capture(name: str, kernel: Path = KERNEL_FOLDER) -> Fault | None:
    """Why an interface that was in monitor mode and up hands over no more frames; None when it still is both."""
    interface = wireless_interface(name, kernel)
    if interface is None:
        return Fault(FaultReason.LOST)
    if interface.blocking_switch is not None:
        return Fault(FaultReason.BLOCKED)
    if not interface.is_monitor:
        return Fault(FaultReason.NOT_MONITOR_MODE, f"Somebody switched {name} out of monitor mode during the scan.")
    return None if interface.is_up else Fault(FaultReason.INTERFACE_DOWN)


def has_phy(phy: str, kernel: Path = KERNEL_FOLDER) -> bool:
    """Whether the adapter is plugged in."""
    return (kernel / "ieee80211" / phy).exists()


def has_other_network(name: str, kernel: Path = KERNEL_FOLDER) -> bool:
    """Whether an interface other than this one, and other than loopback, is connected to something."""
    others = (folder for folder in kernel.glob("net/*") if folder.name not in {name, "lo"})
    return any(kernel_text(folder / "carrier") == "1" for folder in others)


def kernel_text(path: Path) -> str:
    """What a file of the kernel's holds; empty when it is gone, or tells nothing now (an interface that is down)."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _blocking_switch(phy: Path) -> str | None:
    for switch in sorted(phy.glob("rfkill*")):
        if "1" in (kernel_text(switch / "soft"), kernel_text(switch / "hard")):
            return switch.name.removeprefix("rfkill")
    return None
