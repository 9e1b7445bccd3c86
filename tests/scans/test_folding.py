from __future__ import annotations

import statistics
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation
from presence.zones import Zone, ZoneThresholds
from scans.folding import Fold, ObservationRules
from scans.sighting import Sighting, usable_rssi
from scans.visitor_key import VisitorKey

KEY = VisitorKey(1, bytes(32), "0" * 16)


def sighting(
    address: str = "02:00:00:00:00:01",
    rssi_dbm: int | None = -50,
    at: float = 1000.0,
    ssid: str | None = None,
    access_point: str | None = None,
) -> Sighting:
    return Sighting(Radio.WIFI, address, AddressKind.RANDOMISED, rssi_dbm, at, ssid=ssid, access_point=access_point)


def fold(*sightings: Sighting) -> tuple[DeviceObservation, ...]:
    folded = Fold(Radio.WIFI)
    for one in sightings:
        folded.hear(one)
    return folded.observations(
        KEY, ObservationRules(lambda address, kind, company: f"{address[:2]}/{kind}/{company}", ZoneThresholds())
    )


@given(st.lists(st.integers(-126, -1), min_size=2, max_size=200))
def test_mean_and_deviation_are_those_of_the_readings(readings: list[int]) -> None:
    """Mean and sample standard deviation equal those computed from all readings at once."""
    (device,) = fold(*(sighting(rssi_dbm=reading) for reading in readings))
    assert device.rssi_mean_dbm == pytest.approx(statistics.fmean(readings))
    assert device.rssi_std_db == pytest.approx(statistics.stdev(readings), abs=1e-9)


def test_one_reading_has_no_deviation() -> None:
    """A deviation of one reading is unknown, not zero."""
    (device,) = fold(sighting())
    assert device.rssi_std_db is None


def test_sightings_without_reading_count_but_do_not_weigh() -> None:
    """A frame without a reading is a sighting, and leaves the mean alone."""
    (device,) = fold(sighting(rssi_dbm=None), sighting(rssi_dbm=-70))
    assert (device.sighting_count, device.rssi_mean_dbm, device.zone) == (2, -70, Zone.MEDIUM)


def test_a_device_without_any_reading_is_in_no_zone() -> None:
    """No reading at all leaves mean and zone unknown."""
    (device,) = fold(sighting(rssi_dbm=None))
    assert (device.rssi_mean_dbm, device.zone) == (None, None)


def test_an_access_point_is_never_a_device() -> None:
    """An address that others send to as their access point is left out, even when heard before them."""
    devices = fold(sighting("02:00:00:00:00:aa"), sighting("02:00:00:00:00:01", access_point="02:00:00:00:00:aa"))
    assert [device.device_hash for device in devices] == [KEY.hash_of(Radio.WIFI, "02:00:00:00:00:01")]


def test_networks_asked_for_are_kept_once_and_bounded() -> None:
    """Names come in the order first heard, each once, and at most eight of them."""
    (device,) = fold(*(sighting(ssid=f"net {number // 2}") for number in range(40)))
    assert device.ssids == tuple(f"net {number}" for number in range(8))


def test_first_and_last_are_the_earliest_and_latest() -> None:
    """Times hold for frames that come out of order too."""
    (device,) = fold(sighting(at=5.0), sighting(at=2.0), sighting(at=9.0))
    assert device.first_heard_at == datetime.fromtimestamp(2, UTC)
    assert device.last_heard_at == datetime.fromtimestamp(9, UTC)


@pytest.mark.parametrize(
    ("given_dbm", "usable"), [(0, None), (7, None), (-127, None), (-128, None), (None, None), (-1, -1), (-126, -126)]
)
def test_impossible_readings_are_none(given_dbm: int | None, usable: int | None) -> None:
    """0, above 0, −127 and below, and a missing reading are no reading."""
    assert usable_rssi(given_dbm) == usable


def test_a_sighting_hides_its_addresses() -> None:
    """Printing a sighting shows neither the device's address nor its access point's."""
    shown = repr(sighting("02:00:00:00:00:01", access_point="02:00:00:00:00:aa"))
    assert "02:00" not in shown


def test_networks_asked_for_are_kept_only_where_they_may_be() -> None:
    """With names switched off, an observation carries none."""
    folded = Fold(Radio.WIFI)
    folded.hear(sighting(ssid="Home of the Smiths"))
    rules = ObservationRules(lambda *_: None, ZoneThresholds(), keep_ssids=False)
    assert folded.observations(KEY, rules)[0].ssids == ()
