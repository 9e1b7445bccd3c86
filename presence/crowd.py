"""The crowd's stays: how long people stay, told without following anybody whose address changes.

Devices that keep their address for a visit (those joined to the network, and those that never change it) tell how stays
are spread; but staff and regulars are joined more often than others. So each class of stays is given the weight with
which the devices of all classes together make up the people who were there, hour by hour: who stays all day shows in
the morning, who stays half an hour when the place is full. The mean is then the people present over time divided by
their arrivals (Little's law).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from presence.estimate import CrowdStays, PeoplePoint
from presence.radio import Radio
from presence.scan import AddressKind

# Upper edges of the classes told, in minutes.
_EDGES_MINUTES = (15.0, 30.0, 60.0, 120.0, 240.0, None)

# Upper edges of the classes that are weighed: a visit, and those who stay for most of a shift. By the hour, no more can
# be told apart: visits of half an hour and of two come and go with the same crowd.
_WEIGHED_EDGES_SECONDS = (10_800.0, math.inf)

# Who is there for less passes by; and a Wi-Fi address made up for seeking networks lasts for a scan or two, while one
# that lasts longer is of a network joined.
SHORTEST_SECONDS = 300.0

# Kinds of address that are kept; by Wi-Fi, the made-up ones that phones use on a network that they joined.
KEPT = {
    Radio.WIFI: frozenset({AddressKind.GLOBAL, AddressKind.RANDOMISED}),
    Radio.BLUETOOTH: frozenset({AddressKind.GLOBAL, AddressKind.RANDOM_STATIC}),
}

# Longer than anybody stays: a computer that is switched on with the light, or a thing that never leaves.
LONGEST_SECONDS = 36_000.0

# Fewer than this say nothing about a crowd.
_FEWEST = 20

# A phone that is heard in every other scan, a minute apart, comes a scan before it is heard and leaves one after.
_UNHEARD_ENDS_SECONDS = 120.0

# 80 % of a normal distribution lie within so many standard deviations of its middle.
_DEVIATIONS_OF_80_PERCENT = 1.2816


@dataclass(frozen=True, slots=True)
class DeviceStay:
    """The stay of a device that kept its address (see `keeps_address`).

    Attributes:
        started_at: When it was first heard.
        seconds: How long it stayed.
    """

    started_at: datetime
    seconds: float


def keeps_address(radio: Radio, kind: AddressKind, stay_seconds: float) -> bool:
    """Whether a stay is somebody's, told by an address that was kept from its beginning to its end."""
    return kind in KEPT[radio] and SHORTEST_SECONDS <= stay_seconds <= LONGEST_SECONDS


def crowd_stays(stays: Sequence[DeviceStay], present: Sequence[PeoplePoint], bucket: timedelta) -> CrowdStays | None:
    """How long the crowd stayed.

    Args:
        stays: Stays of devices that kept their address, fixtures and tags left out.
        present: People estimated over the same time, in buckets one after the other, the earliest first.
        bucket: How long each of these is.

    Returns:
        None when too few devices kept their address to say.
    """
    if len(stays) < _FEWEST:
        return None
    weights = _weights(stays, present, bucket)
    weighed = [weights[_class_of(stay.seconds)] for stay in stays]
    total = sum(weighed)
    mean = sum(weight * stay.seconds for weight, stay in zip(weighed, stays, strict=True)) / total
    plain = sum(stay.seconds for stay in stays) / len(stays)
    squares = sum((weight * (stay.seconds - mean)) ** 2 for weight, stay in zip(weighed, stays, strict=True))
    # Of the stays themselves, of the weights (which may be off by as much as they moved the mean), and of their ends.
    off = math.hypot(_DEVIATIONS_OF_80_PERCENT * math.sqrt(squares) / total, mean - plain, _UNHEARD_ENDS_SECONDS)
    return CrowdStays(
        mean_minutes=mean / 60,
        low_minutes=max(mean - off, 0.0) / 60,
        high_minutes=(mean + off) / 60,
        shares=_shares(stays, weighed, total),
        rests_on=len(stays),
    )


def _class_of(seconds: float) -> int:
    return next(number for number, edge in enumerate(_WEIGHED_EDGES_SECONDS) if seconds <= edge)


def _shares(
    stays: Sequence[DeviceStay], weighed: Sequence[float], total: float
) -> tuple[tuple[float | None, float], ...]:
    sums = [0.0] * len(_EDGES_MINUTES)
    for weight, stay in zip(weighed, stays, strict=True):
        minutes = stay.seconds / 60
        sums[next(n for n, edge in enumerate(_EDGES_MINUTES) if edge is None or minutes <= edge)] += weight
    return tuple((edge, share / total) for edge, share in zip(_EDGES_MINUTES, sums, strict=True))


def _weights(stays: Sequence[DeviceStay], present: Sequence[PeoplePoint], bucket: timedelta) -> list[float]:
    """People for each device of a class."""
    devices = _present_by_class(stays, [point.at for point in present], bucket)
    heard = [(row, point.likely) for row, point in zip(devices, present, strict=True) if point.likely is not None]
    return _non_negative_fit([row for row, _ in heard], [people for _, people in heard])


def _present_by_class(
    stays: Sequence[DeviceStay], buckets_at: Sequence[datetime], bucket: timedelta
) -> list[list[float]]:
    """How many devices of each class were there on average in each bucket of time."""
    length = bucket.total_seconds()
    devices = [[0.0] * len(_WEIGHED_EDGES_SECONDS) for _ in buckets_at]
    for stay in stays:
        number = bisect_left(buckets_at, stay.started_at - bucket)
        while number < len(buckets_at):
            begins = (stay.started_at - buckets_at[number]).total_seconds()
            within = min(begins + stay.seconds, length) - max(begins, 0.0)
            if within < 0:
                break
            devices[number][_class_of(stay.seconds)] += within / length
            number += 1
    return devices


# Weights are drawn towards a common one, as strongly as so much of the evidence that all classes give together: where
# the hours tell classes apart, they decide; where not, all weigh alike.
_DRAWN = 0.02
_ROUNDS = 50
# No class is weighed out altogether: its devices were there.
_LEAST_SHARE = 0.05


def _non_negative_fit(devices: Sequence[Sequence[float]], people: Sequence[float]) -> list[float]:
    """Weights, none below 0, whose sums come closest to the people; by coordinate descent, which converges here."""
    classes = range(len(_WEIGHED_EDGES_SECONDS))
    products = [[sum(row[one] * row[other] for row in devices) for other in classes] for one in classes]
    towards = [sum(row[one] * count for row, count in zip(devices, people, strict=True)) for one in classes]
    everything = sum(map(sum, products))
    if everything <= 0 or sum(towards) <= 0:  # nobody was estimated to be there
        return [1.0 for _ in classes]
    common = sum(towards) / everything
    drawn = _DRAWN * everything / len(classes)
    weights = [common for _ in classes]
    for _ in range(_ROUNDS):
        for one in classes:
            others = sum(products[one][other] * weights[other] for other in classes if other != one)
            best = (towards[one] + drawn * common - others) / (products[one][one] + drawn)
            weights[one] = max(best, common * _LEAST_SHARE)
    return weights
