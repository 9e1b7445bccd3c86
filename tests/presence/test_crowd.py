"""The crowd's stays, from devices that keep their address and the people who were there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from presence.crowd import DeviceStay, crowd_stays, keeps_address
from presence.estimate import PeoplePoint
from presence.radio import Radio
from presence.scan import AddressKind

BEGIN = datetime(2027, 11, 15, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)


def people_in(stays: Sequence[tuple[float, float]], hours: int = 14) -> list[PeoplePoint]:
    """Who is there on average in each hour, of people given by the minute they came and how many they stayed."""
    points = []
    for hour in range(hours):
        inside = sum(
            max(0.0, min(came + stayed, 60.0 * (hour + 1)) - max(came, 60.0 * hour)) / 60 for came, stayed in stays
        )
        points.append(PeoplePoint(BEGIN + hour * HOUR, inside, inside, inside))
    return points


def stays_of(people: Sequence[tuple[float, float]]) -> list[DeviceStay]:
    """The stays of their devices."""
    return [DeviceStay(BEGIN + timedelta(minutes=came), 60 * stayed) for came, stayed in people]


def a_crowd() -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Visitors at noon and in the afternoon, and those who work there."""
    rng = Random(4)
    visitors = [(rng.gauss(rng.choice((300.0, 560.0)), 60.0), rng.uniform(10.0, 80.0)) for _ in range(400)]
    return visitors, [(rng.uniform(0.0, 30.0), rng.uniform(450.0, 520.0)) for _ in range(20)]


def test_who_is_heard_more_often_than_others_does_not_lengthen_the_mean() -> None:
    """Everybody who works there is joined to the network and a third of the visitors: the mean is still the crowd's."""
    visitors, staff = a_crowd()
    told = crowd_stays(stays_of([*visitors[::3], *staff]), people_in([*visitors, *staff]), HOUR)
    assert told is not None
    truth = sum(stayed for _, stayed in (*visitors, *staff)) / (len(visitors) + len(staff))
    plain = sum(stayed for _, stayed in (*visitors[::3], *staff)) / (len(visitors[::3]) + len(staff))
    assert plain > 1.3 * truth
    assert told.mean_minutes == pytest.approx(truth, rel=0.1)
    assert told.low_minutes < told.mean_minutes < told.high_minutes
    assert told.rests_on == len(visitors[::3]) + len(staff)


def test_the_shares_of_all_classes_make_up_the_whole() -> None:
    """Each stay belongs to one class, the last of which has no end."""
    visitors, staff = a_crowd()
    told = crowd_stays(stays_of([*visitors, *staff]), people_in([*visitors, *staff]), HOUR)
    assert told is not None
    assert sum(share for _, share in told.shares) == pytest.approx(1.0)
    assert told.shares[-1][0] is None
    assert told.shares[-1][1] == pytest.approx(20 / 420, rel=0.2)


def test_hours_that_were_not_heard_weigh_nothing() -> None:
    """A gap in the estimate is no empty hour."""
    visitors, staff = a_crowd()
    points = people_in([*visitors, *staff])
    gaps = [PeoplePoint(point.at, None, None, None) if n in {4, 9} else point for n, point in enumerate(points)]
    stays = stays_of([*visitors, *staff])
    with_gaps, without = crowd_stays(stays, gaps, HOUR), crowd_stays(stays, points, HOUR)
    assert with_gaps is not None
    assert without is not None
    assert with_gaps.mean_minutes == pytest.approx(without.mean_minutes, rel=0.05)


def test_without_an_estimate_all_devices_weigh_alike() -> None:
    """Where nothing is known of the people, the mean is that of the devices."""
    visitors, _ = a_crowd()
    told = crowd_stays(stays_of(visitors), (), HOUR)
    assert told is not None
    assert told.mean_minutes == pytest.approx(sum(stayed for _, stayed in visitors) / len(visitors))


def test_a_handful_of_devices_says_nothing_about_a_crowd() -> None:
    """Below twenty devices there is no answer."""
    visitors, _ = a_crowd()
    assert crowd_stays(stays_of(visitors[:19]), people_in(visitors), HOUR) is None


@pytest.mark.parametrize(
    ("radio", "kind", "minutes", "keeps"),
    [
        (Radio.WIFI, AddressKind.RANDOMISED, 40, True),
        (Radio.WIFI, AddressKind.GLOBAL, 40, True),
        (Radio.BLUETOOTH, AddressKind.RANDOM_STATIC, 40, True),
        (Radio.BLUETOOTH, AddressKind.RESOLVABLE, 14, False),
        (Radio.BLUETOOTH, AddressKind.NON_RESOLVABLE, 14, False),
        (Radio.WIFI, AddressKind.RANDOMISED, 1, False),
        (Radio.WIFI, AddressKind.GLOBAL, 780, False),
    ],
)
def test_only_addresses_that_are_kept_tell_of_stays(
    radio: Radio, kind: AddressKind, minutes: float, *, keeps: bool
) -> None:
    """Addresses that rotate tell nothing, nor those of a moment, nor what is switched on all day."""
    assert keeps_address(radio, kind, 60 * minutes) is keeps
