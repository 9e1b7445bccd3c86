"""Notices: what the owner should know of the box itself, beside what its radios say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is not as it should be, while counting goes on as well as it can.

    Attributes:
        part: What it is about, in lower case and with underscores: recording, backup, database.
        says: What is wrong and what to do, in sentences; what is to be typed stands between backticks.
        since_at: Since when; None when that is not known.
    """

    part: str
    says: str
    since_at: datetime | None = None
