"""Joining: which randomised Wi-Fi addresses are of the same device.

Phones of one model send probe requests that say the same, and each makes up one address after the other. Many go on
with their sequence numbers all the same: such an address follows the one before by a few numbers. Two stories of the
addresses with one fingerprint are told, and the likelier one holds: either sequence numbers go on, and there are as
many devices as there are lines of them; or they are as random as the addresses, and there is one device, or as many as
have addresses in use at the same moment. Chosen by cross-validation over phones, with `bench.people_pintor`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scans.traces import Glimpse, Trace

# Sequence numbers have twelve bits (IEEE 802.11-2020, 9.2.4.4.2). What lies further ahead than half of them may as well
# lie behind.
_NUMBERS = 4096
_REACH = _NUMBERS // 2

# How far a device goes from one time it is heard to the next: anything between the frames of one search and all that
# can be told, one order of magnitude as likely as another (a density of 1 / (ln(2048 / 16) n)).
_LEAST_STEP = 16
_SPREAD = math.log(_REACH / _LEAST_STEP)

# And no further than this: one search of all channels sends some hundred frames, and a phone that is in use five in a
# second in the mean.
_STEP_OF_A_SEARCH = 128
_STEPS_A_SECOND = 8.0

# An address is of a further device of the same model, rather than of one heard already, as e to the minus 1.5: one in
# four or five.
_FURTHER = 1.5

# Lines of numbers must be three times as likely as random ones (e to the 1), for chance makes lines of them too.
_CLEARLY = 1.0

# The strength of one device wanders by some 6 dB from one time to the next, a body in between included; those of a
# place lie some 10 dB apart. A single frame of a neighbouring channel comes in 20 dB too low and more, so a difference
# never says more against two being one than this.
_WANDER_DB, _APART_DB = 6.0, 10.0
_MOST_AGAINST = 1.0

# A device that is heard in two scans and more, and then gone as another begins that is heard in as many: one that began
# its numbers anew.
_LEAST_SCANS = 2

# More devices of one model than this cannot be told apart by 4096 numbers, nor need they be tried: the cost of a flood
# of addresses stays within bounds.
_MOST_TOLD_APART = 64


class _Heard(NamedTuple):
    """An address in one scan: the number of its trace, and what was heard of it."""

    trace: int
    glimpse: Glimpse


_Device = list[_Heard]
"""What was heard of one device, in the order of time."""


def joined(traces: Sequence[Trace]) -> list[int]:
    """Tell which addresses are of the same device; see `scans.traces.Join`. One that says nothing stands alone."""
    numbers = list(range(len(traces)))
    for heard in _by_fingerprint(traces):
        for device in _devices(heard):
            for one in device:
                numbers[one.trace] = device[0].trace
    return numbers


def _by_fingerprint(traces: Sequence[Trace]) -> Iterator[list[_Heard]]:
    """What was heard with each fingerprint, in the order of time; an address keeps the first that it had."""
    groups: defaultdict[int, list[_Heard]] = defaultdict(list)
    for number, trace in enumerate(traces):
        fingerprint = next((one.fingerprint for one in trace.glimpses if one.fingerprint is not None), None)
        if fingerprint is not None:
            groups[fingerprint] += (_Heard(number, glimpse) for glimpse in trace.glimpses)
    for heard in groups.values():
        yield sorted(heard, key=lambda one: one.glimpse.first_at)


def _devices(heard: Sequence[_Heard]) -> list[_Device]:
    lines, score = _lines(heard)
    return _begun_anew(lines) if score > _CLEARLY else _at_the_same_moment(heard)


def _lines(heard: Sequence[_Heard]) -> tuple[list[_Device], float]:
    """The lines of sequence numbers, and how much likelier they are than random numbers (a logarithm)."""
    lines: list[_Device] = []
    line_of: dict[int, _Device] = {}
    score = 0.0
    for one in heard:
        line = line_of.get(one.trace)
        if line is None:
            gain, line = _likeliest(lines, one.glimpse)
            if line is None or (gain < -_FURTHER and len(lines) < _MOST_TOLD_APART):
                gain = -_FURTHER if lines else 0.0
                line = []
                lines.append(line)
            score += gain
            line_of[one.trace] = line
        line.append(one)
    return lines, score


def _likeliest(lines: Sequence[_Device], glimpse: Glimpse) -> tuple[float, _Device | None]:
    """The line that an address follows most likely, and how much likelier that is than by chance (a logarithm)."""
    if len(lines) == _MOST_TOLD_APART:
        return 0.0, lines[-1]
    best, found = -math.inf, None
    for line in lines:
        last = line[-1].glimpse
        if last.last_at <= glimpse.first_at:
            gain = _by_sequence(last, glimpse) + _by_strength(last, glimpse)
            if gain > best:
                best, found = gain, line
    return best - math.log(len(lines) or 1), found


def _by_sequence(before: Glimpse, after: Glimpse) -> float:
    if before.last_sequence is None or after.first_sequence is None:
        return 0.0
    step = (after.first_sequence - before.last_sequence) % _NUMBERS
    furthest = _STEP_OF_A_SEARCH + _STEPS_A_SECOND * (after.first_at - before.last_at)
    if not 0 < step <= min(furthest, _REACH):
        return -math.inf
    return math.log(_NUMBERS / (_SPREAD * max(step, _LEAST_STEP)))


def _by_strength(before: Glimpse, after: Glimpse) -> float:
    """Logarithm of how much likelier two strengths are of one device than of two; 0 where there is no reading."""
    if before.rssi_dbm is None or after.rssi_dbm is None:
        return 0.0
    apart = (before.rssi_dbm - after.rssi_dbm) ** 2
    gain = math.log(_APART_DB / _WANDER_DB) - apart / (2 * _WANDER_DB**2) + apart / (2 * _APART_DB**2)
    return max(gain, -_MOST_AGAINST)


def _begun_anew(lines: Sequence[_Device]) -> list[_Device]:
    """Put a line behind one that ended before, as of the same device, where both lasted."""
    devices: list[_Device] = []
    for line in lines:
        before = [
            device
            for device in devices
            if device[-1].glimpse.last_at < line[0].glimpse.first_at
            and min(_scan_count(device), _scan_count(line)) >= _LEAST_SCANS
        ]
        if before:
            max(before, key=lambda device: device[-1].glimpse.last_at).extend(line)
        else:
            devices.append(line)
    return devices


def _scan_count(device: _Device) -> int:
    return len({one.glimpse.scan_at for one in device})


def _at_the_same_moment(heard: Sequence[_Heard]) -> list[_Device]:
    """As few devices as there can be: an address is of the first of them that uses no other just then."""
    devices: list[_Device] = []
    device_of: dict[int, _Device] = {}
    for one in heard:
        device = device_of.get(one.trace) or next(
            (free for free in devices if free[-1].glimpse.last_at <= one.glimpse.first_at), None
        )
        if device is None:
            if len(devices) == _MOST_TOLD_APART:
                device = devices[-1]
            else:
                device = []
                devices.append(device)
        device_of[one.trace] = device
        device.append(one)
    return devices
