"""BTHome, versions 1 and 2: the format of Shelly BLU, of many thermometers and of what people build.

Source: bthome.io/format (version 2) and bthome.io/v1 (version 1). Both share their object identifiers; version 2 knows
the length of each by its identifier, version 1 writes it before each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from presence.tags import Measure, MeasureKind
from scans.payloads.figures import is_plausible

# Service identifiers: Allterco's 0xFCD2 for version 2; version 1 borrowed "user data", 0x181C.
SERVICE_V2 = 0xFCD2
SERVICE_V1 = 0x181C

_ENCRYPTED = 0x01
_VERSION_SHIFT = 5
_POUND_KG = 0.45359237
_G = 9.80665


@dataclass(frozen=True, slots=True)
class _Object:
    """How an object is written: bytes, whether signed, what its number is multiplied by, and what it tells."""

    size: int
    signed: bool = False
    factor: float = 1.0
    kind: MeasureKind | None = None


_PACKET_ID = 0x00
_BUTTON = 0x3A
_WITH_LENGTH = (0x53, 0x54)  # text and raw bytes: one byte says how many follow

# What each press is told as; 0x80 and 0xFE are "held", of this and of older firmware.
_PRESSES = {0x01: 1.0, 0x02: 2.0, 0x03: 3.0, 0x04: 0.5, 0x05: 2.0, 0x06: 3.0, 0x80: 0.5, 0xFE: 0.5}

_FLAG = _Object(1)
_MOVING = _Object(1, kind=MeasureKind.MOVING)
_OPEN = _Object(1, kind=MeasureKind.OPEN)
_OBJECTS: dict[int, _Object] = {
    _PACKET_ID: _Object(1),
    0x01: _Object(1, kind=MeasureKind.BATTERY_PERCENT),
    0x02: _Object(2, signed=True, factor=0.01, kind=MeasureKind.TEMPERATURE_CELSIUS),
    0x03: _Object(2, factor=0.01, kind=MeasureKind.HUMIDITY_PERCENT),
    0x04: _Object(3, factor=0.01, kind=MeasureKind.PRESSURE_HPA),
    0x05: _Object(3, factor=0.01, kind=MeasureKind.ILLUMINANCE_LUX),
    0x06: _Object(2, factor=0.01, kind=MeasureKind.WEIGHT_KG),
    0x07: _Object(2, factor=0.01 * _POUND_KG, kind=MeasureKind.WEIGHT_KG),
    0x08: _Object(2),  # dew point
    0x09: _Object(1, kind=MeasureKind.COUNT),
    0x0A: _Object(3),  # energy
    0x0B: _Object(3),  # power
    0x0C: _Object(2),  # voltage: of what, is not said, so it is not taken for the battery's
    0x0D: _Object(2),  # fine dust
    0x0E: _Object(2),
    0x0F: _FLAG,
    0x10: _FLAG,
    0x11: _OPEN,  # opening
    0x12: _Object(2),  # carbon dioxide
    0x13: _Object(2),  # volatile compounds
    0x14: _Object(2),  # moisture
    **dict.fromkeys(range(0x15, 0x1A), _FLAG),
    0x1A: _OPEN,  # door
    0x1B: _OPEN,  # garage door
    **dict.fromkeys(range(0x1C, 0x21), _FLAG),
    0x21: _MOVING,  # motion seen
    0x22: _MOVING,  # moving
    **dict.fromkeys(range(0x23, 0x2C), _FLAG),
    0x2C: _MOVING,  # vibration
    0x2D: _OPEN,  # window
    0x2E: _Object(1, kind=MeasureKind.HUMIDITY_PERCENT),
    0x2F: _Object(1),  # moisture
    _BUTTON: _Object(1),
    0x3C: _Object(2),  # dimmer
    0x3D: _Object(2, kind=MeasureKind.COUNT),
    0x3E: _Object(4, kind=MeasureKind.COUNT),
    0x3F: _Object(2),  # rotation
    0x40: _Object(2),  # distance
    0x41: _Object(2),
    0x42: _Object(3),  # duration
    0x43: _Object(2),  # current
    0x44: _Object(2),  # speed
    0x45: _Object(2, signed=True, factor=0.1, kind=MeasureKind.TEMPERATURE_CELSIUS),
    0x46: _Object(1),  # ultraviolet index
    0x47: _Object(2),  # volume
    0x48: _Object(2),
    0x49: _Object(2),  # flow
    0x4A: _Object(2),  # voltage
    0x4B: _Object(3),  # gas
    0x4C: _Object(4),
    0x4D: _Object(4),  # energy
    0x4E: _Object(4),  # volume
    0x4F: _Object(4),  # water
    0x50: _Object(4),  # time
    0x51: _Object(2, factor=0.001 / _G, kind=MeasureKind.ACCELERATION_G),
    0x52: _Object(2),  # gyroscope
    0x55: _Object(4),  # volume in store
    0x56: _Object(2),  # conductivity
    0x57: _Object(1, signed=True, kind=MeasureKind.TEMPERATURE_CELSIUS),
    0x58: _Object(1, signed=True, factor=0.35, kind=MeasureKind.TEMPERATURE_CELSIUS),
    0x59: _Object(1, signed=True, kind=MeasureKind.COUNT),
    0x5A: _Object(2, signed=True, kind=MeasureKind.COUNT),
    0x5B: _Object(4, signed=True, kind=MeasureKind.COUNT),
    0x5C: _Object(4),  # power
    0x5D: _Object(2),  # current
    0x5E: _Object(2),  # direction
    0x5F: _Object(2),  # precipitation
    0x60: _Object(1),  # channel
    0xF0: _Object(2),  # type of device
    0xF1: _Object(4),  # version of its firmware
    0xF2: _Object(3),
}


def version_2(data: bytes) -> tuple[Measure, ...]:
    """What a payload of version 2 tells; nothing of one that is encrypted or of another version."""
    if not _is_version_2(data) or data[0] & _ENCRYPTED:
        return ()
    return _told(_objects_of_version_2(data))


def is_encrypted(data: bytes) -> bool:
    """Whether a payload is one of version 2 that is encrypted (`scans.payloads.encryption`)."""
    return _is_version_2(data) and bool(data[0] & _ENCRYPTED)


def head_in_clear(data: bytes) -> bytes:
    """The head that an encrypted payload would have if it were not."""
    return bytes([data[0] & ~_ENCRYPTED])


def _is_version_2(data: bytes) -> bool:
    return bool(data) and data[0] >> _VERSION_SHIFT == 2


def version_1(data: bytes) -> tuple[Measure, ...]:
    """What a payload of version 1 tells."""
    return _told(_objects_of_version_1(data))


def _objects_of_version_2(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Identifier and bytes of each object. What follows one that is not known cannot be told apart, and is left."""
    at = 1
    while at < len(data):
        identifier = data[at]
        if identifier in _WITH_LENGTH:
            at += 2 + (data[at + 1] if at + 1 < len(data) else 0)
            continue
        known = _OBJECTS.get(identifier)
        if known is None or at + 1 + known.size > len(data):
            return
        yield identifier, data[at + 1 : at + 1 + known.size]
        at += 1 + known.size


def _objects_of_version_1(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Identifier and bytes of each object: the lower five bits of the byte before say how many there are of both."""
    at = 0
    while at + 1 < len(data):
        length = data[at] & 0x1F
        if length < 2 or at + 1 + length > len(data):
            return
        yield data[at + 1], data[at + 2 : at + 1 + length]
        at += 1 + length


def _told(objects: Iterator[tuple[int, bytes]]) -> tuple[Measure, ...]:
    """The first of each kind: a device with two thermometers tells that of its own place first."""
    found: dict[MeasureKind, float] = {}
    for identifier, content in objects:
        known = _OBJECTS.get(identifier)
        if identifier == _BUTTON and content[0] in _PRESSES:
            found.setdefault(MeasureKind.BUTTON_PRESSES, _PRESSES[content[0]])
        elif known is not None and known.kind is not None:
            value = round(int.from_bytes(content, "little", signed=known.signed) * known.factor, 4)
            if is_plausible(known.kind, value):
                found.setdefault(known.kind, value)
    return tuple(Measure(kind, value) for kind, value in found.items())
