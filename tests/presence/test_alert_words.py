from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from presence import alert_words
from presence.alerts import Boundary, Hours, Rule, RuleKind, SiteState, Subject, TagState
from presence.radio import Radio
from presence.sensors import SensorCard, SensorState
from presence.zones import Zone
from tests.presence.situations import NOON_AT, Place, place, rule, sensor, site, tag

HALL = Boundary(frozenset({"hall"}))
AT_NIGHT = Hours(frozenset(range(7)), time(12), time(14))
IN_YARD = tag(place("yard", zone=Zone.FAR))
GONE = tag(place("hall", away=True, since_at=NOON_AT + timedelta(minutes=5), heard_at=NOON_AT + timedelta(minutes=2)))
FULL = replace(site(), people=61.4, usual_people=12.0, disk_free_share=0.031)


def said_of(asked: Rule, tag_: TagState = IN_YARD, of_site: SiteState = FULL) -> list[str]:
    there = Place(asked)
    there.go_on([tag_], of_site, seconds=190)
    return [verdict.says for verdict in there.verdicts]


@pytest.mark.parametrize(
    ("asked", "tag_", "sentences"),
    [
        (
            rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=HALL),
            GONE,
            "“Projector” left its boundary (hall) at 13:05. It was last heard at the sensor hall at 13:02.",
        ),
        (
            rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=Boundary(frozenset({"a", "b"}), frozenset({Zone.NEAR}))),
            IN_YARD,
            "“Projector” left its boundary (a and b, near) at 13:00. It is far from the sensor yard.",
        ),
        (
            rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=Boundary(frozenset("abcde"))),
            IN_YARD,
            "“Projector” left its boundary (a, b, c and 2 more) at 13:00. It is far from the sensor yard.",
        ),
        (
            rule(RuleKind.TAG_ENTERED_BOUNDARY, boundary=Boundary(zones=frozenset({Zone.FAR}))),
            IN_YARD,
            "“Projector” came into its boundary (far at any sensor) at 13:00. It is far from the sensor yard.",
        ),
        (rule(RuleKind.TAG_LEFT), GONE, "“Projector” left at 13:05. It was last heard at the sensor hall at 13:02."),
        (
            rule(RuleKind.TAG_UNHEARD, threshold=1.0),
            GONE,
            (
                "“Projector” has not been heard for a minute, though the sensor there listens. "
                "It was last heard at the sensor hall at 13:02."
            ),
        ),
        (
            rule(RuleKind.TAG_BATTERY_LOW, threshold=20.0),
            replace(IN_YARD, battery_percent=12.5),
            "The battery of “Projector” is down to 12.5 %. Change it soon. It is far from the sensor yard.",
        ),
        (
            rule(RuleKind.TAG_BUTTON),
            replace(IN_YARD, pressed_at=NOON_AT),
            "The button of “Projector” was pressed at 13:00. It is far from the sensor yard.",
        ),
        (
            rule(RuleKind.OVER_CAPACITY, threshold=50.0),
            GONE,
            "About 61 people are here at 13:00, more than the 50 allowed.",
        ),
        (rule(RuleKind.AFTER_HOURS, hours=AT_NIGHT), GONE, "About 61 people are here at 13:00, when nobody should be."),
        (
            rule(RuleKind.UNUSUAL, threshold=3.0),
            GONE,
            "About 61 people are here at 13:00; 12 are usual for this weekday and hour.",
        ),
        (
            rule(RuleKind.MACHINE_TROUBLE),
            GONE,
            "Only 3.1 % of the disk is free. Make some room, or keep less: db.keep_days in config.toml.",
        ),
    ],
)
def test_an_alert_says_what_where_and_since_when(asked: Rule, tag_: TagState, sentences: str) -> None:
    """In the hours of the place, and in words that its owner uses."""
    assert sentences in said_of(asked, tag_)


def test_another_day_is_named() -> None:
    """What was not today says on which day it was."""
    yesterday = tag(place("yard", since_at=NOON_AT - timedelta(days=1)))
    assert (
        "left its boundary (hall) on 9 March at 13:00."
        in said_of(rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=HALL), yesterday)[0]
    )


def test_a_sensor_is_told_with_its_place() -> None:
    """Where it stands helps whoever is to look after it."""
    silent = replace(sensor("hall", SensorState.SILENT), card=SensorCard("hall", "ground floor", None))
    (said,) = said_of(rule(RuleKind.SENSOR_SILENT), of_site=replace(site(), sensors=(silent,)))
    assert said.startswith("The sensor hall (ground floor) is silent: it sent something last at 12:00. Check its power")
    never = replace(silent, last_received_at=None)
    (said,) = said_of(rule(RuleKind.SENSOR_SILENT), of_site=replace(site(), sensors=(never,)))
    assert "it has never sent anything." in said
    unheard = replace(site(), unheard=(("hall", Radio.WIFI, "Plug in an adapter."),))
    (said,) = said_of(rule(RuleKind.RADIO_UNHEARD), of_site=unheard)
    assert said == "Wi-Fi of the sensor hall is not heard at 13:00. Plug in an adapter."


def test_hours_that_end_are_no_return() -> None:
    """An alert that closes because its hours are over does not say that the tag is back."""
    hours = Hours(frozenset(range(7)), time(13), time(13, 5))
    there = Place(rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=HALL, hours=hours))
    there.go_on([IN_YARD], seconds=400)
    assert there.verdicts[-1].says == "This is no longer watched since 13:05."


@pytest.mark.parametrize("name", ["a\nb\x00c", "\u202etxet", "x" * 1000, "<script>{0}%s"])
def test_a_name_from_outside_stays_a_name(name: str) -> None:
    """Whatever somebody calls a thing, a sentence about it is one bounded line that no name can turn about."""
    (said,) = said_of(rule(RuleKind.TAG_LEFT), replace(GONE, name=name))
    title = alert_words.title(RuleKind.RADIO_UNHEARD, Subject("radio", f"Wi-Fi of {name}"))
    for text in (said, title):
        assert text.isprintable()
        assert len(text) < 200


def test_an_end_is_added_once_and_within_bounds() -> None:
    """However long the sentences are, a notification holds 500 characters and says how it ended."""
    body = alert_words.with_end("x" * 600, "It was back at 13:05.")
    assert (len(body), body[-21:]) == (500, "It was back at 13:05.")
    assert alert_words.with_end(body, "It was back at 13:05.") == body
