"""Makes captures for tests: radiotap and IEEE 802.11 frames, byte by byte, in a pcap stream."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

PHONE = "3c:22:fb:01:02:03"
PRIVATE_PHONE = "da:a1:19:04:05:06"
ACCESS_POINT = "00:1d:aa:0a:0b:0c"
PRINTER = "00:80:77:31:01:07"
EVERYONE = "ff:ff:ff:ff:ff:ff"
NOBODY = "00:00:00:00:00:00"

# Frame control (IEEE 802.11-2020, 9.2.4.1): version, type and subtype; then the flags.
ASSOCIATION_REQUEST, ASSOCIATION_RESPONSE, REASSOCIATION_REQUEST = 0x00, 0x10, 0x20
PROBE_REQUEST, PROBE_RESPONSE, BEACON, AUTHENTICATION = 0x40, 0x50, 0x80, 0xB0
ACKNOWLEDGEMENT, DATA, NULL, QOS_DATA = 0xD4, 0x08, 0x48, 0x88
TO_DS, FROM_DS = 0x01, 0x02

RADIOTAP_LINK_TYPE, ETHERNET_LINK_TYPE = 127, 1

# 2026-11-18 12:00 UTC.
BEGIN = 1_795_003_200.0


def raw(address: str) -> bytes:
    return bytes.fromhex(address.replace(":", ""))


def radiotap(rssi_dbm: int | None, *, has_bad_checksum: bool = False, second_antenna_dbm: int | None = None) -> bytes:
    """Radiotap (radiotap.org): flags, and the signal where there is one; further antennas follow in further words."""
    flags = 0x40 if has_bad_checksum else 0
    if rssi_dbm is None:
        return struct.pack("<BBHIB", 0, 0, 9, 1 << 1, flags)
    if second_antenna_dbm is None:
        return struct.pack("<BBHIBb", 0, 0, 10, 1 << 1 | 1 << 5, flags, rssi_dbm)
    # Bit 31 announces another word, bit 29 says that it begins anew; signal and antenna number each.
    first, second = 1 << 1 | 1 << 5 | 1 << 29 | 1 << 31, 1 << 5 | 1 << 11
    return struct.pack("<BBHIIBbbB", 0, 0, 16, first, second, flags, rssi_dbm, second_antenna_dbm, 0)


def named(ssid: bytes) -> bytes:
    return struct.pack("BB", 0, len(ssid)) + ssid


def frame(
    kind: int,
    sender: str,
    receiver: str,
    third: str,
    *,
    flags: int = 0,
    body: bytes = b"",
    tap: bytes | None = None,
) -> bytes:
    """A frame with three addresses, as they stand in its header."""
    header = struct.pack("<BBH6s6s6sH", kind, flags, 0, raw(receiver), raw(sender), raw(third), 0)
    return (radiotap(-50) if tap is None else tap) + header + body


def probe_request(
    sender: str = PHONE, ssid: bytes = b"", *, rssi_dbm: int | None = -50, tap: bytes | None = None
) -> bytes:
    rates = bytes((1, 4, 2, 4, 11, 22))
    body = named(ssid) + rates
    return frame(PROBE_REQUEST, sender, EVERYONE, EVERYONE, body=body, tap=radiotap(rssi_dbm) if tap is None else tap)


def upward_data(sender: str = PHONE, access_point: str = ACCESS_POINT, target: str = EVERYONE) -> bytes:
    return frame(QOS_DATA, sender, access_point, target, flags=TO_DS | 0x40, body=bytes(40))


def beacon(ssid: bytes = b"Library") -> bytes:
    return frame(BEACON, ACCESS_POINT, EVERYONE, ACCESS_POINT, body=struct.pack("<QHH", 1, 100, 1) + named(ssid))


def pcap(frames: Iterable[bytes], *, link_type: int = RADIOTAP_LINK_TYPE, begin: float = BEGIN) -> bytes:
    """A capture with a frame every tenth of a second."""
    stream = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link_type)
    for number, content in enumerate(frames):
        microseconds = round((begin + number / 10) * 1_000_000)
        stream += struct.pack("<IIII", *divmod(microseconds, 1_000_000), len(content), len(content)) + content
    return stream


def pcapng(frames: Iterable[bytes], *, begin: float = BEGIN) -> bytes:
    """The same as pcapng (draft-ietf-opsawg-pcapng): a section, an interface, enhanced packet blocks."""

    def block(kind: int, body: bytes) -> bytes:
        padded = body + bytes(-len(body) % 4)
        length = struct.pack("<I", len(padded) + 12)
        return struct.pack("<I", kind) + length + padded + length

    stream = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    stream += block(1, struct.pack("<HHI", RADIOTAP_LINK_TYPE, 0, 262_144))
    for number, content in enumerate(frames):
        high, low = divmod(round((begin + number / 10) * 1_000_000), 1 << 32)
        stream += block(6, struct.pack("<IIIII", 0, high, low, len(content), len(content)) + content)
    return stream


def written(folder: Path, content: bytes, name: str = "heard.pcap") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
