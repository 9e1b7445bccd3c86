"""The intake by HTTP: sensors post what they heard, and are answered once it is committed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.requests import ClientDisconnect

from db.intake import IntakeRefusedError, OtherSiteError, SensorInactiveError
from links.intake import IntakeFullError, IntakeQueue, Reading
from links.payloads import BATCHES_PATH, OLDER_PATH
from links.wire import MOST_BATCH_BYTES, WireError, WireVersionError
from presence.message import Batch, Receipt

# Where the older BLE agent's users send a single detection, and others the same as to `OLDER_PATH`.
_OLDER_SINGLE_PATH = "/api/v1/detections/"

# A commit takes well under a second. Who waits for longer is told to come again, before it gives up by itself.
_PATIENCE_SECONDS = 8.0
_RETRY_SECONDS = 5
# zlib: a window of 2^15 bytes, and 16 more for "in a gzip wrapper".
_GZIP = zlib.MAX_WBITS | 16

_RESPONSES: dict[int | str, dict[str, Any]] = {
    403: {"description": "The sensor is switched off at the hub. Keep it, or drop it."},
    409: {"description": "The sensor has joined another site. Keep it until the sensor has joined this one."},
    413: {"description": "It is too large. Send fewer scans at once."},
    415: {"description": "It is packed in another way than gzip."},
    422: {"description": "It is refused for good; the answer says why."},
    501: {"description": "It is of a version of the format that is not known here. Keep it until both are updated."},
    503: {"description": "Nothing can be taken just now. Send it again after the seconds in Retry-After."},
}


_BATCH = {
    "type": "object",
    "description": "A batch in the format of docs/wire.md; with `Content-Encoding: gzip` it may be packed.",
    "required": ["version", "sensor", "site", "sent_at", "waiting_count", "messages"],
    "properties": {
        "version": {"type": "integer"},
        "sensor": {"type": "object"},
        "site": {"type": "string"},
        "sent_at": {"type": "string", "format": "date-time"},
        "waiting_count": {"type": "integer"},
        "messages": {"type": "array", "items": {"type": "object"}},
    },
}
_DETECTION = {
    "type": "object",
    "required": ["device_hash", "rssi"],
    "properties": {
        "device_hash": {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
        "rssi": {"type": "number", "minimum": -127, "maximum": 20, "description": "dBm"},
        "zone": {"description": "Not looked at: the hub's own thresholds count."},
        "timestamp": {"type": "string", "format": "date-time", "description": "Without a time zone it is UTC."},
    },
}
_DETECTIONS = {
    "type": "object",
    "required": ["device_id", "detections"],
    "properties": {
        "device_id": {"type": "string", "description": "Name of the sensor."},
        "timestamp": {"type": "string", "format": "date-time"},
        "name": {"type": "string"},
        "location": {"type": "string"},
        "detections": {"type": "array", "items": _DETECTION},
    },
}


class IntakeRoutes:
    """The routes that take scans in. Who may send is the guard's business, in front of them.

    Args:
        queue: Takes what comes.
        reading: Reads it.
        patience_seconds: How long a sender waits for the commit before it is told to come again.

    Attributes:
        router: Brings the routes into a server.
        posted: What answers where many post often, by its path, for `links.short_way.ShortWay`.
    """

    def __init__(self, queue: IntakeQueue, reading: Reading, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._queue = queue
        self._reading = reading
        self._patience_seconds = patience_seconds
        self.router = APIRouter(tags=["Intake"], responses=_RESPONSES)
        for path, answer, body in (
            (BATCHES_PATH, self.post_batch, _BATCH),
            (OLDER_PATH, self.post_detections, _DETECTIONS),
            (_OLDER_SINGLE_PATH, self.post_detection, {"anyOf": [_DETECTION, _DETECTIONS]}),
        ):
            self.router.add_api_route(path, answer, methods=["POST"], openapi_extra=_body_of(body))
        self.posted = {BATCHES_PATH: self.post_batch, OLDER_PATH: self.post_detections}

    async def post_batch(self, request: Request) -> dict[str, int]:
        """Take scans of a sensor. The answer comes once they are stored; one that came before is dropped.

        Answers how many scans were `stored`, how many `repeated` ones were dropped, and how many `detections` were in
        those stored.
        """
        receipt = await self._take(await _read(request, self._reading.batch))
        return {"stored": receipt.stored, "repeated": receipt.repeated, "detections": receipt.detections}

    async def post_detections(self, request: Request) -> dict[str, str | int]:
        """Take detections as the older BLE agent sends them; answers how many were stored."""
        batch = await _read(request, self._reading.older)
        return _older_answer(batch, await self._take(batch))

    async def post_detection(
        self, request: Request, device_id: Annotated[str | None, Query(description="Name of the sensor.")] = None
    ) -> dict[str, str | int]:
        """Take a single detection of the sensor `device_id`, or, without that, the same as `/bulk`.

        Each is a scan of its own, so whoever hears several devices at once should send them at once.
        """
        batch = await _read(request, lambda body: self._reading.older(body, device_id))
        return _older_answer(batch, await self._take(batch))

    async def _take(self, batch: Batch) -> Receipt:
        """What became of a batch, once it is committed."""
        try:
            receipt = asyncio.wrap_future(self._queue.put(batch))
        except IntakeFullError as error:
            raise _come_again(str(error)) from error
        await asyncio.wait({receipt}, timeout=self._patience_seconds)
        if receipt.cancel() or receipt.cancelled():
            raise _come_again("This could not be stored in time. It may yet be; send it again all the same.")
        try:
            return receipt.result()
        except SensorInactiveError as error:
            raise HTTPException(403, str(error)) from error
        except OtherSiteError as error:
            raise HTTPException(409, str(error)) from error
        except IntakeRefusedError as error:
            raise HTTPException(422, str(error)) from error


def _body_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _older_answer(batch: Batch, receipt: Receipt) -> dict[str, str | int]:
    return {
        "message": f"{receipt.detections} detections stored",
        "device_id": batch.sensor.name,
        "count": receipt.detections,
        "stored": receipt.detections,
    }


async def _read(request: Request, read: Callable[[bytes], Batch]) -> Batch:
    body = await _body(request)
    try:
        return read(body)
    except IntakeFullError as error:
        raise _come_again(str(error)) from error
    except WireVersionError as error:
        raise HTTPException(501, str(error)) from error
    except WireError as error:
        raise HTTPException(422, str(error)) from error


async def _body(request: Request) -> bytes:
    """The body, unpacked. No more of it is held, or unpacked, than a batch may have, whatever is sent."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise HTTPException(415, "A body may be packed by gzip, or not at all.")
    unpacking = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    body = bytearray()
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            body += chunk if unpacking is None else unpacking.decompress(chunk, MOST_BATCH_BYTES + 1 - len(body))
            if received > MOST_BATCH_BYTES or len(body) > MOST_BATCH_BYTES:
                raise HTTPException(413, f"A body may have {MOST_BATCH_BYTES} bytes, unpacked. Send fewer scans.")
            if unpacking is not None and unpacking.unused_data:
                raise HTTPException(422, "Something follows the packed body.")
    except zlib.error as error:
        raise HTTPException(422, "The body is not packed by gzip, or is damaged.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The connection ended within the body.") from error
    if unpacking is not None and not unpacking.eof:
        raise HTTPException(422, "The packed body is not whole.")
    return bytes(body)


def _come_again(why: str) -> HTTPException:
    return HTTPException(503, why, {"Retry-After": str(_RETRY_SECONDS)})
