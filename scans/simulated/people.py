"""Who is there when: the stays of one day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from scans.simulated.dice import dice
from scans.simulated.opening import PASSERS_BY_PER_HOUR, STREET_HOURS, OpenDay, open_day
from scans.simulated.signal_strength import SECONDS_AT_ONE_PLACE, loss_db


class Role(StrEnum):
    """What someone, or something, is to the place."""

    VISITOR = "visitor"
    STAFF = "staff"
    PASSER_BY = "passer-by"
    FIXTURE = "fixture"


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's time in the place, or in the street before it.

    Attributes:
        person: Name of the person; the same on another visit.
        role: Visitor, staff or passer-by.
        arrived: Seconds since 1970.
        left: Seconds since 1970.
        losses_db: Loss of signal at each place where the person sits in turn (`signal_strength.SECONDS_AT_ONE_PLACE`).
    """

    person: str
    role: Role
    arrived: float
    left: float
    losses_db: tuple[float, ...]


# Half of the visitors come again on other days. 400 regulars and 110 of their visits a day: each comes about every
# fourth day.
_REGULARS = 400
_REGULAR_SHARE = 0.5

# Stays are log-normal: the median of 35 min and this spread give a mean of 50 min, and one in forty over 3 h.
_MEDIAN_STAY_MINUTES = 35.0
_STAY_SIGMA = 0.85
_SHORTEST_STAY_MINUTES = 2.0
_LONGEST_STAY_MINUTES = 300.0

# One in twelve goes out (lunch, an errand) and is back after half an hour to three hours.
_COMES_BACK_SHARE = 0.08

# Furthest table, metres, and the distance at which most sit.
_ROOM_METRES = 18.0
_TYPICAL_METRES = 6.0


def stays_of(seed: int, day: date, time_zone: ZoneInfo) -> tuple[Stay, ...]:
    """All stays of a day, local time, in the order of arrival; none goes over midnight."""
    rng = dice(seed, "day", day.isoformat())
    stays = [*_staff(rng, day, time_zone), *_visitors(rng, day, time_zone), *_passers_by(rng, day, time_zone)]
    return tuple(sorted(stays, key=lambda stay: (stay.arrived, stay.person)))


def seconds_at(day: date, hour: float, time_zone: ZoneInfo) -> float:
    """Seconds since 1970 of a local hour of a day (9.5 is half past nine; up to 24)."""
    midnight = datetime.combine(day, time(), time_zone)
    return (midnight + timedelta(hours=hour)).timestamp()


def _staff(rng: Random, day: date, time_zone: ZoneInfo) -> Iterator[Stay]:
    """All day: two open, the others come with the second shift; two of six have the day off."""
    hours = open_day(day)
    for turn, number in enumerate(rng.sample(range(6), hours.staff)):
        begin = hours.opens - rng.uniform(0.4, 0.8) if turn < 2 else hours.opens + rng.uniform(1.5, 2.5)
        end = hours.closes + rng.uniform(0.15, 0.4) if turn >= 2 or hours.staff == 2 else begin + rng.uniform(8.0, 8.6)
        yield _stay(rng, f"staff-{number}", Role.STAFF, seconds_at(day, begin, time_zone), (end - begin) * 60)


def _visitors(rng: Random, day: date, time_zone: ZoneInfo) -> Iterator[Stay]:
    hours = open_day(day)
    closing = seconds_at(day, hours.closes, time_zone)
    regulars = rng.sample(range(_REGULARS), _REGULARS)
    for number, hour in enumerate(_arrival_hours(rng, hours)):
        regular = rng.random() < _REGULAR_SHARE
        person = f"regular-{regulars.pop()}" if regular and regulars else f"guest-{day.isoformat()}-{number}"
        stay = _visit(rng, person, seconds_at(day, hour, time_zone), closing)
        yield stay
        back = stay.left + rng.uniform(0.5, 3.0) * 3600
        if rng.random() < _COMES_BACK_SHARE and back < closing - 1200:
            yield _visit(rng, person, back, closing)


def _arrival_hours(rng: Random, hours: OpenDay) -> Iterator[float]:
    """Moments of arrival, local hours: a Poisson process with the rate of each hour."""
    for hour, rate in hours.arrivals.items():
        at = hour + rng.expovariate(rate)
        while at < hour + 1:
            yield at
            at += rng.expovariate(rate)


def _visit(rng: Random, person: str, arrived: float, closing: float) -> Stay:
    """A visit, which ends at closing time at the latest: the last ones are asked to go in the last ten minutes."""
    minutes = rng.lognormvariate(0.0, _STAY_SIGMA) * _MEDIAN_STAY_MINUTES
    minutes = min(max(minutes, _SHORTEST_STAY_MINUTES), _LONGEST_STAY_MINUTES)
    latest = max(closing - rng.uniform(0.0, 600.0), arrived + 60)
    return _stay(rng, person, Role.VISITOR, arrived, min(minutes, (latest - arrived) / 60))


def _passers_by(rng: Random, day: date, time_zone: ZoneInfo) -> Iterator[Stay]:
    """People in the street, for the half to two and a half minutes that they are in reach."""
    for hour in STREET_HOURS:
        at = hour + rng.expovariate(PASSERS_BY_PER_HOUR)
        # Nobody is in reach at midnight: days are told one by one.
        while at < min(hour + 1, 23.9):
            person = f"passer-by-{day.isoformat()}-{at:.5f}"
            arrived = seconds_at(day, at, time_zone)
            # Through a wall (15 dB) and from 10 to 25 m: heard at −82 dBm and weaker.
            losses = (15.0 + loss_db(rng, rng.uniform(10.0, 25.0)),)
            yield Stay(person, Role.PASSER_BY, arrived, arrived + rng.uniform(30, 150), losses)
            at += rng.expovariate(PASSERS_BY_PER_HOUR)


def _stay(rng: Random, person: str, role: Role, arrived: float, minutes: float) -> Stay:
    places = 1 + int(minutes * 60 // SECONDS_AT_ONE_PLACE)
    losses = tuple(loss_db(rng, rng.triangular(1.0, _ROOM_METRES, _TYPICAL_METRES)) for _ in range(places))
    return Stay(person, role, arrived, arrived + minutes * 60, losses)
