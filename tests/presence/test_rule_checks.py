from __future__ import annotations

from dataclasses import replace
from datetime import UTC, time

import pytest

from presence.alerts import AlertError, Boundary, Hours, Rule, RuleKind
from presence.rule_checks import checked
from presence.zones import Zone

ALL_DAYS = frozenset(range(7))
NIGHT = Hours(ALL_DAYS, time(22), time(6))
GOOD = {
    RuleKind.TAG_LEFT_BOUNDARY: Rule("a", RuleKind.TAG_LEFT_BOUNDARY, boundary=Boundary(frozenset({"hall"}))),
    RuleKind.TAG_ENTERED_BOUNDARY: Rule(
        "a", RuleKind.TAG_ENTERED_BOUNDARY, boundary=Boundary(zones=frozenset({Zone.NEAR}))
    ),
    RuleKind.TAG_UNHEARD: Rule("a", RuleKind.TAG_UNHEARD, threshold=10.0),
    RuleKind.TAG_BATTERY_LOW: Rule("a", RuleKind.TAG_BATTERY_LOW, threshold=20.0, hysteresis=5.0),
    RuleKind.OVER_CAPACITY: Rule("a", RuleKind.OVER_CAPACITY, threshold=50.0, hysteresis=5.0),
    RuleKind.UNUSUAL: Rule("a", RuleKind.UNUSUAL, threshold=3.0, hysteresis=0.5),
    RuleKind.AFTER_HOURS: Rule("a", RuleKind.AFTER_HOURS, hours=NIGHT),
}
LEFT, CAPACITY = Rule("a", RuleKind.TAG_LEFT), GOOD[RuleKind.OVER_CAPACITY]


@pytest.mark.parametrize("kind", RuleKind)
def test_a_plain_rule_of_each_kind_is_good(kind: RuleKind) -> None:
    """It is kept as it is, its name without the spaces around it."""
    rule = GOOD.get(kind, Rule("a", kind))
    assert checked(replace(rule, name=" a ")) == rule


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (replace(LEFT, name="  "), "name"),
        (replace(LEFT, name="x" * 65), "name"),
        (replace(LEFT, name="a\nb"), "name"),
        (replace(LEFT, name="a\u202eb"), "name"),
        (replace(CAPACITY, tag_ids=frozenset({1})), "takes no tags"),
        (replace(LEFT, tag_ids=frozenset(range(1001))), "at most"),
        (replace(LEFT, threshold=1.0), "no threshold"),
        (replace(CAPACITY, threshold=None), "needs a threshold"),
        (replace(CAPACITY, threshold=0.0), "needs a threshold"),
        (replace(CAPACITY, threshold=float("nan")), "needs a threshold"),
        (replace(CAPACITY, hysteresis=51.0), "never close"),
        (replace(CAPACITY, hysteresis=float("nan")), "hysteresis"),
        (replace(CAPACITY, hysteresis=-1.0), "hysteresis"),
        (replace(LEFT, hysteresis=1.0), "no hysteresis"),
        (replace(GOOD[RuleKind.UNUSUAL], hysteresis=2.5), "never close"),
        (replace(GOOD[RuleKind.TAG_BATTERY_LOW], hysteresis=81.0), "100 per cent"),
        (replace(LEFT, boundary=Boundary(frozenset({"hall"}))), "no boundary"),
        (replace(CAPACITY, boundary=Boundary()), "no boundary"),
        (replace(GOOD[RuleKind.TAG_LEFT_BOUNDARY], boundary=None), "needs a boundary"),
        (replace(GOOD[RuleKind.TAG_LEFT_BOUNDARY], boundary=Boundary()), "needs a boundary"),
        (replace(GOOD[RuleKind.TAG_LEFT_BOUNDARY], boundary=Boundary(frozenset({""}))), "name of a sensor"),
        (replace(GOOD[RuleKind.AFTER_HOURS], hours=None), "needs the hours"),
        (replace(LEFT, hours=replace(NIGHT, days=frozenset())), "at least one day"),
        (replace(LEFT, quiet=replace(NIGHT, days=frozenset({7}))), "quiet hours"),
        (replace(LEFT, quiet=replace(NIGHT, to_time=time(6, tzinfo=UTC))), "quiet hours"),
        (replace(LEFT, minimum_seconds=-1.0), "minimum duration"),
        (replace(LEFT, minimum_seconds=float("inf")), "minimum duration"),
        (replace(LEFT, cool_down_seconds=86_401.0), "cool-down"),
        (Rule("a", RuleKind.TAG_BUTTON, minimum_seconds=60.0), "tells of a moment"),
        (replace(LEFT, repeat_limit=1), "after how many seconds"),
        (replace(LEFT, repeat_seconds=59.0, repeat_limit=1), "60 seconds"),
        (replace(LEFT, repeat_seconds=60.0), "number of repeats"),
        (replace(LEFT, repeat_seconds=60.0, repeat_limit=101), "number of repeats"),
    ],
)
def test_what_does_not_go_together_is_refused(rule: Rule, why: str) -> None:
    """The error says what is wrong."""
    with pytest.raises(AlertError, match=why):
        checked(rule)
