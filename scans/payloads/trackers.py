"""Tags made to be carried or fixed to things, and figures told as Bluetooth's own characteristics.

Sources: wiki.teltonika-gps.com, "EYE sensor, Bluetooth frame parsing"; help.mikrotik.com, "MikroTik tag advertisement
formats"; github.com/rbaron/b-parasite; the Bluetooth GATT Specification Supplement.
"""

from __future__ import annotations

from presence.tags import Measure
from scans.payloads.figures import length_of_vector, measures, unpacked

TELTONIKA_COMPANY = 0x089A
MIKROTIK_COMPANY = 0x094F
HOLYIOT_SERVICE = 0x5242
B_PARASITE_SERVICE = 0x181A
TEMPERATURE_SERVICE = 0x2A6E
HUMIDITY_SERVICE = 0x2A6F
BATTERY_SERVICE = 0x2A19

_NO_TEMPERATURE = -0x8000
_B_PARASITE_BYTES = (16, 18)
# Teltonika: which figures follow, in this order; the last two are bits of their own.
_T_TEMPERATURE, _T_HUMIDITY, _T_MAGNET, _T_MAGNET_IS_NEAR, _T_MOVEMENT, _T_ANGLE, _T_BATTERY = 1, 2, 4, 8, 16, 32, 128


def teltonika(data: bytes) -> tuple[Measure, ...]:
    """Teltonika's EYE sensor, version 1 of its frame."""
    if len(data) < 2 or data[0] != 1:
        return ()
    flags, at = data[1], 2
    told: dict[str, float] = {}
    if flags & _T_MAGNET:  # in a door, the magnet is near while it is closed
        told["open"] = 0.0 if flags & _T_MAGNET_IS_NEAR else 1.0
    for bit, layout in (
        (_T_TEMPERATURE, ">h"),
        (_T_HUMIDITY, ">B"),
        (_T_MOVEMENT, ">H"),
        (_T_ANGLE, ">bh"),
        (_T_BATTERY, ">B"),
    ):
        if not flags & bit:
            continue
        found = unpacked(layout, data, at)
        if found is None:
            break
        told |= _teltonika_figure(bit, found[0])
        at += {">h": 2, ">B": 1, ">H": 2, ">bh": 3}[layout]
    return measures(**told)


def _teltonika_figure(bit: int, number: int) -> dict[str, float]:
    match bit:
        case 1:
            return {"temperature_celsius": number / 100}
        case 2:
            return {"humidity_percent": number}
        case 16:  # the uppermost bit says that it moves now, the others count
            return {"moving": number >> 15, "movement_count": number & 0x7FFF}
        case 128:
            return {"battery_volts": (2000 + 10 * number) / 1000}
    return {}


def mikrotik(data: bytes) -> tuple[Measure, ...]:
    """MikroTik's TG-BT5, not encrypted: acceleration and temperature in 256ths."""
    found = unpacked("<BBHhhhhIBB", data)
    if found is None or found[0] != 1:
        return ()
    *_, x, y, z, temperature, _uptime, _flags, battery = found
    return measures(
        acceleration_g=length_of_vector(*(round(1000 * axis / 256) for axis in (x, y, z))),
        temperature_celsius=None if temperature == _NO_TEMPERATURE else temperature / 256,
        battery_percent=battery,
    )


def holyiot(data: bytes) -> tuple[Measure, ...]:
    """Holyiot's sensor tags: battery, and one figure in each advertisement."""
    found = unpacked(">BB6xxxBB", data)
    if found is None or found[0] != 0x41:
        return ()
    _, battery, figure, value = found
    return measures(
        battery_percent=battery,
        moving=1 if figure == 4 and value else None,
        button_presses=1 if figure == 6 and value else None,
    )


def b_parasite(data: bytes) -> tuple[Measure, ...]:
    """b-parasite, the soil sensor; the first four bits are the version of its protocol."""
    found = unpacked(">HhH", data, 2)
    if len(data) not in _B_PARASITE_BYTES or data[0] >> 4 != 1 or found is None:
        return ()
    millivolts, temperature, humidity = found
    return measures(
        battery_volts=millivolts / 1000,
        temperature_celsius=temperature / 1000,
        humidity_percent=100 * humidity / 0xFFFF,
    )


def temperature(data: bytes) -> tuple[Measure, ...]:
    """Bluetooth's own characteristic "Temperature"."""
    found = unpacked("<h", data)
    return measures(temperature_celsius=found[0] / 100) if found and len(data) == 2 else ()


def humidity(data: bytes) -> tuple[Measure, ...]:
    """Bluetooth's own characteristic "Humidity"; some write whole per cent in one byte."""
    if len(data) == 1:
        return measures(humidity_percent=data[0])
    found = unpacked("<H", data)
    return measures(humidity_percent=found[0] / 100) if found and len(data) == 2 else ()


def battery(data: bytes) -> tuple[Measure, ...]:
    """Bluetooth's own characteristic "Battery Level"."""
    return measures(battery_percent=data[0]) if len(data) == 1 else ()
