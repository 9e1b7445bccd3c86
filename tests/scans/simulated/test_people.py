from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

import pytest

from scans.simulated.opening import open_day
from scans.simulated.people import Role, Stay, seconds_at, stays_of
from tests.scans.simulated.clocks import MONDAY, TIME_ZONE

WEEK = [MONDAY.date() + timedelta(days=number) for number in range(7)]

# Clocks go forward and back in the night before these days.
CLOCK_CHANGES = [date(2027, 3, 28), date(2027, 10, 31)]


def stays(day: date, role: Role) -> list[Stay]:
    return [stay for stay in stays_of(1, day, TIME_ZONE) if stay.role is role]


@pytest.mark.parametrize("day", [*WEEK, *CLOCK_CHANGES])
def test_visitors_come_and_go_while_the_place_is_open(day: date) -> None:
    """No visitor is there before the doors open or after they close, by local time, also when the clocks change."""
    hours = open_day(day)
    visitors = stays(day, Role.VISITOR)
    assert visitors
    assert min(stay.arrived for stay in visitors) >= seconds_at(day, hours.opens, TIME_ZONE)
    assert max(stay.left for stay in visitors) <= seconds_at(day, hours.closes, TIME_ZONE) + 60


@pytest.mark.parametrize("day", WEEK)
def test_someone_of_the_staff_is_there_from_opening_to_closing(day: date) -> None:
    """The doors are never open with nobody to look after the place."""
    hours = open_day(day)
    staff = stays(day, Role.STAFF)
    for minute in range(hours.opens * 60, hours.closes * 60):
        now = seconds_at(day, minute / 60, TIME_ZONE)
        assert any(stay.arrived <= now < stay.left for stay in staff), f"nobody at minute {minute}"


@pytest.mark.parametrize("day", [*WEEK, *CLOCK_CHANGES])
def test_nobody_is_there_over_midnight(day: date) -> None:
    """Every stay begins and ends on its day, so that days can be told one by one."""
    midnight, next_midnight = seconds_at(day, 0, TIME_ZONE), seconds_at(day + timedelta(days=1), 0, TIME_ZONE)
    for stay in stays_of(1, day, TIME_ZONE):
        assert midnight <= stay.arrived < stay.left < next_midnight


def test_stays_are_about_half_an_hour_and_some_last_for_hours() -> None:
    """Half of the visits are shorter than about 35 minutes, and a few last longer than three hours."""
    minutes = [(stay.left - stay.arrived) / 60 for day in WEEK for stay in stays(day, Role.VISITOR)]
    assert 28 < median(minutes) < 42
    assert 0.005 < sum(length > 180 for length in minutes) / len(minutes) < 0.06


def test_lunch_and_the_late_afternoon_are_the_busiest() -> None:
    """On working days more people come at noon and at five than in the hours before and after."""
    arrivals: Counter[int] = Counter()
    for day in WEEK[:5]:
        for stay in stays(day, Role.VISITOR):
            arrivals[int((stay.arrived - seconds_at(day, 0, TIME_ZONE)) // 3600)] += 1
    assert arrivals[12] > arrivals[10]
    assert arrivals[12] > arrivals[14]
    assert arrivals[16] + arrivals[17] > 1.2 * (arrivals[13] + arrivals[14])
    assert arrivals[17] > arrivals[19]


def test_some_come_again_the_same_day_and_on_other_days() -> None:
    """A few visitors are there twice in a day, never twice at once, and regulars come on several days."""
    days_of_person: Counter[str] = Counter()
    twice = 0
    for day in WEEK:
        visits: dict[str, list[Stay]] = {}
        for stay in stays(day, Role.VISITOR):
            visits.setdefault(stay.person, []).append(stay)
        days_of_person.update(visits.keys())
        twice += sum(len(of_person) > 1 for of_person in visits.values())
        for of_person in visits.values():
            assert all(before.left < after.arrived for before, after in pairwise(of_person))
    assert twice > 10
    assert sum(count > 1 for count in days_of_person.values()) > 50


def test_another_seed_is_another_site() -> None:
    """Two seeds have different people at different times."""
    assert stays_of(1, WEEK[0], TIME_ZONE) != stays_of(2, WEEK[0], TIME_ZONE)
