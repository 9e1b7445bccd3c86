"""Reading the place now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from db.read_now import SiteNow, read_now
from db.schema import GAPS, PRESENT, RADIO_STATES, ROUNDS, SAVED_REPORTS, VISITS
from db.settings import StoreSettings
from presence.faults import Fault
from presence.overview import Overview, RadioState
from presence.people import people_with_ratio
from presence.radio import Radio
from presence.zones import Zone


def read_overview(
    connection: Connection, now_at: datetime, settings: StoreSettings, sensor: str | None = None
) -> Overview:
    """The place now, and in total: as one sensor has it, or all."""
    now = read_now(connection, now_at, settings, sensor)
    latest = None if now is None else now.latest
    current_round = connection.execute(select(ROUNDS).order_by(ROUNDS.c.id.desc()).limit(1)).one()
    totals = _device_totals(connection, sensor)
    people_now = None if now is None else _people_now(now)
    present_count = people_now
    # Under a wrong clock nobody knows how long ago a device was heard; those of the latest scan are present at least.
    if people_now is not None and latest is not None and latest.clock_is_right:
        present_count = heard_since(connection, now_at - settings.hold, sensor)
    return Overview(
        as_of_at=now_at,
        last_scan_at=None if latest is None else latest.started_at,
        clock_is_right=latest is None or latest.clock_is_right,
        wifi=_radio_state(connection, Radio.WIFI, now),
        bluetooth=_radio_state(connection, Radio.BLUETOOTH, now),
        people_now=people_now,
        people_now_with_ratio=None if people_now is None else people_with_ratio(people_now, settings.visible_share),
        visible_share=settings.visible_share,
        present_count=present_count,
        hold_minutes=settings.hold.total_seconds() / 60,
        zones_now={} if now is None or people_now is None else _zones(now),
        wifi_total=totals.get(Radio.WIFI, 0),
        bluetooth_total=totals.get(Radio.BLUETOOTH, 0),
        average_time_spent_minutes=_mean_minutes(current_round),
        time_spent_since_at=current_round.started_at,
        saved_at=connection.execute(
            select(SAVED_REPORTS.c.saved_at).order_by(SAVED_REPORTS.c.id.desc()).limit(1)
        ).scalar(),
        sensor=sensor,
    )


def fault_of(reason: Any, detail: str | None, recovery: str | None) -> Fault | None:  # noqa: ANN401 - a column of either table
    """The fault that three columns hold; None when there is none."""
    return None if reason is None else Fault(reason, detail or "", recovery or "")


def heard_since(connection: Connection, since_at: datetime, sensor: str | None = None) -> int:
    """Different devices heard since a moment: those on an open visit, and those whose visit is over.

    Of one sensor, those that are placed at it, or were when their visit ended.
    """
    count = 0
    for radio, present in PRESENT.items():
        on_visit = select(func.count()).where(present.c.last_seen_at >= since_at)
        is_on_visit = exists().where(present.c.device_id == VISITS.c.device_id)
        left = select(func.count(VISITS.c.device_id.distinct())).where(
            VISITS.c.ended_at >= since_at, VISITS.c.radio == radio, ~is_on_visit
        )
        if sensor is not None:
            on_visit = on_visit.where(present.c.sensor == sensor)
            left = left.where(VISITS.c.sensor == sensor)
        count += connection.execute(select(on_visit.scalar_subquery() + left.scalar_subquery())).scalar_one()
    return count


def _people_now(now: SiteNow) -> int | None:
    heard = [radio.device_count for radio in now.radios.values() if radio.device_count is not None]
    return sum(heard) if heard and now.is_recent else None


def _device_totals(connection: Connection, sensor: str | None) -> dict[Radio, int]:
    totals = select(RADIO_STATES.c.radio, func.sum(RADIO_STATES.c.device_total)).group_by(RADIO_STATES.c.radio)
    rows = connection.execute(totals if sensor is None else totals.where(RADIO_STATES.c.sensor == sensor))
    return {radio: int(count) for radio, count in rows}


def _radio_state(connection: Connection, radio: Radio, now: SiteNow | None) -> RadioState:
    """One radio. Where there are several sensors it is heard when one hears it; each sensor's own state tells more."""
    if now is None:
        return RadioState(radio, None, None, None, None)
    heard = now.radios[radio]
    scan = heard.scan._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by column names
    name = radio.value
    fault = fault_of(scan[f"{name}_fault_reason"], scan[f"{name}_fault_detail"], scan[f"{name}_fault_recovery"])
    if heard.device_count is not None:
        return RadioState(radio, heard.device_count, fault, heard.scan.started_at, None)
    state = connection.execute(
        select(RADIO_STATES.c.last_heard_at, GAPS.c.from_at)
        .join_from(RADIO_STATES, GAPS, RADIO_STATES.c.open_gap_id == GAPS.c.id, isouter=True)
        .where(RADIO_STATES.c.sensor == heard.scan.sensor, RADIO_STATES.c.radio == radio)
    ).first()
    last_heard_at, since_at = (None, None) if state is None else state
    # Under a wrong clock no gap is begun; then it is known of the latest scan only.
    return RadioState(radio, None, fault, last_heard_at, since_at or heard.scan.started_at)


def _zones(now: SiteNow) -> dict[Zone, int]:
    return {zone: sum(radio.zones.get(zone, 0) for radio in now.radios.values()) for zone in Zone}


def _mean_minutes(current_round: Row[Any]) -> float | None:
    if not current_round.device_count:
        return None
    minutes: float = current_round.time_spent_seconds / current_round.device_count / 60
    return minutes
