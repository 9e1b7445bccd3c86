"""A scan as one line: JSON for other programs, words for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from links.moments import iso
from presence.faults import Fault, advice_for
from presence.radio import Radio
from presence.scan import DeviceObservation, Heard, Hearing, Scan

# Readings finer than a tenth of a decibel are noise.
_DECIMALS = 1


def scan_as_json(scan: Scan, with_devices: bool) -> str:
    """One scan in one line.

    Args:
        scan: What was heard. A radio that was not heard has null where its number of devices would stand, never 0.
        with_devices: Whether each device is listed, under its hashed name.
    """
    return json.dumps(
        {
            "sensor": scan.sensor,
            "started_at": iso(scan.started_at),
            "duration_seconds": round(scan.duration_seconds, 1),
            "clock_is_right": scan.clock_is_right,
            "wifi": _hearing(Radio.WIFI, scan.wifi, with_devices),
            "bluetooth": _hearing(Radio.BLUETOOTH, scan.bluetooth, with_devices),
        },
        ensure_ascii=False,
    )


def scan_as_text(scan: Scan) -> str:
    """One scan in one line of words; its time is in UTC."""
    return f"{scan.started_at:%Y-%m-%d %H:%M}  " + "  ".join(
        f"{radio.label}: {len(hearing.observations) if isinstance(hearing, Heard) else 'not heard'}"
        for radio in Radio
        for hearing in (scan.hearing(radio),)
    )


def _hearing(radio: Radio, hearing: Hearing, with_devices: bool) -> dict[str, object]:
    if not isinstance(hearing, Heard):
        return {"device_count": None, "fault": _fault(radio, hearing.fault)}
    observations = hearing.observations
    said: dict[str, object] = {
        "device_count": len(observations),
        "sighting_count": sum(observation.sighting_count for observation in observations),
        "by_zone": _counts(observation.zone for observation in observations),
        "by_address_kind": _counts(observation.address_kind for observation in observations),
        "fault": None if hearing.cut_short is None else _fault(radio, hearing.cut_short),
    }
    if with_devices:
        said["devices"] = [_device(observation) for observation in observations]
    return said


def _counts(values: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(str(value) if value else "unknown" for value in values).items()))


def _fault(radio: Radio, fault: Fault) -> dict[str, str]:
    return {
        "reason": fault.reason.value,
        "advice": advice_for(radio, fault.reason),
        "detail": fault.detail,
        "recovery": fault.recovery,
    }


def _device(observation: DeviceObservation) -> dict[str, object]:
    return {
        "device_hash": observation.device_hash,
        "manufacturer": observation.manufacturer,
        "address_kind": observation.address_kind.value,
        "rssi_mean_dbm": _rounded(observation.rssi_mean_dbm),
        "rssi_std_db": _rounded(observation.rssi_std_db),
        "sighting_count": observation.sighting_count,
        "zone": observation.zone.value if observation.zone else None,
        "ssids": list(observation.ssids),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)
