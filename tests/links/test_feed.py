from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from db.errors import DatabaseError
from db.recorder import record_scans
from db.store import Store, open_store
from links.feed import Feed
from links.feed_source import FeedSource
from links.health import PartHealth
from presence.estimate import PeopleEstimate, PeopleNow
from presence.feed import ScanRow
from presence.sensors import SensorCard, SensorState
from tests.db.scanning import HUNG, SETTINGS, device, hash_of, minute, scan
from tests.links.place import AT, SENSOR
from tests.links.served import served
from tests.links.waiting import PATIENCE_SECONDS, wait_until
from tests.postgresql import Cluster
from tests.sqlite import new_database

Event = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with contextlib.closing(open_store(new_database(tmp_path / "tracking.db"), SETTINGS)) as opened:
        yield opened


def feed_of(store: Store, **how: Any) -> Feed:  # noqa: ANN401 - whatever the feed takes
    return Feed(store.reader, lambda: AT, **how)


@contextlib.contextmanager
def listening(place: str, cursor: str | None = None, **how: Any) -> Iterator[ClientConnection]:  # noqa: ANN401 - as above
    asked = "" if cursor is None else f"?cursor={cursor}"
    with connect(f"ws://{place}/ws{asked}", **how) as client:
        yield client


def heard(client: ClientConnection) -> Event:
    """The next event but heartbeats."""
    while True:
        event: Event = json.loads(client.recv(timeout=PATIENCE_SECONDS))
        if event["type"] != "heartbeat":
            return event


def until(client: ClientConnection, kind: str) -> Event:
    """The next event of a kind."""
    while True:
        event: Event = json.loads(client.recv(timeout=PATIENCE_SECONDS))
        if event["type"] == kind:
            return event


def read_to_the_end(client: ClientConnection) -> None:
    while True:
        client.recv(timeout=PATIENCE_SECONDS)


def test_a_scan_is_told_with_its_counts_and_no_device(store: Store) -> None:
    """What is heard of a scan is its sensor, time, counts by radio and zone, and faults: null where not heard."""
    feed = feed_of(store)
    with served(feed.router) as place, listening(place) as client:
        assert heard(client)["type"] == "hello"
        store.recorder.record(scan(minute(0), ["a", device("b", rssi_dbm=-90.0), device("c", rssi_dbm=None)], HUNG))
        feed.nudge()
        text = client.recv(timeout=PATIENCE_SECONDS)
        assert hash_of("a") not in str(text)
        assert json.loads(text) == {
            "type": "scan",
            "cursor": "1",
            "id": 1,
            "sensor": "box",
            "started_at": "2027-03-10T08:30:00Z",
            "duration_seconds": 10.0,
            "clock_is_right": True,
            "radios": {
                "wifi": {"device_count": 3, "zones": {"near": 1, "medium": 0, "far": 1}, "fault": None},
                "bluetooth": {
                    "device_count": None,
                    "zones": None,
                    "fault": {
                        "reason": "hung",
                        "advice": "Bluetooth does not answer. It is reset at each scan; if that does not help, "
                        "restart the Pi.",
                        "recovery": "reset the adapter",
                    },
                },
            },
        }


def test_scans_of_other_processes_are_told_too(store: Store, tmp_path: Path) -> None:
    """What somebody else commits to the database is told without a nudge, to every client."""
    feed = feed_of(store)
    with served(feed.router) as place, listening(place) as one, listening(place) as other:
        assert [heard(one)["type"], heard(other)["type"]] == ["hello", "hello"]
        with contextlib.closing(open_store(f"sqlite:///{tmp_path}/tracking.db", SETTINGS)) as elsewhere:
            elsewhere.recorder.record(scan(minute(0)))
        assert [heard(one)["id"], heard(other)["id"]] == [1, 1]


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(store: Store) -> None:
    """With the cursor of the last event, a client goes on where it was, while new scans come all the time."""
    feed = feed_of(store)
    told: list[int] = []
    cursor = "0"
    with served(feed.router) as place:
        for number in range(12):
            store.recorder.record_many(scan(minute(10 * number + step)) for step in range(10))
            feed.nudge()
            with listening(place, cursor) as client:
                assert heard(client)["cursor"] == cursor
                store.recorder.record(scan(minute(10 * number + 9.5)))
                feed.nudge()
                while len(told) < 11 * number + 5:
                    event = heard(client)
                    told.append(event["id"])
                    cursor = event["cursor"]
        with listening(place, cursor) as client:
            heard(client)
            while len(told) < 132:
                told.append(heard(client)["id"])
    assert told == list(range(1, 133))


def test_who_missed_too_much_is_told_to_read_afresh(store: Store) -> None:
    """More than the last 1,000 scans are not told again; the client goes on from now."""
    store.recorder.record_many((scan(minute(number)) for number in range(1002)), batch=1002)
    feed = feed_of(store)
    with served(feed.router) as place:
        with listening(place, "1") as client:
            assert heard(client)["cursor"] == "1002"
            assert heard(client)["type"] == "reset"
        with listening(place, "2") as client:
            heard(client)
            assert [heard(client)["id"] for _ in range(1000)] == list(range(3, 1003))


@pytest.mark.parametrize("cursor", ["nonsense", "17", "%00", "1~1", "-1", "9999999999999999999", "%D9%A3"])
def test_a_cursor_of_another_feed_is_answered_with_a_reset(store: Store, cursor: str) -> None:
    """A cursor that is none, or ahead of the database, lets the client read afresh, and then it hears all."""
    store.recorder.record(scan(minute(0)))
    feed = feed_of(store)
    with served(feed.router) as place, listening(place, cursor) as client:
        assert heard(client)["cursor"] == "1"
        assert heard(client)["type"] == "reset"
        store.recorder.record(scan(minute(1)))
        feed.nudge()
        assert heard(client)["id"] == 2


def test_scans_of_several_hubs_are_told_in_the_order_of_their_numbers(postgresql: Cluster, upgraded: str) -> None:
    """While one hub has not committed another takes no number; what was undone leaves one that no feed waits for."""
    url = postgresql.new_database(like=upgraded)
    with contextlib.closing(open_store(url, SETTINGS)) as one, contextlib.closing(open_store(url, SETTINGS)) as other:
        feed = feed_of(one)
        with served(feed.router) as place, listening(place) as client, ThreadPoolExecutor() as meanwhile:
            heard(client)
            with one.connections.write() as connection:
                record_scans(connection, [scan(minute(0))], SETTINGS)
                second = meanwhile.submit(other.recorder.record, scan(minute(1)))
                wait_until(lambda: waiting_for_the_lock(url) == 1, "the other hub to wait")
            second.result(PATIENCE_SECONDS)
            assert [heard(client)["id"], heard(client)["id"]] == [1, 2]
            with contextlib.suppress(ZeroDivisionError), one.connections.write() as connection:
                record_scans(connection, [scan(minute(2))], SETTINGS)
                raise ZeroDivisionError
            other.recorder.record(scan(minute(3)))
            event = heard(client)
            assert (event["id"], event["cursor"]) == (4, "4")


def waiting_for_the_lock(url: str) -> int:
    """How many wait to write to a database on PostgreSQL."""
    with psycopg.connect(url) as asking:
        found = asking.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_a_client_that_does_not_read_is_dropped_and_the_others_hear_all(store: Store) -> None:
    """Nobody is waited for: who has too much waiting is let go, while another gets every event."""
    feed = feed_of(store, most_waiting=300)
    with socket.socket() as narrow, served(feed.router) as place:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        host, port = place.split(":")
        narrow.connect((host, int(port)))
        with listening(place) as quick, listening(place, sock=narrow, compression=None, max_queue=1) as stuck:
            heard(quick)
            wait_until(lambda: feed.connection_count == 2, "both clients to be there")
            told = 0
            while feed.connection_count == 2:
                store.recorder.record_many(scan(minute(told + step), HUNG, HUNG) for step in range(200))
                feed.nudge()
                for _ in range(200):
                    told += 1
                    assert until(quick, "scan")["id"] == told
                assert told < 50_000
            store.recorder.record(scan(minute(told)))
            feed.nudge()
            assert until(quick, "scan")["id"] == told + 1
            # What was on its way still arrives; then the connection is closed, or cut off.
            with pytest.raises(ConnectionClosed):
                read_to_the_end(stuck)


def test_there_is_a_most_of_clients(store: Store) -> None:
    """One beyond it is sent away with the advice to come back later, and the others stay."""
    feed = feed_of(store, most_clients=1)
    with served(feed.router) as place, listening(place) as first:
        heard(first)
        with listening(place) as second, pytest.raises(ConnectionClosed) as closed:
            second.recv(timeout=PATIENCE_SECONDS)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        assert feed.connection_count == 1
    wait_until(lambda: feed.connection_count == 0, "the client to be gone")


def test_the_heart_beats(store: Store) -> None:
    """Where nothing happens, a client hears that the feed still runs."""
    feed = feed_of(store, heartbeat_seconds=0.1)
    with served(feed.router) as place, listening(place) as client:
        heard(client)
        assert json.loads(client.recv(timeout=PATIENCE_SECONDS)) == {
            "type": "heartbeat",
            "cursor": "0",
            "at": "2027-03-01T12:00:00Z",
        }


def test_what_a_client_says_is_not_listened_to(store: Store) -> None:
    """Words are passed over, and a flood of them ends that connection alone."""
    feed = feed_of(store)
    with served(feed.router) as place, listening(place) as client, listening(place) as loud:
        assert [heard(client)["type"], heard(loud)["type"]] == ["hello", "hello"]
        client.send("ping")
        client.send(b"\x00\xff")
        loud.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            loud.recv(timeout=PATIENCE_SECONDS)
        store.recorder.record(scan(minute(0)))
        feed.nudge()
        assert heard(client)["id"] == 1


def test_a_radio_that_is_lost_and_found_is_told(store: Store) -> None:
    """The change is told once each way; who comes in between hears of it first of all."""
    feed = feed_of(store)
    with served(feed.router) as place, listening(place) as client:
        assert heard(client)["radios"] == []
        scans = [scan(minute(0)), scan(minute(1), HUNG), scan(minute(2), HUNG)]
        store.recorder.record_many(scans)
        lost = until(client, "radio")
        assert (lost["sensor"], lost["radio"], lost["is_heard"]) == ("box", "wifi", False)
        assert (lost["fault"]["reason"], lost["at"], lost["cursor"]) == ("hung", "2027-03-10T08:31:00Z", "2")
        assert until(client, "scan")["id"] == 3
        with listening(place) as late:
            assert [change["radio"] for change in heard(late)["radios"]] == ["wifi"]
        store.recorder.record(scan(minute(3)))
        assert heard(client)["id"] == 4
        assert heard(client)["is_heard"] is True


def test_sensors_that_fall_silent_and_come_back_are_told(store: Store) -> None:
    """One that falls silent is told by itself; that it is back is told with its scan."""
    now = [(SENSOR, replace(SENSOR, card=SensorCard("off", None, None), is_active=False, state=SensorState.SILENT))]
    feed = feed_of(store, sensors=lambda: now[-1])
    with served(feed.router) as place, listening(place) as client:
        assert heard(client)["sensors"] == []
        now.append((replace(SENSOR, state=SensorState.SILENT),) * 2)
        event = heard(client)
        assert (event["type"], event["sensor"], event["state"]) == ("sensor", "box", "silent")
        with listening(place) as late:
            assert [sensor["state"] for sensor in heard(late)["sensors"]] == ["silent"]
        now.append((SENSOR,) * 2)
        store.recorder.record(scan(minute(0)))
        feed.nudge()
        assert until(client, "sensor")["state"] == "heard"


def test_parts_that_fail_and_mend_are_told(store: Store) -> None:
    """An outbox that drops scans is told when it begins and when it ends."""
    fine = PartHealth("outbox", is_fine=True, is_needed=False, says="Nothing waits.")
    states = [fine]
    feed = feed_of(store, parts=(lambda: states[-1],))
    with served(feed.router) as place, listening(place) as client:
        assert heard(client)["parts"] == []
        states.append(replace(fine, is_fine=False, says="It is full."))
        assert heard(client) == {
            "type": "part",
            "cursor": "0",
            "part": "outbox",
            "is_fine": False,
            "says": "It is full.",
        }
        states.append(fine)
        assert heard(client)["is_fine"] is True


class Failing:
    """A reader whose database can be taken away."""

    def __init__(self, store: Store) -> None:
        self._reader = store.reader
        self.is_away = False

    def latest_scan_id(self) -> int | None:
        self._look()
        return self._reader.latest_scan_id()

    def scans_after(self, scan_id: int, limit: int) -> tuple[ScanRow, ...]:
        self._look()
        return self._reader.scans_after(scan_id, limit)

    def _look(self) -> None:
        if self.is_away:
            raise DatabaseError("The server does not answer.")


def test_a_database_that_goes_away_and_comes_back_is_told(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """The feed says so, goes on when it is back and has lost nothing; the log has a line for each."""
    reader = Failing(store)
    feed = Feed(reader, lambda: AT)
    caplog.set_level("INFO", "links")
    with served(feed.router) as place, listening(place) as client:
        heard(client)
        reader.is_away = True
        event = heard(client)
        assert (event["type"], event["part"], event["is_fine"]) == ("part", "database", False)
        store.recorder.record(scan(minute(0)))
        with listening(place, "0") as back, pytest.raises(ConnectionClosed) as closed:
            back.recv(timeout=PATIENCE_SECONDS)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        reader.is_away = False
        assert heard(client)["id"] == 1
        assert heard(client)["is_fine"] is True
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


class Ledger:
    """A reader of scans that become visible when a test likes."""

    def __init__(self, row: ScanRow, *visible: int) -> None:
        self._row = row
        self.visible = set(visible)
        self.look_count = 0

    def latest_scan_id(self) -> int | None:
        return max(self.visible, default=None)

    def scans_after(self, scan_id: int, limit: int) -> tuple[ScanRow, ...]:
        new = sorted(number for number in self.visible.copy() if number > scan_id)  # the test adds to it meanwhile
        self.look_count += 1
        return tuple(replace(self._row, scan_id=number) for number in new[:limit])


@pytest.fixture
def row(store: Store) -> ScanRow:
    store.recorder.record(scan(minute(0)))
    return store.reader.scans_after(0, 1)[0]


def looked(source: FeedSource) -> tuple[list[int | None], int]:
    """The scans that a look tells, and the newest after it."""
    news = source.look()
    assert news is not None
    return [scan_id for scan_id, _ in news.events], news.last_id


@pytest.mark.parametrize(("cursor", "expected"), [("1", [2, 3]), ("2", [3])])
def test_a_feed_that_is_behind_tells_nothing_twice(row: ScanRow, cursor: str, expected: list[int]) -> None:
    """Who comes from a quicker process, or before the next look, hears what it has not heard, once."""
    ledger = Ledger(row, 1)
    feed = Feed(ledger, lambda: AT)
    with served(feed.router) as place:
        wait_until(lambda: ledger.look_count == 1, "the first look")
        ledger.visible.add(2)
        with listening(place, cursor) as client:
            assert heard(client)["cursor"] == cursor
            ledger.visible.add(3)
            assert [heard(client)["id"] for _ in expected] == expected


def test_a_feed_begins_with_what_is_there(row: ScanRow) -> None:
    """What was stored before the start is told to nobody; what comes after it is, whatever numbers were left out."""
    ledger = Ledger(row, 1, 2, 4)
    source = FeedSource(ledger, None, (), lambda: 0.0)
    assert looked(source) == ([], 4)
    ledger.visible.add(7)
    assert looked(source) == ([7], 7)


def test_more_than_one_look_tells_is_told_by_the_next(row: ScanRow) -> None:
    """A flood of scans is read in portions, each said to have more behind it."""
    ledger = Ledger(row)
    source = FeedSource(ledger, None, (), lambda: 0.0)
    looked(source)
    ledger.visible.update(range(1, 701))
    first, second = source.look(), source.look()
    assert first is not None
    assert second is not None
    assert [len(first.events), first.is_more] == [500, True]
    assert [len(second.events), second.is_more] == [200, False]


def test_another_estimate_of_people_is_told_with_its_range(row: ScanRow) -> None:
    """With the scan that it rests on, and when it is learned anew; who comes later is told by the first event."""
    ledger, seconds, estimated = Ledger(row), [0.0], [PeopleNow(None, None, None, 20)]
    source = FeedSource(ledger, None, (), lambda: seconds[0], people=lambda: estimated[0])
    source.look()
    seconds[0] += 1.0
    estimated[0] = PeopleNow(AT, PeopleEstimate(3.0, 5.04, 9.0, (), 2), None, 20)
    ledger.visible.add(1)
    first = source.look()
    assert first is not None
    told = json.loads(first.events[-1][1])
    assert (told["type"], told["low"], told["likely"], told["high"]) == ("people", 3.0, 5.0, 9.0)
    assert (told["head_counts"], told["usual"], told["capacity"]) == (2, None, 20)
    assert first.standing.people is estimated[0]
    seconds[0] += 10.0
    unchanged = source.look()
    estimated[0] = PeopleNow(AT, None, None, 20)
    seconds[0] += 10.0
    unknown = source.look()
    assert unchanged is not None
    assert unknown is not None
    assert unchanged.events == ()
    assert json.loads(unknown.events[0][1])["likely"] is None


def test_a_nudge_without_a_server_is_harmless(store: Store) -> None:
    """Scans are recorded before the server runs and after it has stopped."""
    feed = feed_of(store)
    feed.nudge()
    with served(feed.router):
        feed.nudge()
    feed.nudge()
