"""A Bluetooth adapter for the guest's kernel, and what advertises around it: `python3 advertisers.py TRUTH`.

bumble plays the chip behind /dev/vhci; to the kernel and to bluetoothd it is an adapter like any other. Each
advertiser hands it what a radio would have heard. While this runs, the adapter is plugged in. TRUTH grows by a line
as air.py's does for each advertisement; audible is one that was handed over to somebody who listened.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bumble import hci
from bumble.controller import Controller
from bumble.link import LocalLink

# HCI packets as /dev/vhci frames them: one a read or write, its type in the first byte (Linux
# drivers/bluetooth/hci_vhci.c). 0xff makes an adapter; the byte after it says which kind, and 0 is one like the Pi's.
_VENDOR_PACKET = 0xFF
_LONGEST_PACKET = 4096

# Private addresses last 15 minutes (Bluetooth Core 6.0, Vol 3 Part C, table A.1); shorter here, so that a test sees it.
_PRIVATE_ADDRESS_SECONDS = 90.0

_Report = hci.HCI_LE_Advertising_Report_Event.Report
_EventType = hci.HCI_LE_Advertising_Report_Event.EventType


@dataclass(frozen=True, slots=True)
class Advertiser:
    """One device that advertises.

    Attributes:
        kind: public, static, resolvable or non-resolvable (Bluetooth Core 6.0, Vol 6 Part B, 1.3).
        address: Its address for good; None where it makes up a new one every now and then.
        rssi_dbm: How it is heard.
        interval_seconds: From one advertisement to the next.
        data: Advertising data.
    """

    kind: str
    address: str | None
    rssi_dbm: int
    interval_seconds: float
    data: bytes


def _named(name: str) -> bytes:
    return bytes([2, 0x01, 0x06, len(name) + 1, 0x09]) + name.encode()


def _of_maker(company: int, payload: bytes) -> bytes:
    return bytes([2, 0x01, 0x06, len(payload) + 3, 0xFF]) + company.to_bytes(2, "little") + payload


ADVERTISERS = (
    Advertiser("public", "C0:98:E5:00:00:01", -52, 1.6, _named("Fitness band")),
    Advertiser("public", "00:1A:7D:DA:71:02", -81, 2.2, _of_maker(0x0059, b"\x01\x02\x03")),
    Advertiser("static", "D3:11:22:33:44:03", -63, 1.3, _of_maker(0x004C, b"\x02\x15" + bytes(20) + b"\xc5")),
    Advertiser("static", "F0:55:66:77:88:04", -70, 2.0, _named("Thermometer")),
    Advertiser("resolvable", None, -58, 1.5, _of_maker(0x004C, b"\x10\x05\x01\x18\x00\x00\x00")),
    Advertiser("resolvable", None, -77, 1.8, _of_maker(0x0075, b"\x42\x04\x01")),
    Advertiser("non-resolvable", None, -66, 1.7, _of_maker(0x0006, b"\x01\x09\x20\x02")),
    Advertiser("non-resolvable", None, -88, 2.5, _of_maker(0x00E0, b"\x00\x01")),
)


def made_up(kind: str) -> str:
    """A random address; its top two bits say of which kind."""
    top = 0x40 if kind == "resolvable" else 0x00
    own = bytearray(secrets.token_bytes(6))
    own[0] = own[0] & 0x3F | top
    return own.hex(":").upper()


class Adapter(Controller):  # type: ignore[misc]  # the checker sees no bumble, which only the guest has
    """The chip: bumble's, which hears what it is handed."""

    # As a Pi's up to the Zero 2 W, which is Bluetooth 4.2: no extended advertising.
    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    )

    def on_hci_reset_command(self, command: object) -> object:
        """A reset ends the scan, which bumble forgets."""
        self.le_scan_enable = False
        return super().on_hci_reset_command(command)

    def hear(self, advertiser: Advertiser, address: str) -> bool:
        """Tell the kernel of one advertisement; whether anybody listened."""
        if not self.le_scan_enable:
            return False
        address_type = hci.Address.PUBLIC_DEVICE_ADDRESS if advertiser.kind == "public" else 1  # 1 is random
        report = _Report(
            event_type=_EventType.ADV_NONCONN_IND,
            address_type=address_type,
            address=hci.Address(address, address_type),
            data=advertiser.data,
            rssi=advertiser.rssi_dbm + random.randint(-3, 3),
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))
        return True


class VirtualPort:
    """/dev/vhci. bumble's own transport gives up at the first packet that the kernel refuses, as when it is blocked."""

    def __init__(self) -> None:
        self._file = os.open("/dev/vhci", os.O_RDWR | os.O_NONBLOCK)
        os.write(self._file, bytes([_VENDOR_PACKET, 0]))
        self._adapter: Adapter | None = None

    def plug(self, adapter: Adapter) -> None:
        """Connect the chip with the kernel."""
        self._adapter = adapter
        adapter.set_packet_sink(self)
        asyncio.get_running_loop().add_reader(self._file, self._take)

    def on_packet(self, packet: bytes) -> None:
        """From the chip to the kernel."""
        try:
            os.write(self._file, packet)
        except OSError as error:
            print(f"the kernel refused a packet: {error}", file=sys.stderr)

    def _take(self) -> None:
        packet = os.read(self._file, _LONGEST_PACKET)
        if self._adapter is not None and packet[0] != _VENDOR_PACKET:
            self._adapter.on_packet(packet)


async def advertise(advertiser: Advertiser, adapter: Adapter, truth: TextIO) -> None:
    """Send one device's advertisements, and write each down."""
    address, since = advertiser.address or made_up(advertiser.kind), time.monotonic()
    while True:
        if advertiser.address is None and time.monotonic() - since > _PRIVATE_ADDRESS_SECONDS:
            address, since = made_up(advertiser.kind), time.monotonic()
        sent_at = time.time()
        was_heard = adapter.hear(advertiser, address)
        truth.write(f"{sent_at:.3f},bluetooth,{address.lower()},,0,{int(was_heard)}\n")
        await asyncio.sleep(advertiser.interval_seconds + random.uniform(0, 0.01))  # advDelay of the specification


async def play(truth: TextIO) -> None:
    """Play until ended."""
    port, adapter = VirtualPort(), Adapter("adapter", link=LocalLink(), public_address="B8:27:EB:00:00:10")
    port.plug(adapter)
    await asyncio.gather(*(advertise(advertiser, adapter, truth) for advertiser in ADVERTISERS))


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", encoding="ascii", buffering=1) as file:
        asyncio.run(play(file))
