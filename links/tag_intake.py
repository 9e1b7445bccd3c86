"""The intake of tags: sensors ask for the register to listen by, and send what they heard of the tags in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Response

from db.intake import SensorInactiveError
from db.sensors import Sensors
from db.tags import Tags
from links.api.pictures import BODY_REFUSED, Sent, body_of
from links.payloads import REGISTER_PATH, TAG_REPORTS_PATH
from links.wire import WireError
from links.wire_tags import MOST_REPORT_BYTES, decode_reports, encode_register
from presence.tags import TagReport

# Older than this, reports were held up on their way.
_LATE = timedelta(seconds=30)

_REPORTS: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}
_NOT_NOW: dict[int | str, dict[str, Any]] = {
    403: {"description": "The sensor is switched off at the hub."},
    503: {"description": "The database does not answer. Send it again later."},
}
_REGISTER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The register, in the format of docs/wire.md.", "content": {"application/json": {}}},
    304: {"description": "It is as it was."},
    503: {"description": "The database does not answer. Ask again later."},
}


@dataclass(frozen=True, slots=True)
class TagIntake:
    """Takes what sensors heard of tags. From any thread.

    Attributes:
        take: Takes a report and when it was received; may raise DatabaseError.
        tags: The register.
        sensors: The sensors of the site: of one that is switched off nothing is taken.
        clock: Tells the time, aware.
    """

    take: Callable[[TagReport, datetime], None]
    tags: Tags
    sensors: Sensors
    clock: Callable[[], datetime]

    def receive(self, body: bytes, sender: str | None = None) -> int:
        """Take a message; tells how many reports were in it.

        Args:
            body: What came.
            sender: The only sensor that may have sent it; None for any.

        Raises:
            WireError: It is none.
            SensorInactiveError: The sensor is switched off.
            DatabaseError: It could not be written down.
        """
        sent_at, reports = decode_reports(body)
        if sender not in {None, reports[0].sensor}:
            raise WireError("This came on the topic of another sensor.")
        received_at = self.clock()
        known = self.sensors.one(reports[0].sensor, received_at)
        if known is not None and not known.is_active:
            raise SensorInactiveError("This sensor is switched off at the hub. Switch it on there to hear of its tags.")
        if sent_at - reports[0].to_at > _LATE:
            # Late reports would be taken for new ones by whoever never heard of this sensor's clock, and alerts open
            # of what is long over. A report of no time at all tells of the clock first.
            self.take(TagReport(reports[0].sensor, sent_at, sent_at, is_listening=False, readings=()), received_at)
        for report in reports:
            self.take(report, received_at)
        return len(reports)

    def register(self) -> tuple[str, bytes]:
        """The register as sensors read it, and its version.

        Raises:
            DatabaseError: It cannot be read.
        """
        version = self.tags.register_version()
        return version, encode_register(version, self.tags.watched())


def tag_intake_router(intake: TagIntake) -> APIRouter:
    """The routes for sensors; the guard lets no others come to them."""
    router = APIRouter(tags=["Intake"])

    @router.post(TAG_REPORTS_PATH, responses=BODY_REFUSED | _NOT_NOW, openapi_extra=_REPORTS)
    def post_tag_reports(sent: Annotated[Sent, Depends(body_of(MOST_REPORT_BYTES))]) -> dict[str, int]:
        """Take what a sensor heard of the tags; answers how many reports were `taken`."""
        try:
            return {"taken": intake.receive(sent.content)}
        except WireError as error:
            raise HTTPException(422, str(error)) from error
        except SensorInactiveError as error:
            raise HTTPException(403, str(error)) from error

    @router.get(REGISTER_PATH, responses=_REGISTER, response_class=Response)
    def get_register(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        """The register of tags, as a sensor listens by it: keyed digests, which tell nothing without the site's key."""
        if if_none_match == f'"{intake.tags.register_version()}"':
            return Response(status_code=304)
        version, body = intake.register()
        return Response(body, media_type="application/json", headers={"ETag": f'"{version}"'})

    return router
