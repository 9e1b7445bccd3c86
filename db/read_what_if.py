"""Reading what other settings would have said of the past: the stored counts, estimated in two ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import fmean

from sqlalchemy import Connection

from db.people_basis import Basis, nearest_cut, reach, read_basis, read_counts
from db.settings import StoreSettings
from presence.counts import SensorCounts
from presence.estimate import WhatIf
from presence.ranges import TimeRange

# Moments that are looked at, evenly spread: of a week each half hour. More take a Pi longer than somebody waits.
_MOMENTS = 336
# Less than a minute apart there is nothing new.
_CLOSEST = timedelta(minutes=1)


def read_what_if(
    connection: Connection,
    settings: StoreSettings,
    *,
    visible_share: float | None,
    cut_dbm: int | None,
    time_range: TimeRange,
    now_at: datetime,
) -> WhatIf:
    """Mean likely people by hour of the day, under the settings in force and under those asked about."""
    basis = read_basis(connection, settings)
    other = _other(basis, visible_share, cut_dbm)
    now: list[tuple[int, float]] = []
    then: list[tuple[int, float]] = []
    for at, counted in _moments(connection, basis, settings, time_range, now_at):
        one, another = basis.estimate(counted), other.estimate(counted)
        if one is not None and another is not None:
            hour = at.astimezone(settings.time_zone).hour
            now.append((hour, one.likely))
            then.append((hour, another.likely))
    return WhatIf(time_range, _by_hour(now), _by_hour(then))


def _other(basis: Basis, visible_share: float | None, cut_dbm: int | None) -> Basis:
    """The basis under other settings. Where head counts say what devices mean, settings have no say any more."""
    model = basis.model
    if model.wifi is not None or model.bluetooth is not None:
        return basis
    share = model.visible_share if visible_share is None else visible_share
    return replace(
        basis,
        model=replace(model, visible_share=share, cut_dbm=model.cut_dbm if cut_dbm is None else nearest_cut(cut_dbm)),
    )


def _moments(
    connection: Connection, basis: Basis, settings: StoreSettings, time_range: TimeRange, now_at: datetime
) -> Iterator[tuple[datetime, dict[str, SensorCounts]]]:
    """What each sensor counted last, at moments of a range."""
    step = max(time_range.span / _MOMENTS, _CLOSEST)
    for number in range(int(time_range.span / step)):
        at = now_at - number * step
        newest = {row.sensor: row for row in read_counts(connection, at - reach(settings), at)}
        if newest:
            yield at, {row.sensor: basis.counts(row.wifi, row.bluetooth) for row in newest.values()}


def _by_hour(told: Iterable[tuple[int, float]]) -> dict[int, float]:
    hours: defaultdict[int, list[float]] = defaultdict(list)
    for hour, people in told:
        hours[hour].append(people)
    return {hour: fmean(people) for hour, people in sorted(hours.items())}
