"""Memory of a hub that takes in a day of 10 sensors, with its page open: `python -m bench.hub_memory`.

The hub is the programme itself, on PostgreSQL. The sensors post their 1,440 scans of 100 Bluetooth devices each as fast
as they are acknowledged, five of the devices new in each scan; real Chromium looks at the page meanwhile. What is
printed is the memory that the kernel counts for the hub's process (resident set): before, the most seen, and after.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.intake_speed import batch, hub, site_in, stored
from bench.ordinary import ordinary_settings
from db.access import Access
from db.store import open_store
from links.payloads import BATCHES_PATH
from presence.access import Role
from scans.clock import machine_clock
from tests.postgresql import Cluster, find_programs

_GOAL_MB = 150
_SENSORS = 10
_DAY_MINUTES = 1440
_LOOK_SECONDS = 1.0
_PATIENCE_MILLISECONDS = 300_000
_BROWSER = ["--no-sandbox", "--disable-background-networking"]
_SHOWS_A_NUMBER = r"""() => /People currently around:\s*\d/.test(document.body.innerText)"""


def resident_mb(process_id: int) -> float:
    """Resident memory of a process, as the kernel counts it."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    return round(int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1000, 1)


def send(port: int, key: str, bodies: Iterator[bytes]) -> None:
    """Be a sensor, for all of its day."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for body in bodies:
        connection.request("POST", BATCHES_PATH, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(said.decode())


def _day(name: str, minutes: int, begin_at: datetime, site: str) -> Iterator[bytes]:
    for minute in range(minutes):
        yield batch(name, minute, begin_at, site)


def measure(url: str, folder: Path, minutes: int) -> dict[str, Any]:
    """Memory before, during and after the day."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not where nothing is measured

    begin_at = datetime.now(UTC) - timedelta(minutes=minutes)
    names = [f"s{number}" for number in range(_SENSORS)]
    with contextlib.ExitStack() as undo:
        store = undo.enter_context(contextlib.closing(open_store(url, ordinary_settings("UTC"))))
        access = Access(store.connections, machine_clock().monotonic)
        keys = {name: access.make_key(name, Role.SENSOR, datetime.now(UTC)).key for name in names}
        site = site_in(folder, url)
        process, port = undo.enter_context(hub(folder, url, None))
        driver = undo.enter_context(sync_playwright())
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=_BROWSER)
        undo.callback(browser.close)
        page = browser.new_page()
        page.set_default_timeout(_PATIENCE_MILLISECONDS)
        page.goto(f"http://127.0.0.1:{port}/")
        seen = [resident_mb(process.pid)]
        days = {name: _day(name, minutes, begin_at, site) for name in names}
        sensors = [threading.Thread(target=send, args=(port, keys[name], days[name])) for name in names]
        for sensor in sensors:
            sensor.start()
        while any(sensor.is_alive() for sensor in sensors):
            time.sleep(_LOOK_SECONDS)
            seen.append(resident_mb(process.pid))
        # Sending the day took minutes: the page shows a number for who is there now.
        now_minute = int((datetime.now(UTC) - begin_at) / timedelta(minutes=1))
        for name in names:
            send(port, keys[name], iter([batch(name, now_minute, begin_at, site)]))
        page.wait_for_function(_SHOWS_A_NUMBER)
        seen.append(resident_mb(process.pid))
        return {
            "scans": stored(store.connections),
            "mb_before": seen[0],
            "mb_at_most": max(seen),
            "mb_after_a_day": seen[-1],
        }


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=_DAY_MINUTES)
    minutes = parser.parse_args().minutes
    programs = find_programs()
    if programs is None:
        sys.exit("PostgreSQL is not installed.")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as undo:
        cluster = Cluster(programs)
        undo.callback(cluster.stop)
        cluster.start()
        figures = measure(cluster.new_database(), Path(name), minutes)
    print(json.dumps({"sensors": _SENSORS, "goal_mb": _GOAL_MB, **figures}))


if __name__ == "__main__":
    main()
