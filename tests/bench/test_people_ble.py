"""Phones counted by Bluetooth, beside the labels of logs made up here."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bench.ble_logs import SCENES, Scene, write_logs
from bench.people_ble import ble_figures


@pytest.mark.parametrize("name", ["mixed", "alike", "still"])
def test_phones_that_rotate_are_counted_within_fifteen_per_cent(name: str, tmp_path: Path) -> None:
    """18 phones for half an hour, a fifth of them coming or going: addresses count each more than twice."""
    write_logs(tmp_path, {name: SCENES[name]}, range(200, 204))
    figures = ble_figures(tmp_path)
    for one in (figures.continuous, figures.sampled):
        assert one is not None
        assert one.half_hours == 4
        assert one.addresses_ratio > 2
        assert one.mean_error <= 0.15


def test_a_phone_with_two_advertising_sets_is_counted_once(tmp_path: Path) -> None:
    """Two addresses at a time count a phone four times over in half an hour: what is left of that is a quarter."""
    write_logs(tmp_path, {"two_sets": SCENES["two_sets"]}, range(200, 204))
    figures = ble_figures(tmp_path)
    assert figures.continuous is not None
    assert figures.sampled is not None
    assert figures.continuous.addresses_ratio > 3.5
    assert figures.continuous.mean_error <= 0.15
    assert figures.sampled.mean_error <= 0.25


def test_logs_longer_than_half_an_hour_are_looked_at_in_pieces(tmp_path: Path) -> None:
    """An hour is two half hours."""
    write_logs(tmp_path, {"hour": Scene(phones=6, minutes=60, moving_share=0.0)}, [1])
    figures = ble_figures(tmp_path)
    assert figures.continuous is not None
    assert figures.continuous.half_hours == 2


def test_columns_in_another_order_and_times_as_text_are_read(tmp_path: Path) -> None:
    """A log of somebody else's counts as well."""
    with (tmp_path / "other.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Device", "payload_hex", "rssi", "Address_Type", "address", "Time"))
        writer.writerows(
            (
                "phone",
                "0aff4c001005331c8fa1b2",
                -60,
                "random",
                f"4{number}:00:00:00:00:01",
                f"2027-03-01T10:{at:02}:05Z",
            )
            for number, at in [(0, 0), (0, 5), (0, 10), (1, 11), (1, 15), (1, 20)]
        )
    figures = ble_figures(tmp_path)
    assert figures.continuous is not None
    assert (figures.continuous.phones, figures.continuous.addresses_ratio) == (1.0, 2.0)


def test_a_folder_without_logs_tells_nothing(tmp_path: Path) -> None:
    """There is no figure of nothing."""
    assert ble_figures(tmp_path).continuous is None


def test_a_beacon_counts_as_itself(tmp_path: Path) -> None:
    """What keeps its address is one device, whatever comes and goes about it."""
    (tmp_path / "beacon.csv").write_text(
        "time,address,address type,rssi,payload hex,device\n"
        + "".join(f"{1_800_000_000 + 60 * at},ac:23:3f:00:00:01,public,-70,,beacon\n" for at in range(10))
    )
    figures = ble_figures(tmp_path)
    assert figures.sampled is not None
    assert figures.sampled.mean_error == 0
