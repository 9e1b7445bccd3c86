"""Why a radio did not listen, and what its owner can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from presence.radio import Radio


class FaultReason(StrEnum):
    """The reasons a radio can give; values are stored and sent, so they never change."""

    SWITCHED_OFF = "switched_off"
    NOT_CAPTURED = "not_captured"
    NO_INTERFACE = "no_interface"
    INTERFACE_DOWN = "interface_down"
    NOT_MONITOR_MODE = "not_monitor_mode"
    NO_PERMISSION = "no_permission"
    TSHARK_MISSING = "tshark_missing"
    TSHARK_CRASHED = "tshark_crashed"
    UNREADABLE_CAPTURE = "unreadable_capture"
    NO_DBUS = "no_dbus"
    NO_BLUETOOTH_SERVICE = "no_bluetooth_service"
    NO_ADAPTER = "no_adapter"
    POWERED_OFF = "powered_off"
    BLOCKED = "blocked"
    BUSY = "busy"
    LOST = "lost"
    HUNG = "hung"
    TIMED_OUT = "timed_out"
    FLOODED = "flooded"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a radio did not listen.

    Attributes:
        reason: The kind of fault.
        detail: What the part itself said, in at most a line, free of addresses; empty when it said nothing.
        recovery: What was done about it, in a few words; empty when nothing was.
    """

    reason: FaultReason
    detail: str = ""
    recovery: str = ""


_DOCTOR = "`./run doctor` tells more."

_ADVICE: dict[FaultReason, str] = {
    FaultReason.SWITCHED_OFF: "{radio} is switched off in config.toml; set scans.{key}_enabled = true to use it.",
    FaultReason.NOT_CAPTURED: "What is replayed holds nothing of {radio}.",
    FaultReason.NO_INTERFACE: (
        "No Wi-Fi interface that can listen was found. Plug in a Wi-Fi adapter that has monitor mode, "
        "or name one in config.toml under scans.wifi_interface."
    ),
    FaultReason.INTERFACE_DOWN: "The Wi-Fi interface is down. It is brought up again at the next scan.",
    FaultReason.NOT_MONITOR_MODE: (
        "The Wi-Fi adapter is not in monitor mode. If another programme switched it, the next scan switches it back, "
        "where scans.wifi_switch_to_monitor in config.toml allows that. The Pi's own Wi-Fi has no such mode: use a USB "
        "adapter that does."
    ),
    FaultReason.NO_PERMISSION: "This user may not use {radio}. Start with `./run`, which sets the permission up.",
    FaultReason.TSHARK_MISSING: "tshark is not installed. Start with `./run`, which installs it.",
    FaultReason.TSHARK_CRASHED: "tshark stopped by itself. It is started afresh at the next scan. " + _DOCTOR,
    FaultReason.UNREADABLE_CAPTURE: "The capture could not be read to its end; what was readable is kept.",
    FaultReason.NO_DBUS: "The system bus is not running, so Bluetooth cannot be reached: `sudo systemctl start dbus`.",
    FaultReason.NO_BLUETOOTH_SERVICE: (
        "The Bluetooth service is not running: `sudo systemctl enable --now bluetooth`."
    ),
    FaultReason.NO_ADAPTER: "No Bluetooth adapter was found. Plug one in, or enable the Pi's own.",
    FaultReason.POWERED_OFF: "The Bluetooth adapter is off. Switching it on was tried: `bluetoothctl power on`.",
    FaultReason.BLOCKED: "{radio} is blocked by software or a switch: `sudo rfkill unblock {rfkill}`.",
    FaultReason.BUSY: "Another programme is using the {radio} adapter. Stop it; the next scan tries again.",
    FaultReason.LOST: "The {radio} adapter went away during the scan. Check its plug; the next scan looks for it.",
    FaultReason.HUNG: "{radio} does not answer. It is reset at each scan; if that does not help, restart the Pi.",
    FaultReason.TIMED_OUT: "{radio} took too long. The next scan tries again.",
    FaultReason.FLOODED: (
        "Somebody nearby is broadcasting made-up devices by {radio}. Who is really there cannot be told meanwhile, so "
        "these minutes are left out. It goes on by itself when that stops. Look for whoever is playing, or for a "
        "device that went mad."
    ),
    FaultReason.UNEXPECTED: "Something unforeseen went wrong with {radio}. The next scan tries again. " + _DOCTOR,
}


def advice_for(radio: Radio, reason: FaultReason) -> str:
    """The sentence that tells the owner what to do about a fault of a radio."""
    rfkill = "wifi" if radio is Radio.WIFI else "bluetooth"
    return _ADVICE[reason].format(radio=radio.label, key=radio.value, rfkill=rfkill)
