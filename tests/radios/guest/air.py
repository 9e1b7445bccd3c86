"""The people's Wi-Fi around the programme: `python3 air.py TRUTH`, in the network namespace that has their radios.

An access point (hostapd) and six clients (wpa_supplicant), each on a radio of its own. The kernel hands every frame
that any of them sends to the interface hwsim0 too: what is read there is the truth. TRUTH grows by a line (epoch
seconds, radio, address, type and subtype, whether an access point sent it, whether it went out on the channel that the
programme listens on) for each frame that names its sender.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path("/run/air")

_CHANNEL, _MEGAHERTZ = 6, 2437
_ACCESS_POINT, _ACCESS_POINT_ADDRESS = "wlan1", "f4:f2:6d:00:00:01"

_ALL_PROTOCOLS = 0x0003  # ETH_P_ALL (Linux include/uapi/linux/if_ether.h)
_ARP = 0x0806

# After the header of radiotap itself, 8 bytes, come TSFT (8), flags and rate (1 each), and then the channel (struct
# hwsim_radiotap_hdr of Linux drivers/net/wireless/virtual/mac80211_hwsim.c).
_CHANNEL_OFFSET = 18

_CONTROL = 1  # these frames are too short for a sender, or repeat one (IEEE 802.11-2020, 9.3.1)

_DATA_EVERY_SECONDS = 3.0

_JOINS = 'network={\nssid="Nordpol"\npsk="schlittenhund"\nkey_mgmt=WPA-PSK\nscan_freq=2412 2437 2462\n}'
_LOOKS_AROUND = 'network={\nssid="nowhere"\nkey_mgmt=NONE\n}'
_LOOKS_FOR_HIDDEN = 'network={\nssid="Cafe Suedpol"\nscan_ssid=1\nkey_mgmt=NONE\n}'


@dataclass(frozen=True, slots=True)
class Client:
    """One device with Wi-Fi.

    Attributes:
        interface: Its radio.
        address: The address its maker gave it.
        network: What wpa_supplicant is to look for.
        settings: Lines of wpa_supplicant.conf that say how it makes up addresses.
        commands: What only wpa_cli can set.
    """

    interface: str
    address: str
    network: str
    settings: str = ""
    commands: tuple[str, ...] = ("scan_interval 8",)

    @property
    def has_joined(self) -> bool:
        """Whether it is to send data."""
        return self.network == _JOINS


CLIENTS = (
    Client("wlan2", "00:1b:63:00:00:02", _JOINS, commands=()),
    Client("wlan3", "3c:5a:b4:00:00:03", _JOINS, "mac_addr=1\npreassoc_mac_addr=1", commands=()),
    Client("wlan4", "00:26:37:00:00:04", _LOOKS_AROUND),
    Client("wlan5", "00:23:76:00:00:05", _LOOKS_FOR_HIDDEN),
    Client("wlan6", "98:d6:f7:00:00:06", _LOOKS_AROUND, "preassoc_mac_addr=1\nrand_addr_lifetime=60"),
    Client("wlan7", "b8:27:eb:00:00:07", _LOOKS_AROUND, commands=("scan_interval 12", "mac_rand_scan scan enable=1")),
)


def start_access_point() -> subprocess.Popen[bytes]:
    """Serve one network."""
    _run("ip", "link", "set", _ACCESS_POINT, "address", _ACCESS_POINT_ADDRESS)
    settings = _FOLDER / "hostapd.conf"
    settings.write_text(
        f"interface={_ACCESS_POINT}\nssid=Nordpol\nhw_mode=g\nchannel={_CHANNEL}\n"
        "beacon_int=500\n"  # a fifth of the usual beacons, each of which costs an emulated machine time
        "wpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase=schlittenhund\n"
    )
    return subprocess.Popen(["hostapd", str(settings)])


def start_clients() -> subprocess.Popen[bytes]:
    """Let all clients look for networks, join, and make up addresses as they do."""
    command = ["wpa_supplicant"]
    for client in CLIENTS:
        _run("ip", "link", "set", client.interface, "address", client.address)
        settings = _FOLDER / f"{client.interface}.conf"
        settings.write_text(
            f"ctrl_interface={_FOLDER}/clients\nfreq_list=2412 2437 2462\n{client.settings}\n{client.network}\n"
        )
        separator = ["-N"] if client is not CLIENTS[0] else []
        command += [*separator, "-Dnl80211", f"-i{client.interface}", f"-c{settings}"]
    started = subprocess.Popen(command)
    for client in CLIENTS:
        while not (_FOLDER / "clients" / client.interface).exists():
            time.sleep(0.05)
        for asked in client.commands:
            _run("wpa_cli", "-p", f"{_FOLDER}/clients", "-i", client.interface, *asked.split())
    return started


def send_data() -> None:
    """Let those that have joined send a little, for ever: an ARP request each."""
    while True:
        time.sleep(_DATA_EVERY_SECONDS)
        for client in CLIENTS:
            if client.has_joined:
                # While it is joining, its interface is down.
                with contextlib.suppress(OSError), _packets(client.interface, _ARP) as sender:
                    own = sender.getsockname()[4]
                    asked = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, own, bytes(4), bytes(6), bytes(4))
                    sender.send(b"\xff" * 6 + own + struct.pack("!H", _ARP) + asked)


def frames_sent() -> Iterator[tuple[float, str, int, int]]:
    """Each frame that names its sender: when, who (an address), type and subtype, and megahertz."""
    with _packets("hwsim0", _ALL_PROTOCOLS) as everything:
        while True:
            packet = everything.recv(65536)
            frame = packet[int.from_bytes(packet[2:4], "little") :]
            if len(frame) < 16 or frame[0] >> 2 & 3 == _CONTROL:
                continue
            megahertz = int.from_bytes(packet[_CHANNEL_OFFSET : _CHANNEL_OFFSET + 2], "little")
            yield time.time(), frame[10:16].hex(":"), (frame[0] >> 2 & 3) << 4 | frame[0] >> 4, megahertz


def main() -> None:
    """Play until ended."""
    _FOLDER.mkdir(exist_ok=True)
    _run("ip", "link", "set", "hwsim0", "up")
    access_point, clients = start_access_point(), start_clients()
    threading.Thread(target=send_data, daemon=True).start()
    with Path(sys.argv[1]).open("a", encoding="ascii", buffering=1) as truth:
        for sent_at, address, kind, megahertz in frames_sent():
            is_access_point = int(address == _ACCESS_POINT_ADDRESS)
            is_audible = int(megahertz == _MEGAHERTZ)
            truth.write(f"{sent_at:.3f},wifi,{address},{kind},{is_access_point},{is_audible}\n")
    access_point.wait()
    clients.wait()


def _packets(interface: str, protocol: int) -> socket.socket:
    bound = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    bound.bind((interface, protocol))
    return bound


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
