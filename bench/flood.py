"""What a flood of made-up devices costs, and what is made of it: `python -m bench.flood [--seconds 10] [--minutes 60]`.

First the real tshark reads a capture of 10,000 probe requests a second, each from an address and of a model of its own,
and the same comes as Bluetooth advertisements through what takes bleak's. Then minutes of it are recorded, one after
the other, and as many minutes of a fair of 2,000 phones, which must not be taken for a flood. Memory is the kernel's
(resident set) of this process, tshark's is its largest.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from bench.ordinary import ordinary_settings
from db.store import Store, open_store
from presence.radio import Radio
from presence.scan import Heard, Hearing, Scan
from presence.zones import ZoneThresholds
from scans.advertisements import Advertisements, sighting_of
from scans.counting import new_windows
from scans.flood import most_addresses
from scans.folding import Fold, ObservationRules
from scans.sensor import Moment, hearing_of
from scans.sighting import Sighting
from scans.visitor_key import VisitorKey
from scans.wifi import read_capture
from tests.scans.captures import pcap
from tests.scans.floods import fair, in_seconds, made_up_probe_requests, made_up_sightings

_PER_SECOND = 10_000
_FAIR_PEOPLE = 2_000
_FAIR_METRES = 40
_BEGIN_AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
_RULES = ObservationRules(lambda *_: None, ZoneThresholds())
_KEY = VisitorKey(1, bytes(32), "0" * 16)

Sightings = Callable[[Radio, datetime], Iterable[Sighting]]


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="length of the capture")
    parser.add_argument("--minutes", type=int, default=60, help="minutes that are recorded")
    asked = parser.parse_args()
    print(f"{_PER_SECOND * asked.seconds:,} frames, each from an address of its own:")
    _measure("Wi-Fi, through tshark", asked.seconds, _hear_wifi)
    _measure("Bluetooth, through what takes bleak's", asked.seconds, _hear_bluetooth)
    rng = random.Random(1)  # noqa: S311 - made-up devices are no secret
    _record("flood", asked.minutes, lambda radio, at: made_up_sightings(rng, radio, 100_000, at.timestamp()))
    _record(
        "a crowd of 4,900 a scan",
        asked.minutes,
        lambda radio, at: fair(rng, radio, 4_900, at.timestamp(), reach_metres=_FAIR_METRES / 2),
    )
    _record(
        "fair",
        asked.minutes,
        lambda radio, at: fair(rng, radio, _FAIR_PEOPLE, at.timestamp(), reach_metres=_FAIR_METRES),
    )


def _measure(what: str, seconds: int, hear: Callable[[Fold, int], None]) -> None:
    fold = Fold(Radio.WIFI, most_addresses(seconds))
    before, began, used = _resident_mib(), time.monotonic(), time.process_time()
    hear(fold, seconds)
    took, own = time.monotonic() - began, time.process_time() - used
    flood = fold.flood()
    print(
        f"  {what}: {took:.1f} s ({own:.1f} s of it this process), {_resident_mib() - before:+.1f} MiB; "
        f"{'a crowd' if flood is None else flood.detail}"
    )


def _hear_wifi(fold: Fold, seconds: int) -> None:
    rng = random.Random(1)  # noqa: S311 - made-up devices are no secret
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "flood.pcap")
        with path.open("wb") as file:
            for record in in_seconds(made_up_probe_requests(rng, _PER_SECOND * seconds), _PER_SECOND, pcap(())):
                file.write(record)
        began = time.monotonic()
        fault = read_capture(path, fold.hear)
        took = time.monotonic() - began
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  reading alone: {took:.1f} s; tshark's memory: {largest:.0f} MiB; fault: {fault}")


def _hear_bluetooth(fold: Fold, seconds: int) -> None:
    rng = random.Random(1)  # noqa: S311 - made-up devices are no secret
    taken = Advertisements(lambda broadcast: fold.hear(sighting_of(broadcast)), lambda: _BEGIN_AT)
    for _ in range(_PER_SECOND * seconds):
        address = rng.randbytes(6).hex(":").upper()
        properties = {"AddressType": "random", "RSSI": round(rng.gauss(-50, 3))}
        data = {rng.getrandbits(16): rng.randbytes(20)}
        advertised = AdvertisementData(None, data, {}, [], None, properties["RSSI"], (address, properties))  # type: ignore[arg-type]  # as bleak makes it
        taken.take(BLEDevice(address, None, {}), advertised)
    if taken.error is not None:
        raise taken.error


def _record(what: str, minutes: int, sightings: Sightings) -> None:
    windows = new_windows()
    with tempfile.TemporaryDirectory() as folder, closing(_store(Path(folder))) as store:
        before, heard, spent = _resident_mib(), 0, 0.0
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        for minute in range(minutes):
            at = _BEGIN_AT + timedelta(minutes=minute)
            came = {radio: list(sightings(radio, at)) for radio in Radio}
            began = time.monotonic()
            hearings: dict[Radio, Hearing] = {}
            for radio in Radio:
                fold = Fold(radio, most_addresses(10))
                for one in came[radio]:
                    fold.hear(one)
                hearings[radio] = hearing_of(fold, None, Moment(at, _KEY, _RULES), windows[radio])
            heard += sum(isinstance(one, Heard) for one in hearings.values())
            store.recorder.record(
                Scan("box", at, 10, 60, 1, True, hearings[Radio.WIFI], hearings[Radio.BLUETOOTH])  # noqa: FBT003 - the clock is right
            )
            spent += time.monotonic() - began
            del came
        store.people_sums.roll_up(_BEGIN_AT + timedelta(minutes=minutes))
        grown = sum(path.stat().st_size for path in Path(folder).iterdir()) - size
        estimate = store.people.people_now(_BEGIN_AT + timedelta(minutes=minutes)).estimate
    print(
        f"{what}, {minutes} minutes: heard in {heard} of {2 * minutes} hearings, {spent / minutes:.2f} s a minute, "
        f"{grown / minutes / 1024:.0f} KiB of disk a minute, {_resident_mib() - before:+.0f} MiB; "
        f"people estimated: {'not told' if estimate is None else round(estimate.likely)}"
    )


def _store(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder}/flood.db", ordinary_settings("UTC"))


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
