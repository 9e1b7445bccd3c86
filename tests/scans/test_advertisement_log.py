"""Logs of advertisements, row by row."""

from __future__ import annotations

import pytest

from presence.scan import AddressKind
from scans.advertisement_log import Row, logged_sighting
from scans.families import Family

ROW: dict[str | None, str | None] = {
    "time": "1800000000.5",
    "address": "5A:11:22:33:44:55",
    "address type": "random",
    "RSSI": "-61",
    "payload hex": "02011a0aff4c001005331c8fa1b2",
    "device": "phone-1",
}


def test_a_row_is_heard_as_the_radio_would_have_heard_it() -> None:
    """Address, kind, strength, time and what kind of thing it is come out of one row."""
    heard = logged_sighting(ROW)
    assert heard is not None
    assert (heard.address, heard.address_kind) == ("5a:11:22:33:44:55", AddressKind.RESOLVABLE)
    assert (heard.rssi_dbm, heard.heard_at_seconds) == (-61, 1_800_000_000.5)
    assert (heard.company_id, heard.family) == (0x004C, Family.APPLE)


@pytest.mark.parametrize(
    "time", ["1800000000", "1800000000000", "2027-01-15T08:00:00Z", "2027-01-15 08:00:00", "2027-01-15T09:00:00+01:00"]
)
def test_times_may_be_written_in_several_ways(time: str) -> None:
    """Seconds or milliseconds since 1970, or ISO 8601, in UTC where no zone is named."""
    heard = logged_sighting(ROW | {"time": time})
    assert heard is not None
    assert heard.heard_at_seconds == 1_800_000_000


def test_columns_are_found_by_their_names() -> None:
    """Capital letters, underscores and the order do not matter; strength and payload may be missing."""
    heard = logged_sighting({"Address_Type": "public", "ADDRESS": "d4ca6e112233", "Time": "1800000000", "rssi": ""})
    assert heard is not None
    assert (heard.address_kind, heard.rssi_dbm, heard.family) == (AddressKind.GLOBAL, None, Family.OTHER)


@pytest.mark.parametrize(
    "broken",
    [
        {"time": "nan"},
        {"time": "-5"},
        {"time": "inf"},
        {"time": "tea time"},
        {"address": "5a:11"},
        {"address": "zz:11:22:33:44:55"},
        {"RSSI": "loud"},
        {"RSSI": "1e999"},
        {"payload hex": "0x"},
    ],
)
def test_a_row_that_makes_no_sense_is_none(broken: Row) -> None:
    """Nothing is guessed from a row that cannot be read."""
    assert logged_sighting({**ROW, **broken}) is None


@pytest.mark.parametrize(
    ("payload", "family"),
    [
        ("", Family.OTHER),
        ("ff", Family.OTHER),
        ("1eff4c000215", Family.BEACON),
        ("03036ffd", Family.EXPOSURE),
        ("17166ffd" + "00" * 20, Family.EXPOSURE),
        ("0319c100", Family.WEARABLE),
        ("0909" + b"[TV] Den".hex(), Family.SCREEN),
        ("1107fb349b5f8000008000100000f3fe0000", Family.GOOGLE),
        ("0e09" + "ff" * 40, Family.OTHER),
    ],
)
def test_payloads_are_taken_as_far_as_they_go(payload: str, family: Family) -> None:
    """Elements tell what sends them, also when the last is cut short."""
    heard = logged_sighting(ROW | {"payload hex": payload})
    assert heard is not None
    assert heard.family is family
