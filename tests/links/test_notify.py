from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from db.channels import Channels
from db.connect import Connections
from db.notifications import Notifications
from links.delivery import Delivery
from links.notify import Notifier
from presence.alerts import Channel, ChannelRow
from scans.registry_key import RegistryKey
from tests.links.receivers import Receiver, http_receiver
from tests.links.waiting import wait_until
from tests.ports import free_port
from tests.sqlite import new_database


class Clock:
    """The time, which can be moved on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Desk:
    """A database with channels, and who notifies them."""

    channels: Channels
    notifications: Notifications
    clock: Clock

    def add(self, name: str, url: str) -> int:
        return self.channels.add(Channel(name, url))

    def test(self, channel_id: int) -> None:
        self.channels.test(channel_id, self.clock())

    def row(self, channel_id: int) -> ChannelRow:
        (found,) = (row for row in self.channels.rows() if row.channel_id == channel_id)
        return found

    @contextlib.contextmanager
    def notifying(self, limit_seconds: float = 60.0) -> Iterator[Notifier]:
        """Notify until the block ends."""
        making = partial(Delivery, monotonic=time.monotonic, limit_seconds=limit_seconds)
        notifier = Notifier(self.notifications, self.channels, self.clock, making)
        notifier.start()
        try:
            yield notifier
        finally:
            notifier.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk without channels."""
    with contextlib.closing(Connections(new_database(tmp_path / "tracking.db"))) as connections:
        rng = random.Random(7)
        yield Desk(Channels(connections, RegistryKey(None)), Notifications(connections, rng), Clock())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server."""
    with http_receiver() as one:
        yield one


def test_a_webhook_and_ntfy_are_handed_each_notification_once(desk: Desk, receiver: Receiver) -> None:
    """Each channel takes its own notification, once, and stands as sent afterwards."""
    ids = [desk.add(scheme, f"{scheme}://127.0.0.1:{receiver.port}/{scheme}") for scheme in ("json", "ntfy")]
    with desk.notifying():
        for one in ids:
            desk.test(one)
        wait_until(lambda: all(desk.row(one).last_sent_at for one in ids), "both")
    assert len(receiver.bodies) == 2
    assert all(desk.row(one).waiting_count == 0 for one in ids)


def test_what_is_refused_is_told_why_and_sent_when_it_is_taken(
    desk: Desk, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """A channel that refuses says why without its address, and takes the same notification once it recovers."""
    receiver.status = 401
    channel = desk.add("hook", f"json://user:s3cret@127.0.0.1:{receiver.port}/s3cret-path")
    caplog.set_level(logging.DEBUG)
    with desk.notifying() as notifier:
        desk.test(channel)
        wait_until(lambda: desk.row(channel).problem is not None, "a refusal")
        problem = desk.row(channel).problem or ""
        receiver.status = 200
        desk.clock.ahead += timedelta(seconds=10)  # past the first pause
        notifier.nudge()
        wait_until(lambda: desk.row(channel).last_sent_at is not None, "the second try")
    assert "401" in problem
    assert "s3cret" not in problem + caplog.text
    assert (desk.row(channel).problem, len(receiver.bodies)) == (None, 2)


def test_a_dead_network_is_told_in_a_sentence(desk: Desk) -> None:
    """Where nobody listens, the channel says that it cannot be reached."""
    channel = desk.add("hook", f"json://127.0.0.1:{free_port()}/")
    with desk.notifying():
        desk.test(channel)
        wait_until(lambda: desk.row(channel).problem is not None, "a failure")
    assert desk.row(channel).problem == "The service cannot be reached. It is tried again."


def test_a_mail_arrives(desk: Desk) -> None:
    """A real mail server is handed the words."""
    mails: list[Message] = []

    class Keep(MessageHandler):
        def handle_message(self, message: Message) -> None:
            mails.append(message)

    server = Controller(Keep(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        address = f"mailto://127.0.0.1:{server.port}?from=pi@example.org&to=owner@example.org"
        channel = desk.add("mail", address)
        with desk.notifying():
            desk.test(channel)
            wait_until(lambda: desk.row(channel).last_sent_at is not None, "the mail")
    finally:
        server.stop()
    (mail,) = mails
    assert mail["To"] == "owner@example.org"


def test_a_channel_that_hangs_holds_no_other_up(desk: Desk, receiver: Receiver) -> None:
    """While one service does not answer, another is handed its notification; the one that hangs is given up in time."""
    receiver.answers.clear()
    stuck = desk.add("stuck", f"json://127.0.0.1:{receiver.port}/")
    with http_receiver() as other, desk.notifying(limit_seconds=3.0):
        fine = desk.add("fine", f"json://127.0.0.1:{other.port}/")
        desk.test(stuck)
        wait_until(lambda: bool(receiver.bodies), "the one that hangs")
        desk.test(fine)
        wait_until(lambda: desk.row(fine).last_sent_at is not None, "the other")
        assert desk.row(stuck).problem is None  # it hangs still
        wait_until(lambda: desk.row(stuck).problem is not None, "giving up")
        desk.test(fine)
        wait_until(lambda: len(other.bodies) == 2, "another one after that")


def test_what_was_sent_is_not_sent_again_after_a_restart(desk: Desk, receiver: Receiver) -> None:
    """A notifier that starts anew hands over what waits, and nothing that was sent."""
    channel = desk.add("hook", f"json://127.0.0.1:{receiver.port}/")
    with desk.notifying():
        desk.test(channel)
        wait_until(lambda: desk.row(channel).last_sent_at is not None, "the first")
    with desk.notifying():
        desk.test(channel)
        wait_until(lambda: desk.row(channel).waiting_count == 0, "the second")
    assert len(receiver.bodies) == 2
