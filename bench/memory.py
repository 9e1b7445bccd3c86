"""Memory after a day of scans of 300 devices with a page open, and the weight of that page: `python -m bench.memory`.

A process of its own holds all that a running box holds (every module that app.py imports, what drives the radios, the
database, the server, the page) and makes the day's 1,440 scans at full speed, by the box's own sensor and recorder;
real Chromium looks at it meanwhile. What is printed is the memory the kernel counts for that process (resident set),
and the bytes that a browser with an empty cache fetches.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from config import Config
from hearing import build_sensor
from links.server import open_port, web_server
from place import Place
from presence.faults import Fault
from presence.overview import Activity, Phase
from presence.radio import Radio
from presence.scan import AddressKind
from presence.zones import ZoneThresholds
from scans.clock import Clock
from scans.folding import ObservationRules
from scans.manufacturers import Manufacturers
from scans.patience import PatientRadio
from scans.sensor import Sensor
from scans.sighting import HearSighting, Sighting
from sparing import spare_memory

_ROOT = Path(__file__).parents[1]
_SCANS = 1440
_DEVICES_PER_RADIO = 150
_NEW_EACH_SCAN = 15
_SIGHTINGS_PER_DEVICE = 5
_UTC = ZoneInfo("UTC")


_BROWSER = ["--no-sandbox", "--disable-background-networking"]
_PATIENCE_MILLISECONDS = 300_000
_DRAWN = ".js-plotly-plot .main-svg"
# What came over the wire: the document, and everything that it fetched.
_FETCHED_BYTES = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((bytes, entry) => bytes + entry.transferSize, 0)"""
_SHOWS_A_NUMBER = r"""() => /People currently around:\s*\d/.test(document.body.innerText)"""


class Crowd:
    """A radio that hears 150 devices, of which fifteen are new in each scan (a `scans.listener.Listener`)."""

    def __init__(self, radio: Radio, clock: Clock) -> None:
        self.radio = radio
        self._clock = clock
        self._first = 0

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Hand over five sightings of each device, at once."""
        del seconds
        at = self._clock.wall().timestamp()
        for number in range(self._first, self._first + _DEVICES_PER_RADIO):
            address = (0x3C22FB000000 + number).to_bytes(6).hex(":")
            for reading in range(_SIGHTINGS_PER_DEVICE):
                hear(Sighting(self.radio, address, AddressKind.GLOBAL, -50 - reading, at, ssid=f"net {number % 40}"))
        self._first += _NEW_EACH_SCAN
        return None

    def recover(self, fault: Fault) -> str:
        """Nothing fails."""
        del fault
        return ""

    def close(self) -> None:
        """Nothing is held."""


def hold(folder: Path) -> None:
    """Be the box: serve, and on each line of input make a day of scans if it says so, and print the memory."""
    spare_memory()
    programme = runpy.run_path(str(_ROOT / "app.py"))  # all that it imports, and nothing of what it does
    now_at = datetime.now(UTC)
    minute = [0]
    clock = Clock(
        lambda: now_at - timedelta(days=1) + timedelta(minutes=minute[0]), lambda: minute[0] * 60.0, lambda: True
    )
    place = Place(Config(), False, f"sqlite:///{folder}/tracking.db", _UTC, clock, Manufacturers())  # noqa: FBT003
    undo = contextlib.ExitStack()  # it ends with the process
    telling = programme["open_telling"](place, undo)
    telling.receive(undo, from_broker=True)
    build_sensor(place, telling.keys, None, None)  # what drives real radios is there; a crowd stands in for them
    sensor = Sensor(
        name="bench",
        radios=tuple(PatientRadio(radio, lambda radio=radio: Crowd(radio, clock), 60) for radio in Radio),  # type: ignore[misc]
        keys=telling.keys,
        rules=ObservationRules(Manufacturers().maker, ZoneThresholds()),
        listen_seconds=10,
        clock=clock,
        newest_at=None,
    )
    server = telling.site_server(is_listening=True)
    programme["add_page"](
        telling, server, lambda: Activity(Phase.WAITING, minute[0] // 60, timedelta(seconds=30)), tuple
    )
    listening = open_port("127.0.0.1", 0)
    listening.listen()  # whoever connects from now on is answered as soon as it serves
    print(listening.getsockname()[1], flush=True)

    def obey() -> None:
        for word in sys.stdin:
            while word == "day\n" and minute[0] < _SCANS:
                minute[0] += 1
                telling.store.recorder.record(sensor.scan())
            print(resident_mb(), flush=True)

    threading.Thread(target=obey, daemon=True).start()
    web_server(server).run(sockets=[listening])


def resident_mb() -> float:
    """Resident memory of this process, as the kernel counts it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return round(int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1000, 1)


def measure() -> dict[str, float]:
    """Memory before and after the day, and what the page weighs."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not in the process that is measured

    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        holding = [sys.executable, "-m", "bench.memory", "--hold", name]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # as ./run does
        child = subprocess.Popen(
            holding, cwd=_ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=_BROWSER)
        try:
            page = browser.new_page()
            page.set_default_timeout(_PATIENCE_MILLISECONDS)
            page.goto(f"http://127.0.0.1:{int(_line(child))}/")
            page.wait_for_selector(_DRAWN)
            weight = int(page.evaluate(_FETCHED_BYTES))
            before = float(_told(child, "memory"))
            _told(child, "day")
            page.wait_for_function(_SHOWS_A_NUMBER)
            after = float(_told(child, "memory"))
        finally:
            browser.close()
            child.terminate()
            child.wait()
    return {"mb_before": before, "mb_after_a_day": after, "page_kb_cold": round(weight / 1000)}


def _told(child: subprocess.Popen[str], word: str) -> str:
    if child.stdin is None:
        raise RuntimeError("the child has no input")
    child.stdin.write(f"{word}\n")
    child.stdin.flush()
    return _line(child)


def _line(child: subprocess.Popen[str]) -> str:
    line = child.stdout.readline() if child.stdout is not None else ""
    if not line:
        raise RuntimeError("the process that is measured has ended")
    return line


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hold", type=Path, help=argparse.SUPPRESS)
    folder = parser.parse_args().hold
    if folder is not None:
        hold(folder)
    else:
        print(json.dumps({"devices_per_scan": 2 * _DEVICES_PER_RADIO, "scans": _SCANS, **measure()}))


if __name__ == "__main__":
    main()
