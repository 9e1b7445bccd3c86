"""The store: everything that is remembered, opened and closed as one."""

from __future__ import annotations

from datetime import datetime, timedelta

from db.commands import Commands
from db.connect import Connections
from db.fixtures import Fixtures
from db.floor_plans import FloorPlans
from db.head_counts import HeadCounts
from db.people_sums import PeopleSums
from db.read_people import PeopleReader
from db.read_tags import TagNow
from db.reader import Reader
from db.recorder import Recorder
from db.sensors import Sensors
from db.settings import StoreSettings
from db.tag_follower import TagFollower
from db.tag_log import TagLog
from db.tags import Tags
from db.upgrade import upgrade
from presence.zones import Zoning


class Store:
    """An open database.

    Attributes:
        recorder: Takes scans.
        commands: Takes what a user changes.
        reader: Tells what is known.
        sensors: The sensors of the site.
        tags: The register of tags.
        tag_log: Where tags were, and what they told.
        floor_plans: Floor plans, with sensors on them.
        people: Tells how many people are there, estimated.
        people_sums: Makes the estimates of the past.
        head_counts: What the owner counted.
        fixtures: Things that stay at the place.
        connections: The database itself, for the parts that not every programme has.
    """

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self.connections = connections
        self.sensors = Sensors(connections, timedelta(seconds=settings.interval_seconds))
        self.recorder = Recorder(connections, settings)
        self.commands = Commands(connections)
        self.reader = Reader(connections, settings)
        self.tags = Tags(connections, self._tags_now)
        self.tag_log = TagLog(connections)
        self.floor_plans = FloorPlans(connections)
        self.people = PeopleReader(connections, settings)
        self.people_sums = PeopleSums(connections, settings)
        self.head_counts = HeadCounts(connections)
        self.fixtures = Fixtures(connections)
        self._tag_follower: TagFollower | None = None

    def follow_tags(self, zoning: Zoning, started_at: datetime) -> TagFollower:
        """Begin to follow the tags in this process; from now on `tags` tells where they are at this very moment.

        Args:
            zoning: What tells zones.
            started_at: Now.

        Raises:
            DatabaseError: The database cannot be read.
        """
        self._tag_follower = TagFollower(self.connections, zoning, started_at)
        return self._tag_follower

    def leave_tags(self) -> None:
        """Follow them no more: another process does, and `tags` tells what that one wrote."""
        self._tag_follower = None

    def _tags_now(self) -> dict[int, TagNow]:
        return {} if self._tag_follower is None else self._tag_follower.now()

    def close(self) -> None:
        """Close the database. Harmless when called twice."""
        self.connections.close()


def open_store(url: str, settings: StoreSettings) -> Store:
    """Open a database, making or upgrading it as needed. The caller closes it.

    Args:
        url: Where it is, for example `sqlite:///data/tracking.db`; `sqlite://` is one in memory.
        settings: How to remember and to read.

    Raises:
        NewerDatabaseError: A newer version of this programme wrote it.
        DatabaseError: It cannot be opened, written or understood; the message says what to do.
    """
    connections = Connections(url)
    try:
        upgrade(connections)
    except BaseException:
        connections.close()
        raise
    return Store(connections, settings)
