"""Telling: builds what speaks with other programs, and starts and stops it as one."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import FastAPI

from db.access import Access
from db.alert_rules import AlertRules
from db.alerts import AlertQuery, Alerts
from db.channels import Channels
from db.errors import DatabaseError
from db.fitting import Fitting
from db.intake import Intake
from db.notifications import Notifications
from db.overrides import Overrides, ZoningInForce
from db.read_detections import DetectionReader
from db.read_pages import PageReader
from db.sensors import Word
from db.store import Store
from db.tag_handovers import TagHandovers
from link_settings import broker_settings, page_address
from links.api.parts import AlertParts, ApiParts, EstimateParts, TagParts
from links.api.routes import api_router
from links.api_access import declare_access
from links.door import Door
from links.feed import Feed
from links.guard import Guard, current_identity
from links.health import PartHealth, Watched, health_router
from links.intake import CLOCK_IS_WRONG, IntakeFullError, IntakeQueue, Reading
from links.intake_http import IntakeRoutes
from links.keys import keys_router
from links.login import login_router
from links.metrics_route import Measured, metrics_router
from links.notify import Notifier
from links.owned_source import OwnedReads, OwnedSource
from links.privacy_page import privacy_router
from links.server import server_with
from links.short_way import ShortWay
from links.tag_intake import TagIntake, tag_intake_router
from place import Place, version
from presence.access import Role
from presence.estimate import PeopleNow
from presence.radio import Radio
from presence.scan import Scan
from presence.sealing import SealError
from presence.tags import IdentityKind, IdentityRecord, TagReport
from privacy import privacy_facts
from scans.clock import Jump, is_right
from scans.identities import identity_of
from scans.registry_key import RegistryKey
from scans.visitor_key import KeyFileError, VisitorKey, VisitorKeys
from sending import Sending

# What speaks MQTT or to a hub takes 5 MB, which a box that does neither need not spend: imported where it is used.
if TYPE_CHECKING:
    from links.home_assistant import HomeAssistant
    from links.intake_mqtt import MqttIntake
    from links.tag_line_mqtt import MqttTagIntake
    from scans.tag_ear import TagEar
# Alerts that may open and close between two looks of half a second, and still be told.
_LOOKED_BACK = 20


@dataclass(slots=True)
class Telling:
    """What speaks with other programs.

    Attributes:
        place: Whose settings count.
        store: The database.
        keys: The site's visitor keys.
        zoning: Tells zones by the thresholds in force.
        access: Who may come in.
        newest_at: Tells the newest time known to have passed, by which a wrong clock is known; None for none.
        registry_key: The key of the register of tags.
        ear: Hears tags on this machine; None where it has no Bluetooth, or nobody follows tags.
        sending: What it sends to a hub.
        jump: Whether this machine's clock was put far ahead.
    """

    place: Place
    store: Store
    keys: VisitorKeys
    zoning: ZoningInForce
    access: Access
    newest_at: Callable[[], datetime | None]
    registry_key: RegistryKey
    ear: TagEar | None = None
    sending: Sending = field(init=False)
    jump: Jump = field(init=False)
    _queue: IntakeQueue | None = field(init=False, default=None)
    _intake_routes: IntakeRoutes | None = field(init=False, default=None)
    _mqtt: MqttIntake | None = field(init=False, default=None)
    _home_assistant: HomeAssistant | None = field(init=False, default=None)
    _feed: Feed | None = field(init=False, default=None)
    _notifier: Notifier | None = field(init=False, default=None)
    _tag_intake: TagIntake | None = field(init=False, default=None)
    _tag_broker: MqttTagIntake | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Build what sends; nothing of it runs yet."""
        self.jump = Jump(self.place.clock)
        self.sending = Sending(self.place, self.store.connections, self.zoning, self._own_site)

    def receive(self, undo: contextlib.ExitStack, *, from_broker: bool) -> None:
        """Take scans of other machines: by HTTP, and from the broker where the settings name one.

        Args:
            undo: What is to be stopped again.
            from_broker: Whether the broker is asked. A box that sends to a hub through it must not take its own scans
                back from it.

        Raises:
            KeyFileError: The key cannot be read or written, so that it is not known whose scans to take.
        """
        self.step_key()
        place, links = self.place, self.place.config.links
        clock = place.clock
        self._queue = IntakeQueue(
            Intake(self.store.connections, place.store_settings, lambda: self.keys.site),
            clock.wall,
            is_clock_right=self.is_clock_right,
            committed=self.nudge,
        )
        self._queue.start()
        undo.callback(self._queue.stop)
        if links.broker_host and from_broker:
            from links.intake_mqtt import MqttIntake  # noqa: PLC0415 - see above

            self._mqtt = MqttIntake(
                broker_settings(place),
                f"{place.card.name}-intake",
                self._queue,
                self._reading,
                takes_older=links.broker_older_topic,
            )
            self._mqtt.start()
            undo.callback(self._mqtt.stop)

    def receive_tags(
        self, take: Callable[[TagReport, datetime], bool], undo: contextlib.ExitStack, *, from_broker: bool
    ) -> None:
        """Take what sensors hear of tags, and let them know the register.

        Args:
            take: Called with each report and when it was received; tells whether tags are followed here, and may raise
                DatabaseError.
            undo: Ends it.
            from_broker: Whether from the broker too, where the settings name one.
        """
        place, links = self.place, self.place.config.links
        handovers = TagHandovers(self.store.connections)
        self._tag_intake = TagIntake(take, handovers, self.store.tags, self.store.sensors, place.clock.wall)
        if from_broker and links.broker_host:
            from links.tag_line_mqtt import MqttTagIntake  # noqa: PLC0415 - see above

            name = f"{place.card.name}-intake"
            self._tag_broker = MqttTagIntake(broker_settings(place), name, self._tag_intake, lambda: self.keys.site)
            self._tag_broker.start()
            undo.callback(self._tag_broker.stop)

    def take_handed_over(self) -> None:
        """Take what came of tags to other hubs of the site; for the one that follows them.

        Raises:
            DatabaseError: It could not be read or written down.
        """
        if self._tag_intake is not None:
            self._tag_intake.take_handed_over()

    def announce(self, undo: contextlib.ExitStack) -> None:
        """Tell Home Assistant of the site, where the settings say so."""
        place, reader, clock = self.place, self.store.reader, self.place.clock.wall
        links = place.config.links
        if not (links.home_assistant and links.broker_host):
            return
        from links.home_assistant import HomeAssistant, SiteReads  # noqa: PLC0415 - see above
        from links.home_assistant_messages import SiteCard  # noqa: PLC0415 - see above

        name = place.config.layouts.site_name or "Wi-Fi and Bluetooth Tracking"
        card = SiteCard(links.broker_topic, name, version(), page_address(place))
        reads = SiteReads(
            lambda: reader.overview(clock()),
            lambda: reader.today(clock()),
            lambda: reader.sensors(clock()),
            self._owned_reads(),
            self._people_now,
        )
        self._home_assistant = HomeAssistant(broker_settings(place), card, reads)
        self._home_assistant.start()
        undo.callback(self._home_assistant.stop)

    def notify(self, undo: contextlib.ExitStack) -> None:
        """Hand notifications of alerts over to their channels."""
        connections = self.store.connections
        channels = Channels(connections, self.registry_key)
        self._notifier = Notifier(Notifications(connections, _jitter()), channels, self.place.clock.wall)
        self._notifier.start()
        undo.callback(self._notifier.stop)

    def fit(self, undo: contextlib.ExitStack) -> None:
        """Fit the estimate of people to the place, aside, whenever heads were counted."""
        fitting = Fitting(self.store.connections, self.place.store_settings, self.place.clock.wall)
        fitting.start()
        undo.callback(fitting.stop)

    def site_server(self, *, is_listening: bool) -> FastAPI:
        """The server of a machine that keeps and shows scans; the page is added to it by its own room.

        Args:
            is_listening: Whether it has radios, so that it does not do its work while none is heard.
        """
        reader, clock = self.store.reader, self.place.clock.wall
        owned = OwnedSource(self._owned_reads())
        feed = Feed(
            reader,
            clock,
            sensors=lambda: reader.sensors(clock()),
            parts=self.parts(),
            owned=owned,
            people=self._people_now,
        )
        self._feed = feed
        watched = Watched(lambda: reader.overview(clock()), is_listening, lambda: reader.sensors(clock()), self.parts())
        measured = Measured(
            lambda: reader.overview(clock()),
            lambda: reader.today(clock()),
            lambda: reader.sensors(clock()),
            self.parts(),
            lambda: feed.connection_count,
        )
        routers = [
            health_router(watched, lambda: feed.connection_count, clock),
            metrics_router(measured),
            feed.router,
            login_router(self.access, self._door(), clock, self.place.config.layouts.site_name),
            keys_router(self.access, clock),
            privacy_router(privacy_facts(self.place)),
        ]
        if self._tag_intake is not None:
            routers.append(tag_intake_router(self._tag_intake))
        routers.append(api_router(self._api_parts()))
        if self._queue is not None:
            self._intake_routes = IntakeRoutes(self._queue, self._reading)
            routers.append(self._intake_routes.router)
        return server_with(*routers)

    def guard(self, server: FastAPI, inline_scripts: tuple[str, ...] = ()) -> None:
        """Put the guard before a server; after all else that is added to it, so that the guard is asked first.

        Args:
            server: What it guards.
            inline_scripts: The scripts that stand in its pages, see `Guard`.
        """
        if self._intake_routes is not None:
            server.add_middleware(ShortWay, posted=self._intake_routes.posted)
        login_required = self.place.config.links.login_required
        declare_access(server, login_required=login_required)
        server.add_middleware(
            Guard,
            access=self.access,
            login_required=login_required,
            clock=self.place.clock.wall,
            monotonic=self.place.clock.monotonic,
            own_names=frozenset({socket.getfqdn(), *self.place.config.links.own_names.split()}),
            inline_scripts=inline_scripts,
        )

    def note_own(self, scan: Scan) -> None:
        """Let this machine stand among the sensors, as the others do by what they send.

        Raises:
            DatabaseError: It could not be written down.
        """
        self.store.sensors.note(Word(self.place.card, self.place.clock.wall(), scan, 0.0, self.sending.waiting_count))

    @property
    def latest_scan_id(self) -> int:
        """The number of the newest scan that the feed has told of; it costs nothing to ask. 0 before the first."""
        return 0 if self._feed is None else self._feed.last_id

    def is_clock_right(self) -> bool:
        """Whether this machine's clock can be believed; costs nothing while a time server keeps it right.

        Raises:
            DatabaseError: The newest time known to have passed could not be read.
        """
        clock = self.place.clock
        is_synchronised = clock.is_synchronised()
        return is_right(clock.wall(), None if is_synchronised else self.newest_at(), is_synchronised)

    def step_key(self) -> None:
        """Let the visitor key be that of the day. A wrong clock moves none: what is stepped cannot be had again.

        Raises:
            DatabaseError: It cannot be told whether the clock is right.
            KeyFileError: The key cannot be read or written.
        """
        if self.is_clock_right():
            self.keys.key_at(self.place.clock.wall())

    def may_change(self) -> bool:
        """Whether who asks just now may change what is remembered."""
        identity = current_identity()
        return identity is not None and identity.role is Role.ADMIN

    def nudge(self) -> None:
        """Say that something was committed. May be called from any thread."""
        if self._feed is not None:
            self._feed.nudge()
        if self._home_assistant is not None:
            self._home_assistant.nudge()

    def nudge_for_alerts(self) -> None:
        """Say that alerts opened or closed, of which people are to be notified. May be called from any thread."""
        self.nudge()
        if self._notifier is not None:
            self._notifier.nudge()

    def _api_parts(self) -> ApiParts:
        store, place = self.store, self.place
        settings, connections = place.store_settings, store.connections
        return ApiParts(
            reader=store.reader,
            statistics=store.reader.statistics,
            detections=DetectionReader(connections),
            pages=PageReader(connections),
            sensors=store.sensors,
            overrides=Overrides(connections),
            thresholds=place.thresholds,
            settings=settings,
            rehash=lambda given: self._key_now().hash_of(Radio.BLUETOOTH, given),
            clock=place.clock.wall,
            tagged=TagParts(store.tags, store.tag_log, store.floor_plans, self._identify, self.ear),
            alerting=AlertParts(Alerts(connections), AlertRules(connections), Channels(connections, self.registry_key)),
            estimating=EstimateParts(store.people, store.head_counts, store.fixtures),
            smallest_group=place.config.privacy.smallest_group,
            changed=self.nudge,
        )

    def _people_now(self) -> PeopleNow:
        return self.store.people.people_now(self.place.clock.wall())

    def _owned_reads(self) -> OwnedReads:
        alerts = Alerts(self.store.connections)
        return OwnedReads(self.store.tags.rows, alerts.open, lambda: alerts.page(AlertQuery(limit=_LOOKED_BACK)).rows)

    def _identify(self, kind: IdentityKind, text: str) -> IdentityRecord:
        """What is kept of an identity that somebody typed.

        Raises:
            TagError: It is no such identity.
            SealError: The registry key cannot be had.
        """
        try:
            return identity_of(kind, text, self.registry_key)
        except KeyFileError as error:
            raise SealError(str(error)) from error

    def _door(self) -> Door:
        return Door(self.access, self.place.clock.wall, self.place.clock.monotonic)

    @property
    def _reading(self) -> Reading:
        return Reading(self.zoning.thresholds, self._key_to_read, self.place.clock.wall)

    def _key_now(self) -> VisitorKey:
        """The visitor key of the moment; under a clock that is wrong, one that names nothing."""
        return self.keys.key_at(self.place.clock.wall(), clock_is_right=self.is_clock_right())

    def _key_to_read(self) -> VisitorKey:
        """The visitor key of the moment.

        Raises:
            IntakeFullError: It cannot be had just now.
        """
        try:
            if self.is_clock_right():
                return self.keys.key_at(self.place.clock.wall())
        except (DatabaseError, KeyFileError) as error:
            raise IntakeFullError(str(error)) from error
        raise IntakeFullError(CLOCK_IS_WRONG)

    def _own_site(self) -> str:
        """The site of this machine. Not by the key of the moment: a clock that is wrong at the start moves no key."""
        return self.keys.site or self.keys.key_at(self.place.clock.wall()).site

    def parts(self) -> list[Callable[[], PartHealth]]:
        """Tell how each part is that speaks with other programs."""
        parts = [
            None if self._queue is None else self._queue.health,
            None if self._mqtt is None else self._mqtt.health,
            None if self._tag_broker is None else self._tag_broker.health,
            None if self._home_assistant is None else self._home_assistant.health,
            None if self._notifier is None else self._notifier.health,
        ]
        return [*self.sending.parts(), *(part for part in parts if part is not None)]


def open_telling(place: Place, undo: contextlib.ExitStack) -> Telling:
    """Open the database, and build what speaks with other programs; nothing of it runs yet."""
    store = place.open_store()
    undo.callback(store.close)
    zoning = ZoningInForce(Overrides(store.connections), place.thresholds, place.clock.monotonic)
    access = Access(store.connections, place.clock.monotonic)
    keys, registry_key = place.visitor_keys(), place.registry_key()
    return Telling(place, store, keys, zoning, access, store.reader.latest_scan_at, registry_key)


def _jitter() -> random.Random:
    return random.Random()  # noqa: S311 - by how much a pause is shortened is no secret
