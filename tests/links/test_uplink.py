from __future__ import annotations

import contextlib
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from db.connect import Connections
from db.outbox import Outbox, OutboxLimits
from links.payloads import OlderPayload, OwnPayload, Payload
from links.uplink import RefusedError, SendError, Uplink
from links.wire import decode_batch, encode_message
from presence.message import Batch, ScanMessage
from presence.radio import Radio
from presence.sensors import SensorCard
from presence.zones import ZoneThresholds
from tests.db.scanning import HUNG, device, minute, scan
from tests.links.waiting import PATIENCE_SECONDS, wait_until
from tests.sqlite import new_database

CARD = SensorCard("box", "by the stairs", "0.1.0")
SITE = "0f1e2d3c4b5a6978"
ZONE_OF = ZoneThresholds().zone_of
QUICK = (0.01, 0.05)


class FarSide:
    """A hub that takes batches, or does what a test asks of it instead."""

    def __init__(self) -> None:
        self.taken: list[Batch] = []
        self.tries: list[Batch] = []
        self.answers: Callable[[Batch], None] = lambda _batch: None
        self.problem: str | None = None
        self.is_open = False

    def start(self) -> None:
        self.is_open = True

    def stop(self) -> None:
        self.is_open = False

    def send(self, body: bytes) -> None:
        batch = decode_batch(body, ZONE_OF)
        self.tries.append(batch)
        self.answers(batch)
        self.taken.append(batch)

    def minutes(self) -> list[int]:
        return [number for batch in self.taken for number in numbers_of(batch)]


def numbers_of(batch: Batch) -> list[int]:
    """The scans of a batch, by the minute they began in."""
    return [round((one.scan.started_at - minute(0)) / timedelta(minutes=1)) for one in batch.messages]


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    """A database with its tables."""
    with contextlib.closing(Connections(new_database(tmp_path / "tracking.db"))) as opened:
        yield opened


@pytest.fixture
def outbox(connections: Connections) -> Outbox:
    """An empty outbox."""
    return Outbox(connections, OutboxLimits(64 * 1024 * 1024, timedelta(days=14)))


@pytest.fixture
def far() -> FarSide:
    """A far side that takes everything."""
    return FarSide()


def uplink_to(far: FarSide, outbox: Outbox, payload: Payload | None = None) -> Uplink:
    own = payload or OwnPayload(CARD, SITE, lambda: minute(60))
    return Uplink(outbox, far, own, lambda: minute(60), random.Random(7), pauses=QUICK)


@contextlib.contextmanager
def running(uplink: Uplink) -> Iterator[Uplink]:
    uplink.start()
    try:
        yield uplink
    finally:
        uplink.stop()


def keep(uplink: Uplink, *minutes: int) -> None:
    for number in minutes:
        uplink.keep(scan(minute(number), ["phone"], HUNG))


def test_a_scan_is_sent_once_it_is_kept(outbox: Outbox, far: FarSide) -> None:
    """A scan goes out whole, faults included, leaves the outbox, and the state says so."""
    with running(uplink_to(far, outbox)) as uplink:
        assert not uplink.state().is_connected
        keep(uplink, 1)
        wait_until(lambda: uplink.state().waiting_count == 0, "an empty outbox")
        state = uplink.state()
        assert (state.is_connected, state.last_sent_at, state.problem) == (True, minute(60), None)
    (batch,) = far.taken
    assert (batch.sensor, batch.site, batch.sent_at, batch.waiting_count) == (CARD, SITE, minute(60), 0)
    assert batch.messages[0].scan == scan(minute(1), ["phone"], HUNG)
    assert not far.is_open


def test_what_waits_goes_out_in_order(outbox: Outbox, far: FarSide) -> None:
    """What was kept while nothing was sent goes out oldest first, in batches, telling how much still waits."""
    keep(uplink_to(far, outbox), *range(1203))
    with running(uplink_to(far, outbox)):
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
    assert far.minutes() == list(range(1203))
    assert [len(batch.messages) for batch in far.taken] == [500, 500, 203]
    assert [batch.waiting_count for batch in far.taken] == [703, 203, 0]


def test_nothing_is_deleted_before_it_is_acknowledged(outbox: Outbox, far: FarSide) -> None:
    """A failure keeps every scan, under its name, and it is sent again until it is taken."""
    failures = 3

    def fail_at_first(_batch: Batch) -> None:
        if len(far.tries) <= failures:
            assert outbox.state().waiting_count == 5
            raise SendError("The hub is not running.")

    far.answers = fail_at_first
    keep(uplink_to(far, outbox), *range(5))
    with running(uplink_to(far, outbox)):
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
    assert far.minutes() == list(range(5))
    assert len({batch.messages[0].message_id for batch in far.tries[: failures + 1]}) == 1


def test_a_failure_is_told_when_it_begins_and_when_it_ends(
    outbox: Outbox, far: FarSide, caplog: pytest.LogCaptureFixture
) -> None:
    """However many tries fail, the log has one line at the beginning and one at the end; the state has the reason."""

    def fail(_batch: Batch) -> None:
        raise SendError("The hub is not running.")

    far.answers = fail
    with caplog.at_level(logging.INFO, "links.uplink"), running(uplink_to(far, outbox)) as uplink:
        keep(uplink, 1)
        wait_until(lambda: len(far.tries) >= 5, "five tries")
        state = uplink.state()
        assert (state.is_connected, state.waiting_count, state.oldest_at) == (False, 1, minute(60))
        assert state.problem == "The hub is not running."
        far.answers = lambda _batch: None
        wait_until(lambda: uplink.state().is_connected, "success")
        assert uplink.state().problem is None
    said = [record.getMessage() for record in caplog.records]
    assert said == ["Scans cannot be sent, and wait: The hub is not running.", "Scans are sent again."]


def test_a_scan_never_waits_for_the_far_side(outbox: Outbox, far: FarSide) -> None:
    """While something is being sent, and takes for ever, scans are kept as ever."""
    may_answer = threading.Event()

    def take_long(_batch: Batch) -> None:
        may_answer.wait(PATIENCE_SECONDS)

    far.answers = take_long
    with running(uplink_to(far, outbox)) as uplink:
        keep(uplink, 1)
        wait_until(lambda: bool(far.tries), "a try")
        keep(uplink, 2, 3)
        assert uplink.state().waiting_count == 3
        may_answer.set()
        wait_until(lambda: uplink.state().waiting_count == 0, "an empty outbox")
    assert far.minutes() == [1, 2, 3]


def test_one_bad_scan_does_not_hold_up_the_rest(outbox: Outbox, far: FarSide, caplog: pytest.LogCaptureFixture) -> None:
    """A batch that is refused is halved down to the scan that is wrong, which is dropped, counted and told."""

    def refuse_bad(batch: Batch) -> None:
        if 123 in numbers_of(batch):
            raise RefusedError("A device_hash is not 64 hexadecimal digits.")

    far.answers = refuse_bad
    keep(uplink_to(far, outbox), *range(300))
    with running(uplink_to(far, outbox)) as uplink:
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
        wait_until(lambda: uplink.state().problem is None, "no problem")
        assert uplink.state().dropped_count == 1
    assert far.minutes() == [number for number in range(300) if number != 123]
    assert len(far.tries) < 60
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "A scan was refused, and is set aside: A device_hash is not 64 hexadecimal digits."
    ]


def test_a_far_side_that_refuses_everything_empties_no_outbox_at_once(outbox: Outbox, far: FarSide) -> None:
    """Between one scan that is set aside and the next there is a pause that grows, as after any failure."""

    def refuse(_batch: Batch) -> None:
        raise RefusedError("This is version 2 of the format.")

    far.answers = refuse
    uplink = Uplink(
        outbox, far, OwnPayload(CARD, SITE, lambda: minute(60)), lambda: minute(60), random.Random(7), pauses=(600, 600)
    )
    keep(uplink, *range(50))
    with running(uplink):
        wait_until(lambda: uplink.state().dropped_count == 1, "the first that is set aside")
        time.sleep(0.3)  # for a second one, were there no pause
        assert (uplink.state().dropped_count, uplink.state().waiting_count) == (1, 49)
        assert uplink.state().problem == "This is version 2 of the format."


def test_a_line_that_is_too_slow_gets_smaller_batches(outbox: Outbox, far: FarSide) -> None:
    """After failures less is sent at once, down to a single scan if need be."""

    def only_one(batch: Batch) -> None:
        if len(batch.messages) > 1:
            raise SendError("The hub does not answer.")

    far.answers = only_one
    busy = [f"phone {number}" for number in range(100)]
    for number in range(8):
        uplink_to(far, outbox).keep(scan(minute(number), busy))
    with running(uplink_to(far, outbox)):
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
    assert far.minutes() == list(range(8))


def test_an_outbox_that_cannot_be_written_stops_no_scan(
    connections: Connections, outbox: Outbox, far: FarSide, caplog: pytest.LogCaptureFixture
) -> None:
    """A scan that could not be kept is counted as dropped and told once; sending goes on afterwards."""
    uplink = uplink_to(far, outbox)
    with connections.write() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox RENAME TO away")
    keep(uplink, 1, 2)
    with connections.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO outbox")
    assert uplink.state().dropped_count == 2
    assert uplink.state().problem is not None
    assert len(caplog.records) == 1
    with running(uplink):
        keep(uplink, 3)
        wait_until(lambda: far.minutes() == [3], "the next scan")
        wait_until(lambda: uplink.state().problem is None, "no problem")


def test_what_waits_is_sent_after_a_restart(outbox: Outbox, far: FarSide) -> None:
    """A sensor that was stopped in the middle goes on where it was, under the same names."""

    def fail(_batch: Batch) -> None:
        raise SendError("The hub is not running.")

    far.answers = fail
    with running(uplink_to(far, outbox)) as uplink:
        keep(uplink, 1, 2)
        wait_until(lambda: len(far.tries) >= 2, "tries")
    last_try = far.tries[-1].messages
    far.answers = lambda _batch: None
    with running(uplink_to(far, outbox)):
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
    assert far.minutes() == [1, 2]
    assert last_try[0].message_id == far.taken[0].messages[0].message_id


def test_a_problem_of_the_sender_is_shown_before_anything_is_sent(outbox: Outbox, far: FarSide) -> None:
    """A broker that is away is seen at once, not with the next scan."""
    with running(uplink_to(far, outbox)) as uplink:
        keep(uplink, 1)
        wait_until(lambda: uplink.state().is_connected, "a connection")
        far.problem = "The broker was lost."
        assert (uplink.state().is_connected, uplink.state().problem) == (False, "The broker was lost.")


def test_the_older_payload_holds_the_bluetooth_devices_of_one_scan() -> None:
    """Name, place, hash, whole decibels, zone in capitals and times, as the older BLE agent writes them."""
    near = device("near", Radio.BLUETOOTH, rssi_dbm=-40.6)
    heard = scan(minute(1), ["laptop"], [near, device("mute", Radio.BLUETOOTH, rssi_dbm=None)])
    payload = OlderPayload(CARD, ZONE_OF)
    body = payload.encode([encode_message(ScanMessage("0" * 32, heard))], 0)
    assert body is not None
    assert json.loads(body) == {
        "device_id": "box",
        "timestamp": "2027-03-10T08:31:00Z",
        "name": "box",
        "location": "by the stairs",
        "detections": [
            {
                "device_hash": near.device_hash,
                "rssi": -41,
                "zone": "NEAR",
                "timestamp": "2027-03-10T08:30:00Z",
            }
        ],
    }


def test_bluetooth_that_was_not_heard_sends_nothing_in_the_older_payload(outbox: Outbox, far: FarSide) -> None:
    """The older payload has no word for a fault, and an empty list would mean that nobody was there."""
    uplink = uplink_to(far, outbox, OlderPayload(CARD, ZONE_OF))
    with running(uplink):
        keep(uplink, 1)
        wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
    assert far.tries == []


def test_a_scan_that_was_damaged_on_disk_is_set_aside(outbox: Outbox, far: FarSide) -> None:
    """What cannot be read again to be written in the older form is dropped and counted, and holds nothing up."""
    outbox.put("0" * 32, minute(0), b"{")
    with running(uplink_to(far, outbox, OlderPayload(CARD, ZONE_OF))) as uplink:
        wait_until(lambda: uplink.state().dropped_count == 1, "the scan to be set aside")
        assert uplink.state().waiting_count == 0
