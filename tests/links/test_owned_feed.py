from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from db.alert_rules import AlertRules
from db.alerts import AlertQuery, Alerts
from db.store import Store, open_store
from db.tag_log import WrittenPlace, write_places
from links.feed import Feed
from links.owned_source import OwnedReads, OwnedSource
from presence.access import Role
from presence.alerts import Rule, RuleKind, Subject, Turn, Verdict
from presence.tags import IdentityKind, IdentityRecord, TagCard, TagPlace, Whereabouts
from presence.zones import Zone
from tests.db.scanning import SETTINGS, minute, scan
from tests.links.guarded import NOW_AT, Guarded, guarded
from tests.links.waiting import PATIENCE_SECONDS
from tests.sqlite import new_database


@dataclass
class Site:
    """A site with one tag, and its feed behind a guard."""

    store: Store
    feed: Feed
    server: Guarded
    tag_id: int

    def put_tag(self, sensor: str) -> None:
        place = TagPlace(Whereabouts.PRESENT, sensor, Zone.NEAR, -50.0, 0.9, NOW_AT, NOW_AT)
        with self.store.connections.write() as connection:
            write_places(connection, [WrittenPlace(self.tag_id, place, None)])
        self.feed.nudge()

    @contextlib.contextmanager
    def listening(self, role: Role | None) -> Iterator[ClientConnection]:
        headers = {}
        if role is not None:
            headers["X-API-Key"] = self.server.access.make_key(f"a {role}", role, NOW_AT).key
        with connect(f"ws://{self.server.place}/ws", additional_headers=headers) as client:
            yield client


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site whose tag was never heard."""
    with contextlib.ExitStack() as undo:
        store = undo.enter_context(contextlib.closing(open_store(new_database(tmp_path / "site.db"), SETTINGS)))
        record = IdentityRecord(IdentityKind.NAME, bytes(32), "", None, "label")
        tag_id = store.tags.add(TagCard("Pump"), [record], NOW_AT)
        alerts = Alerts(store.connections)
        reads = OwnedReads(store.tags.rows, alerts.open, lambda: alerts.page(AlertQuery(limit=20)).rows)
        feed = Feed(store.reader, lambda: NOW_AT, owned=OwnedSource(reads))
        server = undo.enter_context(guarded(tmp_path, add_page=lambda _: None, more=[feed.router]))
        yield Site(store, feed, server, tag_id)


def heard(client: ClientConnection) -> dict[str, Any]:
    """The next event but heartbeats."""
    while True:
        event: dict[str, Any] = json.loads(client.recv(timeout=PATIENCE_SECONDS))
        if event["type"] != "heartbeat":
            return event


def test_a_viewer_is_told_where_tags_are_and_when_one_moves(site: Site) -> None:
    """The first event lists every tag, and another follows when one is elsewhere."""
    with site.listening(Role.VIEWER) as client:
        (tag,) = heard(client)["tags"]
        assert (tag["name"], tag["whereabouts"]) == ("Pump", "unknown")
        site.put_tag("hall")
        event = heard(client)
        assert (event["type"], event["sensor"], event["zone"], event["is_deleted"]) == ("tag", "hall", "near", False)
        site.store.tags.delete(site.tag_id)
        site.feed.nudge()
        assert heard(client)["is_deleted"] is True


def test_an_alert_is_told_as_it_opens_is_acknowledged_and_closes(site: Site) -> None:
    """Each turn of an alert is told once, and one that is open stands in the first event of who comes later."""
    rule_id = AlertRules(site.store.connections).add(Rule("Left", RuleKind.TAG_LEFT), NOW_AT)
    alerts = Alerts(site.store.connections)
    subject = Subject(f"tag {site.tag_id}", "Pump")
    with site.listening(Role.VIEWER) as client:
        assert heard(client)["alerts"] == []
        alerts.apply([Verdict(rule_id, subject, Turn.OPENED, "Pump left.", NOW_AT)])
        site.feed.nudge()
        opened = heard(client)
        assert (opened["turn"], opened["says"], opened["kind"]) == ("opened", "Pump left.", "tag left")
        alerts.acknowledge(opened["id"], "reception", NOW_AT)
        site.feed.nudge()
        assert (known := heard(client))["turn"] == "acknowledged"
        assert known["acknowledged_by"] == "reception"
        with site.listening(Role.ADMIN) as later:
            assert [one["id"] for one in heard(later)["alerts"]] == [opened["id"]]
        alerts.apply([Verdict(rule_id, subject, Turn.CLOSED, "Pump is back.", NOW_AT)])
        site.feed.nudge()
        assert heard(client)["turn"] == "closed"


@pytest.mark.parametrize("role", [None, Role.SENSOR])
def test_nobody_else_hears_of_tags(site: Site, role: Role | None) -> None:
    """Who may not read tags hears of scans alone."""
    with site.listening(role) as client:
        assert not {"tags", "alerts"} & heard(client).keys()
        site.put_tag("hall")
        site.store.recorder.record(scan(minute(0), ["a"], []))
        site.feed.nudge()
        assert heard(client)["type"] == "scan"


def test_an_alert_that_opens_and_closes_between_two_looks_is_told(site: Site) -> None:
    """Both of its turns are told, once."""
    rule_id = AlertRules(site.store.connections).add(Rule("Left", RuleKind.TAG_LEFT), NOW_AT)
    alerts = Alerts(site.store.connections)
    reads = OwnedReads(site.store.tags.rows, alerts.open, lambda: alerts.page(AlertQuery(limit=20)).rows)
    source = OwnedSource(reads)
    source.look()
    subject = Subject("tag 1", "Pump")
    for turn in (Turn.OPENED, Turn.CLOSED):
        alerts.apply([Verdict(rule_id, subject, turn, "It moved.", NOW_AT)])
    assert [turn for turn, _ in source.look().alerts] == ["opened", "closed"]
    assert source.look().alerts == ()
