"""The wire: scans as they travel from a sensor to a hub, in JSON; docs/wire.md says it for other programmes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeVar

from msgspec import DecodeError, ValidationError, json

from links.wire_counts import CountsError, counts_to_send, received_counts
from links.wire_forms import (
    DAY_SECONDS,
    LEAST_DBM,
    LONGEST_ELAPSED_SECONDS,
    LONGEST_MANUFACTURER,
    LONGEST_SSID,
    LONGEST_WORDS,
    MOST_DBM,
    MOST_DEVICES,
    MOST_SIGHTINGS,
    MOST_SSIDS,
    VERSION,
    BatchForm,
    CountsForm,
    DeviceForm,
    FaultForm,
    HeadForm,
    HeardForm,
    MessageForm,
    SensorForm,
    UnheardForm,
    UnreadForm,
    VersionForm,
)
from presence.counts import RadioCounts
from presence.faults import Fault
from presence.message import Batch, ScanMessage
from presence.radio import Radio
from presence.scan import DeviceObservation, Heard, Hearing, Scan, Unheard
from presence.sensors import SensorCard
from presence.zones import Zone

# Bytes in a batch, unpacked: one scan of 20,000 devices by each radio, at 240 bytes a device, is 9.6 million.
MOST_BATCH_BYTES = 16 * 1024 * 1024

# What the database counts the sightings of a scan with: PostgreSQL's integer.
_MOST_SIGHTINGS_IN_ALL = 2**31 - 1
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
# A complaint quotes what was sent, but not pages of it.
_LONGEST_COMPLAINT = 300
_HEX_DIGITS = b"0123456789abcdef"

_Number = TypeVar("_Number", float, int, datetime)
_ZoneOf = Callable[[float | None], Zone | None]


class WireError(Exception):
    """What came is not a batch; the message names what is wrong and where, and is fit to be sent back."""


class WireVersionError(WireError):
    """What came is of another version of the format. It may be good: its sender should keep it until both agree.

    Attributes:
        is_newer: Whether it is of a newer one, which is understood here after an update.
    """

    def __init__(self, version: int) -> None:
        self.is_newer = version > VERSION
        side = "receiver" if self.is_newer else "sender"
        super().__init__(
            f"This is version {version} of the format, and here version {VERSION} is understood: update the {side}."
        )


def encode_message(message: ScanMessage) -> bytes:
    """A scan as JSON, to be kept until it is sent. What a receiver would refuse is cut to what it takes."""
    scan = message.scan
    return json.encode(
        MessageForm(
            message_id=message.message_id,
            started_at=_within_range(scan.started_at),
            duration_seconds=round(_between(0, scan.duration_seconds, DAY_SECONDS), 3),
            elapsed_seconds=None
            if scan.elapsed_seconds is None
            else round(_between(0, scan.elapsed_seconds, LONGEST_ELAPSED_SECONDS), 3),
            key_period=scan.key_period,
            clock_is_right=scan.clock_is_right,
            wifi=_hearing_to_send(scan.wifi, scan.started_at),
            bluetooth=_hearing_to_send(scan.bluetooth, scan.started_at),
        )
    )


def encode_batch(
    sensor: SensorCard, site: str, sent_at: datetime, waiting_count: int, bodies: Sequence[bytes]
) -> bytes:
    """Scans that `encode_message` made, as one batch; they are joined as they are, not read again.

    Args:
        sensor: Who heard them.
        site: 16 hexadecimal digits that name the site whose key their hashes are made with.
        sent_at: The time now, by the sensor's clock.
        waiting_count: Scans that wait besides these.
        bodies: The scans, oldest first; 1 to `MOST_MESSAGES`.
    """
    place = None if sensor.place is None else _text(sensor.place, LONGEST_WORDS)
    card = SensorForm(name=sensor.name, place=place, version=sensor.version)
    head = HeadForm(
        version=VERSION, sensor=card, site=site, sent_at=_within_range(sent_at), waiting_count=waiting_count
    )
    return b'%b,"messages":[%b]}' % (json.encode(head)[:-1], b",".join(bodies))


def decode_batch(body: bytes, zone_of: _ZoneOf) -> Batch:
    """The batch that a sensor sent.

    Args:
        body: What came, unpacked.
        zone_of: Tells the zone of a mean RSSI; the receiver's thresholds count, not the sensor's.

    Raises:
        WireVersionError: It is of a version that is not known here.
        WireError: It is not a batch; it is refused as a whole.
    """
    if len(body) > MOST_BATCH_BYTES:
        raise WireError(f"A batch of {len(body)} bytes is too large; the most is {MOST_BATCH_BYTES}. Send fewer scans.")
    try:
        batch = _batches().decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse_other_version(body)
        raise WireError(_complaint(body, error)) from error
    if batch.version != VERSION:
        raise WireVersionError(batch.version)
    card = SensorCard(name=batch.sensor.name, place=batch.sensor.place, version=batch.sensor.version)
    return Batch(
        sensor=card,
        site=batch.site,
        sent_at=_received_moment(batch.sent_at, "sent_at"),
        waiting_count=batch.waiting_count,
        messages=tuple(
            ScanMessage(message.message_id, _received_scan(message, card.name, f"messages[{number}]", zone_of))
            for number, message in enumerate(batch.messages)
        ),
    )


def decode_message(body: bytes, sensor: str, zone_of: _ZoneOf) -> ScanMessage:
    """The scan that `encode_message` made, read again by the sensor that kept it.

    Raises:
        WireError: It is damaged, or another version of this programme kept it.
    """
    try:
        message = json.decode(body, type=MessageForm)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"This is not a scan: {str(error)[:_LONGEST_COMPLAINT]}.") from error
    return ScanMessage(message.message_id, _received_scan(message, sensor, "", zone_of))


def _hearing_to_send(hearing: Hearing, started_at: datetime) -> HeardForm | UnheardForm:
    if not isinstance(hearing, Heard):
        return UnheardForm(_fault_to_send(hearing.fault))
    cut_short = None if hearing.cut_short is None else _fault_to_send(hearing.cut_short)
    counts = None if hearing.counts is None else counts_to_send(hearing.counts)
    return HeardForm(
        [_device_to_send(one, started_at) for one in hearing.observations[:MOST_DEVICES]], cut_short, counts
    )


def _device_to_send(observation: DeviceObservation, started_at: datetime) -> DeviceForm:
    maker, rssi, deviation = observation.manufacturer, observation.rssi_mean_dbm, observation.rssi_std_db
    return DeviceForm(
        device_hash=observation.device_hash,
        address_kind=observation.address_kind,
        sighting_count=_between(1, observation.sighting_count, MOST_SIGHTINGS),
        first_heard_seconds=_seconds_into(observation.first_heard_at, started_at),
        last_heard_seconds=_seconds_into(observation.last_heard_at, started_at),
        # As finely as the database keeps them.
        rssi_mean_dbm=None if rssi is None else round(_between(LEAST_DBM, rssi, MOST_DBM), 2),
        rssi_std_db=None if deviation is None else round(_between(0, deviation, MOST_DBM - LEAST_DBM), 2),
        manufacturer=None if maker is None else _text(maker, LONGEST_MANUFACTURER),
        ssids=tuple(_text(ssid, LONGEST_SSID) for ssid in observation.ssids[:MOST_SSIDS]),
    )


def _fault_to_send(fault: Fault) -> FaultForm:
    return FaultForm(fault.reason, _text(fault.detail, LONGEST_WORDS), _text(fault.recovery, LONGEST_WORDS))


def _seconds_into(at: datetime, started_at: datetime) -> float:
    return round(_between(-DAY_SECONDS, (at - started_at).total_seconds(), DAY_SECONDS), 3)


def _between(least: _Number, value: _Number, most: _Number) -> _Number:
    return max(least, min(value, most))


def _within_range(at: datetime) -> datetime:
    """The time itself; a clock that is so wrong as to be out of range is put to its edge, and is no less wrong."""
    return _between(_EARLIEST, at, _LATEST)


def _text(text: str, longest: int) -> str:
    """As much of a text as fits, without half surrogate pairs, which JSON cannot carry."""
    return text[:longest].encode("utf-8", "replace").decode()


def _received_scan(message: MessageForm, sensor: str, where: str, zone_of: _ZoneOf) -> Scan:
    started_at = _received_moment(message.started_at, f"{where}.started_at")
    wifi, bluetooth = (
        _received_hearing(hearing, radio, started_at, f"{where}.{radio.value}", zone_of)
        for radio, hearing in ((Radio.WIFI, message.wifi), (Radio.BLUETOOTH, message.bluetooth))
    )
    return Scan(
        sensor=sensor,
        started_at=started_at,
        duration_seconds=message.duration_seconds,
        elapsed_seconds=message.elapsed_seconds,
        key_period=message.key_period,
        clock_is_right=message.clock_is_right,
        wifi=wifi,
        bluetooth=bluetooth,
    )


def _received_hearing(
    hearing: HeardForm | UnheardForm,
    radio: Radio,
    started_at: datetime,
    where: str,
    zone_of: _ZoneOf,
) -> Hearing:
    if isinstance(hearing, UnheardForm):
        return Unheard(_received_fault(hearing.fault))
    _check_devices(hearing.devices, f"{where}.devices")
    observations = tuple(
        DeviceObservation(
            one.device_hash,
            radio,
            one.address_kind,
            one.manufacturer,
            one.ssids,
            one.rssi_mean_dbm,
            one.rssi_std_db,
            one.sighting_count,
            started_at + timedelta(0, one.first_heard_seconds),
            started_at + timedelta(0, one.last_heard_seconds),
            zone_of(one.rssi_mean_dbm),
        )
        for one in hearing.devices
    )
    cut_short = None if hearing.cut_short is None else _received_fault(hearing.cut_short)
    return Heard(observations, cut_short, _received_counts(hearing.counts, where))


def _check_devices(devices: Sequence[DeviceForm], where: str) -> None:
    """Check what can be checked of all at once, which is a tenth of the work of each by itself."""
    hashes = [one.device_hash for one in devices]
    if "".join(hashes).encode("ascii", "replace").translate(None, _HEX_DIGITS):
        raise WireError(f"A device_hash is not 64 hexadecimal digits in lower case - at `{where}`.")
    if len(set(hashes)) != len(hashes):
        raise WireError(f"A device is listed twice; each belongs in once - at `{where}`.")
    if sum(one.sighting_count for one in devices) > _MOST_SIGHTINGS_IN_ALL:
        raise WireError(f"The sighting_count of all together is above {_MOST_SIGHTINGS_IN_ALL} - at `{where}`.")


def _received_counts(counts: CountsForm | None, where: str) -> RadioCounts | None:
    try:
        return None if counts is None else received_counts(counts)
    except CountsError as error:
        raise WireError(f"{error} - at `{where}.counts`.") from error


def _received_fault(fault: FaultForm) -> Fault:
    return Fault(fault.reason, fault.detail, fault.recovery)


def _received_moment(at: datetime, where: str) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise WireError(f"A time is to lie between 2000 and 2100 - at `{where}`.")
    return at.astimezone(UTC)


def _refuse_other_version(body: bytes) -> None:
    """Say so if a batch that cannot be read is of another version, which tells more than what was not understood."""
    try:
        version = json.decode(body, type=VersionForm).version
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return  # it is not even that much, and what is wrong is told already
    if version != VERSION:
        raise WireVersionError(version)


def _complaint(body: bytes, error: Exception) -> str:
    """What is wrong and where. msgspec names the place but for its number in a list, so a wrong scan is looked for."""
    said = "It is nested too deeply" if isinstance(error, RecursionError) else str(error)
    if "$.messages[...]" in said:
        for number, raw in enumerate(json.decode(body, type=UnreadForm).messages):
            try:
                json.decode(raw, type=MessageForm)
            except ValidationError:
                said = said.replace("$.messages[...]", f"$.messages[{number}]")
                break
    return f"This is not a batch: {said[:_LONGEST_COMPLAINT]}."


# Building a decoder costs more than running it.
@cache
def _batches() -> json.Decoder[BatchForm]:
    return json.Decoder(BatchForm)
