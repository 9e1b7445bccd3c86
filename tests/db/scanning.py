"""Scans as tests write them: devices by short names, times by the minute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from db.settings import StoreSettings
from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Hearing, Scan, Unheard
from presence.zones import ZoneThresholds

PRAGUE = ZoneInfo("Europe/Prague")
SETTINGS = StoreSettings(
    interval_seconds=60,
    visit_gap=timedelta(minutes=10),
    hold=timedelta(minutes=5),
    visible_share=0.8,
    keep_days=30,
    keep_scans_days=400,
    keep_detections_days=3650,
    time_zone=PRAGUE,
)
# Half past nine in Prague.
START_AT = datetime(2027, 3, 10, 8, 30, tzinfo=UTC)
HUNG = Fault(FaultReason.HUNG, "no answer", "reset the adapter")


def minute(number: float) -> datetime:
    """So many minutes after the first scan."""
    return START_AT + timedelta(minutes=number)


def hash_of(name: str) -> str:
    """The hash a device of this name goes by."""
    return hashlib.sha256(name.encode()).hexdigest()


def device(
    name: str,
    radio: Radio = Radio.WIFI,
    *,
    manufacturer: str | None = None,
    ssids: tuple[str, ...] = (),
    rssi_dbm: float | None = -50.0,
    address_kind: AddressKind = AddressKind.RANDOMISED,
) -> DeviceObservation:
    """A device as one scan hears it."""
    return DeviceObservation(
        device_hash=hash_of(name),
        radio=radio,
        address_kind=address_kind,
        manufacturer=manufacturer,
        ssids=ssids,
        rssi_mean_dbm=rssi_dbm,
        rssi_std_db=None,
        sighting_count=3,
        first_heard_at=START_AT,
        last_heard_at=START_AT,
        zone=ZoneThresholds().zone_of(rssi_dbm),
    )


def hearing(radio: Radio, heard: Iterable[str | DeviceObservation] | Fault) -> Hearing:
    """What a radio heard: devices or their names; or why it heard nothing."""
    if isinstance(heard, Fault):
        return Unheard(heard)
    return Heard(tuple(device(one, radio) if isinstance(one, str) else one for one in heard))


def scan(
    at: datetime,
    wifi: Iterable[str | DeviceObservation] | Fault = (),
    bluetooth: Iterable[str | DeviceObservation] | Fault = (),
    *,
    elapsed_seconds: float | None = 60.0,
    key_period: int = 20_000,
    clock_is_right: bool = True,
    sensor: str = "box",
) -> Scan:
    """A scan at a time, of what each radio heard."""
    return Scan(
        sensor=sensor,
        started_at=at,
        duration_seconds=10.0,
        elapsed_seconds=elapsed_seconds,
        key_period=key_period,
        clock_is_right=clock_is_right,
        wifi=hearing(Radio.WIFI, wifi),
        bluetooth=hearing(Radio.BLUETOOTH, bluetooth),
    )
