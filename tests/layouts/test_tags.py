from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from layouts.one_tag import stay_lines, tag_head, tag_of_path
from layouts.palette import LIGHT
from layouts.plans import asked_share, chosen_plan, plan_choices, plan_picture
from layouts.tag_charts import day_of, timeline
from layouts.tag_form import IDENTITY_HINTS, IDENTITY_NAMES, file_said, near_rows
from layouts.tag_pictures import PictureError, uploaded_picture
from layouts.tag_words import MEASURE_NAMES, confidence_words, measure_text, measures_text, where_words
from layouts.tags import tag_rows, tags_summary
from presence.plans import FloorPlan, PlanError, PlanPoint
from presence.tags import (
    NEVER_HEARD,
    IdentityKind,
    Measure,
    MeasureKind,
    Nearby,
    TagCard,
    TagPlace,
    TagRow,
    TagStay,
    Whereabouts,
)
from presence.zones import Zone
from tests.layouts.fake_place import HOSTILE_NAME, NOW_AT
from tests.layouts.trees import attribute, of_type, words

ZONE = ZoneInfo("Europe/Prague")
HERE = TagPlace(Whereabouts.PRESENT, "reading room", Zone.NEAR, -50.0, 0.9, NOW_AT - timedelta(hours=2), NOW_AT)
ROW = TagRow(1, TagCard("Projector", "case"), (), NOW_AT, HERE, (), None, has_picture=False)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (HERE, "Near reading room"),
        (replace(HERE, zone=None), "At reading room"),
        (replace(HERE, whereabouts=Whereabouts.AWAY), "Last at reading room"),
        (replace(HERE, whereabouts=Whereabouts.UNKNOWN), "The sensor reading room does not listen"),
        (NEVER_HEARD, "Not heard yet"),
    ],
)
def test_where_a_tag_is_is_said_in_words(place: TagPlace, said: str) -> None:
    """What is not known is told with its reason, and never as "away"."""
    assert where_words(place) == said


def test_how_sure_that_is_is_said_in_words() -> None:
    """Only of a tag that is here."""
    shares = (0.95, 0.8, 0.6, 0.2)
    assert [confidence_words(replace(HERE, confidence=share)) for share in shares] == [
        "sure (95 %)",
        "sure (80 %)",
        "likely (60 %)",
        "uncertain (20 %)",
    ]
    assert confidence_words(replace(HERE, whereabouts=Whereabouts.UNKNOWN)) == ""


def test_each_figure_has_its_name_and_unit() -> None:
    """Yes and no are words, volts have two decimals, a minus is a minus."""
    assert set(MEASURE_NAMES) == set(MeasureKind)
    assert measure_text(Measure(MeasureKind.BATTERY_PERCENT, 82.0)) == "Battery 82 %"
    assert measure_text(Measure(MeasureKind.BATTERY_VOLTS, 2.977)) == "Battery 2.98 V"
    assert measure_text(Measure(MeasureKind.TEMPERATURE_CELSIUS, -5.25)) == "Temperature −5.2 °C"
    assert measure_text(Measure(MeasureKind.MOVING, 0.0)) == "Not moving"


def test_a_key_that_does_not_fit_is_told_and_one_that_does_is_not() -> None:
    """What is wrong stands among the figures, and on the tag's own view with what to do."""
    wrong, right = Measure(MeasureKind.KEY_FITS, 0.0), Measure(MeasureKind.KEY_FITS, 1.0)
    battery = Measure(MeasureKind.BATTERY_PERCENT, 81)
    assert measures_text([battery, wrong]) == "Battery 81 % · Its key does not fit"
    assert measures_text([battery, right]) == "Battery 81 %"
    for measure, is_told in ((wrong, True), (right, False)):
        head = tag_head(replace(ROW, measures=(measure,)), NOW_AT, ZONE, "")
        assert ("right key behind it" in words(head)) is is_told


def test_a_site_without_tags_says_how_to_begin() -> None:
    """The empty list is no empty table."""
    assert words(tag_rows([], "", NOW_AT, ZONE)).startswith("There is no tag yet. Hold a thing")
    assert tags_summary([]) == ""


def test_tags_that_are_away_stand_first() -> None:
    """Then those of which nothing is known, then the rest by name; a search looks at name, kind and place."""
    rows = [
        replace(ROW, tag_id=number, card=TagCard(name), place=replace(HERE, whereabouts=whereabouts))
        for number, (name, whereabouts) in enumerate(
            [
                ("Bed", Whereabouts.PRESENT),
                ("Case", Whereabouts.UNKNOWN),
                ("Axe", Whereabouts.PRESENT),
                ("Key", Whereabouts.AWAY),
            ],
            1,
        )
    ]
    names = [words(of_type(row, "Bdi")[0]) for row in tag_rows(rows, "", NOW_AT, ZONE)]
    assert names == ["Key", "Case", "Axe", "Bed"]
    assert tags_summary(rows) == "4 tags: 2 here, 1 away, 1 unknown."
    assert len(tag_rows(rows, "away", NOW_AT, ZONE)) == 1
    assert "Search for something else" in words(tag_rows(rows, "nothing", NOW_AT, ZONE))


def test_a_hostile_tag_stays_text() -> None:
    """Neither markup nor what turns a text gets through, from a name or from what is near."""
    card = TagCard(HOSTILE_NAME, HOSTILE_NAME)
    shown = words(tag_rows([replace(ROW, card=card)], "", NOW_AT, ZONE))
    near = near_rows([Nearby("token", -41.0, HOSTILE_NAME, (IdentityKind.NAME,), 1.0)])
    for text in (shown, words(near)):
        assert "\u202e" not in text
        assert "\x07" not in text


def test_every_identity_has_an_example() -> None:
    """Whoever adds a tag sees what is asked for."""
    assert set(IDENTITY_NAMES) == set(IDENTITY_HINTS) == set(IdentityKind)


def test_a_file_tells_the_lines_that_failed() -> None:
    """How many were added, and for each other line its number and why."""
    said = words(file_said(2, [(3, "There is no icon “x”.")]))
    assert said == "2 tags added. 1 line failed; nothing of them was added. Line 3: There is no icon “x”."


@pytest.mark.parametrize(
    "path", ["/tags", "/tags/", "/tags/0", "/tags/01", "/tags/-1", "/tags/9999999999", "/tags/1/", 1]
)
def test_the_path_of_no_tag_is_none(path: object) -> None:
    """Numbers that no database holds are not asked for."""
    assert tag_of_path(path) is None
    assert tag_of_path("/tags/12") == 12


def test_gaps_of_a_day_are_drawn_as_gaps() -> None:
    """Each stay is a line of its own, cut at midnight; the one that goes on ends now."""
    day = day_of(date(2026, 5, 12), NOW_AT, ZONE)
    stays = [
        TagStay(1, NOW_AT - timedelta(days=1), NOW_AT - timedelta(hours=5), "stairs", Zone.NEAR, -50.0),
        TagStay(1, NOW_AT - timedelta(hours=1), None, "reading <b>room</b>", Zone.NEAR, None),
    ]
    near = timeline(stays, day, LIGHT)["data"][0]
    assert near["x"] == [
        "2026-05-12 00:00:00", "2026-05-12 11:05:42", None, "2026-05-12 15:05:42", "2026-05-12 16:05:42", None
    ]  # fmt: skip
    assert near["connectgaps"] is False
    assert near["y"][3] == "reading &lt;b&gt;room&lt;…"
    assert words(stay_lines(stays, NOW_AT, ZONE)[1]) == "15:05 to now: reading <b>room</b>, near"


def test_a_day_of_a_change_of_clocks_has_its_own_length() -> None:
    """The last Sunday of March has 23 hours in Prague."""
    day = day_of(date(2026, 3, 29), NOW_AT, ZONE)
    assert day.to_at - day.from_at == timedelta(hours=23)


def test_tags_stand_at_their_sensor_on_the_plan() -> None:
    """Those that are here do, the surest first; those that are away do not, and many are counted."""
    plan = FloorPlan(1, "Ground floor", "image/png", NOW_AT, (PlanPoint("reading room", 0.25, 0.5),))
    rows = [replace(ROW, tag_id=number, card=TagCard(f"Tag {number}")) for number in range(1, 8)]
    gone = replace(ROW, tag_id=9, card=TagCard("Gone"), place=replace(HERE, whereabouts=Whereabouts.AWAY))
    shown = plan_picture(plan, [*rows, gone], may_change=True)
    text = words(shown)
    assert "Tag 5" in text
    assert "and 2 more" in text
    assert "Gone" not in text
    sensor = of_type(shown, "Button")[0]
    assert attribute(sensor, "style") == {"left": "25%", "top": "50%"}
    assert "There is no floor plan yet" in words(plan_picture(None, [], may_change=True))


def test_one_plan_is_no_choice() -> None:
    """Of several the first is shown until another one is chosen; one that is gone is the first."""
    plans = [FloorPlan(number, f"Floor {number}", "image/png", NOW_AT, ()) for number in (1, 2)]
    assert plan_choices(plans[:1]) == []
    assert len(plan_choices(plans)) == 2
    assert [chosen_plan(plans, asked) for asked in (None, 2, 7)] == [plans[0], plans[1], plans[0]]
    assert chosen_plan([], 1) is None


@pytest.mark.parametrize("value", [None, "5", -1, 101, True, float("nan")])
def test_a_place_that_is_not_on_the_plan_is_refused(value: object) -> None:
    """Whatever a browser sends that is no number from 0 to 100."""
    with pytest.raises(PlanError, match="needs a number from 0 to 100"):
        asked_share(value, "From the left")


@pytest.mark.parametrize("contents", [None, "", "data:image/png;base64,", "data:image/png;base64,AAAA", "x;base64,%%"])
def test_what_is_no_picture_is_refused_in_words(contents: object) -> None:
    """Told by how it begins, and not by what the browser says it is."""
    with pytest.raises(PictureError, match=r"choose it again|Choose it once more"):
        uploaded_picture(contents)
