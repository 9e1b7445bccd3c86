"""Govee's thermometers, not those for meat: a probe in an oven is no tag.

Source: what owners found out, as written down for github.com/custom-components/ble_monitor and theengs.io; Govee itself
publishes nothing.
"""

from __future__ import annotations

from presence.tags import Measure
from scans.payloads.figures import measures, unpacked

COMPANY = 0xEC88
# H5101, H5102, H5177 and H5178 say that they are Nokia's; what follows tells them from real ones.
COMPANY_OF_OTHERS = 0x0001
COMPANY_OF_H5179 = 0x8801

_OTHERS_BEGIN = b"\x01\x01"
_H5179_BEGINS = b"\xec\x00\x01\x01"
# This one measures dust, and packs it into the same bytes.
_DUST_METER = "GVH5106"
_BELOW_ZERO = 0x800000


def told(data: bytes) -> tuple[Measure, ...]:
    """What the maker's data tell; their length tells the model."""
    if len(data) == 6:  # H5072, H5075
        return _packed(data[1:4], data[4])
    if len(data) in {7, 9}:  # H5074, H5051
        return _plain(data[1:6])
    return ()


def told_by_others(data: bytes, name: str | None) -> tuple[Measure, ...]:
    """The same of models under another company's number; of H5178 the box itself, not the sensor beside it."""
    if not data.startswith(_OTHERS_BEGIN) or (name or "").startswith(_DUST_METER):
        return ()
    if len(data) == 6:
        return _packed(data[2:5], data[5])
    return _packed(data[3:6], data[6]) if len(data) == 9 and data[2] == 0 else ()


def told_by_h5179(data: bytes) -> tuple[Measure, ...]:
    """The same of H5179."""
    return _plain(data[4:9]) if data.startswith(_H5179_BEGINS) else ()


def _packed(three: bytes, battery: int) -> tuple[Measure, ...]:
    """Ten thousandths of a degree, whose last three decimals are tenths of per cent of humidity."""
    number = int.from_bytes(three, "big")
    size, sign = number & ~_BELOW_ZERO, -1 if number & _BELOW_ZERO else 1
    return measures(
        temperature_celsius=sign * (size // 1000) / 10,
        humidity_percent=size % 1000 / 10,
        battery_percent=battery & 0x7F,  # the uppermost bit says that the sensor failed
    )


def _plain(five: bytes) -> tuple[Measure, ...]:
    found = unpacked("<hHB", five)
    if found is None:
        return ()
    temperature, humidity, battery = found
    return measures(temperature_celsius=temperature / 100, humidity_percent=humidity / 100, battery_percent=battery)
