from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import insert, select, update

from db.alert_rules import AlertRules
from db.alert_schema import ALERTS, NOTIFICATIONS, RULES
from db.alerts import AlertQuery, Alerts
from db.channels import Channels
from db.connect import Connections
from db.errors import DatabaseError
from db.notifications import Notifications
from db.store import open_store
from db.tag_schema import TAGS
from presence.alerting import Watch
from presence.alerts import (
    AlertError,
    Boundary,
    Channel,
    Hours,
    NoSuchAlertError,
    Rule,
    RuleKind,
    Situation,
    Subject,
    Turn,
    Verdict,
)
from presence.tags import TagIcon
from presence.zones import Zone
from tests.db.scanning import PRAGUE, SETTINGS, minute, scan
from tests.db.sealing import Reversing
from tests.presence.situations import site

NOW_AT = datetime(2027, 3, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SITE = Subject("site", "the site")
FULL = Rule("full", RuleKind.OVER_CAPACITY, threshold=50.0, hysteresis=5.0)
NTFY = "ntfys://ntfy.example/secret-topic"


@pytest.fixture
def rules(connections: Connections) -> AlertRules:
    return AlertRules(connections)


@pytest.fixture
def alerts(connections: Connections) -> Alerts:
    return Alerts(connections)


@pytest.fixture
def channels(connections: Connections) -> Channels:
    return Channels(connections, Reversing())


@pytest.fixture
def queue(connections: Connections) -> Notifications:
    return Notifications(connections, random.Random(1))


def verdict(rule_id: int, turn: Turn, second: float = 0, *, says: str = "Too full.", is_quiet: bool = False) -> Verdict:
    return Verdict(rule_id, SITE, turn, says, NOW_AT + second * SECOND, is_quiet)


def add_tag(connections: Connections, name: str) -> int:
    row = {"name": name, "kind": "", "icon": TagIcon.TAG.value, "note": "", "added_at": NOW_AT}
    with connections.write() as connection:
        return connection.execute(insert(TAGS).values(row).returning(TAGS.c.id)).scalar_one()


def bodies(queue: Notifications, second: float = 0) -> list[str]:
    """What would be handed over now, channel by channel, until nothing is left."""
    said = []
    while due := queue.due(NOW_AT + second * SECOND, 10):
        for one in due:
            said.append(f"{one.title}: {one.body}")
            queue.sent(one.notification_id, NOW_AT + second * SECOND)
    return said


def test_a_rule_comes_back_as_it_was_made(rules: AlertRules, channels: Channels, connections: Connections) -> None:
    """Everything in it is kept."""
    night = Hours(frozenset({4, 5}), time(22, 30), time(6))
    made = Rule(
        name="tools stay",
        kind=RuleKind.TAG_LEFT_BOUNDARY,
        is_on=False,
        tag_ids=frozenset({add_tag(connections, "drill"), add_tag(connections, "saw")}),
        boundary=Boundary(frozenset({"hall", "stärs"}), frozenset({Zone.NEAR, Zone.FAR})),
        hours=night,
        quiet=replace(night, to_time=time(7, 15)),
        minimum_seconds=12.5,
        cool_down_seconds=600.0,
        repeat_seconds=900.0,
        repeat_limit=4,
        channel_ids=frozenset({channels.add(Channel("phone", NTFY))}),
    )
    rule_id = rules.add(made, NOW_AT)
    assert rules.one(rule_id).rule == made
    rules.change(rule_id, replace(FULL, name=" full "), NOW_AT)
    assert [one.rule for one in rules.all()] == [FULL]


def test_rules_that_cannot_be_are_refused(rules: AlertRules) -> None:
    """A name that is taken, a channel or a tag that is not there, a rule that was deleted: each is told plainly."""
    rule_id = rules.add(FULL, NOW_AT)
    for refused, why in (
        (FULL, "already"),
        (replace(FULL, name="other", channel_ids=frozenset({7})), "no channel 7"),
        (Rule("tag", RuleKind.TAG_LEFT, tag_ids=frozenset({8})), "no tag 8"),
        (replace(FULL, name="other", threshold=None), "threshold"),
    ):
        with pytest.raises(AlertError, match=why):
            rules.add(refused, NOW_AT)
    rules.change(rule_id, FULL, NOW_AT)  # its own name is free to it
    rules.delete(rule_id, NOW_AT)
    for gone in (lambda: rules.one(rule_id), lambda: rules.delete(rule_id, NOW_AT)):
        with pytest.raises(NoSuchAlertError):
            gone()
    with pytest.raises(NoSuchAlertError):
        rules.change(rule_id, FULL, NOW_AT)


def test_hundreds_of_verdicts_are_each_applied_once_in_their_order(
    rules: AlertRules, alerts: Alerts, channels: Channels, queue: Notifications
) -> None:
    """More than are looked up at once; one on an alert that opened in the same step closes it."""
    channel_id = channels.add(Channel("phone", NTFY))
    rule_id = rules.add(Rule("left", RuleKind.TAG_LEFT, channel_ids=frozenset({channel_id})), NOW_AT)
    subjects = [Subject(f"tag {number}", f"Tag {number}") for number in range(600)]
    opened = [Verdict(rule_id, subject, Turn.OPENED, f"{subject.name} left.", NOW_AT) for subject in subjects]
    closed = replace(opened[0], turn=Turn.CLOSED, says="It is back.")
    changed = alerts.apply([*opened, opened[1], closed])
    assert [(turn, row.subject) for turn, row in changed] == [
        *((Turn.OPENED, subject) for subject in subjects),
        (Turn.CLOSED, subjects[0]),
    ]
    assert [row.subject for row in alerts.open()] == subjects[1:]
    assert queue.state().waiting_count == 600
    (first,) = queue.due(NOW_AT, 10)
    assert first.body == "Tag 0 left. It is back."


def test_whom_alerts_are_about_is_told_by_name(rules: AlertRules, alerts: Alerts) -> None:
    """Each once, as it was called last."""
    rule_id = rules.add(Rule("left", RuleKind.TAG_LEFT), NOW_AT)
    left, back = Verdict(rule_id, Subject("tag 1", "Saw"), Turn.OPENED, "It left.", NOW_AT), Turn.CLOSED
    for verdict in (left, replace(left, turn=back), replace(left, subject=Subject("tag 1", "zebra"))):
        assert alerts.apply([verdict])
    assert alerts.apply([replace(left, subject=Subject("tag 2", "Axe"))])
    assert alerts.subjects() == (Subject("tag 2", "Axe"), Subject("tag 1", "zebra"))


@pytest.mark.parametrize(
    ("known", "odd"), [('"version":1', '"version":2'), ('"threshold"', '"more":1,"threshold"'), ("{", "")]
)
def test_a_rule_of_another_version_is_not_half_understood(
    rules: AlertRules, connections: Connections, known: str, odd: str
) -> None:
    """What this version does not know is refused, with what to do."""
    rules.add(FULL, NOW_AT)
    with connections.write() as connection:
        body = connection.execute(select(RULES.c.body)).scalar_one()
        connection.execute(update(RULES).values(body=body.replace(known, odd, 1)))
    with pytest.raises(DatabaseError, match="another version"):
        rules.all()


def test_an_alert_is_opened_told_acknowledged_and_closed(
    rules: AlertRules, channels: Channels, alerts: Alerts, queue: Notifications
) -> None:
    """Its history shows each of it."""
    channel_ids = frozenset({channels.add(Channel("phone", NTFY)), channels.add(Channel("mail", "mailto://a:b@c"))})
    rule_id = rules.add(replace(FULL, channel_ids=channel_ids), NOW_AT)
    ((turn, row),) = alerts.apply([verdict(rule_id, Turn.OPENED)])
    assert (turn, row.says, row.told_at, row.notified_at) == (Turn.OPENED, "Too full.", NOW_AT, None)
    assert alerts.open() == (row,)
    assert bodies(queue, 2) == ["Too many people: Too full."] * 2
    known = alerts.acknowledge(row.alert_id, "admin", NOW_AT + 5 * SECOND)
    assert alerts.acknowledge(row.alert_id, "grafana", NOW_AT + 9 * SECOND) == known
    ((_, over),) = alerts.apply([verdict(rule_id, Turn.CLOSED, 60, says="It was over.")])
    assert over == replace(
        row,
        notified_at=NOW_AT + 2 * SECOND,
        notified_count=2,
        acknowledged_at=NOW_AT + 5 * SECOND,
        acknowledged_by="admin",
        closed_at=NOW_AT + 60 * SECOND,
    )
    assert alerts.open() == ()
    assert alerts.one(row.alert_id) == over
    assert alerts.closed_since(NOW_AT + 60 * SECOND) == (over,)
    assert alerts.closed_since(NOW_AT + 61 * SECOND) == ()
    assert bodies(queue, 60) == ["Over: Too many people: It was over."] * 2
    with pytest.raises(NoSuchAlertError):
        alerts.acknowledge(99, "admin", NOW_AT)


def test_a_verdict_counts_once(rules: AlertRules, channels: Channels, alerts: Alerts, queue: Notifications) -> None:
    """Said again, or by another process of the site, it changes nothing and nobody is told twice."""
    phone = channels.add(Channel("phone", NTFY))
    asked = replace(FULL, repeat_seconds=60.0, repeat_limit=2, channel_ids=frozenset({phone}))
    rule_id = rules.add(asked, NOW_AT)
    for turn, second in ((Turn.OPENED, 0), (Turn.REPEATED, 60), (Turn.CLOSED, 90)):
        assert len(alerts.apply([verdict(rule_id, turn, second)])) == 1
        assert alerts.apply([verdict(rule_id, turn, second)]) == ()
        assert len(bodies(queue, second)) == 1
    assert alerts.apply([verdict(rule_id, Turn.REPEATED, 200), verdict(rule_id, Turn.RELEASED, 200)]) == ()
    assert alerts.apply([verdict(99, one) for one in Turn]) == ()


def test_quiet_alerts_are_told_when_they_are_released(
    rules: AlertRules, channels: Channels, alerts: Alerts, queue: Notifications
) -> None:
    """Nobody is told before, and nobody is told of one that was acknowledged meanwhile."""
    rule_id = rules.add(replace(FULL, channel_ids=frozenset({channels.add(Channel("phone", NTFY))})), NOW_AT)
    alerts.apply([verdict(rule_id, Turn.OPENED, is_quiet=True)])
    assert alerts.open()[0].told_at is None
    assert bodies(queue) == []
    assert len(alerts.apply([verdict(rule_id, Turn.RELEASED, 10)])) == 1
    assert alerts.apply([verdict(rule_id, Turn.RELEASED, 11)]) == ()
    assert bodies(queue, 11) == ["Too many people: Too full."]
    alerts.apply([verdict(rule_id, Turn.CLOSED, 20, is_quiet=True), verdict(rule_id, Turn.OPENED, 30, is_quiet=True)])
    alerts.acknowledge(alerts.open()[0].alert_id, "admin", NOW_AT)
    alerts.apply([verdict(rule_id, Turn.RELEASED, 40)])
    assert bodies(queue, 40) == []


def test_what_closed_before_it_could_be_told_is_told_with_its_end(
    rules: AlertRules, channels: Channels, alerts: Alerts, queue: Notifications
) -> None:
    """One notification says both, and repeats do not pile up before a channel that takes nothing."""
    phone = channels.add(Channel("phone", NTFY))
    asked = replace(FULL, repeat_seconds=60.0, repeat_limit=9, channel_ids=frozenset({phone}))
    rule_id = rules.add(asked, NOW_AT)
    alerts.apply([verdict(rule_id, Turn.OPENED)])
    for number in range(1, 4):
        assert len(alerts.apply([verdict(rule_id, Turn.REPEATED, 60 * number)])) == 1
    alerts.apply([verdict(rule_id, Turn.CLOSED, 240, says="It was over at 12:04.")])
    assert bodies(queue, 300) == ["Too many people: Too full. It was over at 12:04."]


@pytest.mark.parametrize("how", ["off", "changed", "deleted"])
def test_a_rule_that_ends_closes_its_alerts(
    how: str, rules: AlertRules, channels: Channels, alerts: Alerts, queue: Notifications
) -> None:
    """Its alerts close without a word, and stay in the history; a new name or channel closes none."""
    told = replace(FULL, channel_ids=frozenset({channels.add(Channel("phone", NTFY))}))
    rule_id = rules.add(told, NOW_AT)
    alerts.apply([verdict(rule_id, Turn.OPENED)])
    rules.change(rule_id, replace(told, name="fuller", quiet=Hours(frozenset({0}), time(1), time(2))), NOW_AT)
    assert len(alerts.open()) == 1
    if how == "deleted":
        rules.delete(rule_id, NOW_AT + SECOND)
    else:
        rules.change(rule_id, replace(told, threshold=60.0, is_on=how == "changed"), NOW_AT + SECOND)
    assert alerts.open() == ()
    (kept,) = alerts.page(AlertQuery()).rows
    assert (kept.rule_id, kept.rule_name, kept.closed_at) == (
        None if how == "deleted" else rule_id,
        "full",
        NOW_AT + SECOND,
    )
    assert len(bodies(queue)) == 1  # of its beginning only


def test_alerts_are_listed_a_page_at_a_time(rules: AlertRules, alerts: Alerts) -> None:
    """The newest come first, each once, and may be narrowed down."""
    rule_id = rules.add(FULL, NOW_AT)
    subjects = [Subject(f"sensor {number}", f"{number}") for number in range(7)]
    alerts.apply([replace(verdict(rule_id, Turn.OPENED), subject=one) for one in subjects])
    alerts.apply([replace(verdict(rule_id, Turn.CLOSED), subject=one) for one in subjects[:3]])
    first = alerts.page(AlertQuery(limit=4))
    second = alerts.page(AlertQuery(limit=4, after=first.next_after))
    assert second.next_after is None
    assert [row.subject for row in (*first.rows, *second.rows)] == subjects[::-1]
    assert [row.subject for row in alerts.page(AlertQuery(only_open=True)).rows] == subjects[:2:-1]
    assert alerts.page(AlertQuery(kind=RuleKind.TAG_LEFT)).rows == ()
    assert len(alerts.page(AlertQuery(kind=FULL.kind, subject_key="sensor 2")).rows) == 1


def test_an_alert_outlasts_a_restart(any_url: str) -> None:
    """What was opened is open after a start, and what waited to be told waits."""
    with contextlib.closing(open_store(any_url, SETTINGS)) as store:
        phone = Channels(store.connections, Reversing()).add(Channel("phone", NTFY))
        rule_id = AlertRules(store.connections).add(replace(FULL, channel_ids=frozenset({phone})), NOW_AT)
        Alerts(store.connections).apply([verdict(rule_id, Turn.OPENED)])
    with contextlib.closing(open_store(any_url, SETTINGS)) as store:
        assert [row.rule_id for row in Alerts(store.connections).open()] == [rule_id]
        assert len(bodies(Notifications(store.connections, random.Random(1)))) == 1


def test_closed_alerts_are_forgotten_after_their_days(any_url: str) -> None:
    """They go with the ledger, in steps, and what was told of them with them; what is open stays."""
    with contextlib.closing(open_store(any_url, SETTINGS)) as store:
        alerts = Alerts(store.connections)
        phone = Channels(store.connections, Reversing()).add(Channel("phone", NTFY))
        rule_id = AlertRules(store.connections).add(replace(FULL, channel_ids=frozenset({phone})), NOW_AT)
        for number in range(2):
            alerts.apply([verdict(rule_id, Turn.OPENED, number)])
            bodies(Notifications(store.connections, random.Random(1)), number)
            alerts.apply([verdict(rule_id, Turn.CLOSED, number, is_quiet=True)][number:])
        store.recorder.record(scan(minute(500 * 24 * 60), elapsed_seconds=None))
        assert store.recorder.forget_some(NOW_AT + timedelta(days=399)) == 0
        store.recorder.forget_some(NOW_AT + timedelta(days=401))
        with store.connections.read() as connection:
            assert [row.closed_at for row in connection.execute(select(ALERTS.c.closed_at))] == [None]
            assert connection.execute(select(NOTIFICATIONS.c.id)).all() == []


def test_what_is_watched_is_kept(rules: AlertRules, channels: Channels, alerts: Alerts, queue: Notifications) -> None:
    """Second by second, from the first person too many over a restart to the end, with one notification of each."""
    phone = channels.add(Channel("phone", NTFY))
    rules.add(replace(FULL, minimum_seconds=3.0, channel_ids=frozenset({phone})), NOW_AT)
    watch, said = Watch(PRAGUE), []
    for number in range(60):
        if number == 20:
            watch = Watch(PRAGUE, alerts.closed_since(NOW_AT - timedelta(days=1)))
        now_at = NOW_AT + number * SECOND
        situation = Situation(now_at, (), replace(site(), people=61.0 if number < 40 else 44.0))
        alerts.apply(watch.step(situation, rules.all(), alerts.open()))
        said += [(number, one) for one in bodies(queue, number)]
    assert said == [
        (3, "Too many people: About 61 people are here at 13:00, more than the 50 allowed."),
        (43, "Over: Too many people: There were no longer too many people at 13:00."),
    ]
    (row,) = alerts.page(AlertQuery()).rows
    assert (row.notified_count, row.closed_at) == (2, NOW_AT + 43 * SECOND)


def test_a_moment_is_kept_whole_or_not_at_all(rules: AlertRules, alerts: Alerts, connections: Connections) -> None:
    """When one verdict cannot be written none is, and all of them can be given again."""
    good = rules.add(FULL, NOW_AT)
    broken = rules.add(replace(FULL, name="broken"), NOW_AT)
    with connections.write() as connection:
        connection.execute(update(RULES).where(RULES.c.id == broken).values(body="{}"))
    both = [verdict(good, Turn.OPENED), verdict(broken, Turn.OPENED)]
    with pytest.raises(DatabaseError):
        alerts.apply(both)
    assert alerts.open() == ()
    rules.change(good, replace(FULL, threshold=60.0), NOW_AT)
    rules.delete(broken, NOW_AT)
    assert len(alerts.apply(both)) == 1
