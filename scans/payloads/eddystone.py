"""Eddystone's telemetry, and the frame that KKM's beacons send beside it.

Source: github.com/google/eddystone, eddystone-tlm/tlm-plain.md. Numbers are big-endian, temperatures in 256ths.
"""

from __future__ import annotations

from presence.tags import Measure
from scans.payloads.figures import length_of_vector, measures, unpacked

SERVICE = 0xFEAA

_TELEMETRY = b"\x20\x00"  # frame type, version of plain telemetry
_KKM_SENSORS = b"\x21\x01\x07"  # frame type, version, and "voltage, temperature and humidity" before the acceleration
_NO_TEMPERATURE = -0x8000


def telemetry(data: bytes) -> tuple[Measure, ...]:
    """What a frame for the service tells; nothing of one that identifies, and of encrypted telemetry."""
    if data.startswith(_TELEMETRY) and (told := unpacked(">Hh", data, 2)):
        millivolts, temperature = told
        return measures(
            battery_volts=millivolts / 1000 if millivolts else None,
            temperature_celsius=None if temperature == _NO_TEMPERATURE else temperature / 256,
        )
    if data.startswith(_KKM_SENSORS) and (told := unpacked(">Hhhhhh", data, 3)):
        millivolts, temperature, humidity, *acceleration = told
        return measures(
            battery_volts=millivolts / 1000,
            temperature_celsius=temperature / 256,
            humidity_percent=humidity / 256,
            acceleration_g=length_of_vector(*acceleration),
        )
    return ()
