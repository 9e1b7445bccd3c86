"""The networks that devices asked for go with the key."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import select

from db.backup import back_up
from db.errors import DatabaseError
from db.schema import WIFI_DEVICES
from db.store import Store, open_store
from tests.db.scanning import SETTINGS, device, hash_of, minute, scan

DAY = 24 * 60
HOME = ("At home",)


def names_of(store: Store) -> dict[str, tuple[str, ...]]:
    """The networks of each device that has some, by the device's hash."""
    row = WIFI_DEVICES.c
    with store.connections.read() as connection:
        return {
            one.device_hash: one.ssids for one in connection.execute(select(row.device_hash, row.ssids)) if one.ssids
        }


def come_and_go(store: Store, name: str, day: int, late_by: int = 0) -> None:
    """Let a device be heard for a minute of a day, under that day's key, and leave."""
    key_period = 20_000 + day - late_by
    at = minute((day - late_by) * DAY)
    store.recorder.record(scan(at, [device(name, ssids=HOME)], elapsed_seconds=None, key_period=key_period))
    left_at = minute((day - late_by) * DAY + 20)
    store.recorder.record(scan(left_at, elapsed_seconds=None, key_period=key_period))


def test_names_go_when_the_key_has_changed(store: Store) -> None:
    """Names are kept for as long as the key that the device is known under, and then forgotten; today's stay."""
    come_and_go(store, "a", 0)
    assert store.recorder.forget_past_names() == 0
    come_and_go(store, "b", 1)
    assert set(names_of(store)) == {hash_of("a"), hash_of("b")}
    assert store.recorder.forget_past_names() == 1
    assert set(names_of(store)) == {hash_of("b")}
    assert store.recorder.forget_past_names() == 0


def test_names_of_who_stayed_over_the_change_go_when_they_leave(store: Store) -> None:
    """A visit that began under the key before writes no names down when it ends."""
    store.recorder.record(scan(minute(0), [device("a", ssids=HOME)]))
    store.recorder.record(scan(minute(1), [device("a", ssids=HOME)]))
    store.recorder.record(scan(minute(2), key_period=20_001))
    store.recorder.forget_past_names()
    store.recorder.record(scan(minute(30), elapsed_seconds=None, key_period=20_001))
    assert names_of(store) == {}


def test_what_came_late_is_looked_at_again(store: Store) -> None:
    """Names that a sensor which was cut off sends a day late go with the next key, of devices old and new."""
    come_and_go(store, "a", 0)
    come_and_go(store, "b", 1)
    store.recorder.forget_past_names()
    for name in ("a", "late"):
        come_and_go(store, name, 1, late_by=1)
    store.recorder.forget_past_names()
    assert {hash_of("a"), hash_of("late")} <= set(names_of(store))
    come_and_go(store, "c", 2)
    store.recorder.forget_past_names()
    assert set(names_of(store)) == {hash_of("c")}


def test_a_start_begins_anew(url: str) -> None:
    """A programme that was stopped over the change of the key forgets the names once it runs again."""
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        come_and_go(store, "a", 0)
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        come_and_go(store, "b", 5)
        store.recorder.forget_past_names()
        assert set(names_of(store)) == {hash_of("b")}


def test_what_could_not_be_forgotten_is_tried_again(file_store: Store) -> None:
    """Names that a full disk, say, kept from being forgotten are forgotten in the next minute."""
    come_and_go(file_store, "a", 0)
    come_and_go(file_store, "b", 1)
    refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF ssids ON wifi_devices BEGIN SELECT RAISE(ABORT, 'full'); END"
    for statement in (refuse, "DROP TRIGGER refuse"):
        with file_store.connections.write() as connection:
            connection.exec_driver_sql(statement)
        with contextlib.suppress(DatabaseError):
            file_store.recorder.forget_past_names()
        assert (hash_of("a") in names_of(file_store)) is (statement is refuse)


def test_step_follows_step(store: Store) -> None:
    """However many devices there are of a past key, one minute looks at thousands of them, in steps."""
    some = [device(str(number), ssids=HOME) for number in range(4_500)]
    store.recorder.record(scan(minute(0), some))
    store.recorder.record(scan(minute(20), elapsed_seconds=None, key_period=20_001))
    assert store.recorder.forget_past_names() == 4_500
    assert names_of(store) == {}


def test_a_backup_holds_no_names(url: str, tmp_path: Path) -> None:
    """A copy outlives the key, so the names are in no byte of it: of who is present and of who has left."""
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        come_and_go(store, "a", 0)
        store.recorder.record(scan(minute(30), [device("b", ssids=HOME)], elapsed_seconds=None))
        copy = back_up(url, tmp_path / "backups", minute(31))
        assert set(names_of(store)) == {hash_of("a"), hash_of("b")}
    assert HOME[0].encode() not in copy.read_bytes()
    with contextlib.closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("SELECT count(*) FROM wifi_devices").fetchone() == (2,)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
