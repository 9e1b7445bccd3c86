"""Settings of the links that cannot be used."""

from __future__ import annotations


class LinkSettingsError(Exception):
    """The settings for a broker or a hub cannot be used; the message says what to do."""
