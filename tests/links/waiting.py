"""Waiting for what other threads do, by a condition and with patience, never by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; a test that waits in vain fails, and says for what."""
    patience_ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < patience_ends, f"waited in vain for {what}"
        time.sleep(0.02)
