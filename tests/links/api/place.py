"""A place with a few scans in it, and a real server for programs that ask about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.channels import Channels
from db.connect import Connections
from db.fixtures import Fixtures
from db.floor_plans import FloorPlans
from db.head_counts import HeadCounts
from db.overrides import Overrides
from db.read_detections import DetectionReader
from db.read_pages import PageReader
from db.read_people import PeopleReader
from db.read_statistics import Statistics
from db.reader import Reader
from db.recorder import Recorder
from db.sensors import Sensors, Word
from db.tag_log import TagLog
from db.tags import Tags
from db.zone_sums import ZoneSums
from links.api.parts import AlertParts, ApiParts, EstimateParts, TagParts
from links.api.routes import api_router
from links.server import server_with
from presence.scan import Scan
from presence.sensors import SensorCard
from presence.tags import IdentityKind, IdentityRecord, Nearby, TagError
from presence.zones import ZoneThresholds
from scans.identities import address_record, identity_of
from scans.registry_key import RegistryKey
from tests.db.scanning import SETTINGS, hash_of, minute
from tests.links.served import served_app

THRESHOLDS = ZoneThresholds(-60, -75)


class FakeEar:
    """Hears one transmitter near."""

    def nearby(self) -> tuple[Nearby, ...]:
        return (Nearby("near-1", -41.26, "“Tile”, made by Tile", (IdentityKind.ADDRESS,), 0.52),)

    def identify(self, token: str, kind: IdentityKind) -> IdentityRecord:
        if (token, kind) != ("near-1", IdentityKind.ADDRESS):
            raise TagError("It was not heard for five minutes and is forgotten. Hold it near once more.")
        return address_record(bytes(32))


@dataclass
class Place:
    """A database, a clock that stands still, and a client of the server about both.

    `changes` holds one for each time that somebody was to be told of a change.
    """

    connections: Connections
    client: httpx.Client
    now_at: datetime
    key: RegistryKey = field(default_factory=lambda: RegistryKey(None))
    ear: FakeEar = field(default_factory=FakeEar)
    changes: list[None] = field(default_factory=list)

    def record(self, *scans: Scan) -> None:
        """Take scans in, as a hub does."""
        recorder, sensors = Recorder(self.connections, SETTINGS), Sensors(self.connections, timedelta(seconds=60))
        for one in scans:
            recorder.record(one)
            sensors.note(Word(SensorCard(one.sensor, None, "1"), one.started_at, one, None, None))

    def roll_up(self) -> None:
        """Make all sums that can be made."""
        while ZoneSums(self.connections, SETTINGS).roll_up(self.now_at):
            pass

    def ask(self, path: str, **parameters: object) -> httpx.Response:
        """Ask for something."""
        return self.client.get(f"/api/v1{path}", params={key: str(value) for key, value in parameters.items()})

    def get(self, path: str, **parameters: object) -> httpx.Response:
        """Ask for something that is answered."""
        answer = self.ask(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer

    def parts(self) -> ApiParts:
        """What the API is made from."""
        return ApiParts(
            reader=Reader(self.connections, SETTINGS),
            statistics=Statistics(self.connections, SETTINGS),
            detections=DetectionReader(self.connections),
            pages=PageReader(self.connections),
            sensors=Sensors(self.connections, timedelta(seconds=60)),
            overrides=Overrides(self.connections),
            thresholds=THRESHOLDS,
            settings=SETTINGS,
            rehash=lambda device_hash: hash_of(f"again {device_hash}"),
            clock=lambda: self.now_at,
            tagged=TagParts(
                Tags(self.connections),
                TagLog(self.connections),
                FloorPlans(self.connections),
                lambda kind, text: identity_of(kind, text, self.key),
                self.ear,
            ),
            alerting=AlertParts(
                Alerts(self.connections), AlertRules(self.connections), Channels(self.connections, self.key)
            ),
            estimating=EstimateParts(
                PeopleReader(self.connections, SETTINGS), HeadCounts(self.connections), Fixtures(self.connections)
            ),
            smallest_group=5,
            changed=lambda: self.changes.append(None),
        )


@contextlib.contextmanager
def open_place(url: str, scans: Sequence[Scan] = ()) -> Iterator[Place]:
    """A place with its server, until the block ends."""
    with contextlib.closing(Connections(url)) as connections, httpx.Client(timeout=60) as client:
        place = Place(connections, client, now_at=minute(0))
        place.record(*scans)
        with served_app(server_with(api_router(place.parts()))) as address:
            client.base_url = httpx.URL(f"http://{address}")
            yield place
