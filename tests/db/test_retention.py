from __future__ import annotations

import contextlib
from datetime import timedelta

from sqlalchemy import select

from db.connect import Connections
from db.schema import WIFI_DEVICES
from db.store import Store, open_store
from presence.overview import DeviceQuery
from presence.ranges import TimeRange
from tests.db.scanning import HUNG, SETTINGS, minute, scan

DAY = 24 * 60


def forget_all(store: Store, number: float) -> int:
    """Forget step by step until there is nothing left to; tells how many rows that were."""
    total = 0
    while count := store.recorder.forget_some(minute(number)):
        total += count
    return total


def test_devices_and_visits_are_forgotten_and_sums_stay(store: Store) -> None:
    """After the days they are kept they are gone from the lists, while totals, sums and the ledger stay."""
    store.recorder.record(scan(minute(0), ["a", "b"], ["c"]))
    store.recorder.record(scan(minute(20), ["d"], elapsed_seconds=None))
    assert store.recorder.forget_some(minute(30 * DAY)) == 0
    store.recorder.record(scan(minute(30 * DAY), ["d"], elapsed_seconds=None))
    assert forget_all(store, 30 * DAY + 1) == 3 + 3  # devices and visits of a, b and c
    now_at = minute(30 * DAY + 1)
    assert store.reader.devices(DeviceQuery(TimeRange.YEAR), now_at).total == 1
    assert store.reader.overview(now_at).people_total == 4
    said = store.reader.report(TimeRange.YEAR, now_at)
    assert (said.stays.count, said.radios[0].scans_heard, said.radios[0].new_devices) == (4, 3, 3)


def test_a_step_is_small(store: Store) -> None:
    """However much is due, a step deletes a few hundred rows of each table, the oldest first."""
    store.recorder.record(scan(minute(0), [str(number) for number in range(1000)]))
    store.recorder.record(scan(minute(20), elapsed_seconds=None))
    steps = []
    while count := store.recorder.forget_some(minute(31 * DAY)):
        steps.append(count)
    assert steps == [600, 600, 600, 200]


def test_a_minute_keeps_up_with_many_sensors(store: Store) -> None:
    """More falls due in a minute at a large site than one step takes: several take it, and no more than so many."""
    store.recorder.record(scan(minute(0), [str(number) for number in range(7000)]))
    store.recorder.record(scan(minute(20), elapsed_seconds=None))
    assert [store.recorder.forget_due(minute(31 * DAY)) for _ in range(3)] == [12_000, 2_000, 0]


def test_scans_and_gaps_are_kept_longer(store: Store) -> None:
    """The ledger and the gaps go after their own time; the latest scan stays whatever its age."""
    for number in range(5):
        store.recorder.record(scan(minute(number), (), HUNG if number == 1 else ()))
    assert forget_all(store, 399 * DAY) == 0
    assert forget_all(store, 401 * DAY) == 4 + 5 + 1  # scans, what all of them counted, and the gap
    assert store.reader.overview(minute(401 * DAY)).last_scan_at == minute(4)


def test_one_who_is_still_there_is_not_forgotten(store: Store) -> None:
    """A device with an open visit stays, however long ago its row was written."""
    store.recorder.record(scan(minute(0), ["printer"]))
    store.recorder.record(scan(minute(5), ["printer"]))
    assert forget_all(store, 40 * DAY) == 0
    assert store.reader.devices(DeviceQuery(TimeRange.YEAR), minute(40 * DAY)).total == 1


def test_a_device_goes_with_its_last_visit(store: Store) -> None:
    """Someone who came back is remembered while the later visit is, and forgotten with it."""
    for day in (0, 29):
        store.recorder.record(scan(minute(day * DAY), ["a"], elapsed_seconds=None))
        store.recorder.record(scan(minute(day * DAY + 20), elapsed_seconds=None))
    assert forget_all(store, 31 * DAY) == 1
    assert store.reader.devices(DeviceQuery(TimeRange.YEAR), minute(31 * DAY)).total == 1
    assert forget_all(store, 60 * DAY) == 1 + 1
    assert store.reader.devices(DeviceQuery(TimeRange.YEAR), minute(60 * DAY)).total == 0


def test_a_number_is_never_given_twice(any_url: str) -> None:
    """A device has another row number than any that was forgotten, for detections that are kept still name those."""
    with contextlib.closing(open_store(any_url, SETTINGS)) as store, contextlib.closing(Connections(any_url)) as direct:
        numbers: list[int] = []
        for name, day in (("a", 0), ("b", 40)):
            store.recorder.record(scan(minute(day * DAY), [name], elapsed_seconds=None))
            with direct.read() as connection:
                numbers += connection.execute(select(WIFI_DEVICES.c.id)).scalars()
            store.recorder.record(scan(minute(day * DAY + 20), elapsed_seconds=None))
            forget_all(store, (day + 31) * DAY)
    assert numbers == [1, 2]


def test_nothing_is_forgotten_under_a_wrong_clock(store: Store) -> None:
    """While the clock is known to be wrong nobody knows how old anything is."""
    store.recorder.record(scan(minute(0), ["a"]))
    store.recorder.record(scan(minute(20), elapsed_seconds=None))
    future_at = minute(0) + timedelta(days=20_000)
    store.recorder.record(scan(future_at, clock_is_right=False))
    assert store.recorder.forget_some(future_at) == 0
