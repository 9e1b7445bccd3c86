from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command_line import parse
from db.access import Access
from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.overrides import Overrides, ZoningInForce
from place import place_of
from presence.alerts import AlertRow, Rule, RuleKind
from presence.faults import Fault, FaultReason
from presence.scan import AddressKind, Heard, Scan, Unheard
from presence.tags import IdentityKind, TagCard, Whereabouts
from scans.broadcast import Broadcast
from scans.clock import Clock
from scans.identities import identity_of
from scans.payloads.telling import measures_of
from scans.tag_ear import TagEar
from telling import Telling
from tests.db.counting import counting_scan, counts
from watching import Watching

BEGIN_AT = datetime(2027, 3, 10, 8, 30, tzinfo=UTC)
ADDRESS = "c4:7c:8d:6a:3e:7a"


@dataclass(slots=True)
class Box:
    """A box with an ear, whose seconds pass when they are told to."""

    telling: Telling
    ear: TagEar
    watching: Watching
    seconds: list[float]

    @property
    def now_at(self) -> datetime:
        return BEGIN_AT + timedelta(seconds=self.seconds[0])

    def live(self, seconds: int, *, heard: bool) -> None:
        """So many seconds pass, in each of which the tag is heard or not."""
        for _ in range(seconds):
            if heard:
                self.ear.hear(broadcast(self.now_at))
            self.seconds[0] += 1
            self.watching.step(self.now_at)

    def alerts(self) -> tuple[AlertRow, ...]:
        return Alerts(self.telling.store.connections).open()

    def whereabouts(self) -> Whereabouts:
        (row,) = self.telling.store.tags.rows()
        return row.place.whereabouts


def broadcast(at: datetime) -> Broadcast:
    return Broadcast(
        address=ADDRESS,
        address_kind=AddressKind.GLOBAL,
        rssi_dbm=-55,
        heard_at_seconds=at.timestamp(),
        local_name="tag",
    )


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    seconds = [0.0]
    clock = Clock(lambda: BEGIN_AT + timedelta(seconds=seconds[0]), lambda: seconds[0], lambda: True)
    place = replace(place_of(parse(["run", "--db", f"sqlite:///{tmp_path / 'tracking.db'}"])), clock=clock)
    with contextlib.ExitStack() as undo:
        store = place.open_store()
        undo.callback(store.close)
        zoning = ZoningInForce(Overrides(store.connections), place.thresholds, clock.monotonic)
        access, key = Access(store.connections, clock.monotonic), place.registry_key()
        telling = Telling(place, store, place.visitor_keys(), zoning, access, lambda: None, key)
        telling.ear = ear = TagEar("box", key, clock, measures_of)
        ear.begin_listening()
        yield Box(telling, ear, Watching(telling), seconds)


def register(box: Box, kind: RuleKind) -> int:
    """A tag and a rule on it."""
    identity = identity_of(IdentityKind.ADDRESS, ADDRESS, box.telling.registry_key)
    tag_id = box.telling.store.tags.add(TagCard("Case"), [identity], box.now_at)
    AlertRules(box.telling.store.connections).add(Rule("the rule", kind, cool_down_seconds=0), box.now_at)
    return tag_id


def test_a_tag_that_is_carried_away_opens_an_alert_and_coming_back_closes_it(box: Box) -> None:
    """What is registered is listened for without a restart; its absence is told once, and its return ends that."""
    register(box, RuleKind.TAG_LEFT)
    box.live(60, heard=True)
    assert (box.whereabouts(), box.alerts()) == (Whereabouts.PRESENT, ())
    box.live(60, heard=False)
    (alert,) = box.alerts()
    assert (box.whereabouts(), alert.subject.name, alert.kind) == (Whereabouts.AWAY, "Case", RuleKind.TAG_LEFT)
    box.live(30, heard=True)
    assert (box.whereabouts(), box.alerts()) == (Whereabouts.PRESENT, ())


def test_a_box_that_does_not_listen_says_nothing_of_its_tags(box: Box) -> None:
    """While Bluetooth is not heard a tag is neither there nor away, and no alert opens on it."""
    register(box, RuleKind.TAG_LEFT)
    box.live(60, heard=True)
    box.ear.end_listening()
    box.live(300, heard=False)
    assert (box.whereabouts(), box.alerts()) == (Whereabouts.UNKNOWN, ())


def test_a_radio_that_is_not_heard_is_an_alert_of_its_own(box: Box) -> None:
    """The rule on radios looks at the latest scan of each sensor, and names the radio."""
    AlertRules(box.telling.store.connections).add(Rule("radios", RuleKind.RADIO_UNHEARD), box.now_at)
    hung = Unheard(Fault(FaultReason.HUNG))
    period = box.telling.keys.key_at(box.now_at).period
    box.telling.store.recorder.record(
        Scan("box", box.now_at, 10.0, None, period, clock_is_right=True, wifi=Heard(()), bluetooth=hung)
    )
    box.live(30, heard=False)
    (alert,) = box.alerts()
    assert (alert.subject.key, alert.kind) == ("radio box bluetooth", RuleKind.RADIO_UNHEARD)


def test_after_a_restart_an_alert_is_still_open_and_not_opened_again(box: Box) -> None:
    """Who watches anew goes on where the database stands."""
    register(box, RuleKind.TAG_LEFT)
    box.live(60, heard=True)
    box.live(60, heard=False)
    (before,) = box.alerts()
    box.watching = Watching(box.telling)
    box.live(60, heard=False)
    assert [alert.alert_id for alert in box.alerts()] == [before.alert_id]


def test_too_many_people_are_told_by_the_estimate(box: Box) -> None:
    """What counts against the capacity is people, of whom more are there than devices were heard."""
    store = box.telling.store
    AlertRules(store.connections).add(Rule("Full", RuleKind.OVER_CAPACITY, threshold=10), BEGIN_AT)
    at = box.now_at
    store.recorder.record(counting_scan(at, counts(8)))
    estimate = store.people.people_now(at).estimate
    assert estimate is not None
    assert estimate.likely > 10
    box.live(10, heard=True)
    (alert,) = box.alerts()
    assert f"About {round(estimate.likely)} people" in alert.says
