"""What following tags costs: a report, alerts on many tags at once, and what a tag that lies still writes in an hour.

./.venv/bin/python bench/following_tags.py
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.channels import Channels
from db.connect import Connections
from db.tag_follower import TagFollower
from db.tags import Tags
from db.upgrade import upgrade
from presence.alerts import Channel, Rule, RuleKind, Subject, Turn, Verdict
from presence.tags import IdentityKind, IdentityRecord, TagCard, TagReading, TagReport
from presence.zones import ZoneThresholds
from scans.registry_key import RegistryKey

START_AT = datetime(2027, 3, 1, 8, tzinfo=UTC)
TAGS = 500
SENSORS = 50


def follower_of(connections: Connections, count: int) -> TagFollower:
    """So many tags, and one that follows them."""
    tags = Tags(connections)
    for number in range(count):
        digest = number.to_bytes(32)
        record = IdentityRecord(IdentityKind.ADDRESS, digest, "", None, "address")
        tags.add(TagCard(f"Tag {number}"), [record], START_AT)
    return TagFollower(connections, ZoneThresholds(), START_AT)


def site_report(sensor: int, at: datetime, heard_share: float, rng: random.Random) -> TagReport:
    """What one of the sensors heard in a second: its own tags well, and those of its neighbours weakly."""
    readings = []
    for tag_id in range(1, TAGS + 1):
        is_own = tag_id % SENSORS == sensor
        if is_own or (tag_id % SENSORS - sensor) % SENSORS < heard_share * SENSORS:
            rssi_dbm = rng.gauss(-60.0 if is_own else -85.0, 3.0)
            readings.append(TagReading(tag_id, at - timedelta(seconds=rng.random()), rssi_dbm, 2))
    return TagReport(f"sensor {sensor}", at - timedelta(seconds=1), at, is_listening=True, readings=tuple(readings))


def time_reports(connections: Connections) -> None:
    """Fifty sensors report every second, each on its ten tags and on some or all of the others."""
    follower = follower_of(connections, TAGS)
    rng = random.Random(1)  # noqa: S311 - figures are to be the same each time
    now_at = START_AT
    for heard_share in (0.1, 1.0):
        took, ticks = [], []
        for _ in range(6):
            now_at += timedelta(seconds=1)
            for report in [site_report(sensor, now_at, heard_share, rng) for sensor in range(SENSORS)]:
                begun = time.process_time()
                follower.take(report, now_at)
                took.append((time.process_time() - begun) * 1000)
            begun = time.process_time()
            follower.tick(now_at)
            ticks.append((time.process_time() - begun) * 1000)
        settled = sorted(took[len(took) // 3 :])
        count = round(TAGS / SENSORS + (TAGS - TAGS / SENSORS) * heard_share)
        print(
            f"a report on {count} of {TAGS} tags: {statistics.median(settled):.2f} ms, "
            f"95 % under {settled[len(settled) * 95 // 100]:.2f} ms; a tick {statistics.median(ticks):.2f} ms"
        )


def time_alerts(connections: Connections) -> None:
    """All tags leave at once, and come back; a rule that tells one channel watches each of them."""
    follower_of(connections, TAGS)
    channel_id = Channels(connections, RegistryKey(None)).add(Channel("mine", "json://127.0.0.1/"))
    rule = Rule("left", RuleKind.TAG_LEFT, channel_ids=frozenset({channel_id}))
    rule_id = AlertRules(connections).add(rule, START_AT)
    alerts = Alerts(connections)
    for turn in (Turn.OPENED, Turn.CLOSED):
        verdicts = [
            Verdict(rule_id, Subject(f"tag {number}", f"Tag {number}"), turn, "It left.", START_AT)
            for number in range(1, TAGS + 1)
        ]
        begun = time.process_time()
        changed = alerts.apply(verdicts)
        took = (time.process_time() - begun) * 1000
        print(f"{len(changed)} alerts {turn.value}: {took:.0f} ms, {took / len(changed):.2f} ms each")


def count_writes(connections: Connections, path: Path) -> None:
    """One tag lies still for an hour, and is heard twice a second."""
    follower = follower_of(connections, 1)
    rng = random.Random(1)  # noqa: S311 - as above
    with contextlib.closing(sqlite3.connect(path)) as looking:
        versions = set()
        for second in range(1, 3601):
            now_at = START_AT + timedelta(seconds=second)
            reading = TagReading(1, now_at, rng.gauss(-60.0, 5.0), 2)
            report = TagReport("box", now_at - timedelta(seconds=1), now_at, is_listening=True, readings=(reading,))
            follower.take(report, now_at)
            follower.tick(now_at)
            versions.add(looking.execute("PRAGMA data_version").fetchone()[0])
        print(f"a tag that lies still for an hour: {len(versions) - 1} transactions")


def main() -> None:
    """Print the figures."""
    for measure in (lambda made, _: time_reports(made), lambda made, _: time_alerts(made), count_writes):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tracking.db"
            with contextlib.closing(Connections(f"sqlite:///{path}")) as connections:
                upgrade(connections)
                measure(connections, path)


if __name__ == "__main__":
    main()
