"""The real browser, for the tests of the whole programme."""

from __future__ import annotations

from tests.layouts.conftest import chromium

__all__ = ["chromium"]
