"""Routes that hand out single detections as files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response, StreamingResponse

from db.buckets import day_start
from db.export import ExportError, Pieces, csv_pieces, file_pieces, json_pieces, parquet_file
from db.read_shared import counted_hours
from links.api.parameters import DAY_WORDS, Day, SensorFilter, ZoneFilter, refusal
from links.api.parts import ApiParts
from links.shared_counts import shared_csv, shared_json
from presence.detection import DetectionQuery
from presence.sharing import shared

_MOST_DAYS = 3650


class Format(StrEnum):
    """What a file is written as; the value is the end of its name."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"


_MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON_LINES: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}


class CountsFormat(StrEnum):
    """What counts for others are written as."""

    CSV = "csv"
    JSON_LINES = "jsonl"


# A year of a hundred sensors is a million lines, which would be made in memory: a month of them is 5 MB.
_MOST_COUNTED_DAYS = 31
_COUNTS_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file, the oldest hour first.", "content": {"text/csv": {}, "application/x-ndjson": {}}},
}

_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file, newest detections first.", "content": {one: {} for one in _MEDIA_TYPES.values()}},
    503: {"description": "It cannot be made just now; the detail says why."},
}

_DeviceHash = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9A-Fa-f]{64}$",
        description="Only this device. The older BLE agent's hash of it finds it too, while today's key holds.",
    ),
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which time is asked for; of several the first counts, in the order they stand here."""

    start_date: Annotated[Day | None, Query(description=DAY_WORDS)] = None
    end_date: Annotated[Day | None, Query(description=f"{DAY_WORDS} All of it is in the file.")] = None
    last_minutes: Annotated[int | None, Query(ge=1, le=_MOST_DAYS * 24 * 60)] = None
    last_hours: Annotated[int | None, Query(ge=1, le=_MOST_DAYS * 24)] = None
    last_days: Annotated[int | None, Query(ge=1, le=_MOST_DAYS)] = None

    def span(self, now_at: datetime, time_zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The time that is meant; without any, the last day."""
        if self.start_date is not None:
            last = self.end_date or now_at.astimezone(time_zone).date()
            if last < self.start_date:
                raise refusal("end_date", "it must not be before start_date")
            return day_start(self.start_date, time_zone), day_start(last + timedelta(days=1), time_zone)
        if self.end_date is not None:
            raise refusal("start_date", "end_date needs a start_date")
        if self.last_minutes is not None:
            return now_at - timedelta(minutes=self.last_minutes), now_at
        if self.last_hours is not None:
            return now_at - timedelta(hours=self.last_hours), now_at
        return now_at - timedelta(days=self.last_days or 1), now_at


def export_router(parts: ApiParts) -> APIRouter:
    """The routes below /export."""
    router = APIRouter(prefix="/export", tags=["Export"])
    # The process that writes Parquet takes 150 MB for a while: one at a time.
    writing_parquet = threading.Lock()

    @router.get("/detections/{file_format}", responses=_FILE, response_class=StreamingResponse)
    def export_detections(
        file_format: Format,
        asked: Annotated[_Asked, Depends()],
        zone: ZoneFilter = None,
        sensor: SensorFilter = None,
        device_hash: _DeviceHash = None,
    ) -> StreamingResponse:
        """Single detections as a file: CSV for spreadsheets, JSON lines and Parquet for programs; newest first.

        Detections are kept for some days only (`db.keep_detections_days`), and those of devices that were forgotten
        are not told. Date and time in the CSV are those of the place, the time stamp is UTC.
        """
        hashes = None
        if device_hash is not None:
            hashes = frozenset({device_hash.lower(), parts.rehash(device_hash.lower())})
        from_at, to_at = asked.span(parts.clock(), parts.settings.time_zone)
        pieces = parts.detections.pieces(DetectionQuery(from_at, to_at, zone, sensor, hashes))
        name = f"detections-{from_at:%Y%m%d-%H%M}-{to_at:%Y%m%d-%H%M}.{file_format.value}"
        return StreamingResponse(
            _begun(_written(file_format, pieces, parts.settings.time_zone, writing_parquet)),
            media_type=_MEDIA_TYPES[file_format],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @router.get("/counts/{file_format}", responses=_COUNTS_FILE, response_class=Response)
    def export_counts(
        file_format: CountsFormat, last_days: Annotated[int, Query(ge=1, le=_MOST_COUNTED_DAYS)] = 7
    ) -> Response:
        """What may be handed to others: devices by hour, sensor and zone, of hours that are over; no single device.

        Counts below `privacy.smallest_group` are not told, and no total from which they could be reckoned.
        """
        now_at, smallest, time_zone = parts.clock(), parts.smallest_group, parts.settings.time_zone
        today = now_at.astimezone(time_zone).date()
        first = today - timedelta(days=last_days - 1)
        hours = shared(counted_hours(parts.statistics, parts.sensors.all(now_at), first, today, now_at), smallest)
        is_csv = file_format is CountsFormat.CSV
        content = shared_csv(hours, smallest, time_zone) if is_csv else shared_json(hours, smallest)
        name = f"counts-{first:%Y%m%d}-{today:%Y%m%d}.{file_format.value}"
        return Response(
            content,
            media_type=_MEDIA_TYPES[Format(file_format.value)],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return router


def _written(
    file_format: Format, pieces: Pieces, time_zone: ZoneInfo, writing_parquet: threading.Lock
) -> Iterator[bytes]:
    if file_format is Format.CSV:
        return csv_pieces(pieces, time_zone)
    if file_format is Format.JSON_LINES:
        return json_pieces(pieces)
    return _parquet(pieces, writing_parquet)


def _parquet(pieces: Pieces, writing: threading.Lock) -> Iterator[bytes]:
    if not writing.acquire(blocking=False):
        raise HTTPException(503, "Another Parquet file is being written. Try again in a minute.", {"Retry-After": "60"})
    try:
        with parquet_file(pieces) as path:
            yield from file_pieces(path)
    except ExportError as error:
        raise HTTPException(503, str(error)) from error
    finally:
        writing.release()


def _begun(some: Iterator[bytes]) -> Iterator[bytes]:
    """The same, its first piece made already: what cannot be made is refused, before the answer has begun."""
    first = next(some, b"")
    return chain([first], some)
