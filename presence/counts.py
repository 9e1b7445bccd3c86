"""What a scan counted: numbers without identity, enough to estimate people anew at any later time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta

from presence.radio import Radio

# Signals at or above each of these count; the first lets everything in, readings or none. How far a place reaches
# differs from site to site, so the cut that fits is chosen by calibration, and not here.
RSSI_CUTS_DBM = (-127, -85, -80, -75, -70, -65, -60, -55)

# An idle phone is heard in one 10 s window out of five: over ten minutes most of those that send at all are heard.
WINDOW = timedelta(minutes=10)

Cuts = tuple[int, ...]
"""A number for each cut of `RSSI_CUTS_DBM`, never greater than the one before."""

NO_CUTS: Cuts = (0,) * len(RSSI_CUTS_DBM)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in a time, at or above each cut. Fixtures are among it (see `RadioCounts.fixtures`).

    Attributes:
        sendings: Probe requests, or advertisements.
        bursts: Groups of them: those of one address that follow each other within a second or so.
        addresses: Different addresses.
        fingerprints: Different sets of information elements among randomised addresses (Wi-Fi; 0 for Bluetooth).
        stable: Devices whose address stays: global ones, and stations associated with an access point (Wi-Fi); public
            and static ones (Bluetooth).
        devices: Different devices, once addresses of the same were joined; the stable ones among them.
        carried: Those of the devices that stand for the people who carry them, as far as what they send tells: phones
            and computers, not the watch beside the phone.
        once: Those of the devices that were heard in exactly one of the scans.
        twice: Those that were heard in exactly two.
    """

    sendings: Cuts = NO_CUTS
    bursts: Cuts = NO_CUTS
    addresses: Cuts = NO_CUTS
    fingerprints: Cuts = NO_CUTS
    stable: Cuts = NO_CUTS
    devices: Cuts = NO_CUTS
    carried: Cuts = NO_CUTS
    once: Cuts = NO_CUTS
    twice: Cuts = NO_CUTS


COUNTED_NAMES = tuple(field.name for field in fields(Counted))


@dataclass(frozen=True, slots=True)
class FixtureHeard:
    """A thing that stays at the place, as one scan heard it; it may be taken off the counts.

    Attributes:
        digest: 64 hexadecimal digits: its address under the registry key, which does not rotate. Only what was heard
            through the night or for most of a day has one.
        manufacturer: Its maker; None when nothing tells.
        sendings: Its probe requests or advertisements in this scan; 0 when it was only heard earlier in the window.
        bursts: Its bursts in this scan.
        window_sendings: Its probe requests or advertisements in the window.
        window_bursts: Its bursts in the window.
        window_scans: In how many scans of the window it was heard.
        cut: Index of the highest of `RSSI_CUTS_DBM` that its mean RSSI reaches.
        is_carried: Whether it counts among `Counted.carried`.
    """

    digest: str
    manufacturer: str | None
    sendings: int
    bursts: int
    window_sendings: int
    window_bursts: int
    window_scans: int
    cut: int
    is_carried: bool


@dataclass(frozen=True, slots=True)
class RadioCounts:
    """What one radio counted, as of one scan.

    Attributes:
        scan: In this scan.
        window: In the scans of the last `WINDOW`, this one included, each device once.
        window_scans: How many scans of the window the radio heard in, this one included; fewer after a start or a
            fault.
        fixtures: Things that stay, each counted in `scan` and `window` as one stable device with one address.
    """

    scan: Counted
    window: Counted
    window_scans: int
    fixtures: tuple[FixtureHeard, ...] = ()


@dataclass(frozen=True, slots=True)
class SensorCounts:
    """What one sensor counted in one scan. A radio that was not heard has None, which is never taken for zero.

    Attributes:
        wifi: By Wi-Fi.
        bluetooth: By Bluetooth.
    """

    wifi: RadioCounts | None
    bluetooth: RadioCounts | None

    def radio(self, radio: Radio) -> RadioCounts | None:
        """What was counted by one radio."""
        return self.wifi if radio is Radio.WIFI else self.bluetooth
