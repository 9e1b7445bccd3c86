"""What can happen to a radio, as scripts for the guest: how each begins, how it ends, and what the page may say."""

from __future__ import annotations

from dataclasses import dataclass

from presence.faults import FaultReason
from presence.radio import Radio
from tests.radios.box import BLUETOOTH_OFF, BLUETOOTH_ON, WIFI_OFF, WIFI_ON, ScanTold

# A scan is due every minute; in an emulated machine one has taken 42 s.
PATIENCE_SECONDS = 400.0

# Faults that last a moment are timed into a scan that is under way, or nobody would notice them.
_WHILE_LISTENING = {
    Radio.WIFI: "until pgrep -u pi -x dumpcap >/dev/null; do sleep 0.2; done; sleep 2;",
    Radio.BLUETOOTH: "until bluetoothctl show | grep -q 'Discovering: yes'; do sleep 0.3; done; sleep 2;",
}


@dataclass(frozen=True, slots=True)
class RadioFault:
    """Something that happens to one radio.

    Attributes:
        name: For the table.
        radio: Which radio.
        begin: What makes it happen.
        end: What ends it; empty when it is over at once, or is the programme's own to put right.
        reasons: What the page may give as the reason.
    """

    name: str
    radio: Radio
    begin: str
    end: str
    reasons: frozenset[FaultReason]

    @property
    def injection(self) -> str:
        """The script that waits until the radio listens, and makes it happen then."""
        return f"{_WHILE_LISTENING[self.radio]} {self.begin}"


FAULTS = (
    RadioFault("interface deleted", Radio.WIFI, "iw dev wlan0 del", "", frozenset({FaultReason.LOST})),
    RadioFault(
        "interface switched to managed mode",
        Radio.WIFI,
        "ip link set wlan0 down; iw dev wlan0 set type managed; ip link set wlan0 up",
        "",
        frozenset({FaultReason.LOST, FaultReason.INTERFACE_DOWN, FaultReason.NOT_MONITOR_MODE}),
    ),
    RadioFault("tshark killed", Radio.WIFI, "pkill -KILL -u pi -x tshark", "", frozenset({FaultReason.TSHARK_CRASHED})),
    RadioFault("tshark stopped", Radio.WIFI, "pkill -STOP -u pi -x tshark", "", frozenset({FaultReason.HUNG})),
    RadioFault(
        "dumpcap without permission",
        Radio.WIFI,
        "chmod 700 /usr/bin/dumpcap",
        "chmod 755 /usr/bin/dumpcap",
        frozenset({FaultReason.NO_PERMISSION}),
    ),
    RadioFault(
        "Wi-Fi blocked (rfkill)",
        Radio.WIFI,
        "rfkill block $(ls -d /sys/class/net/wlan0/phy80211/rfkill* | grep -o '[0-9]*$')",
        "",
        frozenset({FaultReason.BLOCKED}),
    ),
    RadioFault(
        "Wi-Fi adapter unplugged, plugged again",
        Radio.WIFI,
        WIFI_OFF,
        WIFI_ON,
        frozenset({FaultReason.LOST, FaultReason.NO_INTERFACE}),
    ),
    RadioFault(
        "Bluetooth blocked (rfkill)", Radio.BLUETOOTH, "rfkill block bluetooth", "", frozenset({FaultReason.BLOCKED})
    ),
    RadioFault(
        "Bluetooth adapter unplugged, plugged again",
        Radio.BLUETOOTH,
        BLUETOOTH_OFF,
        BLUETOOTH_ON,
        frozenset({FaultReason.LOST, FaultReason.NO_ADAPTER}),
    ),
    RadioFault(
        "bluetoothd killed",
        Radio.BLUETOOTH,
        "systemctl mask --runtime --quiet bluetooth; pkill -KILL -x bluetoothd",
        "systemctl unmask --runtime --quiet bluetooth",
        frozenset({FaultReason.LOST, FaultReason.NO_BLUETOOTH_SERVICE}),
    ),
    RadioFault(
        "D-Bus restarted",
        Radio.BLUETOOTH,
        "pkill -KILL -u messagebus -x dbus-daemon; systemctl restart dbus.socket dbus.service",
        "",
        frozenset({FaultReason.LOST, FaultReason.NO_DBUS, FaultReason.NO_BLUETOOTH_SERVICE}),
    ),
)


def all_heard(scans: list[ScanTold]) -> bool:
    """Whether both radios listened for the whole of the latest scan."""
    return bool(scans) and all(hearing.is_whole for hearing in scans[-1].by_radio.values())
