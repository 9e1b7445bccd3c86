"""The payload of the older BLE agent: checked, hashed again, and made scans of."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import fmean, stdev
from typing import Annotated, Protocol

from msgspec import DecodeError, Meta, Struct, convert, json

from links.wire import MOST_BATCH_BYTES, WireError
from links.wire_forms import LEAST_DBM, LONGEST_WORDS, MOST_DBM, MOST_DEVICES, MOST_MESSAGES
from presence.faults import Fault, FaultReason
from presence.message import Batch, ScanMessage
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Scan, Unheard
from presence.sensors import SensorCard
from presence.zones import Zone

# The older BLE agent listens for 10 s at a time and sends what it heard. Detections further apart than this were not
# heard in one scan: somebody sends several at once.
_SCAN_SECONDS = 10.0
_MOST_IN_ONE_SCAN = timedelta(seconds=60)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LONGEST_COMPLAINT = 300
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_NO_WIFI = Unheard(Fault(FaultReason.SWITCHED_OFF, "the older BLE agent hears Bluetooth only"))

_ZoneOf = Callable[[float | None], Zone | None]


class SiteKey(Protocol):
    """The site's visitor key of the moment; `scans.visitor_key.VisitorKey` is one."""

    @property
    def period(self) -> int:
        """Day number of its first day."""

    def hash_of(self, radio: Radio, address: str) -> str:
        """Name a device by what is known of it: 64 hexadecimal digits that nobody can turn back without the key."""


class DetectionForm(Struct):
    """One device as it was heard once. The zone it names is not looked at: the hub's own thresholds count."""

    device_hash: Annotated[str, Meta(min_length=64, max_length=64)]
    rssi: Annotated[float, Meta(ge=LEAST_DBM, le=MOST_DBM)]
    timestamp: datetime | None = None


_Name = Annotated[str, Meta(pattern=r"^[\w .-]{1,64}\Z")]
_Words = Annotated[str, Meta(max_length=LONGEST_WORDS)]


class PayloadForm(Struct):
    """What one sensor heard."""

    device_id: _Name
    detections: Annotated[list[DetectionForm], Meta(max_length=MOST_DEVICES)]
    timestamp: datetime | None = None
    name: _Words | None = None
    location: _Words | None = None


class _Detection(Struct, frozen=True, order=True):
    at: datetime
    device_hash: str
    rssi_dbm: float


def decode_older(
    body: bytes, zone_of: _ZoneOf, key: SiteKey, received_at: datetime, device_id: str | None = None
) -> Batch:
    """The scans that the older BLE agent sent.

    Its hashes are unkeyed, which is no anonymisation: each is hashed again under the site's key. A phone that it hears
    is therefore not known to be the one that another sensor hears.

    Args:
        body: What came, unpacked: what one sensor heard, or, with `device_id`, a single detection of that sensor.
        zone_of: Tells the zone of a mean RSSI.
        key: The site's key of the moment.
        received_at: The time now; it stands where no time was sent.
        device_id: The sensor, where the body does not name it; None where it does.

    Raises:
        WireError: It is not such a payload; it is refused as a whole.
    """
    payload = _decoded(body, device_id)
    hashes = [one.device_hash for one in payload.detections]
    if "".join(hashes).encode("ascii", "replace").translate(None, _HEX_DIGITS):
        raise WireError("A device_hash is not 64 hexadecimal digits - at `$.detections`.")
    detections = sorted(
        _Detection(_moment(one.timestamp or payload.timestamp, received_at), one.device_hash.lower(), one.rssi)
        for one in payload.detections
    )
    scans = list(_scans(detections)) or [[]]
    if len(scans) > MOST_MESSAGES:
        raise WireError(f"This holds {len(scans)} scans of a minute each; the most is {MOST_MESSAGES}. Send fewer.")
    place = ", ".join(words for words in (payload.name, payload.location) if words not in {None, "", payload.device_id})
    empty_at = _moment(payload.timestamp, received_at)
    return Batch(
        sensor=SensorCard(payload.device_id, place or None, None),
        site=None,
        sent_at=None,
        waiting_count=None,
        messages=tuple(_message(payload.device_id, one, empty_at, zone_of, key) for one in scans),
    )


def _decoded(body: bytes, device_id: str | None) -> PayloadForm:
    if len(body) > MOST_BATCH_BYTES:
        raise WireError(f"A payload of {len(body)} bytes is too large; the most is {MOST_BATCH_BYTES}.")
    try:
        if device_id is None:
            return _payloads().decode(body)
        return PayloadForm(convert(device_id, _Name), [json.decode(body, type=DetectionForm)])
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise WireError(f"This is not a payload of detections: {said[:_LONGEST_COMPLAINT]}.") from error


def _moment(at: datetime | None, received_at: datetime) -> datetime:
    """A time that was sent; one without a time zone is taken as UTC."""
    if at is None:
        return received_at
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    if not _EARLIEST <= aware < _LATEST:
        raise WireError("A timestamp is to lie between 2000 and 2100.")
    return aware.astimezone(UTC)


def _scans(detections: Sequence[_Detection]) -> Iterator[list[_Detection]]:
    """Detections in the order of time, cut where they cannot be of one scan."""
    scan: list[_Detection] = []
    for one in detections:
        if scan and one.at - scan[0].at > _MOST_IN_ONE_SCAN:
            yield scan
            scan = []
        scan.append(one)
    if scan:
        yield scan


def _message(
    device_id: str, detections: Sequence[_Detection], empty_at: datetime, zone_of: _ZoneOf, key: SiteKey
) -> ScanMessage:
    """One scan, under a name made from all that is stored of it, so that a repeat of it has the same."""
    started_at = detections[0].at if detections else empty_at
    canonical = json.encode((device_id, started_at, detections))
    readings: defaultdict[str, list[_Detection]] = defaultdict(list)
    for one in detections:
        readings[one.device_hash].append(one)
    scan = Scan(
        sensor=device_id,
        started_at=started_at,
        duration_seconds=_SCAN_SECONDS,
        elapsed_seconds=None,
        key_period=key.period,
        clock_is_right=True,
        wifi=_NO_WIFI,
        bluetooth=Heard(tuple(_observation(some, zone_of, key) for some in readings.values())),
    )
    return ScanMessage(hashlib.sha256(canonical).hexdigest()[:32], scan)


def _observation(detections: Sequence[_Detection], zone_of: _ZoneOf, key: SiteKey) -> DeviceObservation:
    """One device, by all of its readings."""
    rssi = [one.rssi_dbm for one in detections]
    mean = fmean(rssi)
    return DeviceObservation(
        device_hash=key.hash_of(Radio.BLUETOOTH, detections[0].device_hash),
        radio=Radio.BLUETOOTH,
        address_kind=AddressKind.UNKNOWN,
        manufacturer=None,
        ssids=(),
        rssi_mean_dbm=mean,
        rssi_std_db=stdev(rssi) if len(rssi) > 1 else None,
        sighting_count=len(rssi),
        first_heard_at=detections[0].at,
        last_heard_at=detections[-1].at,
        zone=zone_of(mean),
    )


# Building a decoder costs more than running it.
@cache
def _payloads() -> json.Decoder[PayloadForm]:
    return json.Decoder(PayloadForm)
