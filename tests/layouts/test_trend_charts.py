from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from layouts.palette import DARK, LIGHT
from layouts.trend_charts import block_words, sensor_chart, sensor_legend, zone_chart
from presence.ranges import TimeRange
from presence.trends import SensorTrend, Trends
from presence.zones import Zone
from tests.layouts.fake_place import HOSTILE_NAME, NOW_AT, SETTINGS, made_up_trends
from tests.layouts.trees import words


def _trends(*zones: dict[Zone, int] | None, sensors: tuple[SensorTrend, ...] = ()) -> Trends:
    start = NOW_AT.replace(minute=0, second=0)
    edges = tuple(start + timedelta(hours=number) for number in range(len(zones) + 1))
    return Trends(TimeRange.DAY, edges, zones, sensors)


CROWD = {Zone.NEAR: 2, Zone.MEDIUM: 5, Zone.FAR: 1}
NOBODY = dict.fromkeys(Zone, 0)


def test_zones_are_stacked_the_nearest_on_top() -> None:
    """Far, medium and near stand on each other, each hour where the clock on the wall stood."""
    figure = zone_chart(_trends(CROWD, NOBODY), LIGHT, SETTINGS.time_zone)
    assert [(trace["name"], trace["y"]) for trace in figure["data"]] == [
        ("Far", [1, 0]),
        ("Medium", [5, 0]),
        ("Near", [2, 0]),
    ]
    assert figure["layout"]["barmode"] == "stack"
    assert figure["data"][0]["x"] == ["2026-05-12 16:00:00", "2026-05-12 17:00:00"]


def test_not_heard_is_a_gap_in_both_charts() -> None:
    """It is no zero: no bar, no line over it, and a shade between two hearings; nobody heard is zero."""
    door = SensorTrend(("door",), (3.0, None, 0.0))
    trends = _trends(CROWD, None, NOBODY, sensors=(door,))
    zones, lines = (chart(trends, LIGHT, SETTINGS.time_zone) for chart in (zone_chart, sensor_chart))
    assert zones["data"][0]["y"] == [1, None, 0]
    assert (lines["data"][0]["y"], lines["data"][0]["connectgaps"]) == ([3.0, None, 0.0], False)
    assert [len(figure["layout"]["shapes"]) for figure in (zones, lines)] == [1, 1]


def test_sensors_folded_into_one_say_how_many() -> None:
    """The last line stands for all others."""
    sensors = (SensorTrend(("door",), (3.0,)), SensorTrend(("a", "b", "c"), (1.0,)))
    trends = _trends(CROWD, sensors=sensors)
    assert words(sensor_legend(trends, LIGHT)) == "door 3 others"
    names = [trace["name"] for trace in sensor_chart(trends, LIGHT, SETTINGS.time_zone)["data"]]
    assert names == ["door", "3 others"]


def test_the_name_of_a_sensor_is_no_markup_in_a_chart() -> None:
    """Plotly, which reads some HTML in names, gets none."""
    trends = _trends(CROWD, sensors=(SensorTrend((HOSTILE_NAME,), (3.0,)),))
    name = sensor_chart(trends, LIGHT, SETTINGS.time_zone)["data"][0]["name"]
    assert name.startswith("&lt;img")
    assert "<" not in name


def test_lines_differ_in_more_than_their_colour() -> None:
    """Eight sensors have eight markers, so that nobody needs to tell colours apart."""
    sensors = tuple(SensorTrend((f"s{number}",), (1.0,)) for number in range(8))
    for palette in (LIGHT, DARK):
        lines = sensor_chart(_trends(CROWD, sensors=sensors), palette, SETTINGS.time_zone)["data"]
        assert len({line["marker"]["symbol"] for line in lines}) == len({line["line"]["color"] for line in lines}) == 8


@pytest.mark.parametrize("time_range", list(TimeRange))
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_plotly_accepts_every_trend(time_range: TimeRange, palette: Any) -> None:  # noqa: ANN401 - parametrized
    """Each dict is one that plotly's own validation takes, in every range and theme, with sensors and without."""
    from plotly import graph_objects  # noqa: PLC0415 - heavy, and only needed to validate

    for names in ([], ["door", "hall"]):
        trends = made_up_trends(time_range, names)
        graph_objects.Figure(zone_chart(trends, palette, SETTINGS.time_zone))
        graph_objects.Figure(sensor_chart(trends, palette, SETTINGS.time_zone))


def test_blocks_are_hours_of_a_day_or_days() -> None:
    """What a bar stands for is said beneath."""
    assert block_words(TimeRange.HOUR) == block_words(TimeRange.DAY) == "each hour of the last day"
    assert block_words(TimeRange.WEEK) == "each day"
