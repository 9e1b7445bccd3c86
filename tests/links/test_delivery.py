from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from links.deliver import hand_over
from links.delivery import Delivery, Order
from presence.channel_services import SERVICES, address_fault
from tests.links.guarded import Stopwatch
from tests.links.waiting import wait_until

# These stand in for `links.deliver`: one does as it should, the others what no service should do.
FINE = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "problem": None}), flush=True)
"""
HANGING = "import sys, time\nsys.stdin.readline()\ntime.sleep(600)"
DYING = "import sys\nsys.stdin.readline()"


class Desk:
    """A delivery by some process, and what became of orders."""

    def __init__(self, script: str) -> None:
        self.told: dict[int, str | None] = {}
        self.watch = Stopwatch()
        self.delivery = Delivery(self.note, self.watch, command=(sys.executable, "-c", script))

    def note(self, number: int, problem: str | None) -> None:
        assert number not in self.told
        self.told[number] = problem

    def give(self, number: int) -> None:
        self.delivery.give(Order(number, "json://s3cret@127.0.0.1/", "title", "body"))


def test_one_process_takes_all_orders_and_ends_when_nobody_needs_it() -> None:
    """The process starts with the first order, stays for the next, and ends after ten idle minutes."""
    desk = Desk(FINE)
    assert desk.delivery.process_count == 0
    for number in (1, 2):
        desk.give(number)
        wait_until(lambda number=number: number in desk.told, "an answer")  # type: ignore[misc]  # a default of a lambda
        desk.watch.seconds += 500
        desk.delivery.look()
        assert desk.delivery.process_count == 1
    desk.watch.seconds += 200
    desk.delivery.look()
    assert desk.delivery.process_count == 0
    assert desk.told == {1: None, 2: None}


def test_a_process_that_hangs_is_killed_and_another_takes_its_place() -> None:
    """What takes too long is given up with a reason, and the process it hung in is gone."""
    desk = Desk(HANGING)
    desk.give(1)
    desk.watch.seconds += 61  # 40 to start, 20 to deliver
    desk.delivery.look()
    assert "in time" in (desk.told[1] or "")
    assert desk.delivery.process_count == 0
    desk.give(2)
    assert desk.delivery.process_count == 1
    desk.watch.seconds += 61
    desk.delivery.look()


def test_a_process_that_ends_by_itself_is_started_again() -> None:
    """What it had in hand is told as not handed over, and the next order has a new process."""
    desk = Desk(DYING)
    for number in (1, 2):
        desk.give(number)
        wait_until(lambda number=number: number in desk.told, "the end")  # type: ignore[misc]  # a default of a lambda
    assert all("ended" in (problem or "") for problem in desk.told.values())
    desk.delivery.stop()


def test_a_process_that_cannot_be_started_is_told() -> None:
    """Without the process the order is told as not handed over."""
    desk = Desk(FINE)
    desk.delivery = Delivery(desk.note, desk.watch, command=("/no/such/programme",))
    desk.give(1)
    assert "cannot be started" in (desk.told[1] or "")


def test_an_order_hides_its_address() -> None:
    """Whatever prints an order does not print its secret."""
    assert "s3cret" not in repr(Order(1, "json://s3cret", "title", "body"))


def test_every_service_that_may_be_a_channel_is_known() -> None:
    """Each service on the list is one of apprise's, and none of those that stay on this machine is on it."""
    code = "from apprise.manager_plugins import NotificationManager as M; print(*M().schemas())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = set(found.stdout.split())
    assert known >= SERVICES
    assert not SERVICES & {"file", "dbus", "syslog", "gnome", "windows", "macosx", "blink1", "glib", "gio", "kde", "qt"}


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "SYSLOG://",
        "discord://a/b?template=/etc/passwd",
        "tgram://1:a/2?Template=x",
        "ntfy://host/topic?attach=file:///etc/passwd",
        "mailto://a:b@c.d?pgp=yes",
        "json://[",
        "",
    ],
)
def test_what_would_reach_into_this_machine_is_no_address(url: str) -> None:
    """Such an address is refused without being quoted, also by the process that hands over."""
    fault = address_fault(url)
    assert fault is not None
    assert (urlsplit("//" + url).query or "\0") not in fault
    assert hand_over(url, "title", "body") == fault


@pytest.mark.parametrize("url", ["ntfys://ntfy.sh/topic", "JSON://host/?method=PUT", "mailto://u:p@gmail.com?to=a@b.c"])
def test_an_ordinary_address_is_taken(url: str) -> None:
    """What people use is no fault."""
    assert address_fault(url) is None


def test_the_programme_itself_never_holds_apprise() -> None:
    """What notifies is imported without the 34 MB of apprise."""
    code = "import sys, links.notify; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
