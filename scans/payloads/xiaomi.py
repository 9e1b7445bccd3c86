"""Xiaomi's thermometers and buttons: MiBeacon, and the ATC and PVVX firmware that people put on them.

Sources: github.com/MiEcosystem/miio_open, the descriptions of MiBeacon and of its objects (those from 0x4000 on, which
are numbered product by product, as recorded devices send them); the README files of
github.com/atc1441/ATC_MiThermometer (big-endian) and github.com/pvvx/ATC_MiThermometer (little-endian). Qingping's own
sensors have a format of their own, of like objects.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from presence.tags import Measure, MeasureKind
from scans.payloads.figures import measures, unpacked

MIBEACON_SERVICE = 0xFE95
ENVIRONMENT_SERVICE = 0x181A
QINGPING_SERVICE = 0xFDCD

_ADDRESS_BYTES = 6
# Bits of MiBeacon's frame control.
_ENCRYPTED, _HAS_ADDRESS, _HAS_CAPABILITY, _HAS_OBJECT = 0x0008, 0x0010, 0x0020, 0x0040
_HAS_IO_CAPABILITY = 0x20
_VERSION_SHIFT = 12
_VERSIONS_IN_CCM = (4, 5)  # those before encrypt otherwise

_ATC_BYTES = 13
_PVVX_BYTES = 15
# Last byte of a button's object: once, twice, long, three times.
_PRESSES = (1.0, 2.0, 0.5, 3.0)


def mibeacon(data: bytes) -> tuple[Measure, ...]:
    """What a MiBeacon tells; nothing of an encrypted one."""
    control = _control(data)
    if control & _ENCRYPTED or not control & _HAS_OBJECT:
        return ()
    at = _length_of_head(data, control)
    found: dict[MeasureKind, Measure] = {}
    while (told := unpacked("<HB", data, at)) and at + 3 + told[1] <= len(data):
        content = data[at + 3 : at + 3 + told[1]]
        found |= {one.kind: one for one in _MIBEACON_OBJECTS.get((told[0], told[1]), _nothing)(content)}
        at += 3 + told[1]
    return tuple(found.values())


def encrypted_from(data: bytes) -> int | None:
    """Where the encrypted part of a MiBeacon of version 4 or 5 begins; None when it has none."""
    control = _control(data)
    if not control & _ENCRYPTED or not control & _HAS_OBJECT or control >> _VERSION_SHIFT not in _VERSIONS_IN_CCM:
        return None
    return _length_of_head(data, control)


def head_in_clear(data: bytes, length: int) -> bytes:
    """The head, so many bytes, that an encrypted MiBeacon would have if it were not."""
    return (_control(data) & ~_ENCRYPTED).to_bytes(2, "little") + data[2:length]


def _control(data: bytes) -> int:
    """The frame control; 0, which announces nothing, when the data are too short for a head."""
    head = unpacked("<HHB", data)
    return 0 if head is None else head[0]


def _length_of_head(data: bytes, control: int) -> int:
    length = 5 + (_ADDRESS_BYTES if control & _HAS_ADDRESS else 0)
    if control & _HAS_CAPABILITY:
        length += 2 if length < len(data) and data[length] & _HAS_IO_CAPABILITY else 1
    return length


def environment(data: bytes) -> tuple[Measure, ...]:
    """What the ATC and PVVX firmware tell under "environmental sensing"; nothing when they encrypt it."""
    if len(data) == _ATC_BYTES and (told := unpacked(">hBBH", data, _ADDRESS_BYTES)):
        temperature, humidity, battery, millivolts = told
        return measures(
            temperature_celsius=temperature / 10,
            humidity_percent=humidity,
            battery_percent=battery,
            battery_volts=millivolts / 1000,
        )
    if len(data) == _PVVX_BYTES and (told := unpacked("<hHHB", data, _ADDRESS_BYTES)):
        temperature, humidity, millivolts, battery = told
        return measures(
            temperature_celsius=temperature / 100,
            humidity_percent=humidity / 100,
            battery_percent=battery,
            battery_volts=millivolts / 1000,
        )
    return ()


def qingping(data: bytes) -> tuple[Measure, ...]:
    """What Qingping's (Cleargrass's) sensors tell."""
    found: dict[MeasureKind, Measure] = {}
    for identifier, content in _qingping_objects(data):
        told = _QINGPING_OBJECTS.get((identifier, len(content)), _nothing)
        found |= {one.kind: one for one in told(content)}
    return tuple(found.values())


def _qingping_objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2 + _ADDRESS_BYTES
    while at + 1 < len(data) and at + 2 + data[at + 1] <= len(data):
        yield data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]


def _nothing(_content: bytes) -> tuple[Measure, ...]:
    return ()


def _climate(content: bytes) -> tuple[Measure, ...]:
    return measures(temperature_celsius=_signed(content[:2]) / 10, humidity_percent=_unsigned(content[2:]) / 10)


def _press(content: bytes) -> tuple[Measure, ...]:
    return measures(button_presses=_PRESSES[content[2]] if content[2] < len(_PRESSES) else None)


def _float(content: bytes) -> float:
    return float(struct.unpack("<f", content)[0])


def _signed(content: bytes) -> int:
    return int.from_bytes(content, "little", signed=True)


def _unsigned(content: bytes) -> int:
    return int.from_bytes(content, "little")


# Identifier and length of each object that tells something of the kinds we keep.
_MIBEACON_OBJECTS: dict[tuple[int, int], Callable[[bytes], tuple[Measure, ...]]] = {
    (0x0003, 1): lambda content: measures(moving=content[0]),
    (0x000F, 3): lambda content: measures(moving=1, illuminance_lux=_unsigned(content)),  # light, at a movement
    (0x1001, 3): _press,
    (0x1004, 2): lambda content: measures(temperature_celsius=_signed(content) / 10),
    (0x1006, 2): lambda content: measures(humidity_percent=_unsigned(content) / 10),
    (0x1007, 3): lambda content: measures(illuminance_lux=_unsigned(content)),
    (0x100A, 1): lambda content: measures(battery_percent=content[0]),
    (0x100D, 4): _climate,
    (0x1019, 1): lambda content: measures(open=0 if content[0] == 1 else 1),  # open, closed, left open
    (0x4803, 1): lambda content: measures(battery_percent=content[0]),
    (0x4A08, 4): lambda content: measures(moving=1, illuminance_lux=_float(content)),  # light, at a movement
    (0x4A0C, 0): lambda _: measures(button_presses=1),
    (0x4A0D, 0): lambda _: measures(button_presses=2),
    (0x4A0E, 0): lambda _: measures(button_presses=0.5),
    (0x4C01, 4): lambda content: measures(temperature_celsius=_float(content)),
    (0x4C02, 1): lambda content: measures(humidity_percent=content[0]),
    (0x4C03, 1): lambda content: measures(battery_percent=content[0]),
    (0x4C08, 4): lambda content: measures(humidity_percent=_float(content)),
    (0x4E0C, 0): lambda _: measures(button_presses=1),
    (0x4E0D, 0): lambda _: measures(button_presses=2),
    (0x4E0E, 0): lambda _: measures(button_presses=0.5),
}
_QINGPING_OBJECTS: dict[tuple[int, int], Callable[[bytes], tuple[Measure, ...]]] = {
    (0x01, 4): _climate,
    (0x02, 1): lambda content: measures(battery_percent=content[0]),
    (0x07, 2): lambda content: measures(pressure_hpa=_unsigned(content) / 10),
    (0x08, 4): lambda content: measures(moving=content[0], illuminance_lux=_unsigned(content[1:])),
    (0x09, 4): lambda content: measures(illuminance_lux=_unsigned(content)),
}
