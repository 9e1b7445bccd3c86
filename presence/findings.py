"""Findings: what an examination of one part of the box brought to light."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, fine or not.

    Attributes:
        part: What was looked at.
        is_fine: Whether it works.
        says: What was found, in a few words.
        remedy: What to type or do to mend it; empty when it is fine.
    """

    part: str
    is_fine: bool
    says: str
    remedy: str = ""
