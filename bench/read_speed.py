"""How fast a capture becomes a recorded scan, beside tshark alone and stock pyshark: `python -m bench.read_speed`.

The capture holds 20,000 client frames in 10 s, as an adapter hears them in a busy place: frames of the simulated
site, moved together. The three take turns, so that a machine whose speed drifts slows all of them, and what is
printed are ratios within one run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from pyshark import FileCapture

from bench.ordinary import ordinary_settings
from db.store import open_store
from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import Scan, Unheard
from presence.zones import ZoneThresholds
from scans.client_frames import FIELDS
from scans.counting import new_windows
from scans.folding import Fold, ObservationRules
from scans.manufacturers import Manufacturers
from scans.sensor import Moment, hearing_of
from scans.simulated.capture import PCAP_HEADER, CapturedFrame
from scans.simulated.frames import client_frame
from scans.simulated.site import SimulatedSite
from scans.visitor_key import VisitorKey
from scans.wifi import read_capture

_FRAMES = 20_000
_SECONDS = 10
# A Wednesday noon, and the day before it for as many frames as are wanted.
_AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
# pyshark takes minutes for all frames; a part of them tells its speed.
_PYSHARK_FRAMES = 1_000

_SETTINGS = ordinary_settings("UTC")


def write_capture(path: Path, frame_count: int) -> None:
    """Write a capture of so many client frames within ten seconds; beyond 20,000 the same devices send again."""
    begin = _AT.timestamp()
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        for number, content in zip(range(frame_count), cycle(islice(_frames(), _FRAMES)), strict=False):
            file.write(CapturedFrame(begin + number * _SECONDS / frame_count, content).record())


def _frames() -> Iterator[bytes]:
    site = SimulatedSite(1, ZoneInfo("UTC"))
    at = _AT
    while True:
        for frame in site.client_frames(at, 60.0):
            yield client_frame(frame)
        at -= timedelta(minutes=1)


class Road:
    """The programme's own road: tshark through pyshark, sightings, observations, a recorded scan."""

    def __init__(self, folder: Path) -> None:
        self._store = open_store(f"sqlite:///{folder}/tracking.db", _SETTINGS)
        self._rules = ObservationRules(Manufacturers().maker, ZoneThresholds())
        self._key = VisitorKey(1, bytes(32), "0" * 16)
        self._windows = new_windows()
        self._minute = 0

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def take(self, capture: Path) -> None:
        """Read a capture, and record it as the scan of the next minute."""
        fold = Fold(Radio.WIFI)
        fault = read_capture(capture, fold.hear)
        self._minute += 1
        started_at = _AT + timedelta(minutes=self._minute)
        self._store.recorder.record(
            Scan(
                sensor="bench",
                started_at=started_at,
                duration_seconds=_SECONDS,
                elapsed_seconds=60,
                key_period=self._key.period,
                clock_is_right=True,
                wifi=hearing_of(fold, fault, Moment(started_at, self._key, self._rules), self._windows[Radio.WIFI]),
                bluetooth=Unheard(Fault(FaultReason.NOT_CAPTURED)),
            )
        )


def tshark_alone(capture: Path) -> None:
    """Let tshark print the same fields, and throw them away."""
    subprocess.run(
        ["tshark", "-n", "-r", str(capture), *FIELDS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )


def stock_pyshark(capture: Path) -> None:
    """Let pyshark read the frames as it does by itself."""
    asyncio.set_event_loop(asyncio.new_event_loop())  # it takes the one that is set
    with contextlib.closing(FileCapture(str(capture), keep_packets=False)) as packets:
        for packet in packets:
            _ = packet.wlan.ta


def seconds_of(work: Callable[[Path], None], capture: Path) -> float:
    """How long a piece of work takes."""
    begin = time.perf_counter()
    work(capture)
    return time.perf_counter() - begin


def peak_bytes_of(work: Callable[[Path], None], capture: Path) -> int:
    """Most memory that Python holds at once during a piece of work."""
    tracemalloc.start()
    try:
        work(capture)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often each is measured (default: 5)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name, contextlib.closing(Road(Path(name))) as road:
        folder = Path(name)
        captures = {count: folder / f"{count}.pcap" for count in (_PYSHARK_FRAMES, _FRAMES, 10 * _FRAMES)}
        for count, path in captures.items():
            write_capture(path, count)
        whole, part = captures[_FRAMES], captures[_PYSHARK_FRAMES]
        road.take(whole)  # what is loaded once is loaded, and every device is known
        rounds = [
            (seconds_of(road.take, whole), seconds_of(tshark_alone, whole), seconds_of(stock_pyshark, part))
            for _ in range(runs)
        ]
        pyshark = [slow * _FRAMES / _PYSHARK_FRAMES for _, _, slow in rounds]
        print(
            json.dumps(
                {
                    "frames": _FRAMES,
                    "runs": runs,
                    "seconds_to_recorded_scan": round(statistics.median(own for own, _, _ in rounds), 3),
                    "seconds_tshark_alone": round(statistics.median(alone for _, alone, _ in rounds), 3),
                    "times_tshark_alone": round(statistics.median(own / alone for own, alone, _ in rounds), 2),
                    "times_faster_than_pyshark": round(
                        statistics.median(slow / own for (own, _, _), slow in zip(rounds, pyshark, strict=True))
                    ),
                    "peak_mb": round(peak_bytes_of(road.take, whole) / 1e6, 2),
                    "peak_mb_ten_times_the_frames": round(peak_bytes_of(road.take, captures[10 * _FRAMES]) / 1e6, 2),
                }
            )
        )


if __name__ == "__main__":
    main()
