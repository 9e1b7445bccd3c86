from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from layouts.cards import people_around
from layouts.formats import count_text, minutes_text
from layouts.report import report_text
from presence.estimate import PeopleEstimate, PeopleNow, Usual
from presence.overview import Overview, Report
from presence.ranges import TimeRange
from presence.zones import ZoneThresholds
from tests.layouts.fake_place import (
    HOSTILE_NAME,
    NOW_AT,
    SETTINGS,
    both_broken_overview,
    busy_overview,
    busy_report,
    empty_overview,
    wifi_broken_overview,
)


def _text(overview: Overview, **changes: object) -> str:
    report: Report = replace(busy_report(overview, TimeRange.DAY), **changes)  # type: ignore[arg-type]  # any field
    return report_text(report, SETTINGS, ZoneThresholds(-50, -70))


def _value(text: str, label: str) -> str:
    return (
        next(line for line in text.splitlines() if line.strip().startswith(label)).strip().removeprefix(label).strip()
    )


def test_the_report_has_all_that_a_manager_asks_for() -> None:
    """Each section is there, in the order a reader goes through."""
    headings = (
        "Now, In total, Stays, Busiest hours of the day, Manufacturers, Wi-Fi, Bluetooth, Times not heard, "
        "Settings used, How to read this"
    )
    lines = _text(busy_overview()).splitlines()
    titles = [line for line, under in pairwise(lines) if set(under) == {"-"}]
    assert ", ".join(titles) == headings


def test_its_numbers_are_the_pages() -> None:
    """People, totals and time spent are written exactly as the cards write them."""
    overview, text = busy_overview(), _text(busy_overview())
    assert _value(text, "People currently around") == count_text(people_around(overview, with_ratio=False)) == "7"
    assert _value(text, "with the ratio") == count_text(people_around(overview, with_ratio=True)) == "8"
    assert _value(text, "Present in the last 5 minutes") == "9"
    assert _value(text, "Total of people detected") == "18"
    assert _value(text, "Average time spent") == minutes_text(overview.average_time_spent_minutes) == "7.8 minutes"


def test_it_says_where_when_and_over_which_time() -> None:
    """The site, the moment it was made in the place's own time, and the range."""
    text = _text(busy_overview())
    assert _value(text, "Place") == "City library, reading room"
    assert _value(text, "Made") == "12 May 2026, 16:05 (CEST)"
    assert _value(text, "Range") == "Day, from 11 May 2026, 16:05"


def test_it_tells_stays_hours_makers_and_radios() -> None:
    """The figures of the range are there with their units."""
    text = _text(busy_overview())
    assert _value(text, "Stays that ended") == "42"
    assert _value(text, "the longest") == "187 minutes"
    assert _value(text, "14:00 to 15:00") == "12.4 devices on average"
    assert _value(text, "23:00 to 00:00") == "1.5 devices on average"
    assert _value(text, "Not told by the device") == "14"
    assert _value(text, "Scans not heard") == "130"


def test_it_tells_gaps_and_why() -> None:
    """A gap is "not heard", with its reason, and those left out are counted."""
    text = _text(busy_overview())
    assert "Wi-Fi: 12 May 2026, 14:05 still not heard" in text
    assert "There was no scan: the box was off." in text
    assert "And 2 more before these." in text


def test_no_gaps_is_said_too() -> None:
    """A clean day is worth a line."""
    assert "None: both radios were heard throughout." in _text(busy_overview(), gaps=(), gap_count=0)


def test_one_radio_alone_is_named() -> None:
    """The number says what stands behind it, and the advice for the other radio is there."""
    text = _text(wifi_broken_overview())
    assert _value(text, "heard by") == "Bluetooth only"
    assert "Plug in a Wi-Fi adapter" in text


@pytest.mark.parametrize("overview", [empty_overview(), both_broken_overview()])
def test_not_known_is_a_dash(overview: Overview) -> None:
    """People who were not heard are not zero people."""
    assert _value(_text(overview), "People currently around") == "—"


def test_it_tells_where_zones_end() -> None:
    """The thresholds are those in force, whatever the settings say."""
    text = _text(busy_overview())
    zones = [_value(text, zone) for zone in ("Near", "Medium", "Far")]
    assert zones == ["−50 dBm or stronger", "−70 dBm or stronger", "weaker"]


def test_a_demonstration_says_so() -> None:
    """Nobody shall take simulated visitors to a meeting."""
    text = report_text(busy_report(busy_overview(), TimeRange.DAY), replace(SETTINGS, demo=True), SETTINGS.thresholds)
    assert "Demonstration: simulated visitors, no radio is used." in text


@pytest.mark.parametrize("overview", [busy_overview(), empty_overview(), both_broken_overview()])
def test_no_line_is_wider_than_a_page(overview: Overview) -> None:
    """It prints, whatever is in it."""
    makers: tuple[tuple[str | None, int], ...] = ((HOSTILE_NAME, 3), ("x" * 1_000_000, 2), ("日本" * 40, 1))
    text = report_text(
        replace(busy_report(overview, TimeRange.YEAR), manufacturers=makers),
        replace(
            SETTINGS,
            site_name=HOSTILE_NAME * 3,
            listed=(("A very long name of a setting indeed, is it not", "y" * 500),),
        ),
        SETTINGS.thresholds,
    )
    assert max(map(len, text.splitlines())) <= 74


def test_hostile_words_cannot_break_a_line_or_ring_a_bell() -> None:
    """What strangers broadcast stays on its line, printable."""
    text = _text(busy_overview(), manufacturers=(("evil\r\nTotal of people detected  999\x07\x1b[2J\u202e", 3),))
    assert "\nTotal of people detected  999" not in text
    assert all(character.isprintable() for character in text.replace("\n", ""))


def test_it_ends_with_a_line_break() -> None:
    """A text file's last line is a line."""
    assert report_text(
        busy_report(replace(busy_overview(), as_of_at=NOW_AT), TimeRange.HOUR), SETTINGS, SETTINGS.thresholds
    ).endswith(".\n")


def test_it_says_how_many_people_with_the_range() -> None:
    """The estimate stands first, with what is usual and how full the place is; what is not known is a dash."""
    estimate = PeopleEstimate(17.6, 22.2, 26.4, (), 6)
    text = _text(busy_overview(), people=PeopleNow(NOW_AT, estimate, Usual(18.0, 5), 50))
    assert _value(text, "People, estimated") == "22 (18 to 26)"
    assert _value(text, "usual at this hour") == "18"
    assert _value(text, "of the capacity") == "44.4 %"
    assert _value(text, "learned from head counts") == "6"
    unknown = _text(busy_overview(), people=PeopleNow(NOW_AT, None, None, None))
    assert _value(unknown, "People, estimated") == "—"
