"""From the advertisement that crosses a line to the notification handed over: `python -m bench.alert_delay`.

A box with real parts (the ear for tags, the database, the rules, the queue, apprise) among 500 other transmitters. A
tag is carried out of the near zone and back, again and again; each time it is measured how long after its first weak
advertisement a server like ntfy's, on this machine, has the notification.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from command_line import parse
from db.alert_rules import AlertRules
from db.channels import Channels
from place import place_of
from presence.alerts import Boundary, Channel, Rule, RuleKind
from presence.scan import AddressKind
from presence.tags import IdentityKind, TagCard
from presence.zones import Zone
from scans.broadcast import Broadcast
from scans.identities import identity_of
from scans.payloads.telling import measures_of
from scans.tag_ear import TagEar
from telling import Telling, open_telling
from watching import Watching

_GOAL_SECONDS = 5.0
_OTHERS = 500
# A beacon that is to be followed sends some times a second; phones and headphones about twice.
_TAG_EVERY_SECONDS = 0.2
_OTHERS_EVERY_SECONDS = 0.5
# Ten steps away from where it belongs, with the fading of a room where people walk.
_NEAR_DBM, _AWAY_DBM, _FADING_DB = -50, -85, 4.0
# So long it stays on either side of the line, and so long a notification is waited for.
_STAY_SECONDS = 12.0
_PATIENCE_SECONDS = 60.0
_TAG = "c4:7c:8d:6a:3e:7a"


class _Inbox(BaseHTTPRequestHandler):
    """Takes notifications."""

    arrived = threading.Event()

    def do_POST(self) -> None:
        """Take one."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.arrived.set()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@dataclass(slots=True)
class Air:
    """What is on the air: the tag, as near as it is just now, and many others."""

    ear: TagEar
    is_away: bool = False
    crossed_at: float | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def send(self) -> None:
        """Send until stopped: every fifth of a second the tag, and in each a share of the others."""
        rng = random.Random(1)  # noqa: S311 - fading, repeatable
        others = [f"c0:00:00:00:{number >> 8:02x}:{number & 255:02x}" for number in range(_OTHERS)]
        share = round(_OTHERS * _TAG_EVERY_SECONDS / _OTHERS_EVERY_SECONDS)
        while not self._stopping.wait(_TAG_EVERY_SECONDS):
            for other in rng.sample(others, share):
                self.ear.hear(_broadcast(other, rng.uniform(-95, -55)))
            if self.is_away and self.crossed_at is None:
                self.crossed_at = time.monotonic()
            level = _AWAY_DBM if self.is_away else _NEAR_DBM
            self.ear.hear(_broadcast(_TAG, rng.gauss(level, _FADING_DB)))

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()


def _broadcast(address: str, rssi_dbm: float) -> Broadcast:
    now = datetime.now(UTC).timestamp()
    return Broadcast(address, AddressKind.RANDOM_STATIC, max(-126, min(-1, round(rssi_dbm))), now)


def measure(crossings: int, folder: Path) -> list[float]:
    """Seconds from each crossing to its notification."""
    place = place_of(parse(["run", "--db", f"sqlite:///{folder / 'tracking.db'}"]))
    with contextlib.ExitStack() as undo:
        telling = open_telling(place, undo)
        ear = telling.ear = TagEar(place.card.name, telling.registry_key, place.clock, measures_of)
        ear.begin_listening()
        _watch_for_leaving(telling, _inbox(undo))
        telling.notify(undo)
        watching = Watching(telling)
        undo.callback(watching.stop)
        watching.start()
        air = Air(ear)
        sending = threading.Thread(target=air.send)
        undo.callback(sending.join)
        undo.callback(air.stop)
        sending.start()
        return [_cross(air) for _ in range(crossings)]


def _inbox(undo: contextlib.ExitStack) -> str:
    """A server on this machine that takes notifications as ntfy does; gives its address as apprise writes it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Inbox)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    undo.callback(server.server_close)
    undo.callback(serving.join)
    undo.callback(server.shutdown)
    return f"ntfy://127.0.0.1:{server.server_port}/alerts"


def _watch_for_leaving(telling: Telling, inbox: str) -> None:
    """Register the tag, and have it told when it leaves the near zone."""
    now_at = telling.place.clock.wall()
    connections = telling.store.connections
    channel_id = Channels(connections, telling.registry_key).add(Channel("inbox", inbox))
    identity = identity_of(IdentityKind.ADDRESS, _TAG, telling.registry_key)
    tag_id = telling.store.tags.add(TagCard("Case"), [identity], now_at)
    rule = Rule(
        "leaves",
        RuleKind.TAG_LEFT_BOUNDARY,
        tag_ids=frozenset({tag_id}),
        boundary=Boundary(zones=frozenset({Zone.NEAR})),
        cool_down_seconds=0,
        channel_ids=frozenset({channel_id}),
    )
    AlertRules(connections).add(rule, now_at)


def _cross(air: Air) -> float:
    """Let the tag be near for a while, carry it away, and wait for the notification."""
    air.is_away, air.crossed_at = False, None
    time.sleep(_STAY_SECONDS)
    _Inbox.arrived.clear()
    air.is_away = True
    if not _Inbox.arrived.wait(_PATIENCE_SECONDS) or air.crossed_at is None:
        sys.exit("No notification came.")
    delay = time.monotonic() - air.crossed_at
    time.sleep(_STAY_SECONDS)
    return delay


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crossings", type=int, default=20)
    crossings = parser.parse_args().crossings
    with tempfile.TemporaryDirectory() as folder:
        delays = measure(crossings + 1, Path(folder))
    # The first also starts the process that hands over.
    first, *others = delays
    print(
        json.dumps(
            {
                "others": _OTHERS,
                "crossings": len(others),
                "goal_p95_seconds": _GOAL_SECONDS,
                "p50_seconds": round(statistics.median(others), 2),
                "p95_seconds": round(statistics.quantiles(others, n=20, method="inclusive")[-1], 2),
                "most_seconds": round(max(others), 2),
                "first_seconds": round(first, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
