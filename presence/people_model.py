"""The model of people: what was learned from head counts about how many people the counts of a place stand for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class RadioModel:
    """What the counts of one radio tell of people.

    Attributes:
        cut: Index into `presence.counts.RSSI_CUTS_DBM`: weaker devices do not count.
        offset: People when no device is counted.
        people_per_device: People that each device adds.
        error: Root mean square error in people, each head count predicted from the others.
    """

    cut: int
    offset: float
    people_per_device: float
    error: float


@dataclass(frozen=True, slots=True)
class PeopleModel:
    """All that turns counts into people.

    Attributes:
        visible_share: The share of people who can be heard, above 0 and at most 1, where nobody counted.
        head_counts: How many head counts it was learned from; 0 for none.
        wifi: What was learned about Wi-Fi; None when nothing was.
        bluetooth: What was learned about Bluetooth; None likewise.
    """

    visible_share: float = 0.8
    head_counts: int = 0
    wifi: RadioModel | None = None
    bluetooth: RadioModel | None = None

    def to_json(self) -> str:
        """The model as text."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The model that `to_json` made a text of.

        Raises:
            ValueError: It is no such text.
        """
        try:
            told: dict[str, Any] = json.loads(text)
            model = cls(**told)
            return replace(model, wifi=_radio(told["wifi"]), bluetooth=_radio(told["bluetooth"]))
        except (KeyError, TypeError) as error:
            raise ValueError("This is no model of people.") from error


def _radio(told: dict[str, Any] | None) -> RadioModel | None:
    return None if told is None else RadioModel(**told)


UNCALIBRATED = PeopleModel()
