from __future__ import annotations

import contextlib
from dataclasses import replace

from sqlalchemy import func, select

from db.connect import Connections
from db.known import _select_known
from db.recorder import Recorder
from db.schema import WIFI_DEVICES
from db.store import Store
from db.upgrade import upgrade
from presence.radio import Radio
from tests.db.scanning import SETTINGS, device, minute, scan


def crowd(name: str) -> list[str]:
    """More devices than a part of the index on hashes holds."""
    return [f"{name} {number}" for number in range(1100)]


def test_a_device_is_known_however_many_came_since(store: Store) -> None:
    """Whoever comes back is the same device, in whichever part of the index it lies."""
    for number, names in enumerate((["a"], crowd("b"), crowd("c"), crowd("d"), ["a", "b 7", "c 7", "d 7", "e"])):
        store.recorder.record(scan(minute(number), names))
    assert store.reader.overview(minute(4)).wifi_total == 1 + 3 * 1100 + 1


def test_hashes_that_begin_alike_are_told_apart(store: Store) -> None:
    """The index knows the beginnings of hashes only; devices are known by the whole of them."""
    first, second = (replace(device("a"), device_hash="01234567" + end * 56) for end in "01")
    store.recorder.record(scan(minute(0), [first]))
    store.recorder.record(scan(minute(1), [second]))
    store.recorder.record(scan(minute(2), [first, second]))
    assert store.reader.overview(minute(2)).wifi_total == 2


def test_the_index_on_hashes_is_in_parts(url: str) -> None:
    """On SQLite a full part is followed by another, and each visitor key begins with a part of its own."""
    with contextlib.closing(Connections(url)) as connections:
        recorder = Recorder(connections, SETTINGS)
        for number in range(4):
            recorder.record(scan(minute(number), crowd(str(number))[:600]))
        recorder.record(scan(minute(4), ["by the next key"], key_period=20_001))
        part = WIFI_DEVICES.c.part
        counted = select(WIFI_DEVICES.c.key_period, part, func.count()).group_by(WIFI_DEVICES.c.key_period, part)
        with connections.read() as connection:
            found = sorted(tuple(row) for row in connection.execute(counted))
    assert found == [(20_000, 0, 1200), (20_000, 1, 1200), (20_001, 0, 1)]


def test_devices_are_looked_up_along_the_index() -> None:
    """SQLite finds the devices of a scan by all that the index holds, and does not go through all there are."""
    with contextlib.closing(Connections("sqlite://")) as connections:
        upgrade(connections)
        with connections.read() as connection:
            lookup = _select_known(Radio.WIFI, "sqlite").params(
                under_key=20_000, parts=[0, 1], beginnings=[b"1234", b"5678"]
            )
            statement = lookup.compile(connection, compile_kwargs={"render_postcompile": True})
            values = (20_000, 0, 1, b"1234", b"5678")
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "USING INDEX ix_wifi_devices_device_hash (key_period=? AND part=? AND <expr>=?)" in plan[0].detail
