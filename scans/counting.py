"""Counting: how many frames, addresses and devices there were in a scan, and in the window of the last ten minutes."""

from __future__ import annotations

import hmac
import secrets
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
        self._devices: dict[bytes, int] = {}

    def count(self, started_at: datetime, senders: Iterable[Sender]) -> RadioCounts:
        """Take a scan in, and count.

        Args:
            started_at: When it began. Scans that are older than the window are forgotten, and so are those that are
                later: the clock was put back since.
            senders: Who was heard in it.
        """
        at = started_at.timestamp()
        self._scans = deque(one for one in self._scans if at - self._rules.memory.total_seconds() < one.at < at)
        named = {self._name(sender): sender for sender in islice(senders, _MOST_OF_A_SCAN)}
        if self._fixtures is not None:
            self._fixtures.take(started_at, named)
        heard = {name: sender.trace for name, sender in named.items()}
        self._scans.append(_Scan(at, heard))
        while sum(len(one.heard) for one in self._scans) > _MOST_OF_A_WINDOW:
            self._scans.popleft()
        self._devices = _devices(_merged(self._scans), self._rules.join)
        scans = [one for one in self._scans if one.at > at - WINDOW.total_seconds()]
        in_window = _merged(scans)
        return RadioCounts(
            scan=_counted(heard, self._devices, self._rules),
            window=_counted(in_window, self._devices, self._rules),
            window_scans=len(scans),
            fixtures=tuple(self._fixtures_in(in_window, at)),
        )

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
                    cut=_cut([trace]),
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
    heard: _Traces


def _merged(scans: Iterable[_Scan]) -> _Traces:
    """Each address with all that it sent in some scans."""
    found: defaultdict[bytes, list[Trace]] = defaultdict(list)
    for scan in scans:
        for name, trace in scan.heard.items():
            found[name].append(trace)
    return {name: traces[0] if len(traces) == 1 else _joined(traces) for name, traces in found.items()}


def _joined(traces: Sequence[Trace]) -> Trace:
    """One address in several scans."""
    return Trace(
        address_kind=traces[-1].address_kind,
        is_stable=any(trace.is_stable for trace in traces),
        family=min((trace.family for trace in traces if trace.family), key=RANKS.__getitem__, default=None),
        glimpses=tuple(glimpse for trace in traces for glimpse in trace.glimpses),
    )


def _devices(traces: _Traces, join: Join) -> dict[bytes, int]:
    """The number of the device of each address; one that stays is a device by itself."""
    rotating = [name for name, trace in traces.items() if not trace.is_stable]
    told = dict(zip(rotating, join([traces[name] for name in rotating]), strict=True))
    staying = (name for name in traces if name not in told)
    return told | {name: number for number, name in enumerate(staying, len(rotating))}


@dataclass(slots=True)
class _Device:
    """What is known of a device while it is counted."""

    traces: list[Trace] = field(default_factory=list)

    @property
    def scans(self) -> int:
        return len({glimpse.scan_at for trace in self.traces for glimpse in trace.glimpses})


def _counted(traces: _Traces, devices: dict[bytes, int], rules: CountingRules) -> Counted:
    """Count what some addresses are; each belongs to the cuts that the mean of its own readings reaches."""
    grouped: defaultdict[int, _Device] = defaultdict(_Device)
    told: dict[int, int] = {}
    cuts: dict[str, list[int]] = defaultdict(lambda: [0] * len(RSSI_CUTS_DBM))
    for name, trace in traces.items():
        cut = _cut([trace])
        cuts["addresses"][cut] += 1
        cuts["sendings"][cut] += sum(glimpse.sendings for glimpse in trace.glimpses)
        cuts["bursts"][cut] += sum(glimpse.bursts for glimpse in trace.glimpses)
        grouped[devices[name]].traces.append(trace)
        if trace.is_stable:
            cuts["stable"][cut] += 1
            continue
        for fingerprint in {glimpse.fingerprint for glimpse in trace.glimpses if glimpse.fingerprint is not None}:
            told[fingerprint] = max(told.get(fingerprint, 0), cut)
    for cut in told.values():
        cuts["fingerprints"][cut] += 1
    for device in grouped.values():
        cut = _cut(device.traces)
        cuts["devices"][cut] += 1
        cuts["carried"][cut] += any(map(rules.is_carried, device.traces))
        cuts["once"][cut] += device.scans == 1
        cuts["twice"][cut] += device.scans == 2
    return Counted(**{name: _at_or_above(numbers) for name, numbers in cuts.items()})


def _cut(traces: Sequence[Trace]) -> int:
    """Index of the highest cut that the mean of all readings reaches; what had no reading is let in by the first."""
    readings = total = 0.0
    for trace in traces:
        for glimpse in trace.glimpses:
            if glimpse.rssi_dbm is not None:
                readings += glimpse.readings
                total += glimpse.readings * glimpse.rssi_dbm
    return bisect_right(RSSI_CUTS_DBM, total / readings) - 1 if readings else 0


def _at_or_above(numbers: Sequence[int]) -> Cuts:
    """From numbers by the highest cut reached to numbers at or above each."""
    return tuple(accumulate(reversed(numbers)))[::-1]
