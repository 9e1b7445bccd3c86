"""Counts as tests write them: so many devices, all near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from presence.counts import RSSI_CUTS_DBM, Counted, Cuts, FixtureHeard, RadioCounts
from presence.scan import DeviceObservation, Heard, Scan
from tests.db.scanning import hash_of, scan


def cuts(number: int) -> Cuts:
    """The same number at every cut."""
    return (number,) * len(RSSI_CUTS_DBM)


def counts(devices: int, *fixtures: FixtureHeard) -> RadioCounts:
    """So many devices, in the scan and in the window; the fixtures are among them."""
    number = cuts(devices)
    counted = Counted(
        sendings=cuts(3 * devices), bursts=number, addresses=number, devices=number, carried=number, once=number
    )
    return RadioCounts(counted, counted, 10, fixtures)


def fixture(name: str, manufacturer: str | None = "Brother") -> FixtureHeard:
    """A thing that stays, by a name."""
    return FixtureHeard(hash_of(name), manufacturer, 2, 1, 20, 10, 10, len(RSSI_CUTS_DBM) - 1, is_carried=False)


def counting_scan(
    at: datetime,
    wifi: RadioCounts | None,
    bluetooth: RadioCounts | None = None,
    *,
    sensor: str = "box",
    heard: Sequence[DeviceObservation] = (),
) -> Scan:
    """A scan that counted, and heard some devices by Wi-Fi; None for a radio that does not count."""
    made = scan(at, heard, sensor=sensor)
    assert isinstance(made.wifi, Heard)
    assert isinstance(made.bluetooth, Heard)
    return replace(made, wifi=replace(made.wifi, counts=wifi), bluetooth=replace(made.bluetooth, counts=bluetooth))
