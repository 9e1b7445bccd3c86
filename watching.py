"""Watching: every second tags are followed and the rules of alerts are asked, by a thread of its own."""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.errors import DatabaseError
from db.only_one import OnlyOne
from db.read_pages import PageReader
from db.store import Store
from db.tag_follower import TagFollower
from place import Place
from presence.alerting import Watch
from presence.alerts import AlertRow, Rule, RuleKind, RuleRow, SiteState, Situation
from presence.estimate import PeopleNow
from presence.faults import advice_for
from presence.pages import RadioRow
from presence.radio import Radio
from presence.tags import TagIcon, TagReport
from scans.clock import is_right
from scans.identities import identity_of
from scans.registry_key import RegistryKey
from scans.visitor_key import KeyFileError
from telling import Telling

# Only a demonstration needs the simulated site, which takes 2 MB.
if TYPE_CHECKING:
    from scans.simulated.site import SimulatedSite

_log = logging.getLogger(__name__)

_STEP_SECONDS = 1.0
# The site is looked at this often: scans come once a minute, and a look costs a Pi some 30 ms.
_SITE_EVERY = timedelta(seconds=5)
# What is usual changes with the hour.
_USUAL_EVERY = timedelta(minutes=5)
# Rules, and whether alerts were acknowledged, are changed by other threads and other processes.
_RULES_EVERY = timedelta(seconds=2)
# The longest cool-down of a rule: what closed before can keep nothing closed now.
_LONGEST_COOL_DOWN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Leading:
    """What only the one has who follows and asks."""

    follower: TagFollower
    watch: Watch


class Watching:
    """Follows tags and asks the rules, from `start` to `stop`.

    Of several hubs on one database one does, and another when that one ends: where a tag is, is worked out in memory.

    Args:
        telling: What was built so far: the settings, the database, what hears tags, and whom to tell of changes.
    """

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._ear = telling.ear
        self._clock = telling.place.clock
        connections = telling.store.connections
        self._tags = telling.store.tags
        self._only_one = OnlyOne(connections)
        self._leading: _Leading | None = None
        self._alerts = Alerts(connections)
        self._rules_kept = AlertRules(connections)
        self._site = SiteLook(telling, PageReader(connections))
        self._version: str | None = None
        self._rules: tuple[RuleRow, ...] = ()
        self._open: tuple[AlertRow, ...] = ()
        self._looked_up_at: datetime | None = None
        self._trouble = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watching", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the step under way. Harmless when called twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._only_one.close()

    def take(self, report: TagReport, received_at: datetime) -> bool:
        """Take what a sensor heard of the tags, where this is the hub that follows them, and tell whether it is.

        May be called from any thread.

        Raises:
            DatabaseError: It could not be written down.
        """
        leading = self._leading
        if leading is None:
            return False
        if leading.follower.take(report, received_at):
            self._telling.nudge()
        return True

    def step(self, now_at: datetime) -> None:
        """One look at everything; the thread takes one each second.

        Raises:
            DatabaseError: The database cannot be read or written; the next step tries again.
            KeyFileError: The registry key cannot be read.
        """
        self._listen_for_registered()
        leading = self._lead(now_at)
        if leading is None:
            return
        if self._ear is not None:
            self.take(self._ear.report(), now_at)
        self._telling.take_handed_over()
        if leading.follower.tick(now_at):
            self._telling.nudge()
        self._look_up(now_at)
        if not (self._rules or self._open):
            return
        situation = Situation(now_at, leading.follower.states(), self._site.state(now_at))
        if self._alerts.apply(leading.watch.step(situation, self._rules, self._open)):
            self._open = self._alerts.open()
            self._telling.nudge_for_alerts()

    def _work(self) -> None:
        while not self._stopping.wait(_STEP_SECONDS):
            try:
                self.step(self._clock.wall())
                self._note("")
            except (DatabaseError, KeyFileError) as error:
                self._note(str(error))

    def _lead(self, now_at: datetime) -> _Leading | None:
        """What it takes to follow and ask; None where another one does. Who begins goes on where the database is."""
        is_this = False
        try:
            is_this = self._only_one.is_this()
        finally:
            if self._leading is not None and not is_this:
                self._leading = None
                self._telling.store.leave_tags()
        if is_this and self._leading is None:
            store, place = self._telling.store, self._telling.place
            lately_closed = self._alerts.closed_since(now_at - _LONGEST_COOL_DOWN)
            watch = Watch(place.time_zone, lately_closed)
            self._leading = _Leading(store.follow_tags(self._telling.zoning, now_at), watch)
        return self._leading

    def _listen_for_registered(self) -> None:
        if self._ear is None:
            return
        version = self._tags.register_version()
        if version != self._version:
            self._ear.watch(self._tags.watched())
            self._version = version

    def _look_up(self, now_at: datetime) -> None:
        if self._looked_up_at is None or abs(now_at - self._looked_up_at) >= _RULES_EVERY:
            self._rules, self._open = self._rules_kept.all(), self._alerts.open()
            self._looked_up_at = now_at

    def _note(self, trouble: str) -> None:
        """Log a failure once when it begins and once when it ends."""
        if trouble and not self._trouble:
            _log.error("Tags are not followed, and alerts do not open. %s", trouble)
        elif self._trouble and not trouble:
            _log.info("Tags are followed, and alerts open again.")
        self._trouble = trouble


class SiteLook:
    """The site as the rules look at it; looked at every few seconds only."""

    def __init__(self, telling: Telling, pages: PageReader) -> None:
        self._telling = telling
        self._pages = pages
        self._state: SiteState | None = None
        self._looked_at: datetime | None = None
        self._usual: float | None = None
        self._usual_at: datetime | None = None

    def state(self, now_at: datetime) -> SiteState:
        """The site now, or some seconds ago.

        Raises:
            DatabaseError: The database cannot be read.
        """
        if self._state is None or self._looked_at is None or abs(now_at - self._looked_at) >= _SITE_EVERY:
            self._state, self._looked_at = self._look(now_at), now_at
        return self._state

    def _look(self, now_at: datetime) -> SiteState:
        place, store = self._telling.place, self._telling.store
        reader = store.reader
        if self._usual_at is None or abs(now_at - self._usual_at) >= _USUAL_EVERY:
            self._usual, self._usual_at = reader.usual(now_at), now_at
        overview = reader.overview(now_at)
        people, usual_people = _people(store.people.people_now(now_at), overview.people_now, self._usual)
        return SiteState(
            people=people,
            usual_people=usual_people,
            sensors=tuple(row for row in reader.sensors(now_at) if row.is_active),
            unheard=tuple(_unheard(row) for row in self._pages.radios() if row.gap is not None),
            disk_free_share=_disk_free_share(place),
            clock_is_right=is_right(now_at, overview.last_scan_at, place.clock.is_synchronised()),
        )


def _people(
    estimated: PeopleNow, devices: int | None, usual_devices: float | None
) -> tuple[float | None, float | None]:
    """People now, and as usual: as estimated, whole ones; where nobody counts them, the devices, as ever."""
    if estimated.estimate is None:
        return devices, usual_devices
    return round(estimated.estimate.likely), None if estimated.usual is None else estimated.usual.people


def _unheard(row: RadioRow) -> tuple[str, Radio, str]:
    fault = None if row.gap is None else row.gap.fault
    return row.sensor, row.radio, "" if fault is None else advice_for(row.radio, fault.reason)


def _disk_free_share(place: Place) -> float | None:
    """What is free of the disk that the database lies on, or the folder beside it; None when that cannot be told."""
    try:
        usage = shutil.disk_usage(place.folder)
    except OSError:  # the folder of a database in memory, or of a server's, need not exist
        return None
    return usage.free / usage.total if usage.total else None


def register_demo_tags(store: Store, site: SimulatedSite, key: RegistryKey, now_at: datetime) -> None:
    """Register what the demonstration's library owns, with a rule on it, as its librarian would have.

    Raises:
        DatabaseError: It could not be written.
    """
    for tag in site.tags():
        tag_id = store.tags.add(tag.card, [identity_of(tag.kind, tag.identity, key)], now_at)
        if tag.card.icon is TagIcon.CASE:
            rule = Rule(f"{tag.card.name} leaves the house", RuleKind.TAG_LEFT, tag_ids=frozenset({tag_id}))
            AlertRules(store.connections).add(rule, now_at)
