"""A place as the tests of the links know it: one radio heard, one not, one sensor."""

from __future__ import annotations

from datetime import UTC, date, datetime

from presence.faults import Fault, FaultReason
from presence.overview import Overview, RadioState
from presence.radio import Radio
from presence.sensors import SensorCard, SensorRow, SensorState
from presence.today import RadioDay, Today
from presence.zones import Zone

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)

OVERVIEW = Overview(
    as_of_at=AT,
    last_scan_at=AT,
    clock_is_right=True,
    wifi=RadioState(Radio.WIFI, 3, None, AT, None),
    bluetooth=RadioState(Radio.BLUETOOTH, None, Fault(FaultReason.NO_DBUS), None, AT),
    people_now=3,
    people_now_with_ratio=3,
    visible_share=0.8,
    present_count=4,
    hold_minutes=5,
    zones_now={Zone.NEAR: 1, Zone.MEDIUM: 0, Zone.FAR: 2},
    wifi_total=9,
    bluetooth_total=0,
    average_time_spent_minutes=None,
    time_spent_since_at=None,
    saved_at=None,
)

TODAY = Today(
    day=date(2027, 3, 1),
    visitor_count=7,
    visit_count=5,
    radios=(RadioDay(Radio.WIFI, 700, 20), RadioDay(Radio.BLUETOOTH, 0, 720)),
)

SENSOR = SensorRow(
    card=SensorCard("box", "by the stairs", "0.1.0"),
    state=SensorState.HEARD,
    is_active=True,
    added_at=AT,
    last_received_at=AT,
    last_scan_at=AT,
    clock_offset_seconds=None,
    device_count=3,
    waiting_count=None,
)
