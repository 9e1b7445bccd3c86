"""Reading how long the crowd stays, and who comes back: visits of devices that keep their address, and the people."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, select

from db.buckets import hour_start, hours_between, local_day
from db.people_schema import PEOPLE_HOURS
from db.people_sums import SITE
from db.schema import DEVICES, VISITS
from db.settings import StoreSettings
from presence.crowd import KEPT, LONGEST_SECONDS, SHORTEST_SECONDS, DeviceStay, crowd_stays, keeps_address
from presence.estimate import CrowdStays, PeoplePoint, Returning
from presence.radio import Radio
from presence.ranges import TimeRange

_HOUR = timedelta(hours=1)
# Visits that are looked at for each radio, the latest: more say no more, and take a Pi longer than somebody waits.
_MOST_VISITS = 5000


def read_stays(
    connection: Connection, settings: StoreSettings, time_range: TimeRange, now_at: datetime
) -> CrowdStays | None:
    """How long the crowd of a range of time stayed; None when too few kept their address to say."""
    from_at = now_at - time_range.span
    stays = [stay for radio in Radio for stay in _device_stays(connection, radio, from_at)]
    first_at = hour_start(max(from_at, min((stay.started_at for stay in stays), default=now_at)), settings.time_zone)
    return crowd_stays(stays, _present(connection, first_at, now_at, settings.time_zone), _HOUR)


def read_returning(
    connection: Connection, settings: StoreSettings, time_range: TimeRange, now_at: datetime
) -> Returning | None:
    """Who came back, of those whose visits ended in a range of time; None where no device keeps its name for days."""
    if not settings.recognises:
        return None
    latest: dict[tuple[Radio, int], bool] = {}
    for radio in Radio:
        for row in connection.execute(_select_visits(radio), {"from_at": now_at - time_range.span}):
            day, first_day = (local_day(at, settings.time_zone) for at in (row.started_at, row.first_seen_at))
            latest.setdefault((radio, row.id), first_day < day)  # the latest visit comes first
    returning = sum(latest.values())
    return Returning(returning, len(latest) - returning)


def _device_stays(connection: Connection, radio: Radio, from_at: datetime) -> list[DeviceStay]:
    rows = connection.execute(_select_visits(radio), {"from_at": from_at})
    return [
        DeviceStay(row.started_at, row.stay_seconds)
        for row in rows
        if keeps_address(radio, row.address_kind, row.stay_seconds)
    ]


def _present(connection: Connection, from_at: datetime, to_at: datetime, time_zone: ZoneInfo) -> list[PeoplePoint]:
    """People in each hour; an hour in which nothing was heard is a gap."""
    known = {row.hour_at: row for row in connection.execute(_select_hours(), {"from_at": from_at, "to_at": to_at})}
    return [
        PeoplePoint(at, known[at].low, known[at].likely, known[at].high)
        if at in known
        else PeoplePoint(at, None, None, None)
        for at in hours_between(from_at, to_at, time_zone)
    ]


# Built once, as in `db.followed`.
@cache
def _select_visits(radio: Radio) -> Select[*tuple[Any, ...]]:
    visit, device = VISITS.c, DEVICES[radio].c
    return (
        select(visit.started_at, visit.stay_seconds, device.id, device.address_kind, device.first_seen_at)
        .join_from(VISITS, DEVICES[radio], visit.device_id == device.id)
        .where(
            visit.radio == radio,
            visit.ended_at >= bindparam("from_at"),
            # Most are of addresses that soon changed: those are not to take the places of the others.
            visit.stay_seconds.between(SHORTEST_SECONDS, LONGEST_SECONDS),
            device.address_kind.in_(sorted(KEPT[radio])),
        )
        .order_by(visit.ended_at.desc())
        .limit(_MOST_VISITS)
    )


@cache
def _select_hours() -> Select[*tuple[Any, ...]]:
    hour = PEOPLE_HOURS.c
    return select(hour.hour_at, hour.low, hour.likely, hour.high).where(
        hour.sensor == SITE, hour.hour_at >= bindparam("from_at"), hour.hour_at < bindparam("to_at")
    )
