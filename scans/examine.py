"""Examines what hearing needs of this machine; changes nothing for good."""

from __future__ import annotations

import asyncio
import shutil
import stat
from pathlib import Path

from presence.faults import Fault, FaultReason, advice_for
from presence.findings import Finding
from presence.radio import Radio
from scans.adapter import bluetooth_state
from scans.clock import Clock, is_right
from scans.wifi import CaptureSource


def examine_hearing(
    *, wifi: CaptureSource | None, has_bluetooth: bool, adapter: str | None, key_path: Path | None, clock: Clock
) -> tuple[Finding, ...]:
    """Whether each radio can listen, whether the clock is right, and whether the visitor key is for its owner only.

    Args:
        wifi: What Wi-Fi would be captured from; None when Wi-Fi is switched off. It is tried, and put back.
        has_bluetooth: Whether Bluetooth is switched on.
        adapter: The Bluetooth adapter that is meant; None for any.
        key_path: Where the visitor key lies; None for a database in memory.
        clock: The machine's clock.
    """
    findings = [_examine_tshark()]
    if wifi is not None:
        findings.append(_examine_wifi(wifi))
    if has_bluetooth:
        trouble = asyncio.run(bluetooth_state()).trouble_with(adapter)
        findings.append(_of_radio(Radio.BLUETOOTH, trouble, "an adapter is there, and switched on"))
    findings.append(_examine_clock(clock))
    if key_path is not None and key_path.exists():
        findings.append(_examine_key(key_path))
    return tuple(findings)


def _examine_tshark() -> Finding:
    path = shutil.which("tshark")
    if path is None:
        return Finding("tshark", "is not installed", advice_for(Radio.WIFI, FaultReason.TSHARK_MISSING))
    return Finding("tshark", path)


def _examine_wifi(source: CaptureSource) -> Finding:
    try:
        prepared = source.prepare()
    finally:
        source.close()
    if isinstance(prepared, Fault):
        return _of_radio(Radio.WIFI, prepared, "")
    return _of_radio(Radio.WIFI, None, f"{prepared} listens in monitor mode")


def _of_radio(radio: Radio, trouble: Fault | None, fine: str) -> Finding:
    if trouble is None:
        return Finding(radio.label, fine)
    says = trouble.reason.replace("_", " ") + (f" ({trouble.detail})" if trouble.detail else "")
    return Finding(radio.label, says, advice_for(radio, trouble.reason))


def _examine_clock(clock: Clock) -> Finding:
    now_at = clock.wall()
    if not is_right(now_at, None, is_synchronised=False):
        return Finding(
            "Clock",
            f"shows {now_at:%Y-%m-%d}",
            "Connect the Pi to the internet, or type: sudo date -s 'YYYY-MM-DD HH:MM'",
        )
    kept = "kept right by a time server" if clock.is_synchronised() else "not kept right by a time server, and believed"
    return Finding("Clock", f"shows {now_at:%Y-%m-%d %H:%M} UTC, {kept}")


def _examine_key(path: Path) -> Finding:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("Visitor key", "others on this machine can read it", f"chmod 600 {path}")
    return Finding("Visitor key", "for its owner only")
