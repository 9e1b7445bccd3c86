from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from layouts.rule_form import FIELDS, asked_rule, form_looks, form_values, rule_rows
from layouts.rule_words import KIND_NAMES, rule_sentence
from presence.alerts import AlertError, Boundary, Hours, Rule, RuleKind, RuleRow
from presence.rule_checks import checked
from presence.zones import Zone
from tests.layouts.fake_place import HOSTILE_NAME
from tests.layouts.trees import attribute, of_type, words

WEEKDAYS = Hours(frozenset(range(5)), time(8), time(18))
LEAVES = Rule(
    "Projector stays",
    RuleKind.TAG_LEFT_BOUNDARY,
    tag_ids=frozenset({1}),
    boundary=Boundary(frozenset({"reading room"})),
    hours=WEEKDAYS,
    channel_ids=frozenset({4}),
)
TAGS, CHANNELS = {1: "Projector", 2: "Bed"}, {4: "ntfy", 5: "mail"}


def fields(**changed: Any) -> list[Any]:  # noqa: ANN401 - as a browser sends them
    """What the form holds for `LEAVES`, with some fields changed."""
    held = dict(zip(FIELDS, form_values(LEAVES), strict=True)) | {
        name.replace("_", "-"): value for name, value in changed.items()
    }
    return list(held.values())


def test_a_rule_is_told_as_one_would_say_it() -> None:
    """Whom it tells, of what, and when."""
    assert rule_sentence(LEAVES, TAGS, CHANNELS) == (
        "Tell ntfy when “Projector” leaves reading room, on weekdays from 8:00 to 18:00."
    )


def test_the_rest_of_a_rule_is_told_too() -> None:
    """Zones, minimum, quiet hours and repeats have their words; several tags are joined by "or"."""
    rule = replace(
        LEAVES,
        tag_ids=frozenset({1, 2}),
        boundary=Boundary(frozenset(), frozenset({Zone.FAR, Zone.NEAR})),
        hours=None,
        minimum_seconds=90.0,
        quiet=Hours(frozenset({5, 6}), time(22), time(7, 30)),
        repeat_seconds=600.0,
        repeat_limit=3,
        channel_ids=frozenset({4, 5}),
    )
    assert rule_sentence(rule, TAGS, CHANNELS) == (
        "Tell ntfy and mail when “Projector” or “Bed” leaves what is near or far at any sensor for 1.5 minutes. "
        "Nobody is told at weekends from 22:00 to 7:30; an alert that is still open then is told at their end. "
        "Until somebody acknowledges it, tell again every 10 minutes, 3 times at most."
    )


@pytest.mark.parametrize("kind", RuleKind)
def test_each_kind_has_its_words(kind: RuleKind) -> None:
    """No kind of rule is without a name and a sentence, and no threshold is left open."""
    rule = Rule("x", kind, threshold=5.0, boundary=Boundary(frozenset({"stairs"})))
    assert kind in KIND_NAMES
    sentence = rule_sentence(rule, {}, {})
    assert sentence.startswith("Show an alert on this page when ")
    assert "{" not in sentence
    assert form_looks(kind).tags_hidden is not kind.is_of_tags


def test_what_the_form_shows_of_a_rule_asks_for_the_same_rule() -> None:
    """A rule that is edited and saved without a change is what it was."""
    assert asked_rule(form_values(LEAVES), is_on=True) == LEAVES
    capacity = Rule(
        "Full",
        RuleKind.OVER_CAPACITY,
        is_on=False,
        threshold=30.0,
        hysteresis=5.0,
        repeat_seconds=600.0,
        repeat_limit=2,
    )
    assert asked_rule(form_values(capacity), is_on=False) == capacity


def test_what_a_kind_does_not_have_is_left_away() -> None:
    """Fields that are hidden for a kind may hold something, as they do after another kind was chosen."""
    rule = checked(asked_rule(fields(kind="over capacity", threshold=30, tags=[1, 2]), is_on=True))
    assert (rule.tag_ids, rule.boundary, rule.threshold) == (frozenset(), None, 30.0)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"hours_from": "8 o'clock"}, "for example 8:00 and 18:30"),
        ({"hours_to": "24:00"}, "for example 8:00 and 18:30"),
        ({"hours_to": None}, "for example 8:00 and 18:30"),
        ({"minimum": float("nan")}, "“It must last” needs a number"),
        ({"cool_down": "5"}, "“Calm afterwards” needs a number"),
        ({"kind": "__import__"}, "no such choice"),
        ({"kind": None}, "no such choice"),
        ({"zones": ["nowhere"]}, "no such choice"),
    ],
)
def test_a_field_that_holds_nonsense_is_refused_in_words(changed: dict[str, Any], says: str) -> None:
    """Whatever a browser sends, the sentence says what would be right."""
    with pytest.raises(AlertError, match=says):
        asked_rule(fields(**changed), is_on=True)


def test_times_are_read_as_people_write_them() -> None:
    """8, 8:30, 08.30 and 8h30 are times."""
    for text, expected in (("8", time(8)), ("8:30", time(8, 30)), ("08.30", time(8, 30)), ("8h30", time(8, 30))):
        hours = asked_rule(fields(hours_from=text), is_on=True).hours
        assert hours is not None
        assert hours.from_time == expected


def test_rules_are_listed_with_what_can_be_done_to_them() -> None:
    """Each has a switch that says how it stands, and buttons named after it; a hostile name stays text."""
    rows = [RuleRow(1, LEAVES), RuleRow(2, replace(LEAVES, name=HOSTILE_NAME, is_on=False))]
    shown = rule_rows(rows, TAGS, CHANNELS)
    assert words(shown[0]).startswith("Projector stays")
    switches = [button for row in shown for button in of_type(row, "Button")[:1]]
    assert [words(switch) for switch in switches] == ["On", "Off"]
    assert attribute(switches[0], "aria-label") == "Projector stays is on: switch it off"
    assert "\u202e" not in words(shown)
    assert words(rule_rows([], {}, {})) == "Nothing is watched for yet. Make a rule."
