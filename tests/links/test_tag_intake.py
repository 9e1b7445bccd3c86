from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.connect import Connections
from db.errors import DatabaseError
from db.sensors import Sensors
from db.tag_handovers import TagHandovers
from db.tags import Tags
from links.tag_intake import TagIntake
from links.wire_tags import encode_reports
from presence.sensors import SensorCard
from presence.tags import TagReading, TagReport
from tests.sqlite import new_database

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def report(seconds: float, sensor: str = "hall") -> TagReport:
    """What was heard in the second that ended so long after noon."""
    at = AT + timedelta(seconds=seconds)
    return TagReport(sensor, at - timedelta(seconds=1), at, is_listening=True, readings=(TagReading(1, at, -60.0, 1),))


def message(seconds: float, sensor: str = "hall") -> bytes:
    """The same as it is sent, at once."""
    return encode_reports(sensor, AT + timedelta(seconds=seconds), [report(seconds, sensor)])


class Hub:
    """One of several hubs on one database, which follows the tags or does not."""

    def __init__(self, connections: Connections, *, follows: bool) -> None:
        self.follows = follows
        self.is_broken = False
        self.now_at = AT
        self.taken: list[TagReport] = []
        self.sensors = Sensors(connections, timedelta(seconds=60))
        self.handovers = TagHandovers(connections)
        self.intake = TagIntake(self._take, self.handovers, Tags(connections), self.sensors, lambda: self.now_at)

    def _take(self, report: TagReport, _: datetime) -> bool:
        if self.is_broken:
            raise DatabaseError("The disk is full.")
        if self.follows:
            self.taken.append(report)
        return self.follows


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[tuple[Hub, Hub]]:
    """Two hubs, of which the first follows the tags."""
    with contextlib.closing(Connections(new_database(tmp_path / "hub.db"))) as connections:
        yield Hub(connections, follows=True), Hub(connections, follows=False)


def test_what_comes_to_another_hub_reaches_the_one_that_follows(hubs: tuple[Hub, Hub]) -> None:
    """It is taken once, in the order in which it came."""
    leader, other = hubs
    other.intake.receive(message(0))
    other.intake.receive(message(1, "door"))
    leader.intake.receive(message(2))
    leader.intake.take_handed_over()
    leader.intake.take_handed_over()
    assert leader.taken == [report(2), report(0), report(1, "door")]


def test_what_comes_from_the_broker_is_not_handed_over(hubs: tuple[Hub, Hub]) -> None:
    """Every hub gets it from there."""
    leader, other = hubs
    other.intake.receive(message(0), "hall")
    leader.intake.take_handed_over()
    assert leader.taken == []


def test_what_could_not_be_taken_goes_on_waiting(hubs: tuple[Hub, Hub]) -> None:
    """Neither a database that is away nor a hub that ceased to follow loses it."""
    leader, other = hubs
    other.intake.receive(message(0))
    leader.is_broken = True
    with pytest.raises(DatabaseError):
        leader.intake.take_handed_over()
    leader.is_broken, leader.follows = False, False
    leader.intake.take_handed_over()
    other.follows = True
    other.intake.take_handed_over()
    assert other.taken == [report(0)]


def test_what_waited_long_is_told_as_late(hubs: tuple[Hub, Hub]) -> None:
    """Who was never heard before says first what its clock says, so that the past is not taken for now."""
    leader, other = hubs
    other.intake.receive(message(0))
    leader.now_at = AT + timedelta(minutes=20)
    leader.intake.take_handed_over()
    clock, late = leader.taken
    assert (clock.is_listening, clock.to_at, late) == (False, leader.now_at, report(0))


def test_what_waits_of_a_sensor_that_was_switched_off_is_dropped(hubs: tuple[Hub, Hub]) -> None:
    """It does not hold up what came after it."""
    leader, other = hubs
    leader.sensors.register(SensorCard("hall", None, None), AT)
    other.intake.receive(message(0))
    other.intake.receive(message(0, "door"))
    leader.sensors.set_active("hall", is_active=False)
    leader.intake.take_handed_over()
    assert leader.taken == [report(0, "door")]
    assert leader.handovers.waiting() == ()
