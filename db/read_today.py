"""Reading the local day so far."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, func, select

from db.buckets import day_start, local_day
from db.read_overview import heard_since
from db.schema import DAILY_SUMS
from presence.radio import Radio
from presence.today import RadioDay, Today


def read_today(connection: Connection, now_at: datetime, time_zone: ZoneInfo) -> Today:
    """The local day so far."""
    day = local_day(now_at, time_zone)
    sums = connection.execute(_select_day(), {"of_day": day}).one()
    return Today(
        day=day,
        visitor_count=heard_since(connection, day_start(day, time_zone)),
        visit_count=int(sums.visits),
        radios=(
            RadioDay(Radio.WIFI, int(sums.wifi_heard), int(sums.wifi_unheard)),
            RadioDay(Radio.BLUETOOTH, int(sums.bluetooth_heard), int(sums.bluetooth_unheard)),
        ),
    )


@cache
def _select_day() -> Select[*tuple[Any, ...]]:
    day = DAILY_SUMS.c
    added = {
        "visits": day.visit_count,
        "wifi_heard": day.wifi_scans_heard,
        "wifi_unheard": day.wifi_scans_unheard,
        "bluetooth_heard": day.bluetooth_scans_heard,
        "bluetooth_unheard": day.bluetooth_scans_unheard,
    }
    columns = [func.coalesce(func.sum(column), 0).label(name) for name, column in added.items()]
    return select(*columns).where(day.day == bindparam("of_day"))
