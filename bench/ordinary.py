"""The settings that a box has without any of its own, for what is measured."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from config import Config
from db.settings import StoreSettings


def ordinary_settings(time_zone: str) -> StoreSettings:
    """How an ordinary box in a time zone remembers."""
    config = Config()
    return StoreSettings(
        interval_seconds=config.scans.interval_seconds,
        visit_gap=timedelta(minutes=config.presence.visit_gap_minutes),
        hold=timedelta(minutes=config.presence.hold_minutes),
        visible_share=config.presence.visible_share,
        keep_days=config.db.keep_days,
        keep_scans_days=config.db.keep_scans_days,
        keep_detections_days=config.db.keep_detections_days,
        time_zone=ZoneInfo(time_zone),
    )
