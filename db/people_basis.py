"""What estimates go by: the model that was fitted last, the fixtures, and the counts of each sensor at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from db.overrides import changed_medium_dbm
from db.packed_counts import unpack
from db.people_schema import FITS, FIXTURES, SCAN_COUNTS
from db.settings import StoreSettings
from presence.counts import RSSI_CUTS_DBM, RadioCounts, SensorCounts
from presence.estimate import FixtureDecision, PeopleEstimate
from presence.estimating import estimate_people
from presence.people_model import UNCALIBRATED, PeopleModel

# What a sensor counted says something for so many intervals: a scan may be late by its jitter and by a radio that hung.
REACH_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class Basis:
    """What an estimate goes by, besides counts.

    Attributes:
        fit_id: The fit that the model is of; 0 before the first.
        change: The newest change that the fit knows of; -1 when it is none, or not one of these settings.
        model: What was learned from head counts.
        plain: The same without head counts.
        fixtures: Digest and manufacturer of every fixture, by row.
        excluded: Digests of those that do not count.
    """

    fit_id: int
    change: int
    model: PeopleModel
    plain: PeopleModel
    fixtures: Mapping[int, tuple[str, str | None]]
    excluded: frozenset[str]

    def estimate(self, counted: Mapping[str, SensorCounts]) -> PeopleEstimate | None:
        """How many people are at the whole site; None when no radio was heard.

        Args:
            counted: What each sensor counted, by its name.
        """
        return estimate_people(tuple(counted.values()), self.excluded, self.model)

    def estimate_at(self, sensor: str, counted: Mapping[str, SensorCounts]) -> PeopleEstimate | None:
        """How many people are at one sensor of the site; None when none of its radios was heard, or it does not count.

        Heads are counted over the whole site. Of several sensors none sees all of them, so what was learned from head
        counts is not true of one alone.
        """
        if sensor not in counted:
            return None
        model = self.model if len(counted) == 1 else self.plain
        return estimate_people([counted[sensor]], self.excluded, model)

    def counts(self, wifi: bytes | None, bluetooth: bytes | None) -> SensorCounts:
        """What a row of counts holds."""
        return SensorCounts(self._unpack(wifi), self._unpack(bluetooth))

    def _unpack(self, packed: bytes | None) -> RadioCounts | None:
        return None if packed is None else unpack(packed, self.fixtures)


def plain_model(connection: Connection, settings: StoreSettings) -> PeopleModel:
    """The model without head counts: by the share who can be heard, of what is not far by the zones in force."""
    medium_dbm = changed_medium_dbm(connection)
    cut_dbm = nearest_cut(settings.medium_dbm if medium_dbm is None else medium_dbm)
    return replace(UNCALIBRATED, visible_share=settings.visible_share, cut_dbm=cut_dbm)


def nearest_cut(dbm: int) -> int:
    """The cut that scans were counted at which is nearest to a signal strength, in dBm."""
    return min(RSSI_CUTS_DBM, key=lambda cut_dbm: abs(cut_dbm - dbm))


def read_basis(connection: Connection, settings: StoreSettings) -> Basis:
    """What estimates go by now."""
    fit = connection.execute(_select_fit()).first()
    fixtures = connection.execute(_select_fixtures()).all()
    plain = plain_model(connection, settings)
    model = None if fit is None else _understood(fit.model)
    of_these = (plain.visible_share, plain.cut_dbm)
    is_of_these = model is not None and (model.visible_share, model.cut_dbm) == of_these
    return Basis(
        fit_id=0 if fit is None else fit.id,
        change=fit.change if fit is not None and is_of_these else -1,
        model=plain if model is None else model,
        plain=plain,
        fixtures={row.id: (row.digest, row.manufacturer) for row in fixtures},
        excluded=frozenset(row.digest for row in fixtures if row.decision != FixtureDecision.KEPT),
    )


def _understood(text: str) -> PeopleModel | None:
    """A model that was kept; None for one that another version of this programme made, which is then made anew."""
    try:
        return PeopleModel.from_json(text)
    except ValueError:
        return None


def reach(settings: StoreSettings) -> timedelta:
    """How long what a sensor counted says something."""
    return timedelta(seconds=REACH_INTERVALS * settings.interval_seconds)


CountRow = Row[*tuple[Any, ...]]


def read_counts(connection: Connection, from_at: datetime, to_at: datetime) -> Sequence[CountRow]:
    """The counts of the scans that began from one moment up to another, the oldest first."""
    return connection.execute(_select_counts(), {"from_at": from_at, "to_at": to_at}).all()


# Built once, as in `db.followed`.
@cache
def _select_fit() -> Select[*tuple[Any, ...]]:
    return select(FITS.c.id, FITS.c.change, FITS.c.model).order_by(FITS.c.id.desc()).limit(1)


@cache
def _select_fixtures() -> Select[*tuple[Any, ...]]:
    fixture = FIXTURES.c
    return select(fixture.id, fixture.digest, fixture.manufacturer, fixture.decision)


@cache
def _select_counts() -> Select[*tuple[Any, ...]]:
    counts = SCAN_COUNTS.c
    return (
        select(counts.scan_id, counts.sensor, counts.started_at, counts.wifi, counts.bluetooth)
        .where(counts.started_at >= bindparam("from_at"), counts.started_at < bindparam("to_at"))
        .order_by(counts.started_at, counts.scan_id)
    )
