"""Calibrating: learns from head counts how many people the counts of a place stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import fmean

from presence.adding_up import AddedUp
from presence.counts import RSSI_CUTS_DBM, SensorCounts
from presence.estimating import add_up_radios, plain_people, together
from presence.people_model import UNCALIBRATED, PeopleModel, RadioModel
from presence.radio import Radio
from presence.spread import SPREAD, SPREAD_PER_PERSON, Known, with_range

# Fewer entries cannot be told from chance.
_FEWEST = 3

# A place changes: furniture, the season, the phones people carry, of which a third is new each year.
_HALF_LIFE = timedelta(days=365)

# What is older than ten years still weighs a thousandth: where all entries are, they are better than nothing.
_LEAST_TRUST = 0.001

# Entries of a day err together: the air of that day was what it was. With so many days each is predicted from the
# others; with fewer, each entry from the other entries.
_ENOUGH_DAYS = 5

# How many errors are believed of each radio before there are entries; see `_error`.
_BELIEVED_ERRORS = 10


@dataclass(frozen=True, slots=True)
class CountedMoment:
    """A head count, and what the sensors counted at that moment.

    Attributes:
        counted_at: When.
        people: How many were there.
        sensors: What each sensor counted then.
    """

    counted_at: datetime
    people: float
    sensors: tuple[SensorCounts, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of calibrating.

    Attributes:
        model: The model.
        predictions: For each moment, in their order, what the others make of it (those of other days, once there are
            five of them); None when nothing was heard then.
        error: Mean absolute error of the predictions, in people; None below three entries.
        plain_error: The same of the estimate without calibration; None likewise.
        cut_dbm: From which RSSI on devices count; None when all do.
        used: How many moments taught something.
    """

    model: PeopleModel
    predictions: tuple[float | None, ...]
    error: float | None
    plain_error: float | None
    cut_dbm: int | None
    used: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A head count that teaches something.

    Attributes:
        number: Its place among all moments.
        group: Entries of one group err together.
        trust: What it weighs, above 0 and at most 1.
        people: What was counted.
        added: What was counted by each radio.
    """

    number: int
    group: int
    trust: float
    people: float
    added: dict[Radio, AddedUp]


@dataclass(frozen=True, slots=True)
class _RadioFit:
    """What was learned of a radio, and what it makes of each entry when the others are asked, by their numbers."""

    model: RadioModel
    held_out: dict[int, float]


def calibrate(
    moments: Sequence[CountedMoment],
    excluded: frozenset[str],
    now_at: datetime,
    plain: PeopleModel = UNCALIBRATED,
) -> Fitted:
    """Learn from head counts. It uses numpy and may take a minute, so it belongs into a process of its own.

    Args:
        moments: The head counts, in any order.
        excluded: Digests of the fixtures that do not count.
        now_at: Now: the older an entry, the less it weighs.
        plain: The model where nobody counted.
    """
    entries = _entries(moments, excluded, now_at)
    if not entries:
        return Fitted(plain, (None,) * len(moments), None, None, None, 0)
    fits = {radio: fit for radio in Radio if (fit := _fit_radio(radio, entries, plain)) is not None}
    held_out = {entry.number: _held_out(entry, fits) for entry in entries}
    model = replace(
        plain,
        head_counts=len(entries),
        wifi=fits[Radio.WIFI].model if Radio.WIFI in fits else None,
        bluetooth=fits[Radio.BLUETOOTH].model if Radio.BLUETOOTH in fits else None,
    )
    is_enough = len(entries) >= _FEWEST
    return Fitted(
        model=with_range(model, [Known(*held_out[one.number], one.people, one.trust) for one in entries]),
        predictions=tuple(held_out[number][0] if number in held_out else None for number in range(len(moments))),
        error=fmean(abs(entry.people - held_out[entry.number][0]) for entry in entries) if is_enough else None,
        plain_error=fmean(abs(entry.people - _plain(entry, plain)) for entry in entries) if is_enough else None,
        cut_dbm=_cut_dbm([fit.model for fit in fits.values()]),
        used=len(entries),
    )


def _entries(moments: Sequence[CountedMoment], excluded: frozenset[str], now_at: datetime) -> list[_Entry]:
    dates = [moment.counted_at.date() for moment in moments]
    by_day = len(set(dates)) >= _ENOUGH_DAYS
    return [
        _Entry(
            number=number,
            group=dates[number].toordinal() if by_day else number,
            trust=max(_LEAST_TRUST, 0.5 ** (max(timedelta(0), now_at - moment.counted_at) / _HALF_LIFE)),
            people=moment.people,
            added=added,
        )
        for number, moment in enumerate(moments)
        if (added := add_up_radios(moment.sensors, excluded))
    ]


def _fit_radio(radio: Radio, entries: Sequence[_Entry], plain: PeopleModel) -> _RadioFit | None:
    """What one radio teaches; None when it was heard at no entry."""
    import numpy as np  # noqa: PLC0415 - 30 MB, which the programme itself never needs

    from presence.ridge import blend  # noqa: PLC0415 - likewise

    heard = [entry for entry in entries if radio in entry.added]
    if not heard:
        return None
    people = np.array([entry.people for entry in heard], float)
    trust = np.array([entry.trust for entry in heard])
    learned = blend(
        counts=np.array([entry.added[radio].features for entry in heard], float),
        plain=np.array([plain_people(radio, entry.added[radio], plain) for entry in heard]),
        people=people,
        groups=np.array([entry.group for entry in heard]),
        trust=trust,
    )
    model = RadioModel(
        cut=plain.cut if learned.cut is None else learned.cut,
        offset=learned.offset,
        plain_factor=learned.plain_factor,
        weights=tuple(tuple(tuple(row) for row in kinds) for kinds in learned.weights.tolist()),
        error=_error(people.tolist(), learned.held_out.tolist()),
    )
    numbers = [entry.number for entry in heard]
    return _RadioFit(model, dict(zip(numbers, learned.held_out.tolist(), strict=True)))


def _error(people: Sequence[float], held_out: Sequence[float]) -> float:
    """The mean absolute error, by which radios are weighed, with some more as believed.

    One entry that a radio meets by chance does not make it the surer one.
    """
    believed = SPREAD + SPREAD_PER_PERSON * fmean(people)
    errors = sum(abs(counted - likely) for counted, likely in zip(people, held_out, strict=True))
    return (errors + _BELIEVED_ERRORS * believed) / (len(people) + _BELIEVED_ERRORS)


def _held_out(entry: _Entry, fits: dict[Radio, _RadioFit]) -> tuple[float, float]:
    """What the other entries make of this one, and how far the radios are apart."""
    return together(
        [(fit.held_out[entry.number], fit.model.error) for fit in fits.values() if entry.number in fit.held_out]
    )


def _plain(entry: _Entry, plain: PeopleModel) -> float:
    return together([(plain_people(radio, added, plain), 1.0) for radio, added in entry.added.items()])[0]


def _cut_dbm(models: Sequence[RadioModel]) -> int | None:
    """The cut of the surer radio."""
    cut = min(models, key=lambda model: model.error).cut
    return RSSI_CUTS_DBM[cut] if cut else None
