from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from links.wire import MOST_BATCH_BYTES, WireError, WireVersionError, decode_batch, encode_batch, encode_message
from presence.counts import Counted, FixtureHeard, RadioCounts
from presence.faults import Fault, FaultReason
from presence.message import ScanMessage
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Hearing, Scan, Unheard
from presence.sensors import SensorCard
from presence.zones import Zone, ZoneThresholds

# A batch as its sender's JSON would have it.
Said = dict[str, Any]

CARD = SensorCard("hall", "by the stairs", "0.1.0")
SITE = "0f1e2d3c4b5a6978"
AT = datetime(2027, 3, 10, 8, 30, 0, 125_000, tzinfo=UTC)
ZONE_OF = ZoneThresholds().zone_of
COUNTS = RadioCounts(
    scan=Counted(sendings=(9, 8, 7, 6, 5, 4, 3, 2), addresses=(3, 2, 2, 1, 1, 0, 0, 0)),
    window=Counted(sendings=(90, 80, 70, 60, 50, 40, 30, 20), devices=(5, 4, 3, 2, 1, 1, 1, 1)),
    window_scans=10,
    fixtures=(FixtureHeard("0f" * 32, "Maker", 2, 1, 20, 10, 9, 7, is_carried=False),),
)
FAULT = Fault(FaultReason.HUNG, "no answer", "reset the adapter")


def observation(radio: Radio, number: int = 1) -> DeviceObservation:
    return DeviceObservation(
        device_hash=f"{number:064x}",
        radio=radio,
        address_kind=AddressKind.RANDOMISED,
        manufacturer="Maker",
        ssids=("home", "café"),
        rssi_mean_dbm=-61.43,
        rssi_std_db=2.15,
        sighting_count=7,
        first_heard_at=AT + timedelta(milliseconds=331),
        last_heard_at=AT + timedelta(milliseconds=9052),
        zone=Zone.MEDIUM,
    )


def scan(wifi: Hearing | None = None, bluetooth: Hearing | None = None) -> Scan:
    return Scan(
        sensor="hall",
        started_at=AT,
        duration_seconds=10.002,
        elapsed_seconds=60.0,
        key_period=740_050,
        clock_is_right=True,
        wifi=wifi or Heard((observation(Radio.WIFI),)),
        bluetooth=bluetooth or Heard(()),
    )


def message(number: int = 1, of: Scan | None = None) -> ScanMessage:
    return ScanMessage(f"{number:032x}", of or scan())


def batch_of(*messages: ScanMessage) -> bytes:
    return encode_batch(CARD, SITE, AT, 3, [encode_message(one) for one in messages])


def changed(change: Callable[[Said], object]) -> bytes:
    """A good batch of two scans, with a change made to it."""
    said = json.loads(batch_of(message(1), message(2)))
    change(said)
    return json.dumps(said).encode()


def device_of(said: Said) -> Said:
    device: Said = said["messages"][1]["wifi"]["devices"][0]
    return device


def test_a_batch_arrives_as_it_was_sent() -> None:
    """Sensor, site, times and every field of every scan are the same at the other end."""
    sent = [
        message(1, scan(Heard((observation(Radio.WIFI),)), Unheard(FAULT))),
        message(2, scan(Heard((), FAULT), Heard((observation(Radio.BLUETOOTH, 2), observation(Radio.BLUETOOTH, 3))))),
        message(3, replace(scan(), elapsed_seconds=None, clock_is_right=False)),
    ]
    batch = decode_batch(batch_of(*sent), ZONE_OF)
    assert (batch.sensor, batch.site, batch.sent_at, batch.waiting_count) == (CARD, SITE, AT, 3)
    assert list(batch.messages) == sent


def test_counts_arrive_as_they_were_sent() -> None:
    """What a scan counted, and the fixtures in it, are the same at the other end; a sensor may leave them out."""
    heard = Heard((), None, COUNTS)
    (arrived,) = decode_batch(batch_of(message(1, scan(heard, Heard(())))), ZONE_OF).messages
    assert (arrived.scan.wifi, arrived.scan.bluetooth) == (heard, Heard(()))


def test_a_sensor_cuts_counts_to_what_is_taken() -> None:
    """Counts beyond all bounds are sent as the most that a hub takes."""
    beyond = replace(COUNTS, scan=Counted(sendings=(2**40,) * 8), window_scans=10_000, fixtures=COUNTS.fixtures)
    (arrived,) = decode_batch(batch_of(message(1, scan(Heard((), None, beyond)))), ZONE_OF).messages
    assert isinstance(arrived.scan.wifi, Heard)
    assert arrived.scan.wifi.counts is not None
    assert arrived.scan.wifi.counts.scan.sendings == (2**31 - 1,) * 8


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda counts: counts["scan"].update(sendings=[1, 1]), "length >= 8"),
        (lambda counts: counts["scan"].update(sendings=[1] * 9), "length <= 8"),
        (lambda counts: counts["scan"].update(sendings=[-1] * 8), ">= 0"),
        (lambda counts: counts["scan"].update(bursts=[2**31] + [0] * 7), "<= 2147483647"),
        (lambda counts: counts["scan"].update(bursts=[1.5] * 8), "Expected `int`"),
        (lambda counts: counts["window"].update(devices=[0, 1, 0, 0, 0, 0, 0, 0]), "more of `devices`"),
        (lambda counts: counts.update(window_scans=0), ">= 1"),
        (lambda counts: counts.pop("window"), "missing required field `window`"),
        (lambda counts: counts["fixtures"][0].update(digest="G" * 64), "hexadecimal"),
        (lambda counts: counts["fixtures"][0].update(cut=8), "< 8|<= 7"),
        (lambda counts: counts["fixtures"].append(counts["fixtures"][0]), "twice"),
        (lambda counts: counts.update(fixtures=counts["fixtures"] * 1_001), "length <= 1000"),
    ],
)
def test_counts_that_cannot_be_are_refused(change: Callable[[Said], object], says: str) -> None:
    """Counts of the wrong length, sign or order, and fixtures that are none, are refused with the reason and place."""
    said = json.loads(batch_of(message(1, scan(Heard((), None, COUNTS)))))
    change(said["messages"][0]["wifi"]["counts"])
    with pytest.raises(WireError, match=says) as refused:
        decode_batch(json.dumps(said).encode(), ZONE_OF)
    assert "messages[0]" in str(refused.value)


def test_not_heard_is_never_nobody_there() -> None:
    """A radio that was not heard arrives as that, with its fault, and one that heard nobody as a radio that heard."""
    (arrived,) = decode_batch(batch_of(message(1, scan(Unheard(FAULT), Heard(())))), ZONE_OF).messages
    assert arrived.scan.wifi == Unheard(FAULT)
    assert arrived.scan.bluetooth == Heard(())


def test_the_receiver_tells_the_zone() -> None:
    """The zone is not sent; it follows from the RSSI by the receiver's thresholds."""
    body = batch_of(message())
    assert b"zone" not in body
    (arrived,) = decode_batch(body, ZoneThresholds(-40, -50).zone_of).messages
    assert isinstance(arrived.scan.wifi, Heard)
    assert arrived.scan.wifi.observations[0].zone is Zone.FAR


def test_times_of_any_zone_are_made_utc() -> None:
    """A time of another zone is the same moment in UTC; one without a zone is refused."""
    batch = decode_batch(changed(lambda said: said.update(sent_at="2027-03-10T10:30:00+02:00")), ZONE_OF)
    assert batch.sent_at == datetime(2027, 3, 10, 8, 30, tzinfo=UTC)
    assert batch.sent_at.tzinfo is UTC
    with pytest.raises(WireError, match="sent_at"):
        decode_batch(changed(lambda said: said.update(sent_at="2027-03-10T10:30:00")), ZONE_OF)


def test_the_example_in_the_docs_is_a_batch() -> None:
    """docs/wire.md shows a batch that is read, and names the same bounds."""
    text = Path("docs/wire.md").read_text(encoding="utf-8")
    (example, _register, _reports, older) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    batch = decode_batch(example.encode(), ZONE_OF)
    assert isinstance(batch.messages[0].scan.bluetooth, Unheard)
    assert batch.messages[0].scan.bluetooth.fault.reason is FaultReason.POWERED_OFF
    assert json.loads(older)["detections"][0]["zone"] == "MEDIUM"
    assert f"{MOST_BATCH_BYTES:,}" in text


WRONG: dict[str, tuple[Callable[[Said], object], str]] = {
    "no sensor": (lambda said: said.pop("sensor"), "sensor"),
    "name with a slash": (lambda said: said["sensor"].update(name="a/b"), "sensor.name"),
    "name with a wildcard": (lambda said: said["sensor"].update(name="+"), "sensor.name"),
    "name with a line end": (lambda said: said["sensor"].update(name="hall\n"), "sensor.name"),
    "long name": (lambda said: said["sensor"].update(name="a" * 65), "sensor.name"),
    "site": (lambda said: said.update(site="0F1E2D3C4B5A6978"), "site"),
    "waiting": (lambda said: said.update(waiting_count=-1), "waiting_count"),
    "no scans": (lambda said: said.update(messages=[]), "messages"),
    "too many scans": (lambda said: said.update(messages=said["messages"] * 251), "messages"),
    "id": (lambda said: said["messages"][1].update(message_id="x" * 32), "messages[1].message_id"),
    "early": (lambda said: said["messages"][1].update(started_at="1999-12-31T23:59:59Z"), "messages[1].started_at"),
    "late": (lambda said: said["messages"][1].update(started_at="2100-01-01T00:00:00Z"), "messages[1].started_at"),
    "no time": (lambda said: said["messages"][1].update(started_at="yesterday"), "messages[1].started_at"),
    "period": (lambda said: said["messages"][1].update(key_period=10**9), "messages[1].key_period"),
    "no radio": (lambda said: said["messages"][1].pop("bluetooth"), "messages[1]"),
    "hearing": (lambda said: said["messages"][1]["wifi"].update(hearing="perhaps"), "messages[1].wifi"),
    "fault": (
        lambda said: said["messages"][1].update(wifi={"hearing": "not heard", "fault": {"reason": "tired"}}),
        "messages[1].wifi.fault.reason",
    ),
    "short hash": (lambda said: device_of(said).update(device_hash="ab"), "device_hash"),
    "hash of letters": (lambda said: device_of(said).update(device_hash="z" * 64), "messages[1].wifi.devices"),
    "hash of capitals": (lambda said: device_of(said).update(device_hash="A" * 64), "messages[1].wifi.devices"),
    "hash of other digits": (lambda said: device_of(said).update(device_hash="٣" * 64), "messages[1].wifi.devices"),
    "strong": (lambda said: device_of(said).update(rssi_mean_dbm=400), "rssi_mean_dbm"),
    "weak": (lambda said: device_of(said).update(rssi_mean_dbm=-127.5), "rssi_mean_dbm"),
    "none heard": (lambda said: device_of(said).update(sighting_count=0), "sighting_count"),
    "many heard": (lambda said: device_of(said).update(sighting_count=10**9), "sighting_count"),
    "days later": (lambda said: device_of(said).update(last_heard_seconds=86_401), "last_heard_seconds"),
    "kind": (lambda said: device_of(said).update(address_kind="strange"), "address_kind"),
    "long maker": (lambda said: device_of(said).update(manufacturer="a" * 65), "manufacturer"),
    "long ssid": (lambda said: device_of(said).update(ssids=["a" * 33]), "ssids"),
    "many ssids": (lambda said: device_of(said).update(ssids=["a"] * 65), "ssids"),
    "twice": (lambda said: said["messages"][1]["wifi"]["devices"].append(device_of(said)), "twice"),
    "too many in all": (
        lambda said: said["messages"][1]["wifi"].update(
            devices=[{**device_of(said), "device_hash": f"{n:064x}", "sighting_count": 10**8} for n in range(22)]
        ),
        "all together",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_by_its_name(name: str) -> None:
    """A batch with one wrong value is refused, and the message says which and where."""
    change, where = WRONG[name]
    with pytest.raises(WireError) as refused:
        decode_batch(changed(change), ZONE_OF)
    assert where in str(refused.value)


def test_too_many_devices_are_refused() -> None:
    """More devices than any place has are not taken in."""

    def crowd(said: Said) -> None:
        said["messages"][1]["wifi"]["devices"] = [
            {**device_of(said), "device_hash": f"{number:064x}"} for number in range(20_001)
        ]

    with pytest.raises(WireError, match=r"length <= 20000 - at `\$.messages\[1\].wifi.devices`"):
        decode_batch(changed(crowd), ZONE_OF)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\x00",
        b"\xff\xfe",
        b'{"version":1,"sensor":"\xff"}',
        b"[" * 100_000,
        b'{"a":' + b"[" * 100_000,
        b'{"version":1,"messages":[{"wifi":' + b"[" * 100_000,
        b'{"version":1e400}',
        b'{"version":1,"messages":[' + b"1," * 1000 + b"1]}",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    """Whatever comes, it is refused with a sentence of bounded length, and nothing else happens."""
    with pytest.raises(WireError) as refused:
        decode_batch(body, ZONE_OF)
    assert len(str(refused.value)) < 400


def test_one_too_large_is_not_even_looked_at() -> None:
    """A body above the limit is refused by its size."""
    with pytest.raises(WireError, match="too large"):
        decode_batch(b" " * (MOST_BATCH_BYTES + 1), ZONE_OF)


@pytest.mark.parametrize(("version", "side"), [(0, "sender"), (2, "receiver")])
def test_another_version_names_the_side_to_update(version: int, side: str) -> None:
    """A batch of another version is refused as that, whether or not its fields could be read."""
    for body in (changed(lambda said: said.update(version=version)), b'{"version": %d, "scans": 7}' % version):
        with pytest.raises(WireVersionError, match=f"update the {side}"):
            decode_batch(body, ZONE_OF)


def test_fields_of_the_future_are_passed_over() -> None:
    """What a later programme adds without changing the version does no harm."""

    def add(said: Said) -> None:
        said["mood"] = said["messages"][0]["mood"] = device_of(said)["mood"] = {"good": [1, 2]}

    assert len(decode_batch(changed(add), ZONE_OF).messages) == 2


# Half surrogate pairs too, which JSON cannot carry.
letters = st.characters() | st.characters(categories=["Cs"])
text = st.text(letters, max_size=80)
moments = st.datetimes(timezones=st.just(UTC))
observations = st.builds(
    DeviceObservation,
    device_hash=st.binary(min_size=32, max_size=32).map(bytes.hex),
    radio=st.just(Radio.WIFI),
    address_kind=st.sampled_from(AddressKind),
    manufacturer=st.none() | text,
    ssids=st.lists(text, max_size=70).map(tuple),
    rssi_mean_dbm=st.none() | st.floats(-200, 200),
    rssi_std_db=st.none() | st.floats(0, 300),
    sighting_count=st.integers(0, 10**12),
    first_heard_at=moments,
    last_heard_at=moments,
    zone=st.none(),
)
faults = st.builds(Fault, st.sampled_from(FaultReason), text, st.text(letters, max_size=300))
hearings = st.builds(Unheard, faults) | st.builds(
    Heard, st.lists(observations, max_size=3, unique_by=lambda one: one.device_hash).map(tuple), st.none() | faults
)


odd_scans = st.builds(
    Scan,
    sensor=st.just("hall"),
    started_at=moments,
    duration_seconds=st.floats(-10, 1e12),
    elapsed_seconds=st.none() | st.floats(-10, 1e12),
    key_period=st.just(740_050),
    clock_is_right=st.booleans(),
    wifi=hearings,
    bluetooth=hearings,
)


@given(odd_scans)
def test_whatever_a_sensor_hears_can_be_received(odd: Scan) -> None:
    """Nothing that a sensor can write down is refused at the other end, however odd its clock and what it heard."""
    (arrived,) = decode_batch(batch_of(message(1, odd)), ZONE_OF).messages
    for radio in Radio:
        sent, received = odd.hearing(radio), arrived.scan.hearing(radio)
        assert type(sent) is type(received)
        if isinstance(sent, Heard) and isinstance(received, Heard):
            hashes = [one.device_hash for one in sent.observations]
            assert [one.device_hash for one in received.observations] == hashes


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    """Bytes of a stranger are refused, and raise nothing else."""
    with pytest.raises(WireError):
        decode_batch(body, ZONE_OF)


def test_a_time_at_the_end_of_time_is_refused() -> None:
    """A time that no clock here can hold in UTC is refused like any other that is out of range."""
    far = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23)))
    with pytest.raises(WireError):
        decode_batch(changed(lambda said: said["messages"][0].update(started_at=far.isoformat())), ZONE_OF)
