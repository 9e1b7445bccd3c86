"""Phones of a chamber, mixed into places of 5, 10 and 20: how many are heard, and as how many devices they count.

`pintor_figures` takes a folder laid out like that of Pintor and Atzori (10.17632/j64btzdsdy): a folder for each phone,
in it captures on one channel each (`…-mode<mode>-ch-<channel>-….pcap`, gzipped or not), the same mode at the same time.
"""

from __future__ import annotations

import random
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from presence.counts import RSSI_CUTS_DBM, WINDOW, RadioCounts, SensorCounts
from presence.estimate import StepKind
from presence.estimating import estimate_people
from presence.faults import FaultReason
from presence.people_model import UNCALIBRATED
from presence.radio import Radio
from scans.counting import new_windows
from scans.folding import Fold
from scans.sighting import Sighting
from scans.wifi import read_capture

_NAME = re.compile(r"(?P<session>.+-mode[^-]+)-ch-(?P<channel>\d+)-.*\.pcap(?:\.gz)?")

_MINUTE = timedelta(minutes=1)
_LISTEN_SECONDS = 10.0
# Each capture is 20 minutes long; the ten that are listened to begin anywhere within the first ten.
_LATEST_START_SECONDS = 600.0
_AT = datetime(2027, 3, 1, tzinfo=UTC)

# A chamber holds nothing but its phones, however weakly they are heard on the channel beside theirs.
_ALL_ARE_NEAR = replace(UNCALIBRATED, cut_dbm=RSSI_CUTS_DBM[0])

_SIZES = (5, 10, 20)
_SEED = 1


@dataclass(frozen=True)
class Session:
    """A phone in one mode, as captured.

    Attributes:
        phone: Which phone.
        captures: Its captures by channel.
    """

    phone: str
    captures: dict[int, Path]

    @cached_property
    def sightings(self) -> dict[int, list[Sighting]]:
        """What was heard on each channel; times in seconds since the first frame on any."""
        heard: dict[int, list[Sighting]] = {}
        for channel, path in self.captures.items():
            of_channel = heard[channel] = []
            fault = read_capture(path, of_channel.append)
            # A phone that was silent on a channel leaves a capture without frames, which is a fault elsewhere.
            if fault is not None and fault.reason is FaultReason.TSHARK_MISSING:
                raise RuntimeError("tshark is not installed (apt: tshark)")
        first = min((one.heard_at_seconds for each in heard.values() for one in each), default=0.0)
        return {
            channel: [replace(one, heard_at_seconds=one.heard_at_seconds - first) for one in each]
            for channel, each in heard.items()
        }


@dataclass(frozen=True, slots=True)
class Mixture:
    """Phones at one place for ten minutes, of which ten seconds a minute were listened to on one channel.

    Attributes:
        present: How many phones there were.
        heard: How many of them were heard.
        addresses: From how many addresses.
        counts: What the last scan counted, by Wi-Fi.
    """

    present: int
    heard: int
    addresses: int
    counts: RadioCounts


@dataclass(frozen=True, slots=True)
class PintorFigures:
    """What mixtures of so many phones give, in the mean.

    Attributes:
        heard: Phones heard.
        heard_error: How far the count of devices is from that, either way, as a share of it.
        heard_bias: How far it is above it.
        addresses_ratio: Addresses for each phone heard.
        fingerprints_ratio: Fingerprints and stable addresses for each phone heard.
        present_error: How far the uncalibrated count of phones there, those not heard included, is from their number,
            either way, as a share of it. Which of five phones happen to be heard is chance, so this cannot be small.
        present_bias: How far it is above it in the mean.
    """

    heard: float
    heard_error: float
    heard_bias: float
    addresses_ratio: float
    fingerprints_ratio: float
    present_error: float
    present_bias: float


def sessions_of(folder: Path) -> list[Session]:
    """The sessions of all phones in a folder."""
    sessions: dict[tuple[str, str], dict[int, Path]] = {}
    for path in sorted(folder.glob("*/*.pcap*")):
        if (name := _NAME.fullmatch(path.name)) is not None:
            sessions.setdefault((path.parent.name, name["session"]), {})[int(name["channel"])] = path
    return [Session(phone, captures) for (phone, _), captures in sessions.items()]


def mixtures(sessions: Sequence[Session], size: int, draws: int, seed: int = _SEED) -> Iterator[Mixture]:
    """Mix phones at random; each comes once before any comes a second time, in a mode of its own.

    Args:
        sessions: To draw from.
        size: How many phones.
        draws: How many mixtures.
        seed: Another one draws others.
    """
    for draw in range(draws):
        rng = random.Random(f"{seed} {size} {draw}")  # noqa: S311 - a benchmark that can be repeated
        yield _mixture(rng, [_session(rng, sessions, phone) for phone in _phones(rng, sessions, size)])


def pintor_figures(folder: Path, draws: int = 200) -> dict[int, PintorFigures]:
    """What mixtures of 5, 10 and 20 phones give; empty without captures."""
    sessions = sessions_of(folder)
    return {size: _figures(list(mixtures(sessions, size, draws))) for size in _SIZES} if sessions else {}


def _phones(rng: random.Random, sessions: Sequence[Session], size: int) -> list[str]:
    phones = sorted({session.phone for session in sessions})
    drawn: list[str] = []
    while len(drawn) < size:
        drawn += rng.sample(phones, min(len(phones), size - len(drawn)))
    return drawn


def _session(rng: random.Random, sessions: Sequence[Session], phone: str) -> Session:
    return rng.choice([session for session in sessions if session.phone == phone])


def _mixture(rng: random.Random, phones: Sequence[Session]) -> Mixture:
    channel = rng.choice(sorted({channel for session in phones for channel in session.captures}))
    sightings = [
        sighting
        for number, session in enumerate(phones)
        for sighting in _shifted(session.sightings.get(channel, []), number, rng.uniform(0.0, _LATEST_START_SECONDS))
    ]
    window = new_windows()[Radio.WIFI]
    for minute in range(WINDOW // _MINUTE):
        started_at = _AT + minute * _MINUTE
        fold = Fold(Radio.WIFI)
        begin = started_at.timestamp()
        for one in sorted(sightings, key=lambda one: one.heard_at_seconds):
            if begin <= one.heard_at_seconds < begin + _LISTEN_SECONDS:
                fold.hear(one)
        counts = window.count(started_at, fold.senders(started_at))
    listened = [one for one in sightings if (one.heard_at_seconds - _AT.timestamp()) % 60 < _LISTEN_SECONDS]
    return Mixture(
        present=len(phones),
        heard=len({_number(one.address) for one in listened}),
        addresses=len({one.address for one in listened}),
        counts=counts,
    )


def _shifted(sightings: Sequence[Sighting], number: int, start: float) -> Iterator[Sighting]:
    """Ten minutes of a phone from a moment on, as if they began now; each phone drawn has addresses of its own."""
    for one in sightings:
        into = one.heard_at_seconds - start
        if 0.0 <= into < WINDOW.total_seconds():
            address = f"{one.address[:-2]}{number:02x}{one.address[-2:]}"
            yield replace(one, address=address, heard_at_seconds=_AT.timestamp() + into)


def _number(address: str) -> int:
    return int(address[-4:-2], 16)


def _present(counts: RadioCounts) -> float:
    """Phones there without head counts, as the step says that adds the silent ones; 0 where none was heard."""
    estimate = estimate_people([SensorCounts(counts, None)], frozenset(), _ALL_ARE_NEAR)
    steps = () if estimate is None else estimate.steps
    return next((step.value for step in steps if step.kind is StepKind.SILENT), 0.0)


def _figures(drawn: Sequence[Mixture]) -> PintorFigures:
    heard = [one for one in drawn if one.heard]
    devices = [one.counts.window.devices[0] / one.heard - 1 for one in heard]
    present = [_present(one.counts) / one.present - 1 for one in drawn]
    told = [(one.counts.window.fingerprints[0] + one.counts.window.stable[0]) / one.heard for one in heard]
    return PintorFigures(
        heard=round(statistics.fmean(one.heard for one in drawn), 2),
        heard_error=round(statistics.fmean(map(abs, devices)), 4),
        heard_bias=round(statistics.fmean(devices), 4),
        addresses_ratio=round(statistics.fmean(one.addresses / one.heard for one in heard), 2),
        fingerprints_ratio=round(statistics.fmean(told), 2),
        present_error=round(statistics.fmean(map(abs, present)), 4),
        present_bias=round(statistics.fmean(present), 4),
    )
