from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from db.read_tags import Figure
from layouts.charts import people_chart
from layouts.palette import LIGHT
from layouts.people_charts import estimate_chart
from layouts.tag_charts import day_of, figures_chart
from layouts.trend_charts import sensor_chart
from presence.estimate import PeopleHistory, PeoplePoint
from presence.overview import History, HistoryPoint
from presence.ranges import TimeRange
from presence.tags import MeasureKind
from presence.trends import SensorTrend, Trends

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN_AT = datetime(2027, 10, 31, 1, tzinfo=UTC)  # 3 o'clock became 2
SPRING_AT = datetime(2027, 3, 28, 1, tzinfo=UTC)  # 2 o'clock became 3
LORD_HOWE_AT = datetime(2027, 4, 3, 15, tzinfo=UTC)  # 2 o'clock became half past one
CHANGES = [(BERLIN, AUTUMN_AT), (BERLIN, SPRING_AT), (ZoneInfo("Australia/Lord_Howe"), LORD_HOWE_AT)]


def figures(zone: ZoneInfo, change_at: datetime, time_range: TimeRange) -> list[dict[str, Any]]:
    """Each chart of a range, with the change of clocks in the middle of it."""
    from_at = change_at - time_range.span / 2
    starts = [from_at + number * time_range.bucket for number in range(time_range.span // time_range.bucket)]
    history = History(
        time_range, from_at, from_at + time_range.span, tuple(HistoryPoint(at, 3.0, 2.0, 6) for at in starts)
    )
    people = PeopleHistory(time_range, tuple(PeoplePoint(at, 1.0, 2.0, 3.0) for at in starts))
    return [
        people_chart(history, visible_share=0.8, with_ratio=True, palette=LIGHT, zone=zone),
        estimate_chart(people, LIGHT, zone),
    ]


def steps(times: Sequence[str]) -> set[timedelta]:
    """From each time, as it is drawn, to the next."""
    drawn = [datetime.fromisoformat(time) for time in times]
    return {after - before for before, after in pairwise(drawn)}


@pytest.mark.parametrize(("zone", "change_at"), CHANGES)
@pytest.mark.parametrize("time_range", [TimeRange.HOUR, TimeRange.SIX_HOURS, TimeRange.DAY, TimeRange.WEEK])
def test_time_passes_evenly_on_a_chart(zone: ZoneInfo, change_at: datetime, time_range: TimeRange) -> None:
    """No hour is drawn over another and none is a hole."""
    for figure in figures(zone, change_at, time_range):
        for trace in figure["data"]:
            times = trace["x"][: time_range.span // time_range.bucket]
            assert steps(times) == {time_range.bucket}
        axis = figure["layout"]["xaxis"]
        assert 2 <= len(axis["tickvals"]) <= 8
        assert "UTC+" in axis["hoverformat"]


def labels(change_at: datetime) -> list[str]:
    return [str(text) for text in figures(BERLIN, change_at, TimeRange.SIX_HOURS)[0]["layout"]["xaxis"]["ticktext"]]


def test_labels_tell_what_the_clock_of_the_place_showed() -> None:
    """The hour that was lived twice is there twice, and the one that was skipped is not there; plotly takes it so."""
    go.Figure(figures(BERLIN, AUTUMN_AT, TimeRange.DAY)[0])
    assert labels(AUTUMN_AT) == ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00", "05:00"]
    assert labels(SPRING_AT) == ["23:00", "00:00", "01:00", "03:00", "04:00", "05:00", "06:00"]


def test_where_no_clock_changes_a_chart_is_as_ever() -> None:
    """Labels are left to plotly, and times are those of the place."""
    (figure, _) = figures(BERLIN, AUTUMN_AT - timedelta(days=30), TimeRange.DAY)
    assert "tickvals" not in figure["layout"]["xaxis"]
    assert figure["data"][0]["x"][0] == "2027-09-30 15:00:00"


def test_the_hours_of_a_trend_and_the_day_of_a_tag_pass_evenly_too() -> None:
    """A line of 24 hours has a point for each, and a tag's day the hour more that it had."""
    edges = tuple(AUTUMN_AT + timedelta(hours=number) for number in range(-12, 13))
    trends = Trends(TimeRange.DAY, edges, (None,) * 24, (SensorTrend(("box",), (1.0,) * 24),))
    assert steps(sensor_chart(trends, LIGHT, BERLIN)["data"][0]["x"]) == {timedelta(hours=1)}
    starts_at = datetime(2027, 10, 30, 22, tzinfo=UTC)
    day = day_of(date(2027, 10, 31), starts_at + timedelta(hours=25), BERLIN)
    told = [Figure(20.0, starts_at + timedelta(hours=hour)) for hour in range(25)]
    figure = figures_chart(MeasureKind.TEMPERATURE_CELSIUS, told, day, LIGHT)
    assert steps(figure["data"][0]["x"]) == {timedelta(hours=1)}
    assert figure["data"][0]["text"][1:5] == ["01:00", "02:00", "02:00", "03:00"]
    assert steps(figure["layout"]["xaxis"]["range"]) == {timedelta(hours=25)}
