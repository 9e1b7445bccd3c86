"""The model of people: what was learned from head counts about how many people the counts of a place stand for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from presence.counts import RSSI_CUTS_DBM
from presence.radio import Radio

# Raised when a text of an earlier version can no longer be understood; the fit is then made anew.
_VERSION = 2

# A count x adds `weight × log(1 + x / bend)` people: nearly straight for a great bend, flattening for a small one,
# since twice as many phones seldom send twice as many bursts.
BENDS = (1.0, 3.0, 10.0, 100.0)

Weights = tuple[tuple[tuple[float, ...], ...], ...]
"""For each bend, each name of `presence.adding_up.LEARNED_FROM` and each RSSI cut."""


@dataclass(frozen=True, slots=True)
class RadioModel:
    """What the counts of one radio tell of people.

    Attributes:
        cut: Index into `RSSI_CUTS_DBM`: the lowest that matters.
        offset: People where nothing is counted; may be below 0, as their sum may be, which then means nobody.
        plain_factor: What the uncalibrated estimate is multiplied by before it is added.
        weights: What each count adds.
        error: How far off it usually is, in people, by which the radios are weighed.
    """

    cut: int
    offset: float
    plain_factor: float
    weights: Weights
    error: float


@dataclass(frozen=True, slots=True)
class PeopleModel:
    """All that turns counts into people.

    The range of an estimate is `spread` people wide per unit of `errors_below` and `errors_above`, and the spread grows
    with the crowd.

    Attributes:
        visible_share: The share of people who can be heard, above 0 and at most 1, where nobody counted.
        cut_dbm: From which RSSI on devices count where nobody counted: one of `RSSI_CUTS_DBM`.
        head_counts: How many head counts it was learned from; 0 for none.
        wifi: What was learned about Wi-Fi; None when nothing was.
        bluetooth: What was learned about Bluetooth; None likewise.
        spread: Usual error in people where nobody is.
        spread_per_person: What each person adds to that.
        errors_below: How many usual errors the lower end is below the likely number.
        errors_above: How many the upper end is above.
    """

    visible_share: float = 0.8
    cut_dbm: int = -75  # what is weaker is far, as zones are set out of the box
    head_counts: int = 0
    wifi: RadioModel | None = None
    bluetooth: RadioModel | None = None
    # People for a device differ twofold between sites, either way: from half as many to twice as many, and one more.
    spread: float = 1.0
    spread_per_person: float = 1.0
    errors_below: float = 0.5
    errors_above: float = 1.0

    @property
    def cut(self) -> int:
        """Index of `cut_dbm`."""
        return RSSI_CUTS_DBM.index(self.cut_dbm)

    def radio(self, radio: Radio) -> RadioModel | None:
        """What was learned about one radio."""
        return self.wifi if radio is Radio.WIFI else self.bluetooth

    def to_json(self) -> str:
        """The model as text."""
        return json.dumps(asdict(self) | {"version": _VERSION}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The model that `to_json` made a text of.

        Raises:
            ValueError: It is no such text, or one of another version.
        """
        try:
            told: dict[str, Any] = json.loads(text)
            if told.pop("version") != _VERSION:
                raise ValueError("This model of people is of another version.")
            return replace(cls(**told), wifi=_radio(told["wifi"]), bluetooth=_radio(told["bluetooth"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("This is no model of people.") from error


def _radio(told: dict[str, Any] | None) -> RadioModel | None:
    if told is None:
        return None
    weights = tuple(tuple(tuple(row) for row in kinds) for kinds in told["weights"])
    return RadioModel(**(told | {"weights": weights}))


UNCALIBRATED = PeopleModel()
