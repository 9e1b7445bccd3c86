"""RuuviTag's data formats 3 and 5.

Source: docs.ruuvi.com/communication/bluetooth-advertisements. Numbers are big-endian.
"""

from __future__ import annotations

from presence.tags import Measure
from scans.payloads.figures import length_of_vector, measures, unpacked

COMPANY = 0x0499

_NO_SIGNED = -0x8000
_NO_UNSIGNED = 0xFFFF
_NO_COUNT = 0xFF
# The upper eleven bits are millivolts above this; all ones stand for none.
_LEAST_MILLIVOLTS = 1600
_NO_MILLIVOLTS = 0x7FF
_LEAST_PASCALS = 50_000


def told(data: bytes) -> tuple[Measure, ...]:
    """What the maker's data tell; nothing of formats of other products."""
    if not data:
        return ()
    return _FORMATS[data[0]](data) if data[0] in _FORMATS else ()


def _format_5(data: bytes) -> tuple[Measure, ...]:
    found = unpacked(">hHHhhhHB", data, 1)
    if found is None:
        return ()
    temperature, humidity, pressure, *acceleration, power, movements = found
    millivolts = power >> 5
    return measures(
        temperature_celsius=None if temperature == _NO_SIGNED else temperature * 0.005,
        humidity_percent=None if humidity == _NO_UNSIGNED else humidity * 0.0025,
        pressure_hpa=None if pressure == _NO_UNSIGNED else (pressure + _LEAST_PASCALS) / 100,
        acceleration_g=None if _NO_SIGNED in acceleration else length_of_vector(*acceleration),
        battery_volts=None if millivolts == _NO_MILLIVOLTS else (millivolts + _LEAST_MILLIVOLTS) / 1000,
        movement_count=None if movements == _NO_COUNT else movements,
    )


def _format_3(data: bytes) -> tuple[Measure, ...]:
    found = unpacked(">BBBHhhhH", data, 1)
    if found is None:
        return ()
    humidity, degrees, hundredths, pressure, *acceleration, millivolts = found
    size = (degrees & 0x7F) + hundredths / 100  # the uppermost bit is the sign
    return measures(
        humidity_percent=humidity * 0.5,
        temperature_celsius=-size if degrees & 0x80 else size,
        pressure_hpa=(pressure + _LEAST_PASCALS) / 100,
        acceleration_g=length_of_vector(*acceleration),
        battery_volts=millivolts / 1000,
    )


_FORMATS = {3: _format_3, 5: _format_5}
