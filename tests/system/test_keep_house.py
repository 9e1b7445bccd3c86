"""What is due each minute, done by the programme as it is put together."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from app import keep_house
from command_line import parse
from db.schema import WIFI_DEVICES
from db.zone_sums import ZoneSums
from place import place_of
from scans.clock import machine_clock
from telling import open_telling
from tests.db.scanning import device, minute, scan
from tests.sqlite import new_database

DAY = 24 * 60


def test_the_networks_of_yesterday_are_forgotten(tmp_path: Path) -> None:
    """A minute after the first scan under the next key, no network is known that a device asked for under the last."""
    place = place_of(parse(["run", "--db", new_database(tmp_path / "tracking.db")]))
    place = replace(place, clock=replace(machine_clock(), wall=lambda: minute(DAY + 1)))
    with contextlib.ExitStack() as undo:
        telling = open_telling(place, undo)
        recorder = telling.store.recorder
        recorder.record(scan(minute(0), [device("a", ssids=("At home",))], key_period=20_000))
        recorder.record(scan(minute(DAY), [device("b", ssids=("Here",))], key_period=20_001))
        keep_house(telling, ZoneSums(telling.store.connections, place.store_settings))
        with telling.store.connections.read() as connection:
            asked_for = connection.execute(select(WIFI_DEVICES.c.ssids).order_by(WIFI_DEVICES.c.id)).scalars()
            assert list(asked_for) == [(), ("Here",)]
