"""Joining: which randomised Wi-Fi addresses are of the same device."""

from __future__ import annotations

from collections.abc import Sequence

from scans.traces import Trace


def joined_by_fingerprint(traces: Sequence[Trace]) -> list[int]:
    """Take addresses whose probe requests say the same for those of one device; see `scans.traces.Join`."""
    devices: dict[int, int] = {}
    return [
        number if (fingerprint := _fingerprint(trace)) is None else devices.setdefault(fingerprint, number)
        for number, trace in enumerate(traces)
    ]


def _fingerprint(trace: Trace) -> int | None:
    return next((glimpse.fingerprint for glimpse in trace.glimpses if glimpse.fingerprint is not None), None)
