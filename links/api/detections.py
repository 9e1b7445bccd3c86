"""Routes about single detections, and how many devices they are of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from links.api.answers import Answer, CountAnswer
from links.api.parameters import SensorFilter, ZoneFilter
from links.api.parts import ApiParts
from presence.detection import Detection, DetectionQuery
from presence.people import people_with_ratio
from presence.radio import Radio
from presence.statistics import estimated_people
from presence.zones import Zone

_MOST_ROWS = 1000
_MOST_HOURS = 366 * 24

# Earlier and later than anything that was heard.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class DetectionAnswer(Answer):
    """One device in one scan."""

    id: int
    """A number of its own, which stays."""
    radio: Radio
    """The radio it was heard by."""
    device_hash: str
    """64 hexadecimal digits that name the device until the site's key changes; nobody can turn them back."""
    rssi: int | None
    """Mean signal strength in that scan, in dBm; null when there was no reading."""
    zone: Zone | None
    """Where that put it then; null when there was no reading."""
    timestamp: datetime
    """Start of the scan."""
    device_id: str
    """The sensor that heard it."""


def detections_router(parts: ApiParts) -> APIRouter:
    """The routes below /detections that read."""
    router = APIRouter(prefix="/detections", tags=["Detections"])

    @router.get("/recent")
    def detections_recent(
        limit: Annotated[int, Query(ge=1, le=_MOST_ROWS, description="How many at most.")] = 100,
        zone: ZoneFilter = None,
        sensor: SensorFilter = None,
    ) -> list[DetectionAnswer]:
        """The newest detections, newest first.

        With a zone or a sensor that is rare among the newest scans there are fewer, even if there were more long ago.
        """
        query = DetectionQuery(_EARLIEST, _LATEST, zone, sensor)
        return [_answer(one) for one in parts.detections.recent(query, limit)]

    @router.get("/count")
    def detections_count(
        hours: Annotated[int, Query(ge=1, le=_MOST_HOURS, description="How many hours to look back.")] = 24,
        zone: ZoneFilter = None,
        sensor: SensorFilter = None,
    ) -> CountAnswer:
        """How many different devices were heard in the last hours, and how many people that may be."""
        now = parts.clock()
        found = parts.statistics.between(now - timedelta(hours=hours), now, sensor)
        figures = found.total if zone is None or found.zones is None else found.zones[zone]
        devices = None if figures is None else figures.device_count
        share = parts.settings.visible_share
        return CountAnswer.of(
            found,
            zone=zone,
            unique_devices=devices,
            estimated_people=None if devices is None else estimated_people(devices),
            people_with_ratio=None if devices is None else people_with_ratio(devices, share),
        )

    return router


def _answer(detection: Detection) -> DetectionAnswer:
    return DetectionAnswer(
        id=detection.detection_id,
        radio=detection.radio,
        device_hash=detection.device_hash,
        rssi=detection.rssi_dbm,
        zone=detection.zone,
        timestamp=detection.at,
        device_id=detection.sensor,
    )
