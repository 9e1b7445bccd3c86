"""The settings that a box has without any of its own, for what is measured."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from config import Config
from db.settings import StoreSettings
from place import store_settings


def ordinary_settings(time_zone: str) -> StoreSettings:
    """How an ordinary box in a time zone remembers."""
    return store_settings(Config(), ZoneInfo(time_zone))
