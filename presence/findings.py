"""Findings: what an examination of one part of the box brought to light."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, fine or not.

    Attributes:
        part: What was looked at.
        says: What was found, in a few words.
        remedy: What to type or do to mend it; empty when the part is fine.
    """

    part: str
    says: str
    remedy: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.remedy
