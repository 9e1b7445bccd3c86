"""The people of the simulated site, estimated and beside the truth: `python -m bench.people_site`.

The days take the programme's own road: what both radios would hear, scans, a database, estimates. Every ten minutes of
opening hours the estimate is compared with the mean of the people who were there in these ten minutes, and so are the
means of hours: without head counts, and with six of them, many times: as the page advises, one when nobody is there,
and the others spread over the day, each on a day drawn at random. The stays of the crowd are compared with those of
everybody who was in the place.
"""

from __future__ import annotations

import argparse
import contextlib
import hmac
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from bench.ordinary import ordinary_settings
from db.people_basis import read_basis, read_counts
from db.store import Store, open_store
from presence.calibrating import CountedMoment, calibrate
from presence.estimate import PeopleEstimate
from presence.estimating import estimate_people
from presence.people_model import PeopleModel
from presence.ranges import TimeRange
from presence.scan import AddressKind
from presence.zones import ZoneThresholds
from scans.counting import new_windows
from scans.fixtures import WhatStays
from scans.folding import ObservationRules
from scans.history import simulated_scans
from scans.simulated.opening import open_day
from scans.simulated.people import Role
from scans.simulated.site import SimulatedSite
from scans.visitor_key import KeyRotation, VisitorKeys

TIME_ZONE = "Europe/Prague"
# A Monday.
FIRST_DAY_AT = datetime(2026, 11, 9, tzinfo=ZoneInfo(TIME_ZONE))
_MINUTE = timedelta(minutes=1)
_BLOCK_MINUTES = 10

# Head counts by which part of the opening hours they are made in, and one before the doors open, when nobody is there.
_PARTS_OF_A_DAY = 5
_EMPTY_HOUR = 6
_DRAWS = 30

_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class PeopleFigures:
    """How near estimates come, over the ten minutes of opening hours, as shares of the people there.

    Attributes:
        mean_error: Mean of how far off they are, more or fewer alike, divided by the mean of the people.
        hourly_error: The same of the means of hours, which a chart of a week shows.
        bias: Mean of the estimates divided by the mean of the people, less 1.
        first_day_bias: The same of the first day alone.
        last_day_bias: And of the last.
        drift: Of the bias from the first half of the days to the second.
        coverage_80: Share of the moments whose truth lies within the range.
        width_80: Mean width of the range, divided by the mean of the people.
    """

    mean_error: float
    hourly_error: float
    bias: float
    first_day_bias: float
    last_day_bias: float
    drift: float
    coverage_80: float
    width_80: float


@dataclass(frozen=True, slots=True)
class StayFigures:
    """How near the mean stay comes, in minutes.

    Attributes:
        true_mean: Of everybody who was in the place.
        mean: As told.
        low: Lower end of its range.
        high: Upper end.
        error: How far off the mean is, as a share of the truth, with its sign.
        rests_on: Devices that it rests on.
    """

    true_mean: float
    mean: float
    low: float
    high: float
    error: float
    rests_on: int


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """Figures of the simulated site.

    Attributes:
        days: How many days.
        moments: How many moments were compared.
        people: Mean of the people there.
        uncalibrated: Without head counts.
        six_head_counts: With six; the mean of many draws.
        stays: The stays of the crowd, uncalibrated; None when too few devices tell.
    """

    days: int
    moments: int
    people: float
    uncalibrated: PeopleFigures
    six_head_counts: PeopleFigures
    stays: StayFigures | None


def site_figures(days: int = 7, seed: int = 1) -> SiteFigures:
    """Measure some days of a site, beginning with a Monday. The site of the demonstration is number 1."""
    site = SimulatedSite(seed, ZoneInfo(TIME_ZONE))
    end_at = FIRST_DAY_AT + timedelta(days=days)
    with tempfile.TemporaryDirectory() as folder, recorded(site, FIRST_DAY_AT, end_at, Path(folder)) as store:
        moments = list(moments_of(store, site))
        with store.connections.read() as connection:
            basis = read_basis(connection, ordinary_settings(TIME_ZONE))
        stays = _stay_figures(store, site, end_at)
    compared = while_open(moments)
    uncalibrated = people_figures(compared, basis.plain, basis.excluded)
    chance = random.Random(seed)  # noqa: S311 - draws that can be repeated
    drawn = [
        people_figures(compared, calibrate(counted, basis.excluded, end_at, basis.plain).model, basis.excluded)
        for counted in (six_head_counts(moments, chance) for _ in range(_DRAWS))
    ]
    return SiteFigures(
        days=days,
        moments=len(compared),
        people=round(fmean(moment.people for moment in compared), 2),
        uncalibrated=uncalibrated,
        six_head_counts=PeopleFigures(
            **{name: round(fmean(asdict(one)[name] for one in drawn), 3) for name in asdict(uncalibrated)}
        ),
        stays=stays,
    )


@contextlib.contextmanager
def recorded(site: SimulatedSite, from_at: datetime, to_at: datetime, folder: Path) -> Iterator[Store]:
    """A database in which what a sensor would have heard at the site was recorded, and estimated."""
    zone = ZoneInfo(TIME_ZONE)
    what_stays = WhatStays(_digest, frozenset(), zone, _nobody_s)
    scans = simulated_scans(
        site,
        sensor="bench",
        keys=VisitorKeys(None, KeyRotation.DAILY, 0, zone),
        rules=ObservationRules(_nobody_s, ZoneThresholds()),
        from_at=from_at,
        to_at=to_at,
        interval=_MINUTE,
        listen_seconds=10.0,
        windows=new_windows(what_stays),
    )
    with contextlib.closing(open_store(f"sqlite:///{folder}/site.db", ordinary_settings(TIME_ZONE))) as store:
        store.recorder.record_many(scans)
        while store.people_sums.roll_up(to_at):
            pass
        yield store


def _digest(address: str) -> bytes:
    return hmac.digest(_SECRET, address.encode(), "sha256")


def _nobody_s(_address: str, _kind: AddressKind, _company_id: int | None) -> None:
    """Makers do not matter here."""


def moments_of(store: Store, site: SimulatedSite) -> Iterator[CountedMoment]:
    """What was counted by the last scan of each ten minutes, and who was there in them on average."""
    with store.connections.read() as connection:
        basis = read_basis(connection, ordinary_settings(TIME_ZONE))
        rows = read_counts(connection, datetime(1970, 1, 2, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
    for row in rows:
        at = row.started_at.astimezone(ZoneInfo(TIME_ZONE))
        if at.minute % _BLOCK_MINUTES == _BLOCK_MINUTES - 1:
            people = fmean(site.people_at(at - number * _MINUTE) for number in range(_BLOCK_MINUTES))
            yield CountedMoment(at, people, (basis.counts(row.wifi, row.bluetooth),))


def while_open(moments: Sequence[CountedMoment]) -> list[CountedMoment]:
    """Those of opening hours."""
    return [moment for moment in moments if _part_of_day(moment) is not None]


def six_head_counts(moments: Sequence[CountedMoment], chance: random.Random) -> list[CountedMoment]:
    """One of an empty place, and one of each part of the opening hours, each on some day."""
    empty = [moment for moment in moments if moment.counted_at.hour == _EMPTY_HOUR]
    by_part = [[moment for moment in moments if _part_of_day(moment) == part] for part in range(_PARTS_OF_A_DAY)]
    counted = [chance.choice(some) for some in (empty, *by_part)]
    return [CountedMoment(one.counted_at, round(one.people), one.sensors) for one in counted]


def _part_of_day(moment: CountedMoment) -> int | None:
    """In which part of the opening hours a moment is; None when the place is closed."""
    hours = open_day(moment.counted_at.date())
    since = moment.counted_at.hour + moment.counted_at.minute / 60 - hours.opens
    share = since / (hours.closes - hours.opens)
    return int(share * _PARTS_OF_A_DAY) if 0 <= share < 1 else None


def people_figures(moments: Sequence[CountedMoment], model: PeopleModel, excluded: frozenset[str]) -> PeopleFigures:
    """How near the estimates of a model come."""
    told = [
        (moment, estimate)
        for moment in moments
        if (estimate := estimate_people(moment.sensors, excluded, model)) is not None
    ]
    days = sorted({moment.counted_at.date() for moment in moments})
    middle = days[len(days) // 2]
    people = fmean(moment.people for moment, _ in told)
    return PeopleFigures(
        mean_error=round(fmean(abs(estimate.likely - moment.people) for moment, estimate in told) / people, 3),
        hourly_error=round(_hourly_error(told) / people, 3),
        bias=_bias(told),
        first_day_bias=_bias([one for one in told if one[0].counted_at.date() == days[0]]),
        last_day_bias=_bias([one for one in told if one[0].counted_at.date() == days[-1]]),
        drift=round(
            _bias([one for one in told if one[0].counted_at.date() >= middle])
            - _bias([one for one in told if one[0].counted_at.date() < middle] or told),
            3,
        ),
        coverage_80=round(fmean(estimate.low <= moment.people <= estimate.high for moment, estimate in told), 3),
        width_80=round(fmean(estimate.high - estimate.low for _, estimate in told) / people, 3),
    )


def _bias(told: Sequence[tuple[CountedMoment, PeopleEstimate]]) -> float:
    people = fmean(moment.people for moment, _ in told)
    return round(fmean(estimate.likely for _, estimate in told) / people - 1, 3)


def _hourly_error(told: Sequence[tuple[CountedMoment, PeopleEstimate]]) -> float:
    hours: defaultdict[datetime, list[tuple[float, float]]] = defaultdict(list)
    for moment, estimate in told:
        hour_at = moment.counted_at.replace(minute=0, second=0, microsecond=0)
        hours[hour_at].append((estimate.likely, moment.people))
    errors = [abs(fmean(likely for likely, _ in some) - fmean(people for _, people in some)) for some in hours.values()]
    return fmean(errors)


def _stay_figures(store: Store, site: SimulatedSite, end_at: datetime) -> StayFigures | None:
    told = store.people.stays(TimeRange.WEEK, end_at)
    visits = [one for one in site.visits(FIRST_DAY_AT, end_at) if one.role is not Role.PASSER_BY]
    true_mean = fmean((one.left_at - one.arrived_at).total_seconds() / 60 for one in visits)
    if told is None:
        return None
    return StayFigures(
        true_mean=round(true_mean, 1),
        mean=round(told.mean_minutes, 1),
        low=round(told.low_minutes, 1),
        high=round(told.high_minutes, 1),
        error=round(told.mean_minutes / true_mean - 1, 3),
        rests_on=told.rests_on,
    )


def main() -> None:
    """Print the figures, as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    json.dump(asdict(site_figures(options.days, options.seed)), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
