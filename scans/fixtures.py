"""Fixtures: learns what stays at the place, by being there at night or for most of a day, so that it can be taken off.

Whom this names and whom it does not is argued in docs/privacy.md. A thing that nobody carries home is there at night. A
visitor is not, and gets no lasting name by a long stay; neither does what makes up its addresses, a phone that has
joined the network with one of those included.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from presence.radio import Radio
from presence.scan import AddressKind
from scans.folding import Maker
from scans.traces import Sender
from scans.visitor_key import KeyFileError

_log = logging.getLogger(__name__)

_HOUR_SECONDS = 3600

# Hours in which hardly anybody is at a public place, 1 to 5 o'clock; two of them are no late guest.
_NIGHT_HOURS = {1, 2, 3, 4}
_HOURS_AT_NIGHT = 2

# No visitor stays for sixteen hours of a day: the longest shifts of staff are twelve.
_HOURS_OF_A_DAY = 16

_REMEMBERED_HOURS = 24
_ALL_HOURS = (1 << _REMEMBERED_HOURS) - 1

# An hour counts in which it was heard in a quarter of the scans, for what idles is silent in many of them, and scans
# were made for half of it or longer.
_LEAST_SHARE = 0.25
_LEAST_SECONDS = _HOUR_SECONDS / 2

# Against a flood of made-up addresses, at some 150 bytes each; a place has a few dozen.
_MOST_WATCHED = 5_000
_MOST_FIXTURES = 1_000

# What else keeps its address: by Wi-Fi only that of the maker, since phones that joined use others, and keep those too.
_KINDS = {AddressKind.GLOBAL, AddressKind.RANDOM_STATIC}


@dataclass(frozen=True, slots=True)
class WhatStays:
    """What is needed to learn what stays.

    Attributes:
        digest: What an address is known by, under the registry key; asked for fixtures alone, and for whatever keeps
            its address while some are known.
        known: Digests of those that are known from before.
        time_zone: Tells when it is night.
        maker: Names makers.
    """

    digest: Callable[[str], bytes]
    known: frozenset[str]
    time_zone: ZoneInfo
    maker: Maker


@dataclass(frozen=True, slots=True)
class Fixture:
    """A thing that stays.

    Attributes:
        digest: 64 hexadecimal digits: its address under the registry key.
        manufacturer: Its maker; None when nothing tells.
    """

    digest: str
    manufacturer: str | None


def fixture_text(radio: Radio, address: str) -> str:
    """What a fixture's digest is made of."""
    return f"fixture {radio.value} {address}"


class FixtureLearner:
    """Tells which of those heard by one radio are fixtures.

    Those watched are known by their names in the window, and by the hours of the last day in which they were there.

    Args:
        radio: The radio.
        what_stays: How to learn.
    """

    def __init__(self, radio: Radio, what_stays: WhatStays) -> None:
        self._radio = radio
        self._rules = what_stays
        self._hour = _Hour(0)
        self._hours: dict[bytes, int] = {}  # a bit for each of the last hours, the latest the lowest
        self._due: set[bytes] = set()
        self._strangers: set[bytes] = set()
        self._found: dict[bytes, Fixture] = {}
        self._is_failing = False

    def take(self, started_at: datetime, senders: Mapping[bytes, Sender]) -> None:
        """Take a scan in.

        Args:
            started_at: When it began.
            senders: Who was heard, by names that stay as long as this does.
        """
        number = int(started_at.timestamp() // _HOUR_SECONDS)
        if number != self._hour.number:
            self._turn_to(number)
        staying = {name: sender for name, sender in senders.items() if sender.address_kind in _KINDS}
        self._hour.take(started_at, staying)
        for name, sender in staying.items():
            if name not in self._found and (name in self._due or self._may_be_known(name)):
                self._look_at(name, sender)

    def known_as(self, name: bytes) -> Fixture | None:
        """The fixture of a name; None when it is none."""
        return self._found.get(name)

    def _may_be_known(self, name: bytes) -> bool:
        return bool(self._rules.known) and name not in self._strangers

    def _look_at(self, name: bytes, sender: Sender) -> None:
        """Make it a fixture, if it is due or known from before; its address is at hand only now."""
        try:
            digest = self._rules.digest(fixture_text(self._radio, sender.address)).hex()
        except KeyFileError as error:
            if not self._is_failing:
                _log.error("Things that stay are not told from visitors' devices. %s", error)
            self._is_failing = True
            return
        self._is_failing = False
        if name not in self._due and digest not in self._rules.known:
            self._strangers.add(name)
        elif len(self._found) < _MOST_FIXTURES:
            maker = self._rules.maker(sender.address, sender.address_kind, sender.company_id)
            self._found[name] = Fixture(digest, maker)

    def _turn_to(self, number: int) -> None:
        """Close the hour, and see who was there for long enough."""
        elapsed = number - self._hour.number
        if 0 < elapsed <= _REMEMBERED_HOURS:
            there = self._hour.there()
            moved = {
                name: (self._hours.get(name, 0) << elapsed | (name in there) << elapsed - 1) & _ALL_HOURS
                for name in self._hours.keys() | there
            }
            self._hours = {name: hours for name, hours in moved.items() if hours}
        else:  # the clock was set, or nothing was heard for a day
            self._hours.clear()
        self._hour = _Hour(number)
        night = self._night_before(number)
        self._due = {
            name
            for name, hours in self._hours.items()
            if hours.bit_count() >= _HOURS_OF_A_DAY or (hours & night).bit_count() >= _HOURS_AT_NIGHT
        }
        self._strangers.clear()

    def _night_before(self, number: int) -> int:
        """Which bits of the hours before an hour lie at night."""

        def local_hour(hour: int) -> int:
            return datetime.fromtimestamp(hour * _HOUR_SECONDS, UTC).astimezone(self._rules.time_zone).hour

        return sum(1 << ago for ago in range(_REMEMBERED_HOURS) if local_hour(number - 1 - ago) in _NIGHT_HOURS)


class _Hour:
    """An hour under way: in how many of its scans each was heard."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._scans = 0
        self._heard: Counter[bytes] = Counter()
        self._first_at = self._last_at = 0.0

    def take(self, started_at: datetime, names: Mapping[bytes, object]) -> None:
        at = started_at.timestamp()
        self._first_at = min(at, self._first_at) if self._scans else at
        self._last_at = max(at, self._last_at)
        self._scans += 1
        room = _MOST_WATCHED - len(self._heard)
        for name in names:
            if name in self._heard:
                self._heard[name] += 1
            elif room > 0:
                self._heard[name] = 1
                room -= 1

    def there(self) -> set[bytes]:
        """Who was there for the hour."""
        if self._last_at - self._first_at < _LEAST_SECONDS:
            return set()
        return {name for name, scans in self._heard.items() if scans >= _LEAST_SHARE * self._scans}
