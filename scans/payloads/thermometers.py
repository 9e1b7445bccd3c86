"""Thermometers of several makers, each with a format of its own.

Source: what owners found out, as written down for github.com/custom-components/ble_monitor and theengs.io, but for
SwitchBot, which describes its own at github.com/OpenWonderLabs/SwitchBotAPI-BLE, and Jaalee's, in its manual.
"""

from __future__ import annotations

from presence.tags import Measure
from scans.payloads.figures import measures, unpacked

SWITCHBOT_SERVICE = 0xFD3D
OLDER_SWITCHBOT_SERVICE = 0x000D
JAALEE_COMPANY = 0x004C  # Apple's: it sends an iBeacon whose numbers are the weather
THERMOBEACON_COMPANIES = (0x0010, 0x0011, 0x0014, 0x0015, 0x0018, 0x001B)
BLUEMAESTRO_COMPANY = 0x0133

# Names of those that use the company identifier itself for a figure, so that there is nothing else to know them by.
_INKBIRD_NAMES = ("sps", "tps")
_THERMOPRO_NAMES = ("TP35", "TP39")

_SWITCHBOT_METERS = b"Ti"
_THERMOBEACON_BYTES = 18
_JAALEE_BEACON = bytes.fromhex("0215ebefd08370a247c89837e7b5634df525")
_JAALEE_BYTES = 24
_BLUEMAESTRO_VERSIONS = (23, 27)


def inkbird(company: int, data: bytes, name: str | None) -> tuple[Measure, ...]:
    """IBS-TH1 and TH2: the company identifier is the temperature."""
    found = unpacked("<HBHB", data)
    if name not in _INKBIRD_NAMES or len(data) != 7 or found is None:
        return ()
    humidity, _, _, battery = found
    return measures(
        temperature_celsius=_signed_16(company) / 100,
        humidity_percent=humidity / 100 if name == "sps" else None,
        battery_percent=battery,
    )


def thermopro(company: int, data: bytes, name: str | None) -> tuple[Measure, ...]:
    """TP357 and its like: the upper byte of the company identifier is the lower one of the temperature."""
    if not (name or "").startswith(_THERMOPRO_NAMES) or len(data) < 2:
        return ()
    temperature = _signed_16(company >> 8 | data[0] << 8)
    return measures(temperature_celsius=temperature / 10, humidity_percent=data[1])


def thermobeacon(data: bytes) -> tuple[Measure, ...]:
    """ThermoBeacon, sold under a dozen names."""
    found = unpacked("<HhH", data, 8)
    if len(data) != _THERMOBEACON_BYTES or found is None:
        return ()
    millivolts, temperature, humidity = found
    return measures(
        battery_volts=millivolts / 1000, temperature_celsius=temperature / 16, humidity_percent=humidity / 16
    )


def bluemaestro(data: bytes) -> tuple[Measure, ...]:
    """Tempo Disc with humidity."""
    found = unpacked(">BBHHhH", data)
    if found is None or found[0] not in _BLUEMAESTRO_VERSIONS:
        return ()
    _, battery, _, _, temperature, humidity = found
    return measures(battery_percent=battery, temperature_celsius=temperature / 10, humidity_percent=humidity / 10)


def switchbot(data: bytes) -> tuple[Measure, ...]:
    """SwitchBot's meters; its other products say other things in the same place."""
    if len(data) < 6 or data[0] & 0x7F not in _SWITCHBOT_METERS:
        return ()
    size = (data[4] & 0x7F) + (data[3] & 0x0F) / 10
    return measures(
        battery_percent=data[2] & 0x7F,
        temperature_celsius=size if data[4] & 0x80 else -size,
        humidity_percent=data[5] & 0x7F,
    )


def jaalee(data: bytes) -> tuple[Measure, ...]:
    """Jaalee's iBeacon, by its makers' UUID: raw numbers of a Sensirion SHT20 (its data sheet, section 6)."""
    found = unpacked(">HHbB", data, len(_JAALEE_BEACON))
    if not data.startswith(_JAALEE_BEACON) or len(data) != _JAALEE_BYTES or found is None:
        return ()
    temperature, humidity, _, battery = found
    return measures(
        temperature_celsius=175.72 * temperature / 65536 - 46.85,
        humidity_percent=125 * humidity / 65536 - 6,
        battery_percent=battery,
    )


def _signed_16(number: int) -> int:
    return number - 0x10000 if number & 0x8000 else number
