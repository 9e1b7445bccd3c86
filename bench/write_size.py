"""How many bytes a scan of 500 devices writes to the card: `python -m bench.write_size`.

The first scan of all finds an empty database. Then comes a day of scans: 500 devices in each, of which 50 have just
arrived and 50 are there for the last time, so that the database knows 72,000 devices under the current visitor key.
What each scan counted is written with it.
What a scan writes is what it adds to SQLite's write-ahead log.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.ordinary import ordinary_settings
from bench.people_cost import crowd_counts
from db.store import Store, open_store
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Scan
from presence.zones import ZoneThresholds

_DEVICES = 500
_SCANS_A_DAY = 1440
_MEASURED_SCANS = 20
# New devices in each scan. Where a fiftieth is, a device stays for 50 minutes; where a tenth is, for 10.
_CASES = {"all_known": 0, "fiftieth_new": 10, "tenth_new": 50, "all_new": 500}
# After so many scans those who are no longer heard have left (10 minutes), and every scan is like the one before.
_SETTLING_SCANS = 15
_BEGIN_AT = datetime(2027, 3, 1, 3, tzinfo=UTC)
_KEY_PERIOD = _BEGIN_AT.date().toordinal()
_SETTINGS = ordinary_settings("Europe/Prague")
_MAKERS = ("Apple, Inc.", "Samsung Electronics Co.,Ltd", "Intel Corporate", "Xiaomi Communications Co Ltd", None)


class Crowd:
    """Devices that come and go: each scan hears 500, of which so many are new and the oldest are gone."""

    def __init__(self) -> None:
        self._minute = 0
        self._first = 0

    def scans(self, count: int, new_devices: int) -> Iterator[Scan]:
        """The next scans."""
        for _ in range(count):
            self._minute += 1
            self._first += new_devices
            yield self._scan(_BEGIN_AT + timedelta(minutes=self._minute))

    def _scan(self, at: datetime) -> Scan:
        numbers = range(self._first, self._first + _DEVICES)
        rng = random.Random(self._minute)  # noqa: S311 - the same each time
        fixture_count = 12 if self._minute > 1 else 0  # at first nobody knows what stays
        heard = {
            radio: Heard(
                tuple(_observation(number, radio, at) for number in numbers if _radio_of(number) is radio),
                counts=crowd_counts(rng, fixture_count),
            )
            for radio in Radio
        }
        return Scan(
            sensor="box",
            started_at=at,
            duration_seconds=10.0,
            elapsed_seconds=60.0,
            key_period=_KEY_PERIOD,
            clock_is_right=True,
            wifi=heard[Radio.WIFI],
            bluetooth=heard[Radio.BLUETOOTH],
        )


def _radio_of(number: int) -> Radio:
    return Radio.BLUETOOTH if number % 5 < 2 else Radio.WIFI


def _observation(number: int, radio: Radio, at: datetime) -> DeviceObservation:
    rssi = -45.0 - (number * 7 + at.minute) % 50
    return DeviceObservation(
        device_hash=hashlib.sha256(str(number).encode()).hexdigest(),
        radio=radio,
        address_kind=AddressKind.RANDOMISED if radio is Radio.WIFI else AddressKind.RESOLVABLE,
        manufacturer=_MAKERS[number % len(_MAKERS)],
        ssids=("Kavárna U Lípy",) if radio is Radio.WIFI and number % 10 == 3 else (),
        rssi_mean_dbm=rssi,
        rssi_std_db=2.5,
        sighting_count=6,
        first_heard_at=at,
        last_heard_at=at,
        zone=ZoneThresholds().zone_of(rssi),
    )


def _bytes_a_scan(store: Store, database: Path, scans: Iterator[Scan]) -> list[int]:
    log = database.with_name(database.name + "-wal")
    sizes = []
    with contextlib.closing(sqlite3.connect(database)) as connection:
        for scan in scans:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            store.recorder.record(scan)
            sizes.append(log.stat().st_size)
    return sizes


def main() -> None:
    """Print what a scan of 500 devices writes, as one JSON object."""
    crowd = Crowd()
    figures: dict[str, object] = {"devices_a_scan": _DEVICES, "target_kib": 100}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "tracking.db"
        with contextlib.closing(open_store(f"sqlite:///{database}", _SETTINGS)) as store:
            figures["first_scan_kib"] = round(_bytes_a_scan(store, database, crowd.scans(1, 0))[0] / 1024, 1)
            store.recorder.record_many(crowd.scans(_SCANS_A_DAY, _DEVICES // 10))
            for name, new_devices in _CASES.items():
                store.recorder.record_many(crowd.scans(_SETTLING_SCANS, new_devices))
                sizes = _bytes_a_scan(store, database, crowd.scans(_MEASURED_SCANS, new_devices))
                figures[f"{name}_kib"] = round(statistics.mean(sizes) / 1024, 1)
                figures[f"{name}_most_kib"] = round(max(sizes) / 1024, 1)
    json.dump(figures, sys.stdout)
    print()


if __name__ == "__main__":
    main()
