from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from presence.counts import FixtureHeard
from presence.radio import Radio
from presence.scan import AddressKind
from scans.counting import Window, rules_of
from scans.fixtures import FixtureLearner, WhatStays
from scans.registry_key import RegistryKey
from scans.sighting import Sighting
from scans.visitor_key import KeyFileError
from tests.scans.hearing import NIGHT, advertisement, data, global_address, made_up_address, probe, senders

PRINTER = global_address(1)
KEY = RegistryKey(None)
PRINTERS_DIGEST = KEY.digest(f"fixture wifi {PRINTER}").hex()
MINUTE = timedelta(minutes=1)


class Place:
    """A window of one radio and its clock; counts what it is told is heard."""

    def __init__(
        self, at: datetime = NIGHT, *, known: frozenset[str] = frozenset(), zone: str = "UTC", radio: Radio = Radio.WIFI
    ) -> None:
        self.at = at
        self.radio = radio
        self.digested = 0
        stays = WhatStays(self._digest, known, ZoneInfo(zone), lambda address, kind, company: "Maker")  # noqa: ARG005
        self._window = Window(rules_of(radio), bytes(32), FixtureLearner(radio, stays))

    def _digest(self, text: str) -> bytes:
        self.digested += 1
        return KEY.digest(text)

    def hears(self, *sightings: Sighting) -> tuple[FixtureHeard, ...]:
        """Scan once; gives the fixtures in the window."""
        counts = self._window.count(self.at, senders(self.at, sightings, self.radio))
        self.at += MINUTE
        return counts.fixtures

    def hears_for(self, hours: float, address: str) -> tuple[FixtureHeard, ...]:
        """Scan each minute for so long, and hear this each time."""
        fixtures: tuple[FixtureHeard, ...] = ()
        for _ in range(round(hours * 60)):
            fixtures = self.hears(probe(address, self.at.timestamp()))
        return fixtures

    def hears_nothing_for(self, hours: float) -> None:
        for _ in range(round(hours * 60)):
            self.hears()


def test_what_is_there_at_night_stays() -> None:
    """What was heard from one to three o'clock is a fixture from three on, under its digest and with its maker."""
    place = Place()
    assert not place.hears_for(3, PRINTER)
    (fixture,) = place.hears_for(1 / 60, PRINTER)
    assert (fixture.digest, fixture.manufacturer, fixture.is_carried) == (PRINTERS_DIGEST, "Maker", False)
    assert (fixture.sendings, fixture.bursts, fixture.window_sendings, fixture.window_scans) == (1, 1, 10, 10)


def test_it_is_night_by_local_time() -> None:
    """In New York it is evening at midnight UTC, and who is there from then until four hours later is a guest."""
    assert not Place(zone="America/New_York").hears_for(5, PRINTER)


def test_what_is_silent_in_most_scans_still_stays() -> None:
    """An idle thing that is heard in every third scan of the night is a fixture."""
    place = Place()
    for number in range(3 * 60 + 3):
        fixtures = place.hears(*([probe(PRINTER, place.at.timestamp())] if number % 3 == 0 else []))
    assert [one.digest for one in fixtures] == [PRINTERS_DIGEST]


def test_a_passer_by_at_night_does_not_stay() -> None:
    """A few minutes in each hour of the night make no fixture."""
    place = Place()
    for number in range(6 * 60):
        assert not place.hears(*([probe(PRINTER, place.at.timestamp())] if number % 60 < 10 else []))
    assert place.digested == 0


def test_a_long_stay_by_day_gives_no_lasting_name() -> None:
    """Fifteen hours of a day, from six in the morning on, make no fixture, and no digest is made of the address."""
    place = Place(NIGHT + timedelta(hours=6))
    assert not place.hears_for(15, PRINTER)
    assert place.digested == 0


def test_what_is_there_for_most_of_a_day_stays() -> None:
    """After sixteen whole hours of a day it is a fixture, though it was off at night."""
    place = Place(NIGHT + timedelta(hours=6))
    assert place.hears_for(16 + 1 / 60, PRINTER)


def test_a_fixture_is_listed_while_it_is_in_the_window() -> None:
    """It is told for ten minutes after it was last heard, as heard in none of these scans, and then no more."""
    place = Place()
    place.hears_for(4, PRINTER)
    (fixture,) = place.hears()
    assert (fixture.sendings, fixture.window_scans) == (0, 9)
    place.hears_nothing_for(8 / 60)
    assert not place.hears()


def test_what_is_known_is_listed_from_its_first_frame_on() -> None:
    """A fixture of an earlier run is one at once; others are not."""
    place = Place(known=frozenset({PRINTERS_DIGEST}))
    at = place.at.timestamp()
    assert [one.digest for one in place.hears(probe(PRINTER, at), probe(global_address(2), at))] == [PRINTERS_DIGEST]


def test_a_stranger_is_compared_once_an_hour() -> None:
    """While fixtures are known, an address is digested when it is new, and not in every scan."""
    place = Place(NIGHT + timedelta(hours=8), known=frozenset({PRINTERS_DIGEST}))
    place.hears_for(1, global_address(2))
    assert place.digested == 1


@pytest.mark.parametrize("frame", [probe, data], ids=["looking for networks", "joined to one"])
def test_a_made_up_address_gets_no_lasting_name(frame: Callable[[str, float], Sighting]) -> None:
    """A phone that makes up its addresses is no fixture after a night, not even where it joined and keeps one."""
    place = Place()
    for _ in range(6 * 60):
        assert not place.hears(frame(made_up_address(1), place.at.timestamp()))
    assert place.digested == 0


@pytest.mark.parametrize(
    ("kind", "stays"),
    [
        (AddressKind.GLOBAL, True),
        (AddressKind.RANDOM_STATIC, True),
        (AddressKind.RESOLVABLE, False),
        (AddressKind.NON_RESOLVABLE, False),
        (AddressKind.UNKNOWN, False),
    ],
)
def test_by_bluetooth_what_keeps_its_address_can_stay(kind: AddressKind, stays: bool) -> None:
    """Public and static addresses can be fixtures, those that rotate cannot."""
    place = Place(radio=Radio.BLUETOOTH)
    for _ in range(4 * 60):
        fixtures = place.hears(advertisement(PRINTER, place.at.timestamp(), kind))
    assert bool(fixtures) is stays


def test_a_clock_that_is_set_makes_nobody_stay() -> None:
    """Hours before a jump of the clock by a month do not count with those after it."""
    place = Place(NIGHT + timedelta(hours=1))
    place.hears_for(1.5, PRINTER)
    place.at += timedelta(days=30)
    assert not place.hears_for(1.4, PRINTER)


def test_an_hour_of_few_scans_does_not_count() -> None:
    """A box that was switched on for a quarter of an hour at two and at three has not seen a night."""
    place = Place(NIGHT + timedelta(hours=2))
    for hour in (2, 3, 4):
        place.at = NIGHT + timedelta(hours=hour)
        assert not place.hears_for(0.25, PRINTER)


def test_a_registry_key_that_cannot_be_read_loses_no_scan(caplog: pytest.LogCaptureFixture) -> None:
    """Without the key nothing is told apart, which is logged once, and counting goes on."""

    def broken(_: str) -> bytes:
        raise KeyFileError("The registry key cannot be read.")

    stays = WhatStays(broken, frozenset(), ZoneInfo("UTC"), lambda address, kind, company: None)  # noqa: ARG005
    window = Window(rules_of(Radio.WIFI), bytes(32), FixtureLearner(Radio.WIFI, stays))
    with caplog.at_level(logging.ERROR):
        for number in range(5 * 60):
            at = NIGHT + number * MINUTE
            counts = window.count(at, senders(at, [probe(PRINTER, at.timestamp())]))
    assert counts.window.stable[0] == 1
    assert counts.fixtures == ()
    assert len(caplog.records) == 1


def test_a_flood_at_night_ends_at_a_bound() -> None:
    """Of more made-up makers' addresses than there can be fixtures the first thousand are, and no scan fails."""
    place = Place()
    for minutes in (60, 95, 120, 155, 180):
        place.at = NIGHT + minutes * MINUTE
        at = place.at.timestamp()
        fixtures = place.hears(*(probe(global_address(number), at) for number in range(6_000)))
    assert len(fixtures) == 1_000
