"""Which devices are in reach, minute by minute: people, fixtures and tags become senders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from scans.simulated.dice import fixed_number
from scans.simulated.fixtures import fixtures_of
from scans.simulated.gadgets import BluetoothGadget, Gadget, WifiGadget, gadgets_of
from scans.simulated.opening import open_day
from scans.simulated.people import Role, Stay, seconds_at, stays_of
from scans.simulated.presences import Presence
from scans.simulated.tags import tags_of_day

_MINUTE = 60

# Computers are switched on a quarter of an hour before the doors open, and off a quarter after they have closed.
_DESKTOP_HOURS_AROUND = 0.25


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the place.

    Attributes:
        stays: All stays, in the order of arrival.
        wifi: The Wi-Fi devices in reach in each minute since 1970 of this day, in a fixed order.
        bluetooth: The same for Bluetooth.
    """

    stays: tuple[Stay, ...]
    wifi: dict[int, list[tuple[WifiGadget, Presence]]]
    bluetooth: dict[int, list[tuple[BluetoothGadget, Presence]]]


def day_of(seed: int, day: date, time_zone: ZoneInfo) -> Day:
    """All that goes on in a day, local time, from midnight to midnight."""
    stays = stays_of(seed, day, time_zone)
    wifi: dict[int, list[tuple[WifiGadget, Presence]]] = defaultdict(list)
    bluetooth: dict[int, list[tuple[BluetoothGadget, Presence]]] = defaultdict(list)
    # The tags last: chance then falls for all others as it did without them.
    devices = (*_things(seed, day, time_zone), *_belongings(seed, stays), *tags_of_day(day, time_zone))
    for gadget, presence in devices:
        minutes = range(int(presence.from_seconds // _MINUTE), int(presence.to_seconds // _MINUTE) + 1)
        if isinstance(gadget, WifiGadget):
            client = (gadget, presence)
            for minute in minutes:
                wifi[minute].append(client)
        else:
            advertiser = (gadget, presence)
            for minute in minutes:
                bluetooth[minute].append(advertiser)
    return Day(stays, dict(wifi), dict(bluetooth))


def _belongings(seed: int, stays: tuple[Stay, ...]) -> Iterator[tuple[Gadget, Presence]]:
    for stay in stays:
        # People sit down first: the network is joined after half a minute to two minutes.
        joins = stay.arrived + 30 + fixed_number(90, seed, "joins", stay.person, int(stay.arrived))
        presence = Presence(stay.role, stay.arrived, stay.left, stay.losses_db, joins)
        for gadget in gadgets_of(seed, stay.person, stay.role):
            yield gadget, presence


def _things(seed: int, day: date, time_zone: ZoneInfo) -> Iterator[tuple[Gadget, Presence]]:
    hours = open_day(day)
    midnight = seconds_at(day, 0, time_zone)
    next_midnight = seconds_at(day + timedelta(days=1), 0, time_zone)
    switched_on = seconds_at(day, hours.opens - _DESKTOP_HOURS_AROUND, time_zone)
    switched_off = seconds_at(day, hours.closes + _DESKTOP_HOURS_AROUND, time_zone)
    for fixture in fixtures_of(seed):
        losses = (fixture.loss_db,)
        if fixture.always_on:
            # Joined long ago: not today, at any rate.
            yield fixture.gadget, Presence(Role.FIXTURE, midnight, next_midnight, losses, midnight - _MINUTE)
        else:
            yield fixture.gadget, Presence(Role.FIXTURE, switched_on, switched_off, losses, switched_on + 20)
