"""Showing: joins the page to what it shows and changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.channels import Channels
from db.overrides import Overrides
from db.read_preview import SignalReader
from db.reports import keep_report
from hearing import is_continuous
from layouts.needs import Managing, PageSettings
from layouts.needs_people import Estimating
from layouts.needs_tags import Alerting, Following, Near, Tagging
from links.feed import FEED_PATH
from links.guard import current_identity
from place import Place
from presence.notices import Notice
from presence.overview import Activity
from scans.identities import identity_of
from telling import Telling


def page_settings(place: Place) -> PageSettings:
    """What the page and the report go by, and list."""
    config = place.config
    presence = config.presence
    return PageSettings(
        site_name=config.layouts.site_name,
        demo=place.is_demo,
        time_zone=place.time_zone,
        thresholds=place.thresholds,
        scan_interval=timedelta(seconds=config.scans.interval_seconds),
        listed=(
            ("Listening", f"{config.scans.listen_seconds:g} s every {config.scans.interval_seconds:g} s"),
            ("Share of people who can be heard", f"{presence.visible_share:.0%}"),
            ("A new visit after an absence of", f"{presence.visit_gap_minutes:g} minutes"),
            ("Present when heard within", f"{presence.hold_minutes:g} minutes"),
            ("Visitor key replaced", config.scans.key_rotation.value),
            ("Devices and visits forgotten after", f"{config.db.keep_days} days"),
            ("Time zone", str(place.time_zone)),
        ),
    )


def add_page(
    telling: Telling, server: FastAPI, activity: Callable[[], Activity], notices: Callable[[], Sequence[Notice]]
) -> None:
    """Put the page on a server."""
    # What shows takes 18 MB, which a sensor and a hub's commands need not spend.
    from layouts.page import build_page  # noqa: PLC0415 - see above

    place, store = telling.place, telling.store
    page = build_page(
        server,
        reader=store.reader,
        commands=store.commands,
        activity=activity,
        notices=notices,
        clock=place.clock.wall,
        settings=page_settings(place),
        save_report=partial(keep_report, place.folder / "reports"),
        may_change=telling.may_change,
        managing=Managing(
            current_identity,
            Overrides(store.connections),
            telling.access,
            SignalReader(store.connections).best_signals,
        ),
        estimating=Estimating(store.people, store.head_counts, store.fixtures),
        following=following(telling),
        feed_path=FEED_PATH,
    )
    telling.guard(server, tuple(page.csp_hashes()))


def following(telling: Telling) -> Following:
    """What the views of tags and alerts are joined to."""
    store, key, ear = telling.store, telling.registry_key, telling.ear
    mode = telling.place.config.scans.bluetooth_mode
    near = None if ear is None else Near(ear.nearby, ear.identify, partial(is_continuous, mode, ear))
    identify = partial(identity_of, key=key)
    tagging = Tagging(store.tags, store.tag_log, store.floor_plans, identify, near)
    connections = store.connections
    return Following(tagging, Alerting(Alerts(connections), AlertRules(connections), Channels(connections, key)))
