from __future__ import annotations

import json
from datetime import UTC, datetime

from links.scan_lines import scan_as_json, scan_as_text
from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Scan, Unheard
from presence.zones import Zone

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def scan(ssid: str = "Café") -> Scan:
    device = DeviceObservation(
        device_hash="ab" * 32,
        radio=Radio.WIFI,
        address_kind=AddressKind.RANDOMISED,
        manufacturer=None,
        ssids=(ssid,),
        rssi_mean_dbm=-61.26,
        rssi_std_db=None,
        sighting_count=3,
        first_heard_at=AT,
        last_heard_at=AT,
        zone=Zone.MEDIUM,
    )
    fault = Fault(FaultReason.NO_ADAPTER, detail="no hci0")
    return Scan("box", AT, 10.04, None, 739676, clock_is_right=True, wifi=Heard((device,)), bluetooth=Unheard(fault))


def test_a_scan_is_one_line_with_its_counts() -> None:
    """Counts by zone and kind of address stand in one line, whatever the names in it hold."""
    line = scan_as_json(scan("two\nlines"), with_devices=True)
    assert "\n" not in line
    said = json.loads(line)
    assert said["started_at"] == "2027-03-01T12:00:00Z"
    assert said["wifi"]["device_count"] == 1
    assert said["wifi"]["by_zone"] == {"medium": 1}
    assert said["wifi"]["by_address_kind"] == {"randomised": 1}
    assert said["wifi"]["devices"][0]["rssi_mean_dbm"] == -61.3
    assert said["wifi"]["devices"][0]["ssids"] == ["two\nlines"]


def test_a_radio_not_heard_is_null_with_its_reason() -> None:
    """A radio that was not heard has no number, but a reason and advice."""
    said = json.loads(scan_as_json(scan(), with_devices=False))
    assert said["bluetooth"]["device_count"] is None
    assert said["bluetooth"]["fault"]["reason"] == "no_adapter"
    assert said["bluetooth"]["fault"]["advice"]


def test_devices_are_listed_on_request_only() -> None:
    """Without being asked, no line names a device."""
    assert "ab" * 32 not in scan_as_json(scan(), with_devices=False)


def test_words_say_not_heard_and_never_zero() -> None:
    """In words, a radio that was not heard is not heard."""
    assert scan_as_text(scan()) == "2027-03-01 12:00  Wi-Fi: 1  Bluetooth: not heard"
