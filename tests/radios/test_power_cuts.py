from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from datetime import UTC, datetime

import httpx

from tests.radios.box import Box
from tests.radios.table import FaultRow, FaultTable

_CUTS = 20

# No radio is needed for this, and starting without is quicker.
_NO_RADIOS = {"TRACKING_SCANS_WIFI_ENABLED": "false", "TRACKING_SCANS_BLUETOOTH_ENABLED": "false"}

_PATIENCE_SECONDS = 400.0

# What a power cut of a hub on SQLite may take back (docs/several-sensors.md). A commit waits in the kernel's memory
# until it is 30 s old, for which the kernel looks every 5 s (vm.dirty_expire_centisecs, vm.dirty_writeback_centisecs),
# and ext4 notes within 5 s where it was written: 40 s, and half as much again for an emulated machine.
_TAKEN_BACK_SECONDS = 60.0


class Sender:
    """A sensor outside the guest that sends without a pause, and notes when the programme said it has stored a scan.

    Args:
        url: The programme.
        key: Of the sensor "sender".
    """

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self.acknowledged_at: list[float] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def acknowledged(self, age_seconds: float = 0.0) -> int:
        """How many scans were acknowledged so long ago, or longer."""
        return sum(at <= time.monotonic() - age_seconds for at in self.acknowledged_at)

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()
        self._thread.join()

    def _send(self) -> None:
        number = 0
        with httpx.Client(headers={"X-API-Key": self._key}, timeout=10) as client:
            while not self._stopping.is_set():
                number += 1
                now_at = datetime.now(UTC).isoformat()
                device = hashlib.sha256(f"{now_at} {number}".encode()).hexdigest()
                heard = {"device_hash": device, "rssi": -60, "zone": "near", "timestamp": now_at}
                body = {"device_id": "sender", "timestamp": now_at, "detections": [heard]}
                try:
                    told = client.post(f"{self._url}/api/v1/detections/bulk", json=body)
                except httpx.HTTPError:  # the power is off
                    self._stopping.wait(0.5)
                    continue
                if told.is_success:
                    self.acknowledged_at.append(time.monotonic())


def stored(box: Box) -> int:
    """How many of the sender's scans are in the database."""
    return int(box.query("SELECT count(*) FROM scans WHERE sensor = 'sender'"))


def cut_while_writing(box: Box, key: str, wanted: int, age_seconds: float) -> int:
    """Pull the plug once so many scans were acknowledged so long ago; how many of the last ones are gone afterwards."""
    before = stored(box)
    box.start(_NO_RADIOS)
    sender = Sender(box.machine.url, key)
    try:
        box.wait_until(
            lambda: sender.acknowledged(age_seconds) >= wanted, _PATIENCE_SECONDS, "the sensor's scans are taken"
        )
        lasting = sender.acknowledged(_TAKEN_BACK_SECONDS)
        box.power_cycle()
    finally:
        sender.stop()
    kept = stored(box) - before
    assert kept >= lasting, f"{kept} were kept, and {lasting} had been acknowledged {_TAKEN_BACK_SECONDS} s before"
    return max(sender.acknowledged() - kept, 0)


def test_power_cuts_in_the_middle_of_writing_leave_a_whole_database(box: Box, table: FaultTable) -> None:
    """Twenty times the plug is pulled while the programme writes; only the last scans go, and the database is whole."""
    rng = random.Random(6)
    key = re.findall(r"\S{32,}", box.command("keys", "make", "sender", "--role", "sensor"))[0]
    lost = 0
    for number in range(_CUTS):
        # The first time late enough that some scans must last; afterwards at once, when those of earlier times must.
        lost += cut_while_writing(box, key, rng.randint(20, 60), 0.0 if number else _TAKEN_BACK_SECONDS)
        assert box.query("PRAGMA integrity_check") == "ok"
    box.start(_NO_RADIOS)
    seconds = box.wait_until(lambda: box.ask("/health") is not None, _PATIENCE_SECONDS, "started again")
    said = f"nothing: the database was whole each time; of the scans acknowledged last, {lost} were lost in all"
    table.add(FaultRow(f"power cut, {_CUTS} times while writing", said, None, seconds))
    box.stop()
    box.forget()
    box.plug_radios()
