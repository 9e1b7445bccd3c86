"""The intake of tags: sensors ask for the register to listen by, and send what they heard of the tags in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Response

from db.intake import SensorInactiveError
from db.sensors import Sensors
from db.tag_handovers import HandedOver, TagHandovers
from db.tags import Tags
from links.api.pictures import BODY_REFUSED, Sent, body_of
from links.payloads import REGISTER_PATH, TAG_REPORTS_PATH
from links.wire import WireError
from links.wire_tags import MOST_REPORT_BYTES, decode_reports, encode_register
from presence.tags import TagReport

_log = logging.getLogger(__name__)

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
        take: Takes a report and when it was received, where this is the hub that follows the tags, and tells whether it
            is; may raise DatabaseError.
        handovers: The way to the hub that is.
        tags: The register.
        sensors: The sensors of the site: of one that is switched off nothing is taken.
        clock: Tells the time, aware.
    """

    take: Callable[[TagReport, datetime], bool]
    handovers: TagHandovers
    tags: Tags
    sensors: Sensors
    clock: Callable[[], datetime]

    def receive(self, body: bytes, sender: str | None = None) -> int:
        """Take a message; tells how many reports were in it.

        Args:
            body: What came.
            sender: The only sensor that may have sent it, by the broker's topic; None for what came to this hub alone.

        Raises:
            WireError: It is none.
            SensorInactiveError: The sensor is switched off.
            DatabaseError: It could not be written down.
        """
        received_at = self.clock()
        sent_at, reports = self._read(body, sender, received_at)
        is_taken = self._take(sent_at, reports, received_at)
        if not is_taken and sender is None:
            # What comes from the broker comes to every hub. This came here alone.
            self.handovers.keep(body, received_at)
        return len(reports)

    def take_handed_over(self) -> None:
        """Take what came to other hubs of the site; for the hub that follows the tags, each second.

        Raises:
            DatabaseError: It could not be read or written down; what was not taken goes on waiting.
        """
        while some := self.handovers.waiting():
            taken = list(takewhile(self._take_one, some))
            if taken:
                self.handovers.forget(taken)
            if len(taken) < len(some):
                return

    def _take_one(self, message: HandedOver) -> bool:
        """Take a message that another hub took before; tells whether it need not wait any longer."""
        received_at = self.clock()
        try:
            sent_at, reports = self._read(message.body, None, received_at)
        except (WireError, SensorInactiveError) as error:
            # The other hub has another version, or the sensor was switched off meanwhile: waiting would not help.
            _log.warning("What another hub took of tags is dropped. %s", error)
            return True
        waited = max(received_at - message.received_at, timedelta(0))
        return self._take(sent_at + waited, reports, received_at)

    def _read(self, body: bytes, sender: str | None, received_at: datetime) -> tuple[datetime, tuple[TagReport, ...]]:
        sent_at, reports = decode_reports(body)
        if sender not in {None, reports[0].sensor}:
            raise WireError("This came on the topic of another sensor.")
        known = self.sensors.one(reports[0].sensor, received_at)
        if known is not None and not known.is_active:
            raise SensorInactiveError("This sensor is switched off at the hub. Switch it on there to hear of its tags.")
        return sent_at, reports

    def _take(self, sent_at: datetime, reports: Sequence[TagReport], received_at: datetime) -> bool:
        """Take reports, and tell whether this is the hub that follows the tags."""
        if sent_at - reports[0].to_at > _LATE:
            # Late reports would be taken for new ones by whoever never heard of this sensor's clock, and alerts open
            # of what is long over. A report of no time at all tells of the clock first.
            of_the_clock = TagReport(reports[0].sensor, sent_at, sent_at, is_listening=False, readings=())
            reports = (of_the_clock, *reports)
        return all(self.take(report, received_at) for report in reports)

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
