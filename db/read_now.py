"""Reading what is heard now: by one sensor, or by all of a site together, each device once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from db.detections import unpack, zone_of_code
from db.gaps import last_scans
from db.schema import SCANS
from db.settings import StoreSettings
from db.site_schema import DETECTIONS
from presence.radio import Radio
from presence.zones import Zone

# A scan may be late by its jitter and by a radio that hung. After three intervals without one, scanning has stopped,
# and what was heard then says nothing about now.
_NOW_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class RadioNow:
    """One radio, over all sensors that have just spoken.

    Attributes:
        scan: The newest scan that heard it; where none did, the newest of all.
        device_count: Different devices; None when no sensor heard it.
        zones: Devices by zone, each in that of the sensor that hears it best.
    """

    scan: Row[Any]
    device_count: int | None
    zones: Mapping[Zone, int]


@dataclass(frozen=True, slots=True)
class SiteNow:
    """What is heard now, by one sensor or by all.

    Attributes:
        latest: The newest scan.
        is_recent: Whether it is recent enough to say anything about now.
        radios: Each radio.
    """

    latest: Row[Any]
    is_recent: bool
    radios: Mapping[Radio, RadioNow]


def read_now(
    connection: Connection, now_at: datetime, settings: StoreSettings, sensor: str | None = None
) -> SiteNow | None:
    """What is heard now, by one sensor or by all; None before the first scan.

    Of one sensor the devices are those placed at it, so that the counts of all sensors add up.
    """
    latest = _latest(connection, sensor)
    if latest is None:
        return None
    reach = timedelta(seconds=_NOW_INTERVALS * settings.interval_seconds)
    # A scan that seems to lie ahead was made before the clock was put back: nobody knows how old it is.
    is_recent = abs(now_at - latest.started_at) <= reach
    is_one = sensor is not None or not is_recent
    scans = [latest] if is_one else _newest_of_each_sensor(connection, now_at, reach)
    read = _read_one if len(scans) == 1 else _read_several
    return SiteNow(latest, is_recent, {radio: read(connection, radio, scans) for radio in Radio})


def _latest(connection: Connection, sensor: str | None) -> Row[Any] | None:
    newest = select(SCANS).order_by(SCANS.c.id.desc()).limit(1)
    if sensor is None:
        return connection.execute(newest).first()
    # By the moment, for which there is an index: one that has been silent for a year must not be looked for in a year.
    last_scan_at = last_scans(connection, [sensor]).get(sensor)
    return connection.execute(newest.where(SCANS.c.started_at == last_scan_at, SCANS.c.sensor == sensor)).first()


def _newest_of_each_sensor(connection: Connection, now_at: datetime, reach: timedelta) -> Sequence[Row[Any]]:
    """The newest scan of each sensor that has just spoken, the newest first."""
    newest = (
        select(func.max(SCANS.c.id))
        .where(SCANS.c.started_at.between(now_at - reach, now_at + reach))
        .group_by(SCANS.c.sensor)
    )
    return connection.execute(select(SCANS).where(SCANS.c.id.in_(newest)).order_by(SCANS.c.id.desc())).all()


def _read_one(_connection: Connection, radio: Radio, scans: Sequence[Row[Any]]) -> RadioNow:
    (scan,) = scans
    columns = scan._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by column names
    zones = {zone: columns[f"{radio.value}_{zone.value}_count"] or 0 for zone in Zone}
    return RadioNow(scan, columns[f"{radio.value}_device_count"], zones)


def _read_several(connection: Connection, radio: Radio, scans: Sequence[Row[Any]]) -> RadioNow:
    """Put together what several sensors heard. The counts of their scans would not do: devices move between them."""
    heard = [scan for scan in scans if scan._mapping[f"{radio.value}_device_count"] is not None]  # noqa: SLF001 - as above
    if not heard:
        return RadioNow(scans[0], None, {})
    column = DETECTIONS.c[radio.value]
    packed = connection.execute(select(column).where(DETECTIONS.c.scan_id.in_([scan.id for scan in heard]))).scalars()
    best: dict[int, tuple[bool, int, int]] = {}
    for found in map(unpack, filter(None, packed)):
        for device_id, rssi, code in zip(found.device_ids, found.rssi_dbm, found.zones, strict=True):
            # No reading has the code 0 for its zone, and any reading is better.
            standing = (code != 0, rssi, code)
            if device_id not in best or standing[:2] > best[device_id][:2]:
                best[device_id] = standing
    zones = dict.fromkeys(Zone, 0)
    for _, _, code in best.values():
        if zone := zone_of_code(code):
            zones[zone] += 1
    return RadioNow(heard[0], len(best), zones)
