"""Moments as other programs read them."""

from __future__ import annotations

from datetime import datetime
from typing import overload


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
@overload
def iso(moment: datetime | None) -> str | None: ...
def iso(moment: datetime | None) -> str | None:
    """An aware UTC time as ISO 8601 writes it, with Z; None stays None."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
