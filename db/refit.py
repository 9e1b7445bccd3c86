"""Fits the estimate to the place, in a process of its own: `python -m db.refit`, by nobody but `db.fitting`.

It learns from the head counts there are, and then estimates the past anew. Each fit and each hour is a transaction of
its own, so whatever ends it in between, the next one goes on from there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select

from db.connect import Connections
from db.errors import DatabaseError
from db.people_basis import Basis, read_basis
from db.people_schema import FITS, HEAD_COUNTS
from db.people_sums import PeopleSums
from db.read_calibration import is_fit_due, newest_change, read_counted
from db.settings import StoreSettings
from db.upsert import Row
from presence.calibrating import CountedMoment, calibrate
from presence.counts import SensorCounts

# A fit may take half a megabyte; only the newest counts, and the one before it is there to look at.
_FITS_KEPT = 2
# Whatever else runs goes first (nice(1)).
_NICENESS = 19

Entry = tuple[int, CountedMoment]
"""The number of a head count, and what was heard at its moment."""


def refit(connections: Connections, settings: StoreSettings, now_at: datetime) -> None:
    """Make the fit that is due, and estimate all of the past by it; a change meanwhile is taken up at once.

    Raises:
        DatabaseError: The database cannot be read or written; what is not done stays due.
    """
    sums = PeopleSums(connections, settings)
    fit(connections, settings, now_at)
    while sums.restate(now_at):
        fit(connections, settings, now_at)


def fit(connections: Connections, settings: StoreSettings, now_at: datetime) -> bool:
    """Make a fit, where one is due; whether it was.

    Raises:
        DatabaseError: The database cannot be read or written.
    """
    with connections.read() as connection:
        basis = read_basis(connection, settings)
        if not is_fit_due(connection, basis):
            return False
        change = newest_change(connection)
        entries = _entries(connection, basis, settings)
    row = _fitted(entries, basis, now_at) | {"change": change, "fitted_at": now_at}
    with connections.write() as connection:
        connection.execute(insert(FITS), row)
        newest = connection.execute(select(func.max(FITS.c.id))).scalar_one()
        connection.execute(delete(FITS).where(FITS.c.id <= newest - _FITS_KEPT))
    return True


def _entries(connection: Connection, basis: Basis, settings: StoreSettings) -> list[Entry]:
    entry = HEAD_COUNTS.c
    found = select(entry.id, entry.counted_at, entry.people).where(entry.deleted_at.is_(None)).order_by(entry.id)
    return [
        (row.id, CountedMoment(row.counted_at, row.people, _sensors(connection, basis, settings, row.counted_at)))
        for row in connection.execute(found).all()
    ]


def _sensors(connection: Connection, basis: Basis, settings: StoreSettings, at: datetime) -> tuple[SensorCounts, ...]:
    return tuple(read_counted(connection, basis, settings, at).values())


def _fitted(entries: Sequence[Entry], basis: Basis, now_at: datetime) -> Row:
    fitted = calibrate([moment for _, moment in entries], basis.excluded, now_at, basis.plain)
    numbers = [number for number, _ in entries]
    return {
        "model": fitted.model.to_json(),
        "used": fitted.used,
        "error": fitted.error,
        "plain_error": fitted.plain_error,
        "cut_dbm": fitted.cut_dbm,
        "predictions": json.dumps(dict(zip(numbers, fitted.predictions, strict=True))),
    }


def order_for(connections: Connections, settings: StoreSettings, now_at: datetime) -> str:
    """What the process is told, in a line: by its standard input, for a command line is seen by everybody.

    Of the settings it is told what estimates go by.
    """
    told = {
        "url": connections.url.render_as_string(hide_password=False),
        "interval_seconds": settings.interval_seconds,
        "visible_share": settings.visible_share,
        "medium_dbm": settings.medium_dbm,
        "time_zone": str(settings.time_zone),
        "now_at": now_at.isoformat(),
    }
    return json.dumps(told)


def main() -> None:
    """Carry out an order."""
    order = json.loads(sys.stdin.read())
    os.nice(_NICENESS)
    # Before numpy is there: threads of its own on every core would gain nothing with matrices this small.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    settings = StoreSettings(
        interval_seconds=order["interval_seconds"],
        visible_share=order["visible_share"],
        medium_dbm=order["medium_dbm"],
        time_zone=ZoneInfo(order["time_zone"]),
        # Nothing is taken in or forgotten here.
        visit_gap=timedelta(0),
        hold=timedelta(0),
        keep_days=0,
        keep_scans_days=0,
        keep_detections_days=0,
    )
    connections = Connections(order["url"])
    try:
        refit(connections, settings, datetime.fromisoformat(order["now_at"]))
    except DatabaseError as error:
        sys.exit(str(error))
    finally:
        connections.close()


if __name__ == "__main__":
    main()
