from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from db.connect import Connections
from db.sensors import Sensors
from db.store import open_store
from db.tag_handovers import TagHandovers
from db.tags import Tags
from links.send_http import HubAddress
from links.send_mqtt import MqttSender
from links.server import server_with
from links.tag_intake import TagIntake, tag_intake_router
from links.tag_line_http import HttpTagLine
from links.tag_line_mqtt import MqttTagIntake, MqttTagLine
from links.tag_uplink import TagUplink, merged
from links.uplink import SendError
from links.wire import WireError
from links.wire_tags import encode_reports
from presence.sensors import SensorCard
from presence.tags import (
    IdentityKind,
    IdentityRecord,
    Measure,
    MeasureKind,
    TagCard,
    TagReading,
    TagReport,
    Watched,
    Whereabouts,
)
from presence.zones import ZoneThresholds
from tests.db.scanning import SETTINGS
from tests.links.broker import Mosquitto, mosquitto
from tests.links.guarded import Stopwatch
from tests.links.served import served_app
from tests.links.waiting import wait_until
from tests.sqlite import new_database

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def report(seconds: float, *tag_ids: int, is_listening: bool = True, rssi_dbm: float = -60.0) -> TagReport:
    """What was heard in the second that ended so long after noon."""
    at = AT + timedelta(seconds=seconds)
    readings = tuple(TagReading(one, at, rssi_dbm, 1) for one in tag_ids)
    return TagReport("hall", at - timedelta(seconds=1), at, is_listening, readings)


class FakeEar:
    """Hears what it is told to."""

    def __init__(self, *reports: TagReport) -> None:
        self.reports = list(reports)
        self.watched: tuple[Watched, ...] = ()

    def report(self) -> TagReport:
        return self.reports.pop(0)

    def watch(self, watched: Iterable[Watched]) -> None:
        self.watched = tuple(watched)


class FakeLine:
    """A way to a hub that can be cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self.bodies: list[bytes] = []

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def register(self) -> None:
        return None

    def send(self, body: bytes) -> None:
        if self.is_cut:
            raise SendError("The line is cut.")
        self.bodies.append(body)


class Hub:
    """Takes reports, and has a register."""

    def __init__(self, connections: Connections) -> None:
        self.tags = Tags(connections)
        self.taken: list[TagReport] = []
        self.sensors = Sensors(connections, timedelta(seconds=60))
        self.intake = TagIntake(self._take, TagHandovers(connections), self.tags, self.sensors, lambda: AT)

    def _take(self, report: TagReport, _: datetime) -> bool:
        self.taken.append(report)
        return True

    def add_tag(self, name: str, digest: bytes) -> int:
        record = IdentityRecord(IdentityKind.NAME, digest, "", None, "label")
        return self.tags.add(TagCard(name), [record], AT)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub without tags."""
    with contextlib.closing(Connections(new_database(tmp_path / "hub.db"))) as connections:
        yield Hub(connections)


def test_a_sensor_listens_by_the_register_and_reports_over_http(hub: Hub) -> None:
    """The register is fetched when it changed and not before, and a report arrives as it was."""
    watch = Stopwatch()
    with served_app(server_with(tag_intake_router(hub.intake))) as address:
        line = HttpTagLine(HubAddress(f"http://{address}", "pk_x", None), watch)
        assert line.register() == ()
        tag_id = hub.add_tag("Pump", bytes(32))
        assert line.register() is None  # not asked again so soon
        watch.seconds += 15
        (watched,) = line.register() or ()
        assert (watched.tag_id, watched.identity.digest) == (tag_id, bytes(32))
        watch.seconds += 15
        assert line.register() is None
        ear = FakeEar(report(0, tag_id))
        TagUplink(ear, line, lambda: AT, watch).step()
        line.stop()
    assert hub.taken == [report(0, tag_id)]


def test_what_is_no_report_is_refused_with_the_reason(hub: Hub) -> None:
    """Nonsense is answered with 422, and too much of it with 413."""
    with served_app(server_with(tag_intake_router(hub.intake))) as address, httpx.Client() as client:
        url = f"http://{address}/api/v1/tag-reports"
        refused = client.post(url, content=b"{}")
        assert (refused.status_code, "cannot be read" in refused.json()["detail"]) == (422, True)
        assert client.post(url, content=bytes(4_000_001)).status_code == 413
    assert hub.taken == []


def test_nothing_is_taken_of_a_sensor_that_is_switched_off(hub: Hub) -> None:
    """Its reports are refused, and it keeps them."""
    hub.sensors.register(SensorCard("hall", None, None), AT)
    hub.sensors.set_active("hall", is_active=False)
    with served_app(server_with(tag_intake_router(hub.intake))) as address:
        line = HttpTagLine(HubAddress(f"http://{address}", "pk_x", None))
        with pytest.raises(SendError, match="switched off"):
            line.send(encode_reports("hall", AT, [report(0, 1)]))
        line.stop()
    assert hub.taken == []


def test_a_sensor_listens_by_the_register_and_reports_through_a_broker(tmp_path: Path, hub: Hub) -> None:
    """The register stands at the broker, also for a sensor that comes later, and follows each change."""
    first = hub.add_tag("Pump", bytes(32))
    broker = Mosquitto(tmp_path, certificates=None, asks_password=False)
    broker.start()
    intake = MqttTagIntake(broker.settings(), "hub-intake", hub.intake, lambda: None)
    line = MqttTagLine(broker.settings(), "hall")
    watched: list[tuple[Watched, ...]] = []

    def has_register(count: int) -> bool:
        if (found := line.register()) is not None:
            watched.append(found)
        return bool(watched) and len(watched[-1]) == count

    try:
        intake.start()
        line.start()
        wait_until(lambda: has_register(1), "the register")
        hub.add_tag("Bed", bytes(31) + b"1")
        wait_until(lambda: has_register(2), "the second tag")
        TagUplink(FakeEar(report(0, first)), line, lambda: AT, time.monotonic).step()
        wait_until(lambda: bool(hub.taken), "the report")
        assert intake.health().is_fine
    finally:
        line.stop()
        intake.stop()
        broker.stop()
    assert hub.taken == [report(0, first)]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_sensor_of_another_site_hears_of_it_at_the_broker(tmp_path: Path, hub: Hub, protocol: str) -> None:
    """It keeps its scans and says why, until the hub is of its own site; one of the hub's site sends."""
    site = ["0" * 16]
    with mosquitto(tmp_path) as broker, contextlib.ExitStack() as undo:
        settings = broker.settings(protocol=protocol)
        intake = MqttTagIntake(settings, "hub-intake", hub.intake, lambda: site[0])
        other, own = MqttSender(settings, "stairs", "1" * 16), MqttSender(settings, "hall", "0" * 16)
        for one in (intake, other, own):
            one.start()
            undo.callback(one.stop)
        wait_until(lambda: other.problem is not None and "join its site" in other.problem, "the hub's word")
        with pytest.raises(SendError, match="another site"):
            other.send(b"{}")
        assert own.problem is None
        site[0] = "1" * 16
        wait_until(lambda: other.problem is None and own.problem is not None, "the hub's other word")
        with pytest.raises(SendError, match="another site"):
            own.send(b"{}")


def test_a_sensor_speaks_for_itself_only_at_a_broker(hub: Hub) -> None:
    """What comes on the topic of another sensor is refused."""
    with pytest.raises(WireError, match="another sensor"):
        hub.intake.receive(encode_reports("hall", AT, [report(0, 1)]), "door")


def test_what_is_heard_is_told_each_second_and_silence_every_ten() -> None:
    """A report with a tag goes at once; those without are put together."""
    watch, line = Stopwatch(), FakeLine()
    silence = [report(second) for second in range(1, 10)]
    uplink = TagUplink(FakeEar(report(0, 1), *silence, report(10, 1), report(11, 2)), line, lambda: AT, watch)
    for _ in range(12):
        uplink.step()
        watch.seconds += 1
    assert len(line.bodies) == 3


def test_while_the_hub_is_away_reports_are_put_together_by_the_minute(hub: Hub) -> None:
    """After ten minutes without a line all that was heard arrives with its times, a report a minute, told as late."""
    watch, line = Stopwatch(), FakeLine()
    reports = [report(second, 1) for second in range(601)]
    uplink = TagUplink(FakeEar(*reports), line, lambda: AT + timedelta(seconds=601), watch)
    line.is_cut = True
    for second in range(601):
        line.is_cut = second < 600
        uplink.step()
        assert uplink.health().is_fine is not line.is_cut
        watch.seconds += 1
    (body,) = line.bodies
    hub.intake.receive(body)
    clock, *told = hub.taken
    assert (clock.is_listening, clock.readings, clock.to_at) == (False, (), AT + timedelta(seconds=601))
    assert 10 <= len(told) <= 13
    assert (told[0].from_at, told[-1].to_at) == (reports[0].from_at, reports[-1].to_at)
    assert sum(one.readings[0].sighting_count for one in told) == 601


def test_reports_are_put_together_without_claiming_more() -> None:
    """The time listened is added up, the newest figures count, and hearing is not put together with not hearing."""
    measure = Measure(MeasureKind.MOVING, 1.0)
    earlier = TagReport(
        "hall", AT, AT + timedelta(seconds=1), is_listening=True, readings=(TagReading(1, AT, -50.0, 3, (measure,)),)
    )
    later = report(60, 1, 2, rssi_dbm=-70.0)
    both = merged(earlier, later)
    assert both is not None
    assert (both.to_at - both.from_at, both.to_at) == (timedelta(seconds=2), later.to_at)
    first, second = both.readings
    assert (first.sighting_count, first.rssi_mean_dbm, first.measures, second.tag_id) == (4, -55.0, (measure,), 2)
    assert merged(earlier, report(60, is_listening=False)) is None


def test_what_comes_late_is_not_taken_for_now(tmp_path: Path) -> None:
    """A hub that was started anew learns when a tag was last heard, but not that it is there now."""
    with contextlib.closing(open_store(new_database(tmp_path / "late.db"), SETTINGS)) as store:
        record = IdentityRecord(IdentityKind.NAME, bytes(32), "", None, "label")
        tag_id = store.tags.add(TagCard("Pump"), [record], AT)
        now_at = AT + timedelta(minutes=20)
        follower = store.follow_tags(ZoneThresholds(), now_at)

        def take(one: TagReport, at: datetime) -> bool:
            follower.take(one, at)
            return True

        intake = TagIntake(take, TagHandovers(store.connections), store.tags, store.sensors, lambda: now_at)
        intake.receive(encode_reports("hall", now_at, [report(60 * minute, tag_id) for minute in range(10)]))
        follower.tick(now_at)
        (row,) = store.tags.rows()
    assert row.place.whereabouts is Whereabouts.UNKNOWN
    assert row.place.last_heard_at == AT + timedelta(minutes=9)
