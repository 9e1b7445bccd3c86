"""What the views of people, estimated, need from the rest of the programme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from presence.estimate import (
    BusyWeek,
    Calibration,
    CrowdStays,
    FixtureDecision,
    FixtureRow,
    PeopleHistory,
    PeopleNow,
    Returning,
    WhatIf,
)
from presence.ranges import TimeRange


class PeopleReader(Protocol):
    """Reads estimates. Each method may raise when the database cannot be read; the page then says so."""

    def people_now(self, now_at: datetime, sensor: str | None = None) -> PeopleNow:
        """The people now: at one sensor, or at all of the site."""
        ...

    def people_history(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> PeopleHistory:
        """A range of time, for the chart: at one sensor, or at all of the site."""
        ...

    def busy_week(self, now_at: datetime) -> BusyWeek:
        """The hours of the week as they usually are."""
        ...

    def calibration(self) -> Calibration:
        """How the estimate was fitted to the place, with what was counted."""
        ...

    def stays(self, time_range: TimeRange, now_at: datetime) -> CrowdStays | None:
        """How long the crowd of a range of time stays; None when too little was heard to say."""
        ...

    def returning(self, time_range: TimeRange, now_at: datetime) -> Returning | None:
        """Who came back; None where the visitor key is replaced every day, so that nobody can be told to."""
        ...

    def what_if(
        self, visible_share: float | None, cut_dbm: int | None, time_range: TimeRange, now_at: datetime
    ) -> WhatIf:
        """What other settings would have said of a range of time.

        Args:
            visible_share: The share of people who can be heard; None for the one in force.
            cut_dbm: From which RSSI on devices count, one of `RSSI_CUTS_DBM`; None for the one in force.
            time_range: Of which past.
            now_at: Its end.
        """
        ...


class HeadCountCommands(Protocol):
    """What is done with counts of heads. Each method may raise as those of `PeopleReader`."""

    def add(self, people: int, counted_at: datetime, made_by: str) -> int:
        """Add an entry, and tell its number; raises EstimateError when it cannot be."""
        ...

    def edit(self, head_count_id: int, people: int, counted_at: datetime) -> None:
        """Change an entry; raises EstimateError when there is none, or it cannot be."""
        ...

    def delete(self, head_count_id: int, now_at: datetime) -> None:
        """Take an entry back; raises EstimateError when there is none."""
        ...

    def restore(self, head_count_id: int) -> None:
        """Bring a deleted entry back; raises EstimateError when it is gone."""
        ...


class Fixtures(Protocol):
    """The things that stay. Each method may raise as those of `PeopleReader`."""

    def rows(self) -> tuple[FixtureRow, ...]:
        """All of them, those that nobody has decided on first."""
        ...

    def decide(self, fixture_id: int, decision: FixtureDecision) -> None:
        """Let it count, or leave the counts; raises EstimateError when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Estimating:
    """What the views of people are joined to.

    Attributes:
        reader: Reads estimates.
        head_counts: Changes what was counted; a fit follows aside.
        fixtures: Lists things that stay, and changes whether they count.
    """

    reader: PeopleReader
    head_counts: HeadCountCommands
    fixtures: Fixtures
