"""Reading how the estimate was fitted to the place: the head counts, and what was heard at each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from db.people_basis import Basis, read_basis, read_counts
from db.people_schema import ESTIMATE_STATE, FITS, HEAD_COUNTS
from db.settings import StoreSettings
from presence.counts import SensorCounts
from presence.estimate import Calibration, HeadCount

# A head count belongs to the nearest scan of each sensor, this many intervals away at most.
_NEAR_INTERVALS = 2


def read_calibration(connection: Connection, settings: StoreSettings) -> Calibration:
    """How the estimate was fitted, with all entries, the latest first."""
    basis = read_basis(connection, settings)
    fit = connection.execute(_select_fit()).first()
    predictions: dict[str, float | None] = {} if fit is None else json.loads(fit.predictions)
    entry = HEAD_COUNTS.c
    rows = connection.execute(select(HEAD_COUNTS).order_by(entry.counted_at.desc(), entry.id.desc())).all()
    return Calibration(
        head_counts=tuple(_head_count(connection, basis, settings, row, predictions) for row in rows),
        used=0 if fit is None else fit.used,
        error=None if fit is None else fit.error,
        plain_error=None if fit is None else fit.plain_error,
        cut_dbm=None if fit is None else fit.cut_dbm,
        fitted_at=None if fit is None else fit.fitted_at,
        is_fitting=is_fit_due(connection, basis),
    )


def is_fit_due(connection: Connection, basis: Basis) -> bool:
    """Whether something was changed that the newest fit does not know of."""
    return basis.change < newest_change(connection)


def newest_change(connection: Connection) -> int:
    """The number of the newest head count, change of one, or decision on a fixture."""
    return connection.execute(select(ESTIMATE_STATE.c.change)).scalar_one()


def read_counted(
    connection: Connection, basis: Basis, settings: StoreSettings, at: datetime
) -> dict[str, SensorCounts]:
    """What each sensor counted nearest to a moment, by its name; empty when nothing was heard about then."""
    near = timedelta(seconds=_NEAR_INTERVALS * settings.interval_seconds)
    rows = read_counts(connection, at - near, at + near)
    nearest = {row.sensor: row for row in sorted(rows, key=lambda row: abs(row.started_at - at), reverse=True)}
    return {sensor: basis.counts(row.wifi, row.bluetooth) for sensor, row in nearest.items()}


def _head_count(
    connection: Connection,
    basis: Basis,
    settings: StoreSettings,
    row: Row[*tuple[Any, ...]],
    predictions: Mapping[str, float | None],
) -> HeadCount:
    """An entry. One that the newest fit does not know is estimated by it, which is then without this entry."""
    is_deleted = row.deleted_at is not None
    if str(row.id) in predictions:
        estimated = predictions[str(row.id)]
    else:
        estimate = basis.estimate(read_counted(connection, basis, settings, row.counted_at))
        estimated = None if estimate is None else estimate.likely
    return HeadCount(row.id, row.counted_at, row.people, estimated, is_deleted)


@cache
def _select_fit() -> Select[*tuple[Any, ...]]:
    return select(FITS).order_by(FITS.c.id.desc()).limit(1)
