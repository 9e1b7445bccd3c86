from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from db.alert_schema import ALERTS, CHANNELS
from db.channels import Channels
from db.connect import Connections
from db.notifications import Notice, Notifications, enqueue
from presence.alerts import AlertError, Channel, NoSuchAlertError, Notification
from presence.sealing import SealError
from tests.db.sealing import Reversing

NOW_AT = datetime(2027, 3, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NTFY = "ntfys://ntfy.example/secret-topic"


@pytest.fixture
def sealer() -> Reversing:
    return Reversing()


@pytest.fixture
def channels(connections: Connections, sealer: Reversing) -> Channels:
    return Channels(connections, sealer)


@pytest.fixture
def phone(channels: Channels) -> int:
    return channels.add(Channel("phone", NTFY))


@pytest.fixture
def queue(connections: Connections) -> Notifications:
    return Notifications(connections, random.Random(1))


def put(connections: Connections, *channel_ids: int, body: str = "Too full.", second: float = 0) -> None:
    """Put a notification into the queue, each of another alert: of the same one a second would not be taken."""
    row = {
        "rule_name": "full",
        "kind": "over capacity",
        "subject_key": "site",
        "subject_name": "the site",
        "says": body,
        "opened_at": NOW_AT,
        "notified_count": 0,
        "repeat_count": 0,
    }
    with connections.write() as connection:
        alert_id = connection.execute(insert(ALERTS).returning(ALERTS.c.id), row).scalar_one()
        enqueue(connection, [Notice(channel_ids, alert_id, "A title", body, NOW_AT + second * SECOND)])


def due(queue: Notifications, second: float = 0) -> tuple[Notification, ...]:
    return queue.due(NOW_AT + second * SECOND, 10)


def test_a_channel_keeps_its_address_to_itself(channels: Channels, connections: Connections, sealer: Reversing) -> None:
    """A list shows what service it is; the address is sealed, and told to nobody but who hands notifications over."""
    channel_id = channels.add(Channel(" phone ", NTFY))
    (row,) = channels.rows()
    assert (row.name, row.service, row.is_on, row.waiting_count, row.problem) == ("phone", "ntfys", True, 0, None)
    assert channels.url(channel_id) == NTFY
    assert "secret" not in repr(Channel("phone", NTFY))
    with connections.read() as connection:
        assert NTFY not in str(connection.execute(select(CHANNELS)).all())
    sealer.has_key = False
    with pytest.raises(SealError):
        channels.url(channel_id)


def test_a_channel_is_changed_and_deleted(channels: Channels, phone: int) -> None:
    """An empty address leaves the one there is."""
    channels.change(phone, Channel("mobile", ""))
    assert (channels.rows()[0].name, channels.url(phone)) == ("mobile", NTFY)
    channels.change(phone, Channel("mobile", "mailto://a:b@c.example"))
    assert (channels.rows()[0].service, channels.url(phone)) == ("mailto", "mailto://a:b@c.example")
    channels.delete(phone)
    assert channels.rows() == ()
    for gone in (lambda: channels.delete(phone), lambda: channels.url(phone), lambda: channels.test(phone, NOW_AT)):
        with pytest.raises(NoSuchAlertError):
            gone()
    assert channels.add(Channel("phone", NTFY)) != phone  # whatever still speaks of the old one means that


@pytest.mark.parametrize(
    ("name", "address"),
    [("", NTFY), ("a\nb", NTFY), ("x" * 65, NTFY), ("phone", NTFY), ("b", "ntfy.sh/x"), ("b", "a://b c"), ("b", "")],
)
def test_channels_that_cannot_be_are_refused(channels: Channels, phone: int, name: str, address: str) -> None:
    """A name that cannot be used or is taken, and what is no address, without repeating it."""
    with pytest.raises(AlertError) as refused:
        channels.add(Channel(name, address))
    assert not address or address not in str(refused.value)
    channels.change(phone, Channel("phone", NTFY))  # its own name is free to it


def test_a_test_goes_through_the_queue(channels: Channels, phone: int, queue: Notifications) -> None:
    """It is handed over like any other, one at a time; a channel that is off is not tested."""
    channels.test(phone, NOW_AT)
    channels.test(phone, NOW_AT)
    (one,) = due(queue)
    assert (one.alert_id, one.title, "phone" in one.body) == (None, "A test", True)
    queue.sent(one.notification_id, NOW_AT)
    assert due(queue, 600) == ()
    assert channels.rows()[0].last_sent_at == NOW_AT
    channels.change(phone, Channel("phone", "", is_on=False))
    with pytest.raises(AlertError, match="switched off"):
        channels.test(phone, NOW_AT)


def test_each_channel_has_one_in_hand(
    connections: Connections, channels: Channels, phone: int, queue: Notifications
) -> None:
    """The oldest of each channel is given out, the next once that is done."""
    mail = channels.add(Channel("mail", "mailto://a:b@c.example"))
    put(connections, phone, mail, body="one")
    put(connections, phone, body="two")
    first = due(queue)
    assert [(one.channel_id, one.body, one.attempts) for one in first] == [(phone, "one", 0), (mail, "one", 0)]
    assert due(queue, 1) == ()
    queue.sent(first[0].notification_id, NOW_AT + SECOND)
    assert [one.body for one in due(queue, 1)] == ["two"]
    assert queue.state().waiting_count == 2


def test_what_was_sent_is_never_given_out_again(connections: Connections, phone: int, queue: Notifications) -> None:
    """However late, and whatever is said of it afterwards."""
    put(connections, phone)
    (one,) = due(queue)
    queue.sent(one.notification_id, NOW_AT)
    queue.failed(one.notification_id, "too late", NOW_AT)
    queue.sent(99, NOW_AT)
    assert due(queue, 10**6) == ()
    assert (queue.state().waiting_count, queue.state().oldest_at) == (0, None)


def test_whoever_dies_with_one_in_hand_loses_none(connections: Connections, phone: int, queue: Notifications) -> None:
    """After two minutes without a word it is given out again."""
    put(connections, phone)
    (one,) = due(queue)
    assert due(queue, 119) == ()
    assert [again.notification_id for again in due(queue, 121)] == [one.notification_id]


def test_a_dead_channel_is_tried_less_and_less(
    connections: Connections, channels: Channels, phone: int, queue: Notifications
) -> None:
    """After 5 s, then twice that each time up to a quarter of an hour; after a day it is given up, and it says so."""
    put(connections, phone)
    waits, second, failed_at = [], 0.0, 0.0
    while queue.state().waiting_count:
        for one in due(queue, second):
            waits.append(second - failed_at)
            queue.failed(one.notification_id, "ntfy.example does not answer.", NOW_AT + second * SECOND)
            failed_at = second
        second += max(1.0, (second - failed_at) / 8)  # the longer it has waited, the less exactly it is looked at
        assert second < 90_000
    assert waits[0] == 0
    for wait, planned in zip(waits[1:], [5, 10, 20, 40, 80, 160, 320, 640, *[900] * 200], strict=False):
        assert planned * 0.8 <= wait <= planned * 1.2 * 1.125 + 1
    assert 86_400 <= failed_at < 88_000
    assert 80 < len(waits) < 130
    (row,) = channels.rows()
    assert row.problem == "A notification was given up after a day. ntfy.example does not answer."
    assert queue.state().given_up_count == 1


def test_a_box_that_was_off_for_a_week_still_tries(connections: Connections, phone: int, queue: Notifications) -> None:
    """What is old is not given up before it was tried for a while: the box may have been off, or its clock wrong."""
    put(connections, phone)
    week = 7 * 86_400
    for attempt in range(9):
        (one,) = due(queue, week + 1000 * attempt)
        queue.failed(one.notification_id, "no network", NOW_AT + (week + 1000 * attempt) * SECOND)
    assert (queue.state().waiting_count, queue.state().given_up_count) == (0, 1)


def test_a_channel_that_recovers_gets_what_waited(
    connections: Connections, channels: Channels, phone: int, queue: Notifications
) -> None:
    """Once one is taken the others are not kept waiting for their turn, and the problem is over."""
    for number in range(3):
        put(connections, phone, body=str(number))
    for _ in range(3):
        (one,) = due(queue)
        queue.failed(one.notification_id, "no network", NOW_AT)
    assert due(queue, 1) == ()
    assert channels.rows()[0].problem == "no network"
    said = []
    for _ in range(3):
        (one,) = due(queue, 7)
        said.append(one.body)
        queue.sent(one.notification_id, NOW_AT + 7 * SECOND)
    assert sorted(said) == ["0", "1", "2"]
    assert channels.rows()[0].problem is None


def test_a_clock_that_is_put_back_keeps_nothing_waiting(
    connections: Connections, phone: int, queue: Notifications
) -> None:
    """What was to be tried at a time that is now months ahead is tried now."""
    put(connections, phone)
    (one,) = due(queue)
    queue.failed(one.notification_id, "no network", NOW_AT)
    assert len(due(queue, -200 * 86_400)) == 1


def test_what_waits_for_a_channel_that_is_switched_off_is_dropped(
    connections: Connections, channels: Channels, phone: int, queue: Notifications
) -> None:
    """Switched on again, it is not told of what is long over; and while it is off nothing is kept for it."""
    put(connections, phone)
    assert channels.rows()[0].waiting_count == 1
    channels.change(phone, Channel("phone", "", is_on=False))
    put(connections, phone)
    channels.change(phone, Channel("phone", ""))
    assert channels.rows()[0].waiting_count == 0
    assert due(queue) == ()
