"""Counting: how many frames, addresses and devices there were in a scan, and in the window of the last ten minutes."""

from __future__ import annotations

import hmac
import secrets
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate, islice

from presence.counts import RSSI_CUTS_DBM, WINDOW, Counted, Cuts, FixtureHeard, RadioCounts
from presence.radio import Radio
from presence.scan import AddressKind
from scans.families import RANKS, Family, is_carried
from scans.fixtures import FixtureLearner, WhatStays
from scans.joining import joined
from scans.packing import packed
from scans.traces import Join, Sender, Trace

# Against a flood of made-up addresses: ten times a busy place, and more of a scan is not counted. When the scans of the
# window hold more than 25,000 together, at some 300 bytes each, the oldest of them are forgotten early.
_MOST_OF_A_SCAN = 5_000
_MOST_OF_A_WINDOW = 25_000

# Bluetooth addresses last for about 15 min: in twice that, the one before and the one after are both known.
_BLUETOOTH_MEMORY = timedelta(minutes=30)

# A window needs names that differ, not names that last: 16 bytes keep a million apart.
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class CountingRules:
    """How the devices of one radio are told.

    Attributes:
        join: Tells which addresses that do not stay are of the same device.
        is_carried: Whether what has this trace is carried by somebody, as far as what it sends tells.
        memory: How far back addresses are remembered, for joining; `WINDOW` at least.
    """

    join: Join
    is_carried: Callable[[Trace], bool]
    memory: timedelta = WINDOW


def rules_of(radio: Radio) -> CountingRules:
    """How devices are told by Wi-Fi, and by Bluetooth."""
    if radio is Radio.WIFI:
        # What is carried makes up its addresses; what stays in a place hardly ever does.
        return CountingRules(joined, lambda trace: trace.address_kind is AddressKind.RANDOMISED)
    return CountingRules(
        packed, lambda trace: is_carried(trace.family or Family.OTHER, trace.address_kind), _BLUETOOTH_MEMORY
    )


class Window:
    """What one radio heard in the last ten minutes, by the times of its scans; of Bluetooth half an hour is remembered.

    No address is in it: each is named by HMAC-SHA-256 under a key that is made at the start and never stored. Neither
    is anything of the window.

    Args:
        rules: How devices are told.
        secret: The key: random bytes.
        fixtures: Learns what stays; None where nobody asks.
    """

    def __init__(self, rules: CountingRules, secret: bytes, fixtures: FixtureLearner | None = None) -> None:
        self._rules = rules
        self._secret = secret
        self._fixtures = fixtures
        self._scans: deque[_Scan] = deque()
        self._traces: _Traces = {}
        self._devices: dict[bytes, int] = {}

    def count(self, started_at: datetime, senders: Iterable[Sender]) -> RadioCounts:
        """Take a scan in, and count.

        Args:
            started_at: When it began. Scans that are older than the window are forgotten, and so are those that are
                later: the clock was put back since.
            senders: Who was heard in it.
        """
        at = started_at.timestamp()
        named = {self._name(sender): sender for sender in islice(senders, _MOST_OF_A_SCAN)}
        if self._fixtures is not None:
            self._fixtures.take(started_at, named)
        heard = {name: sender.trace for name, sender in named.items()}
        self._remember(at, heard)
        self._devices = _devices(self._traces, self._rules.join)
        begin = at - WINDOW.total_seconds()
        in_window = self._traces if self._rules.memory == WINDOW else _since(begin, self._traces)
        return RadioCounts(
            scan=_counted(heard, self._devices, self._rules),
            window=_counted(in_window, self._devices, self._rules),
            window_scans=sum(scan.at > begin for scan in self._scans),
            fixtures=tuple(self._fixtures_in(in_window, at)),
        )

    def _remember(self, at: float, heard: _Traces) -> None:
        """Add a scan to what is remembered, and forget what has left."""
        oldest = at - self._rules.memory.total_seconds()
        left = [scan for scan in self._scans if not oldest < scan.at < at]
        kept = deque(scan for scan in self._scans if oldest < scan.at < at)
        kept.append(_Scan(at, tuple(heard)))
        while sum(len(scan.names) for scan in kept) > _MOST_OF_A_WINDOW:
            left.append(kept.popleft())
        self._scans = kept
        times = {scan.at for scan in kept if scan.at < at}
        for name in {name for scan in left for name in scan.names}:
            trace = self._traces.pop(name)
            if glimpses := tuple(glimpse for glimpse in trace.glimpses if glimpse.scan_at in times):
                self._traces[name] = replace(trace, glimpses=glimpses)
        for name, trace in heard.items():
            before = self._traces.get(name)
            self._traces[name] = trace if before is None else _joined(before, trace)

    @property
    def devices_remembered(self) -> int:
        """How many devices were heard in all the time that is remembered."""
        return len(set(self._devices.values()))

    def _fixtures_in(self, traces: _Traces, at: float) -> Iterator[FixtureHeard]:
        for name, trace in traces.items():
            fixture = None if self._fixtures is None else self._fixtures.known_as(name)
            if fixture is not None:
                now = [glimpse for glimpse in trace.glimpses if glimpse.scan_at == at]
                yield FixtureHeard(
                    digest=fixture.digest,
                    manufacturer=fixture.manufacturer,
                    sendings=sum(glimpse.sendings for glimpse in now),
                    bursts=sum(glimpse.bursts for glimpse in now),
                    window_sendings=sum(glimpse.sendings for glimpse in trace.glimpses),
                    window_bursts=sum(glimpse.bursts for glimpse in trace.glimpses),
                    window_scans=len(trace.glimpses),
                    cut=_cut(*_readings(trace)),
                    is_carried=self._rules.is_carried(trace),
                )

    def _name(self, sender: Sender) -> bytes:
        return hmac.digest(self._secret, sender.address.encode(), "sha256")[:_NAME_BYTES]


def new_windows(what_stays: WhatStays | None = None) -> dict[Radio, Window]:
    """A window for each radio, under a key of their own.

    Args:
        what_stays: How to learn what stays at the place; None where nobody asks.
    """
    secret = secrets.token_bytes(32)
    return {
        radio: Window(rules_of(radio), secret, None if what_stays is None else FixtureLearner(radio, what_stays))
        for radio in Radio
    }


_Traces = dict[bytes, Trace]
"""Each address under its name of the moment."""


@dataclass(frozen=True, slots=True)
class _Scan:
    at: float
    names: tuple[bytes, ...]


def _joined(before: Trace, after: Trace) -> Trace:
    """One address in scans and in the next."""
    families = [trace.family for trace in (before, after) if trace.family is not None]
    return Trace(
        address_kind=after.address_kind,
        is_stable=before.is_stable or after.is_stable,
        family=min(families, key=RANKS.__getitem__, default=None),
        glimpses=before.glimpses + after.glimpses,
    )


def _since(begin: float, traces: _Traces) -> _Traces:
    """What was sent in scans after a time."""
    return {
        name: trace
        if trace.glimpses[0].scan_at > begin
        else replace(trace, glimpses=tuple(glimpse for glimpse in trace.glimpses if glimpse.scan_at > begin))
        for name, trace in traces.items()
        if trace.glimpses[-1].scan_at > begin
    }


def _devices(traces: _Traces, join: Join) -> dict[bytes, int]:
    """The number of the device of each address; one that stays is a device by itself."""
    rotating = [name for name, trace in traces.items() if not trace.is_stable]
    told = dict(zip(rotating, join([traces[name] for name in rotating]), strict=True))
    staying = (name for name in traces if name not in told)
    return told | {name: number for number, name in enumerate(staying, len(rotating))}


class _Device:
    """What is known of a device while it is counted."""

    __slots__ = ("is_carried", "readings", "scans", "total_dbm")

    def __init__(self) -> None:
        self.readings = 0
        self.total_dbm = 0.0
        self.scans: set[float] = set()
        self.is_carried = False


def _counted(traces: _Traces, devices: dict[bytes, int], rules: CountingRules) -> Counted:
    """Count what some addresses are; each belongs to the cuts that the mean of its own readings reaches."""
    grouped: defaultdict[int, _Device] = defaultdict(_Device)
    told: dict[int, int] = {}
    cuts: dict[str, list[int]] = defaultdict(lambda: [0] * len(RSSI_CUTS_DBM))
    for name, trace in traces.items():
        readings, total_dbm = _readings(trace)
        cut = _cut(readings, total_dbm)
        cuts["addresses"][cut] += 1
        cuts["sendings"][cut] += sum([glimpse.sendings for glimpse in trace.glimpses])
        cuts["bursts"][cut] += sum([glimpse.bursts for glimpse in trace.glimpses])
        device = grouped[devices[name]]
        device.readings += readings
        device.total_dbm += total_dbm
        device.scans.update([glimpse.scan_at for glimpse in trace.glimpses])
        device.is_carried = device.is_carried or rules.is_carried(trace)
        if trace.is_stable:
            cuts["stable"][cut] += 1
            continue
        for fingerprint in {glimpse.fingerprint for glimpse in trace.glimpses if glimpse.fingerprint is not None}:
            told[fingerprint] = max(told.get(fingerprint, 0), cut)
    for cut in told.values():
        cuts["fingerprints"][cut] += 1
    _add_devices(cuts, grouped.values())
    return Counted(**{name: _at_or_above(numbers) for name, numbers in cuts.items()})


def _add_devices(cuts: dict[str, list[int]], devices: Iterable[_Device]) -> None:
    for device in devices:
        cut, scans = _cut(device.readings, device.total_dbm), len(device.scans)
        cuts["devices"][cut] += 1
        cuts["carried"][cut] += device.is_carried
        cuts["once"][cut] += scans == 1
        cuts["twice"][cut] += scans == 2


def _readings(trace: Trace) -> tuple[int, float]:
    """How many readings there were, and their sum."""
    readings, total_dbm = 0, 0.0
    for glimpse in trace.glimpses:
        if glimpse.rssi_dbm is not None:
            readings += glimpse.readings
            total_dbm += glimpse.readings * glimpse.rssi_dbm
    return readings, total_dbm


def _cut(readings: int, total_dbm: float) -> int:
    """Index of the highest cut that the mean of readings reaches; what had no reading is let in by the first."""
    return bisect_right(RSSI_CUTS_DBM, total_dbm / readings) - 1 if readings else 0


def _at_or_above(numbers: Sequence[int]) -> Cuts:
    """From numbers by the highest cut reached to numbers at or above each."""
    return tuple(accumulate(reversed(numbers)))[::-1]
