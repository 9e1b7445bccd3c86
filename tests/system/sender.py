"""A sensor at speed: keeps made-up scans, a minute apart, and sends them as a sensor does.

It prints the start of each scan once that is kept, and ends when nothing waits to be sent any more.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import time
from datetime import datetime, timedelta

from command_line import parse
from db.access import Access
from db.overrides import Overrides, ZoningInForce
from place import Place, place_of
from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Scan, Unheard
from telling import Telling

DEVICE_COUNT = 5

# Between two scans: slow enough that something can go wrong between the first and the last, and 100 times in a second.
_PAUSE_SECONDS = 0.01
# Between two looks at what still waits.
_LOOK_SECONDS = 0.1


def made_scan(sensor: str, key_period: int, started_at: datetime) -> Scan:
    """A minute with a few devices on Wi-Fi, and Bluetooth switched off."""
    return Scan(
        sensor=sensor,
        started_at=started_at,
        duration_seconds=10.0,
        elapsed_seconds=60.0,
        key_period=key_period,
        clock_is_right=True,
        wifi=Heard(tuple(made_device(number, started_at) for number in range(DEVICE_COUNT))),
        bluetooth=Unheard(Fault(FaultReason.POWERED_OFF)),
    )


def made_device(number: int, heard_at: datetime) -> DeviceObservation:
    """A device that is heard in every scan."""
    return DeviceObservation(
        device_hash=hashlib.sha256(str(number).encode()).hexdigest(),
        radio=Radio.WIFI,
        address_kind=AddressKind.RANDOMISED,
        manufacturer=None,
        ssids=(),
        rssi_mean_dbm=-60.0,
        rssi_std_db=None,
        sighting_count=1,
        first_heard_at=heard_at,
        last_heard_at=heard_at,
        zone=None,
    )


def open_telling(place: Place, undo: contextlib.ExitStack) -> Telling:
    """What sends, on the settings and the database of a sensor that has joined."""
    store = place.open_store()
    undo.callback(store.close)
    zoning = ZoningInForce(Overrides(store.connections), place.thresholds, place.clock.monotonic)
    access = Access(store.connections, place.clock.monotonic)
    return Telling(place, store, place.visitor_keys(), zoning, access, lambda: None, place.registry_key())


def send(place: Place, first_at: datetime, count: int) -> None:
    """Keep scans and let them be sent, until all are."""
    with contextlib.ExitStack() as undo:
        telling = open_telling(place, undo)
        telling.sending.start(undo)
        (uplink,) = telling.parts()
        key_period = telling.keys.key_at(place.clock.wall()).period
        for minute in range(count):
            started_at = first_at + timedelta(minutes=minute)
            telling.sending.keep(made_scan(place.card.name, key_period, started_at))
            if uplink().figures["dropped_total"]:
                sys.exit("A scan was not kept, or was dropped.")
            print(started_at.isoformat(), flush=True)  # noqa: T201 - for whoever started it
            time.sleep(_PAUSE_SECONDS)
        while uplink().figures["waiting"]:
            time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    database, first, how_many = sys.argv[1:]
    send(place_of(parse(["sensor", "--db", database])), datetime.fromisoformat(first), int(how_many))
