from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.counts import COUNTED_NAMES, RSSI_CUTS_DBM, RadioCounts
from presence.radio import Radio
from presence.scan import AddressKind
from scans.counting import Window, new_windows, rules_of
from scans.sighting import Sighting
from tests.scans.hearing import NIGHT, advertisement, data, global_address, made_up_address, probe, senders

AT = NIGHT.timestamp()


def count(window: Window, sightings: Iterable[Sighting], minute: float = 0, radio: Radio = Radio.WIFI) -> RadioCounts:
    started_at = NIGHT + timedelta(minutes=minute)
    return window.count(started_at, senders(started_at, sightings, radio))


@pytest.fixture
def window() -> Window:
    return new_windows()[Radio.WIFI]


def test_probe_requests_are_sendings_and_come_in_bursts(window: Window) -> None:
    """Probe requests within a second of each other are one burst; after a pause there is another."""
    counts = count(window, [probe(made_up_address(1), AT + second) for second in (0, 0.3, 0.9, 5, 5.1)])
    assert (counts.scan.sendings[0], counts.scan.bursts[0]) == (5, 2)
    assert counts.scan == counts.window


def test_data_counts_a_device_and_no_sending(window: Window) -> None:
    """What a joined station sends to its access point makes it a stable device, whatever its address."""
    scan = count(window, [data(made_up_address(1), AT), data(global_address(2), AT)]).scan
    assert (scan.sendings[0], scan.addresses[0], scan.stable[0], scan.devices[0]) == (0, 2, 2, 2)


def test_addresses_that_say_the_same_are_one_device(window: Window) -> None:
    """Over three minutes, three made-up addresses with one fingerprint are one device, heard three times."""
    for minute in range(3):
        counts = count(window, [probe(made_up_address(minute), AT + 60 * minute)], minute)
    heard = counts.window
    assert (heard.addresses[0], heard.fingerprints[0], heard.devices[0], heard.once[0], heard.twice[0]) == (
        3,
        1,
        1,
        0,
        0,
    )
    assert (counts.scan.devices[0], counts.scan.once[0]) == (1, 1)


def test_a_phone_that_says_nothing_of_itself_is_a_device(window: Window) -> None:
    """Addresses without a fingerprint are not joined."""
    counts = count(window, [probe(made_up_address(number), AT, fingerprint=None) for number in range(3)])
    assert (counts.scan.fingerprints[0], counts.scan.devices[0]) == (0, 3)


def test_global_addresses_count_as_they_are(window: Window) -> None:
    """Two global addresses of one fingerprint are two devices; they are stable, not carried, and no fingerprints."""
    scan = count(window, [probe(global_address(number), AT) for number in range(2)]).scan
    assert (scan.devices[0], scan.stable[0], scan.carried[0], scan.fingerprints[0]) == (2, 2, 0, 0)


def test_what_was_heard_twice_is_counted_so(window: Window) -> None:
    """The window tells devices that were heard in one scan from those heard in two."""
    count(window, [probe(global_address(1), AT), probe(global_address(2), AT)])
    heard = count(window, [probe(global_address(1), AT + 60)], 1).window
    assert (heard.devices[0], heard.once[0], heard.twice[0]) == (2, 1, 1)


def test_an_address_belongs_to_the_cuts_its_mean_reaches(window: Window) -> None:
    """A mean of −65 dBm counts at −65 and below, and at no cut above; without a reading it counts at the lowest."""
    near = [probe(global_address(1), AT, rssi_dbm=-60), probe(global_address(1), AT, rssi_dbm=-70)]
    scan = count(window, [*near, probe(global_address(2), AT, rssi_dbm=None)]).scan
    assert dict(zip(RSSI_CUTS_DBM, scan.addresses, strict=True)) == {
        -127: 2,
        -85: 1,
        -80: 1,
        -75: 1,
        -70: 1,
        -65: 1,
        -60: 0,
        -55: 0,
    }


def test_the_window_is_the_last_ten_minutes(window: Window) -> None:
    """The scan of ten minutes ago has left the window, that of nine minutes ago has not."""
    counts = [count(window, [probe(global_address(minute), AT + 60 * minute)], minute) for minute in range(11)]
    assert [one.window_scans for one in counts] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
    assert counts[-1].window.addresses[0] == 10


def test_a_clock_put_back_empties_the_window(window: Window) -> None:
    """Scans later than the one at hand are forgotten, for they would never leave."""
    count(window, [probe(global_address(1), AT + 3600)], 60)
    assert count(window, [probe(global_address(2), AT)]).window.addresses[0] == 1


def test_a_minute_that_comes_twice_counts_once(window: Window) -> None:
    """A scan that began at the same time as the one before takes its place."""
    for _ in range(2):
        counts = count(window, [probe(global_address(1), AT)])
    assert (counts.window_scans, counts.window.sendings[0]) == (1, 1)


def test_what_bluetooth_remembers_is_not_in_the_window() -> None:
    """An advertisement of a quarter of an hour ago helps to join addresses, and is counted in the window no more."""
    window = new_windows()[Radio.BLUETOOTH]
    count(window, [advertisement(global_address(1), AT, AddressKind.GLOBAL)], radio=Radio.BLUETOOTH)
    later = [advertisement(global_address(2), AT + 900, AddressKind.GLOBAL)]
    counts = count(window, later, 15, radio=Radio.BLUETOOTH)
    assert (counts.window.addresses[0], counts.window_scans, window.devices_remembered) == (1, 1, 2)


def test_a_flood_is_counted_up_to_a_bound(window: Window) -> None:
    """Of a scan of more addresses than a place can hold, five thousand count, and the window forgets its oldest."""
    for minute in range(7):
        flood = (probe(made_up_address(minute * 7_000 + one), AT + 60 * minute, one) for one in range(7_000))
        counts = count(window, flood, minute)
    assert counts.scan.addresses[0] == 5_000
    assert (counts.window.addresses[0], counts.window_scans) == (25_000, 5)


def test_no_address_is_kept(window: Window) -> None:
    """After a scan neither the address nor a plain hash of it is anywhere in the window."""
    address = global_address(1)
    count(window, [probe(address, AT)])
    kept = repr(list(_all_of(window)))
    assert address not in kept
    assert address.replace(":", "") not in kept


def _all_of(thing: object) -> Iterable[object]:
    """What is in a thing, and in what is in it."""
    yield repr(thing)
    if dataclasses.is_dataclass(thing):
        inside: Iterable[object] = [getattr(thing, one.name) for one in dataclasses.fields(thing)]
    elif isinstance(thing, dict):
        inside = [*thing, *thing.values()]
    elif isinstance(thing, str | bytes):
        inside = []
    else:
        inside = (
            vars(thing).values() if hasattr(thing, "__dict__") else list(thing) if hasattr(thing, "__iter__") else []
        )
    for one in inside:
        yield from _all_of(one)


def test_two_windows_name_an_address_differently() -> None:
    """The key of a window is made at its start, so that what one kept tells nothing to another."""
    one, other = new_windows(), new_windows()
    for windows in (one, other):
        count(windows[Radio.WIFI], [probe(global_address(1), AT)])
    assert repr(list(_all_of(one[Radio.WIFI]))) != repr(list(_all_of(other[Radio.WIFI])))


def test_advertisements_count_by_kind_of_address() -> None:
    """By Bluetooth advertisements are sendings; public and static addresses are stable, a private one is carried."""
    window = Window(rules_of(Radio.BLUETOOTH), bytes(32))
    kinds = [AddressKind.GLOBAL, AddressKind.RANDOM_STATIC, AddressKind.RESOLVABLE]
    heard = [advertisement(global_address(number), AT, kind) for number, kind in enumerate(kinds)]
    scan = count(window, heard, radio=Radio.BLUETOOTH).scan
    assert (scan.sendings[0], scan.devices[0], scan.stable[0], scan.carried[0]) == (3, 3, 2, 1)


_FRAMES = st.lists(
    st.builds(
        lambda is_global, number, second, fingerprint, sequence, rssi: probe(
            (global_address if is_global else made_up_address)(number), AT + second, fingerprint, sequence, rssi
        ),
        st.booleans(),
        st.integers(0, 12),
        st.floats(0, 10),
        st.one_of(st.none(), st.integers(1, 3)),
        st.one_of(st.none(), st.integers(0, 4095)),
        st.one_of(st.none(), st.integers(-100, -30)),
    ),
    max_size=40,
)


@given(st.lists(_FRAMES, min_size=1, max_size=12))
def test_counts_agree_with_each_other(scans: list[list[Sighting]]) -> None:
    """Whatever is heard: no cut counts more than the one before it, and parts are never more than the whole."""
    window = Window(rules_of(Radio.WIFI), bytes(32))
    for minute, sightings in enumerate(scans):
        counts = count(window, sightings, minute)
        for counted in (counts.scan, counts.window):
            for name in COUNTED_NAMES:
                cuts = getattr(counted, name)
                assert list(cuts) == sorted(cuts, reverse=True)
            assert counted.bursts[0] <= counted.sendings[0]
            assert counted.stable[0] <= counted.devices[0] <= counted.addresses[0]
            assert counted.once[0] + counted.twice[0] <= counted.devices[0]
            assert counted.carried[0] <= counted.devices[0]
        assert counts.scan.addresses[0] == len({one.address for one in sightings})
        assert counts.scan.devices[0] <= counts.window.devices[0]
