"""What the API is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.channels import Channels
from db.fixtures import Fixtures
from db.floor_plans import FloorPlans
from db.head_counts import HeadCounts
from db.overrides import Overrides
from db.read_detections import DetectionReader
from db.read_pages import PageReader
from db.read_people import PeopleReader
from db.read_statistics import Statistics
from db.reader import Reader
from db.sensors import Sensors
from db.settings import StoreSettings
from db.tag_log import TagLog
from db.tags import Tags
from presence.tags import IdentityKind, IdentityRecord, Nearby
from presence.zones import ZoneThresholds


class NearbyEar(Protocol):
    """Knows what is held near to the box; `scans.tag_ear.TagEar` is one."""

    def nearby(self) -> tuple[Nearby, ...]:
        """The strongest transmitters very near that are no tags, the strongest first."""
        ...

    def identify(self, token: str, kind: IdentityKind) -> IdentityRecord:
        """What is kept of one of them. Raises TagError when it was forgotten, or has no such identity."""
        ...


@dataclass(frozen=True, slots=True)
class TagParts:
    """What the API about tags is made from.

    Attributes:
        tags: The register.
        log: Where tags were.
        plans: Floor plans.
        identify: What is kept of an identity that somebody typed; raises TagError, or SealError without the key.
        ear: Knows what is near to this machine; None where it does not hear.
    """

    tags: Tags
    log: TagLog
    plans: FloorPlans
    identify: Callable[[IdentityKind, str], IdentityRecord]
    ear: NearbyEar | None


@dataclass(frozen=True, slots=True)
class AlertParts:
    """What the API about alerts is made from.

    Attributes:
        alerts: What was opened and closed.
        rules: What is watched for.
        channels: Who is notified.
    """

    alerts: Alerts
    rules: AlertRules
    channels: Channels


@dataclass(frozen=True, slots=True)
class EstimateParts:
    """What the API about people is made from.

    Attributes:
        people: Tells how many people are there, estimated.
        head_counts: What the owner counted.
        fixtures: Things that stay at the place.
    """

    people: PeopleReader
    head_counts: HeadCounts
    fixtures: Fixtures


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the API is made from; each may raise DatabaseError, which the server answers with 503.

    Attributes:
        reader: Reads the place now.
        statistics: Reads what was counted.
        detections: Reads single detections.
        pages: Reads long lists.
        sensors: The sensors of the site.
        overrides: Settings changed while running.
        thresholds: Where zones end unless they were changed: what config.toml says.
        settings: How the store remembers.
        rehash: What the older BLE agent's hash of a device became when it was taken in, under the key of today.
        clock: Tells the time, aware.
        tagged: What is told of tags.
        alerting: What is told of alerts.
        estimating: What is told of people.
        smallest_group: Counts below this are hidden in what is made for others; 0 hides none.
        changed: Called when a tag, an alert or a head count was changed here, so that whoever listens hears of it at
            once.
    """

    reader: Reader
    statistics: Statistics
    detections: DetectionReader
    pages: PageReader
    sensors: Sensors
    overrides: Overrides
    thresholds: ZoneThresholds
    settings: StoreSettings
    rehash: Callable[[str], str]
    clock: Callable[[], datetime]
    tagged: TagParts
    alerting: AlertParts
    estimating: EstimateParts
    smallest_group: int
    changed: Callable[[], None]
