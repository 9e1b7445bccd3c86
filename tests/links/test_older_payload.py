from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from links.older_payload import decode_older
from links.wire import WireError
from presence.message import Batch
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Unheard
from presence.zones import Zone, ZoneThresholds

NOW = datetime(2027, 3, 10, 8, 30, tzinfo=UTC)
PHONE, WATCH = hashlib.sha256(b"phone").hexdigest(), hashlib.sha256(b"watch").hexdigest()


@dataclass(frozen=True)
class Key:
    """A key of the site, with a secret that everybody knows."""

    period: int = NOW.date().toordinal()

    def hash_of(self, radio: Radio, address: str) -> str:
        return hmac.digest(b"secret", f"{radio} {address}".encode(), "sha256").hex()


def detection(device_hash: str = PHONE, rssi: Any = -55, at: Any = "2027-03-10T09:29:00+01:00") -> dict[str, Any]:  # noqa: ANN401 - whatever somebody sends
    return {"device_hash": device_hash, "rssi": rssi, "zone": "near", "timestamp": at}


def payload(*detections: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return {"device_id": "pi-entrance", "detections": list(detections), **more}


def decoded(said: object, device_id: str | None = None, received_at: datetime = NOW) -> Batch:
    return decode_older(json.dumps(said).encode(), ZoneThresholds().zone_of, Key(), received_at, device_id)


def devices(batch: Batch) -> tuple[DeviceObservation, ...]:
    (message,) = batch.messages
    assert isinstance(message.scan.bluetooth, Heard)
    return message.scan.bluetooth.observations


def test_a_payload_becomes_a_scan_that_heard_bluetooth_only() -> None:
    """What the older agent sends is a scan of its sensor; its Wi-Fi was not heard, which is no zero."""
    batch = decoded(payload(detection(), timestamp="2027-03-10T09:29:05+01:00", name="Door", location="ground floor"))
    (message,) = batch.messages
    assert (batch.sensor.name, batch.sensor.place, batch.site) == ("pi-entrance", "Door, ground floor", None)
    assert message.scan.started_at == NOW - timedelta(minutes=1)
    assert isinstance(message.scan.wifi, Unheard)
    assert message.scan.key_period == Key().period


def test_hashes_are_hashed_again_under_the_sites_key() -> None:
    """What is stored is not what was sent, whether that was in small letters or large."""
    (one,) = devices(decoded(payload(detection(PHONE.upper()))))
    assert one.device_hash == Key().hash_of(Radio.BLUETOOTH, PHONE)
    assert (one.address_kind, one.manufacturer, one.ssids) == (AddressKind.UNKNOWN, None, ())


def test_the_zone_is_worked_out_again() -> None:
    """The zone that was sent is not looked at, be it missing or nonsense."""
    sent = [{**detection(rssi=-90), "zone": zone} for zone in ("NEAR", None, 7)]
    for one in [*sent, {"device_hash": PHONE, "rssi": -90}]:
        assert [found.zone for found in devices(decoded(payload(one)))] == [Zone.FAR]


def test_several_detections_of_a_device_are_one() -> None:
    """Readings of one device in a scan are folded into their mean and sample deviation."""
    one, other = devices(decoded(payload(detection(rssi=-50), detection(WATCH), detection(rssi=-54))))
    phone = one if one.sighting_count == 2 else other
    assert phone.rssi_mean_dbm == -52
    assert phone.rssi_std_db == pytest.approx(8**0.5)
    assert {one.sighting_count, other.sighting_count} == {1, 2}


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ("2027-03-10T07:00:00Z", NOW.replace(hour=7, minute=0)),
        ("2027-03-10T08:00:00+01:00", NOW.replace(hour=7, minute=0)),
        ("2027-03-10T07:00:00", NOW.replace(hour=7, minute=0)),
        (None, NOW),
    ],
)
def test_times_are_understood_with_and_without_a_zone(sent: str | None, at: datetime) -> None:
    """A time with a zone is what it says, one without is UTC, and where none was sent it is the time of arrival."""
    assert decoded(payload(detection(at=sent))).messages[0].scan.started_at == at


def test_a_redelivered_message_has_the_same_name() -> None:
    """Sent again, in another order or with another label, it is the same message; another reading makes another."""
    name = decoded(payload(detection(), detection(WATCH))).messages[0].message_id
    again = decoded(payload(detection(WATCH), detection(), name="Door"), received_at=NOW + timedelta(hours=1))
    other = decoded(payload(detection(), detection(WATCH, -56)))
    assert name == again.messages[0].message_id != other.messages[0].message_id
    assert len(bytes.fromhex(name)) == 16


def test_messages_without_any_time_are_never_taken_for_repeats() -> None:
    """Where nothing tells a repeat from a second scan that heard the same, none is dropped."""
    said = payload(detection(at=None))
    names = {decoded(said, received_at=NOW + timedelta(seconds=n)).messages[0].message_id for n in range(3)}
    assert len(names) == 3


def test_detections_of_several_minutes_are_several_scans() -> None:
    """Who sends an hour at once sends many scans, each of its own minute, in the order of time."""
    times = [f"2027-03-10T07:{minute:02}:00Z" for minute in range(0, 60, 5)]
    batch = decoded(payload(*(detection(at=at) for at in reversed(times))))
    assert [message.scan.started_at.minute for message in batch.messages] == list(range(0, 60, 5))
    assert len({message.message_id for message in batch.messages}) == 12


def test_a_scan_that_heard_nobody_is_one() -> None:
    """No detections at a time is a scan in which nobody was there."""
    batch = decoded(payload(timestamp="2027-03-10T07:00:00Z"))
    assert devices(batch) == ()
    assert batch.messages[0].scan.started_at == NOW.replace(hour=7, minute=0)


def test_a_single_detection_names_its_sensor_beside_it() -> None:
    """One detection, and the sensor it is of, are the same as a list of one."""
    assert decoded(detection(), "pi-entrance") == decoded(payload(detection()))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (payload(detection("ab")), "length >= 64"),
        (payload(detection("g" * 64)), "hexadecimal"),
        (payload(detection("\N{CYRILLIC SMALL LETTER A}" * 64)), "hexadecimal"),
        (payload(detection(rssi=400)), "<= 20"),
        (payload(detection(rssi=-128)), ">= -127"),
        (payload(detection(rssi="-50")), "Expected `float`"),
        (payload(detection(at="yesterday")), "RFC3339"),
        (payload(detection(at="1970-01-01T00:00:00Z")), "between 2000 and 2100"),
        (payload(detection(at="0001-01-01T00:00:00+14:00")), "between 2000 and 2100"),
        (payload(detection(at="9999-12-31T23:59:59-14:00")), "between 2000 and 2100"),
        ({"detections": []}, "device_id"),
        ({"device_id": "a"}, "detections"),
        (payload() | {"device_id": "../etc/passwd"}, "matching regex"),
        (payload() | {"device_id": "x" * 65}, "matching regex"),
        (payload(location="x" * 201), "length <= 200"),
        ([], "Expected `object`"),
    ],
)
def test_what_is_wrong_is_said(said: object, reason: str) -> None:
    """A payload that is not right is refused as a whole, with the reason."""
    with pytest.raises(WireError, match=reason):
        decoded(said)


def test_more_scans_than_a_batch_holds_are_refused() -> None:
    """501 minutes at once are more than are taken in one step."""
    start = NOW - timedelta(days=2)
    spread = [detection(at=(start + timedelta(minutes=2 * n)).isoformat()) for n in range(501)]
    with pytest.raises(WireError, match="501 scans"):
        decoded(payload(*spread))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_ODD = st.one_of(_JSON, st.datetimes().map(str), st.sampled_from([PHONE, "2027-03-10T07:00:00Z", -50, 10**400]))
_DETECTION = st.fixed_dictionaries({}, optional=dict.fromkeys(("device_hash", "rssi", "timestamp", "zone"), _ODD))


@given(
    st.one_of(
        st.binary(),
        _JSON.map(lambda said: json.dumps(said).encode()),
        st.fixed_dictionaries(
            {"device_id": st.sampled_from(["a", "", "\N{GREEK SMALL LETTER ALPHA}"]) | _ODD},
            optional={"detections": st.lists(_DETECTION) | _ODD, "timestamp": _ODD, "name": _ODD, "location": _ODD},
        ).map(lambda said: json.dumps(said).encode()),
    ),
    st.none() | st.text(),
)
def test_whatever_is_sent_is_a_batch_or_is_refused(body: bytes, device_id: str | None) -> None:
    """No bytes at all lead to anything but a batch or a reason."""
    with contextlib.suppress(WireError):
        assert decode_older(body, ZoneThresholds().zone_of, Key(), NOW, device_id).messages
