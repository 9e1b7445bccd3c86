from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from db.connect import Connections
from db.errors import DatabaseError
from db.intake import Intake, IntakeRefusedError, OtherSiteError, SensorInactiveError
from db.reader import Reader
from db.recorder import Recorder
from db.schema import SCANS
from db.sensors import Sensors
from db.site_schema import DETECTIONS, RECEIVED
from presence.message import Batch, Receipt, ScanMessage
from presence.ranges import TimeRange
from presence.scan import Scan
from presence.sensors import SensorCard, SensorState
from tests.db.scanning import HUNG, SETTINGS, minute, scan
from tests.postgresql import Cluster
from tests.sqlite import new_database

TODAY = minute(0).date().toordinal()
DAY = timedelta(days=1)
SITE = "00" * 8


@dataclass(frozen=True)
class Hub:
    """A database, and what takes scans into it."""

    connections: Connections
    intake: Intake
    sensors: Sensors
    reader: Reader

    def scan_count(self) -> int:
        with self.connections.read() as connection:
            return connection.execute(select(func.count()).select_from(SCANS)).scalar_one()


def hub_on(connections: Connections) -> Hub:
    sensors = Sensors(connections, timedelta(minutes=1))
    return Hub(connections, Intake(connections, SETTINGS, lambda: SITE), sensors, Reader(connections, SETTINGS))


@pytest.fixture
def hub(any_url: str) -> Iterator[Hub]:
    """A hub without a scan, on each kind of database."""
    with closing(Connections(any_url)) as connections:
        yield hub_on(connections)


def heard(sensor: str, at: datetime, *names: str, key_period: int | None = None) -> Scan:
    period = at.date().toordinal() if key_period is None else key_period
    return replace(scan(at, names, HUNG, key_period=period), sensor=sensor)


def message(number: int, one: Scan) -> ScanMessage:
    return ScanMessage(f"{number:032x}", one)


def batch(*messages: ScanMessage, sensor: str = "stairs", sent_at: datetime | None = None) -> Batch:
    return Batch(SensorCard(sensor, "first floor", "0.1.0"), SITE, sent_at, 0, messages)


def test_scans_of_a_sensor_are_stored_as_the_boxs_own_are(hub: Hub, tmp_path: Path) -> None:
    """A scan that was taken in reads as one that was recorded here: devices, visits, gaps and what was not heard."""
    scans = [heard("box", minute(number), "a", *("b" * (number % 2))) for number in range(20)]
    hub.intake.take([batch(*(message(number, one) for number, one in enumerate(scans)), sensor="box")], minute(20))
    with closing(Connections(new_database(tmp_path / "own.db"))) as connections:
        Recorder(connections, SETTINGS).record_many(scans)
        own = Reader(connections, SETTINGS)
        assert hub.reader.overview(minute(20)) == own.overview(minute(20))
        assert hub.reader.report(TimeRange.HOUR, minute(20)) == own.report(TimeRange.HOUR, minute(20))
    assert hub.reader.overview(minute(20)).bluetooth.device_count is None


def test_a_repeat_is_dropped_wherever_it_comes(hub: Hub) -> None:
    """A message that came before, in the same batch, in another of the same call or in an earlier call, counts once."""
    first, second = message(1, heard("stairs", minute(0), "a", "b")), message(2, heard("stairs", minute(1), "a"))
    receipts = hub.intake.take([batch(first, first), batch(first, second)], minute(1))
    assert receipts == [Receipt(stored=1, repeated=1, detections=2), Receipt(stored=1, repeated=1, detections=1)]
    assert hub.intake.take([batch(second, first)], minute(2)) == [Receipt(stored=0, repeated=2, detections=0)]
    assert hub.scan_count() == 2


def test_of_two_messages_of_one_name_the_first_counts(hub: Hub) -> None:
    """What comes second under a name that is taken is not looked at, though it be another scan."""
    hub.intake.take(
        [batch(message(1, heard("stairs", minute(0), "a")), message(1, heard("stairs", minute(1))))], minute(1)
    )
    assert [row.last_scan_at for row in hub.sensors.all(minute(1))] == [minute(0)]


def test_a_batch_without_a_message_is_a_word_of_its_sensor(hub: Hub) -> None:
    """A sensor that has nothing to say is heard from all the same."""
    assert hub.intake.take([batch()], minute(3)) == [Receipt(0, 0, 0)]
    assert [row.last_received_at for row in hub.sensors.all(minute(3))] == [minute(3)]


def test_nothing_is_lost_or_counted_twice_in_any_order_of_repeats(hub: Hub) -> None:
    """However batches are cut, mixed and repeated, each scan is there once."""
    rng = random.Random(7)
    messages = {
        sensor: [message(1000 * n + k, heard(sensor, minute(k), "a")) for k in range(20)]
        for n, sensor in enumerate("pq")
    }
    stored = 0
    for _ in range(40):
        batches = [batch(*rng.sample(messages[sensor], rng.randrange(6)), sensor=sensor) for sensor in "pq"]
        stored += sum(receipt.stored for receipt in hub.intake.take(batches, minute(20)))
    seen = [batch(*messages[sensor], sensor=sensor) for sensor in "pq"]
    stored += sum(receipt.stored for receipt in hub.intake.take(seen, minute(20)))
    assert stored == hub.scan_count() == 40


def test_of_several_batches_of_a_sensor_taken_at_once_the_newest_scan_is_noted(hub: Hub) -> None:
    """A sensor that catches up is noted once for each batch, in any order, and another one beside it."""
    batches = [batch(message(number, heard("stairs", minute(number), "a"))) for number in (1, 3, 2)]
    other = batch(message(4, heard("door", minute(2), "a", "b")), sensor="door")
    hub.intake.take([*batches[:2], other, batches[2]], minute(4))
    noted = [(row.card.name, row.last_scan_at, row.device_count) for row in hub.sensors.all(minute(4))]
    assert noted == [("door", minute(2), 2), ("stairs", minute(3), 1)]


def test_the_sensor_is_noted_with_its_scans(hub: Hub) -> None:
    """What a sensor says of itself, its newest scan, its clock and what waits there are known after a batch."""
    one = batch(
        message(1, heard("stairs", minute(0), "a")),
        message(2, heard("stairs", minute(1), "a", "b")),
        sent_at=minute(2) + timedelta(seconds=90),
    )
    hub.intake.take([replace(one, waiting_count=7)], minute(2))
    (row,) = hub.sensors.all(minute(2))
    assert row.card == one.sensor
    assert (row.last_received_at, row.last_scan_at, row.device_count) == (minute(2), minute(1), 2)
    assert (row.clock_offset_seconds, row.waiting_count) == (90, 7)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (heard("stairs", minute(3) + 2 * DAY), "more than a day ahead"),
        (heard("stairs", minute(3) - 400 * DAY), "longer ago than any sensor"),
        (heard("stairs", minute(0), key_period=TODAY + 3), "visitor key"),
        (heard("stairs", minute(0), key_period=TODAY - 40), "visitor key"),
    ],
)
def test_an_absurd_scan_is_refused_with_a_reason(hub: Hub, one: Scan, reason: str) -> None:
    """A scan of no time that can be, or under no key of its day, is refused, and nothing of its call is stored."""
    good = batch(message(1, heard("hall", minute(0), "a")), sensor="hall")
    with pytest.raises(IntakeRefusedError, match=reason):
        hub.intake.take([good, batch(message(2, one))], minute(3))
    assert hub.scan_count() == 0
    assert hub.sensors.all(minute(3)) == ()


@pytest.mark.parametrize("period", [TODAY + 1, TODAY - 1, TODAY - 31, 1])
def test_keys_of_every_rotation_are_taken(hub: Hub, period: int) -> None:
    """Keys that last a day, a month or for ever are good, and so is one of tomorrow, beyond a time zone."""
    receipts = hub.intake.take([batch(message(1, heard("stairs", minute(0), "a", key_period=period)))], minute(0))
    assert receipts == [Receipt(1, 0, 1)]


def test_a_scan_of_a_clock_that_is_said_wrong_is_kept(hub: Hub) -> None:
    """It belongs to no day, and so no time of it is absurd; its sensor is heard from."""
    wrong = replace(heard("stairs", minute(0) - 9000 * DAY, "a", key_period=TODAY), clock_is_right=False)
    assert hub.intake.take([batch(message(1, wrong))], minute(0)) == [Receipt(1, 0, 1)]
    assert hub.reader.overview(minute(0)).wifi_total == 0


def test_time_spent_is_credited_by_the_scans_of_a_sensor_that_does_not_count_it(hub: Hub) -> None:
    """The older BLE agent tells no time between its scans: one that scans every 40 s is credited 40 s, not a minute."""
    scans = [replace(heard("stairs", minute(number * 2 / 3), "a"), elapsed_seconds=None) for number in range(4)]
    older = replace(batch(*(message(number, one) for number, one in enumerate(scans))), site=None)
    hub.intake.take([older], minute(3))
    assert hub.reader.overview(minute(3)).average_time_spent_minutes == pytest.approx(1 + 3 * 2 / 3)


def test_scans_of_a_sensor_that_is_switched_off_are_refused(hub: Hub) -> None:
    """While it is switched off nothing of it is stored; what it kept meanwhile is taken once it is switched on."""
    hub.sensors.register(SensorCard("stairs", None, None), minute(0))
    hub.sensors.set_active("stairs", is_active=False)
    one = batch(message(1, heard("stairs", minute(0), "a")))
    with pytest.raises(SensorInactiveError, match="stairs is switched off"):
        hub.intake.take([one], minute(0))
    hub.sensors.set_active("stairs", is_active=True)
    assert hub.intake.take([one], minute(1)) == [Receipt(1, 0, 1)]


def test_what_the_database_cannot_keep_is_refused_for_good(hub: Hub) -> None:
    """A value that the table refuses is the batch's fault, not the database's: it is not tried for ever."""
    bad = replace(heard("stairs", minute(0), "a"), duration_seconds=None)  # type: ignore[arg-type] # what it refuses
    with pytest.raises(IntakeRefusedError, match="cannot keep"):
        hub.intake.take([batch(message(1, bad))], minute(0))
    assert hub.scan_count() == 0


def test_identifiers_are_forgotten_and_late_repeats_are_known_all_the_same(hub: Hub) -> None:
    """After a month an identifier goes; a message of that time that comes again is known by its scan."""
    old = [message(number, heard("stairs", minute(number), "a")) for number in range(10)]
    hub.intake.take([batch(*old)], minute(10))
    later = minute(10) + 31 * DAY
    for number in range(5):
        one = heard("stairs", later + timedelta(minutes=number), "a")
        hub.intake.take([batch(message(100 + number, one))], later)
    with hub.connections.read() as connection:
        assert connection.execute(select(func.count()).select_from(RECEIVED)).scalar_one() == 5
    unsent = message(50, heard("stairs", minute(50), "a"))
    assert hub.intake.take([batch(*old, unsent)], later) == [Receipt(stored=1, repeated=10, detections=1)]


def test_detections_of_other_sensors_are_kept_for_programs(hub: Hub) -> None:
    """Each scan taken in leaves its packed detections, under the name of its sensor."""
    hub.intake.take([batch(message(1, heard("stairs", minute(0), "a", "b")))], minute(0))
    with hub.connections.read() as connection:
        rows = connection.execute(select(DETECTIONS)).all()
    assert [(row.sensor, row.started_at, len(row.wifi), row.bluetooth) for row in rows] == [
        ("stairs", minute(0), 12, None)
    ]


def test_several_hubs_take_each_message_once(postgresql: Cluster, upgraded: str) -> None:
    """Hubs that share a database and are sent the same messages at once store each once, and none fails."""
    url = postgresql.new_database(like=upgraded)
    hubs = [Connections(url) for _ in range(4)]
    batches = [
        batch(*(message(100 * n + k, heard(f"s{n}", minute(k), "a", f"{n} {k}")) for k in range(5)), sensor=f"s{n}")
        for n in range(8)
    ]
    receipts: list[Receipt] = []
    failed: list[BaseException] = []

    def run(connections: Connections, seed: int) -> None:
        order = random.Random(seed).sample(batches, len(batches))
        try:
            for start in range(0, len(order), 3):
                receipts.extend(Intake(connections, SETTINGS, lambda: SITE).take(order[start : start + 3], minute(5)))
        except (DatabaseError, IntakeRefusedError) as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one, seed)) for seed, one in enumerate(hubs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum(receipt.stored for receipt in receipts) == hub_on(hubs[0]).scan_count() == 40
    assert sum(receipt.repeated for receipt in receipts) == 120
    for connections in hubs:
        connections.close()


def test_scans_of_another_site_are_refused_and_its_sensor_says_why(hub: Hub) -> None:
    """What is hashed with another key is not stored, and the sensor's row says what to do until it has joined."""
    one = batch(message(1, heard("stairs", minute(0), "a")))
    other = replace(one, site="11" * 8)
    with pytest.raises(OtherSiteError, match="stairs is of another site"):
        hub.intake.take([other], minute(0))
    assert hub.scan_count() == 0
    (row,) = hub.sensors.all(minute(0))
    assert (row.refusal or "").endswith("and there what that prints.")
    assert (row.last_received_at, row.state) == (None, SensorState.SILENT)
    assert hub.intake.take([one], minute(1)) == [Receipt(1, 0, 1)]
    assert [row.refusal for row in hub.sensors.all(minute(1))] == [None]


def test_a_refusal_changes_nothing_else_of_a_sensor(hub: Hub) -> None:
    """A sensor whose scans are refused keeps what is known of it, and is not heard from by that."""
    hub.intake.take([batch(message(1, heard("stairs", minute(0), "a")))], minute(0))
    (before,) = hub.sensors.all(minute(9))
    with pytest.raises(IntakeRefusedError, match="visitor key"):
        hub.intake.take([batch(message(2, heard("stairs", minute(1), key_period=7)))], minute(9))
    (after,) = hub.sensors.all(minute(9))
    assert "visitor key" in (after.refusal or "")
    assert replace(after, refusal=None) == before


def test_what_names_no_site_is_taken_at_any(hub: Hub) -> None:
    """The older BLE agent knows of no site: what it sends was hashed again, under the key of this one."""
    one = replace(batch(message(1, heard("stairs", minute(0), "a"))), site=None)
    assert hub.intake.take([one], minute(0)) == [Receipt(1, 0, 1)]


def test_before_there_is_a_key_scans_of_any_site_are_taken(hub: Hub) -> None:
    """A hub that has no key yet has no site of its own to compare with."""
    intake = Intake(hub.connections, SETTINGS, lambda: None)
    assert intake.take([batch(message(1, heard("stairs", minute(0), "a")))], minute(0)) == [Receipt(1, 0, 1)]
