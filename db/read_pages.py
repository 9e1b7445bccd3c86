"""Reading long lists a page at a time: scans, visits, gaps; and every radio of a site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Row, Select, func, literal, select, tuple_, type_coerce

from db.connect import Connections
from db.read_overview import fault_of
from db.read_scans import scan_row
from db.schema import GAPS, RADIO_STATES, SCANS, VISITS
from db.types import UtcTime
from presence.feed import ScanRow
from presence.overview import Gap
from presence.pages import Page, PageQuery, RadioRow, SensorGap, VisitRow

RowT = TypeVar("RowT")
_AnyRow = Row[*tuple[Any, ...]]
_Column = ColumnElement[Any]

# When what goes on still will end.
_NEVER_YET = datetime.max.replace(tzinfo=UTC)


class PageReader:
    """Reads pages. May be used from many threads at once, and while scans are recorded."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def scans(self, query: PageQuery) -> Page[ScanRow]:
        """Scans of the ledger, by when they began.

        Raises:
            DatabaseError: The database cannot be read.
        """
        some = _narrowed(select(SCANS), query, SCANS.c.started_at, SCANS.c.started_at, SCANS.c.sensor)
        return self._page(some, query, (SCANS.c.started_at, SCANS.c.id), scan_row)

    def visits(self, query: PageQuery) -> Page[VisitRow]:
        """Visits by when they ended.

        Raises:
            DatabaseError: The database cannot be read.
        """
        visit = VISITS.c
        some = _narrowed(select(VISITS), query, visit.ended_at, visit.ended_at, visit.sensor)
        return self._page(some, query, (visit.ended_at, visit.radio, visit.device_id, visit.repeat), _visit_row)

    def gaps(self, query: PageQuery) -> Page[SensorGap]:
        """Gaps that lie in a time, or reach into it, by when they began.

        Raises:
            DatabaseError: The database cannot be read.
        """
        ended = func.coalesce(GAPS.c.to_at, literal(_NEVER_YET, UtcTime), type_=UtcTime)
        some = _narrowed(select(GAPS), query, GAPS.c.from_at, ended, GAPS.c.sensor)
        return self._page(some, query, (GAPS.c.from_at, GAPS.c.id), _sensor_gap)

    def radios(self) -> tuple[RadioRow, ...]:
        """Both radios of every sensor.

        Raises:
            DatabaseError: The database cannot be read.
        """
        state = RADIO_STATES.c
        every = (
            select(RADIO_STATES, GAPS.c.from_at, GAPS.c.to_at)
            .add_columns(GAPS.c.fault_reason, GAPS.c.fault_detail, GAPS.c.fault_recovery)
            .join_from(RADIO_STATES, GAPS, state.open_gap_id == GAPS.c.id, isouter=True)
            .order_by(state.sensor, state.radio)
        )
        with self._connections.read() as connection:
            return tuple(_radio_row(row) for row in connection.execute(every))

    def _page(
        self,
        some: Select[*tuple[Any, ...]],
        query: PageQuery,
        columns: tuple[_Column, ...],
        made: Callable[[_AnyRow], RowT],
    ) -> Page[RowT]:
        """The rows after the page before, the newest first. Of the columns, no two rows have all the same."""
        keys = [type_coerce(column, BigInteger) for column in columns]
        if query.after is not None:
            some = some.where(tuple_(*keys) < tuple_(*(literal(value, BigInteger) for value in query.after)))
        named = [key.label(f"key_{number}") for number, key in enumerate(keys)]
        newest_first = some.add_columns(*named).order_by(*(key.desc() for key in keys)).limit(query.limit + 1)
        with self._connections.read() as connection:
            rows = connection.execute(newest_first).all()
        is_last = len(rows) <= query.limit
        shown = rows[: query.limit]
        return Page(tuple(map(made, shown)), None if is_last else tuple(shown[-1][-len(keys) :]))


def _narrowed(
    some: Select[*tuple[Any, ...]], query: PageQuery, begun: _Column, ended: _Column, sensor: _Column
) -> Select[*tuple[Any, ...]]:
    """Only what lies in the time that is asked for, or reaches into it, and is of the sensor."""
    if query.from_at is not None:
        some = some.where(ended >= query.from_at)
    if query.to_at is not None:
        some = some.where(begun < query.to_at)
    return some if query.sensor is None else some.where(sensor == query.sensor)


def _visit_row(row: _AnyRow) -> VisitRow:
    return VisitRow(row.radio, row.sensor, row.started_at, row.ended_at, row.stay_seconds)


def _sensor_gap(row: _AnyRow) -> SensorGap:
    return SensorGap(row.sensor, _gap(row))


def _gap(row: _AnyRow) -> Gap:
    fault = fault_of(row.fault_reason, row.fault_detail, row.fault_recovery)
    return Gap(row.radio, row.from_at, row.to_at, fault)


def _radio_row(row: _AnyRow) -> RadioRow:
    gap = None if row.open_gap_id is None else _gap(row)
    return RadioRow(row.sensor, row.radio, row.last_scan_at, row.last_heard_at, gap)
