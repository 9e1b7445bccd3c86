from __future__ import annotations

import contextlib

import pytest

from db.read_devices import MOST_DEPARTED
from db.store import Store, open_store
from presence.overview import DeviceQuery, DeviceSort
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import AddressKind
from presence.zones import Zone
from tests.db.scanning import SETTINGS, device, hash_of, minute, scan


def listed(store: Store, query: DeviceQuery, number: float) -> list[str]:
    """The names (one letter) of the devices that a query lists, so many minutes after the first scan."""
    names = {hash_of(name): name for name in "abcdefgh"}
    return [names[row.device_hash] for row in store.reader.devices(query, minute(number)).rows]


def search(store: Store, text: str) -> str:
    """The names of the devices that a search finds."""
    return "".join(sorted(listed(store, DeviceQuery(search=text), 1)))


@pytest.fixture(params=["present", "departed"])
def furnished(request: pytest.FixtureRequest, store: Store) -> Store:
    """A store that knows four devices, still there or gone."""
    wifi = [
        device("a", manufacturer="Apple, Inc.", ssids=("100% Café", 'say "hi"'), rssi_dbm=-50.0),
        device("b", manufacturer="apple pie_co", ssids=("[x]",), rssi_dbm=-70.0, address_kind=AddressKind.GLOBAL),
        device("c", rssi_dbm=None),
    ]
    store.recorder.record(scan(minute(0), ["a"]))
    store.recorder.record(scan(minute(1), wifi, [device("d", Radio.BLUETOOTH, manufacturer="Garmin", rssi_dbm=-90.0)]))
    if request.param == "departed":
        store.recorder.record(scan(minute(30), elapsed_seconds=None))
    return store


def test_a_device_is_listed_with_all_that_is_known(furnished: Store) -> None:
    """A row holds what the latest scan that heard the device said, whether it is still there or not."""
    page = furnished.reader.devices(DeviceQuery(search=hash_of("a")), minute(31))
    (row,) = page.rows
    assert page.total == 1
    assert (row.device_hash, row.radio, row.manufacturer) == (hash_of("a"), Radio.WIFI, "Apple, Inc.")
    assert (row.address_kind, row.rssi_mean_dbm, row.rssi_std_db) == (AddressKind.RANDOMISED, -50.0, None)
    assert (row.zone, row.ssids, row.time_spent_minutes) == (Zone.NEAR, ("100% Café", 'say "hi"'), 2)
    assert (row.first_seen_at, row.last_seen_at) == (minute(0), minute(1))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "abcd"),
        ("APPLE", "ab"),
        ("pie_c", "b"),
        ("_", "b"),
        ("%", "a"),
        ("café", "a"),
        ('say "hi"', "a"),
        ('["', ""),
        ("[", "b"),
        ("\\", ""),
        ("wi-fi", "abc"),
        ("bluetooth", "d"),
        ("near", "a"),
        ("global", "b"),
        ("garmin", "d"),
        (hash_of("c")[:10].upper(), "c"),
        (hash_of("c") + "0", ""),
        ("nobody", ""),
        ("\ud800", ""),
    ],
)
def test_a_search_is_for_text_and_never_a_pattern(furnished: Store, text: str, found: str) -> None:
    """Maker, networks, zone, radio, kind and the beginning of the hash are searched in either case."""
    assert search(furnished, text) == found


@pytest.mark.parametrize(
    ("sort", "ascending", "descending"),
    [
        (DeviceSort.RADIO, "dcba", "cbad"),
        (DeviceSort.MANUFACTURER, "badc", "dabc"),
        (DeviceSort.ADDRESS_KIND, "bcad", "cadb"),
        (DeviceSort.RSSI, "dbac", "abdc"),
        (DeviceSort.ZONE, "dbac", "abdc"),
        (DeviceSort.TIME_SPENT, "cbda", "acbd"),
        (DeviceSort.FIRST_SEEN, "acbd", "cbda"),
        (DeviceSort.LAST_SEEN, "cbad", "cbad"),
        (DeviceSort.SENSOR, "cbad", "cbad"),
    ],
)
def test_sorting_puts_those_without_a_value_last(
    furnished: Store, sort: DeviceSort, ascending: str, descending: str
) -> None:
    """Each column sorts either way, ties in an order that never changes."""
    assert "".join(listed(furnished, DeviceQuery(sort=sort, descending=False), 31)) == ascending
    assert "".join(listed(furnished, DeviceQuery(sort=sort), 31)) == descending


def test_pages_follow_one_another(furnished: Store) -> None:
    """Page by page every device comes once, and each page tells how many there are; past the end there is none."""
    pages = [furnished.reader.devices(DeviceQuery(offset=offset, limit=2), minute(31)) for offset in (0, 2, 4)]
    assert [page.total for page in pages] == [4, 4, 4]
    assert [len(page.rows) for page in pages] == [2, 2, 0]
    assert len({row.device_hash for page in pages for row in page.rows}) == 4


def test_a_range_lists_those_last_seen_in_it(store: Store) -> None:
    """A device that left before the range began is not in it."""
    store.recorder.record(scan(minute(0), ["a"]))
    store.recorder.record(scan(minute(120), ["b"], elapsed_seconds=None))
    assert listed(store, DeviceQuery(TimeRange.HOUR), 120) == ["b"]
    assert listed(store, DeviceQuery(TimeRange.DAY), 120) == ["b", "a"]
    assert listed(store, DeviceQuery(TimeRange.YEAR), 120) == ["b", "a"]


def test_a_reset_begins_the_time_spent_of_every_device_anew(furnished: Store) -> None:
    """After a reset each device has spent no time, until it is detected again."""
    furnished.commands.reset_time_spent(minute(31))
    furnished.recorder.record(scan(minute(32), ["a"]))
    rows = furnished.reader.devices(DeviceQuery(), minute(32)).rows
    assert {row.device_hash: row.time_spent_minutes for row in rows} == {
        hash_of(name): 1.0 if name == "a" else 0.0 for name in "abcd"
    }


def test_only_the_latest_departed_devices_are_looked_at(url: str) -> None:
    """However many there were, a list looks at so many of each radio and no more, the latest."""
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        store.recorder.record(scan(minute(0), [f"early {number}" for number in range(10)]))
        store.recorder.record(scan(minute(1), [f"late {number}" for number in range(MOST_DEPARTED)]))
        store.recorder.record(scan(minute(30), ["here"], elapsed_seconds=None))
        page = store.reader.devices(DeviceQuery(descending=False), minute(30))
    assert page.total == MOST_DEPARTED + 1
    assert page.rows[0].last_seen_at == minute(1)
