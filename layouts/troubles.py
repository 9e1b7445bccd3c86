"""Troubles: what of the page fails just now, said on it and in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dash import set_props

_log = logging.getLogger(__name__)


class Troubles:
    """Which parts of the page fail now: shown on it, and logged once when it begins and once when it ends."""

    def __init__(self) -> None:
        self._failing: set[str] = set()

    def begin(self, part: str) -> Callable[[Exception], None]:
        """What a failing callback of a part calls."""

        def show(error: Exception) -> None:
            if part not in self._failing:
                self._failing.add(part)
                _log.error("The page's %s failed, and is tried again: %s", part, error, exc_info=error)
            set_props(f"trouble-{part}", {"hidden": False})

        return show

    def end(self, part: str) -> None:
        """A part works."""
        if part in self._failing:
            self._failing.discard(part)
            _log.info("The page's %s works again", part)
