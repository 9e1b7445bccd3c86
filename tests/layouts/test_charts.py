from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from layouts.axes import Figure, unheard_runs
from layouts.charts import is_heard, people_chart
from layouts.palette import DARK, LIGHT
from layouts.pies import detection_type_pie, pie_shares, zones_pie
from presence.overview import History, HistoryPoint
from presence.ranges import TimeRange
from tests.layouts.fake_place import NOW_AT, SETTINGS, busy_overview, empty_overview, made_up_points

ROOT = Path(__file__).parents[2]


def _history(*counts: tuple[float | None, float | None], time_range: TimeRange = TimeRange.HOUR) -> History:
    start = NOW_AT - time_range.span
    points = tuple(
        HistoryPoint(start + time_range.bucket * index, wifi, bluetooth, None if wifi is bluetooth is None else 9)
        for index, (wifi, bluetooth) in enumerate(counts)
    )
    return History(time_range, start, NOW_AT, points)


def _chart(history: History, *, with_ratio: bool = True) -> Figure:
    return people_chart(history, visible_share=0.8, with_ratio=with_ratio, palette=LIGHT, zone=SETTINGS.time_zone)


def _trace(figure: Figure, name: str) -> dict[str, Any]:
    return next(trace for trace in figure["data"] if trace["name"] == name)


def test_the_pie_sets_wifi_against_bluetooth_over_everything_detected() -> None:
    """The pie shows the totals of both radios."""
    trace = detection_type_pie(busy_overview(), LIGHT)["data"][0]
    assert dict(zip(trace["labels"], trace["values"], strict=True)) == {"Wi-Fi": 11, "Bluetooth": 7}
    assert pie_shares(busy_overview()) == (("Wi-Fi", 11, "61.1 %"), ("Bluetooth", 7, "38.9 %"))


def test_an_empty_pie_is_an_empty_ring() -> None:
    """Before anything was detected the ring is there, without a share of nothing."""
    assert detection_type_pie(empty_overview(), LIGHT)["data"][0]["labels"] == ["Nothing yet"]
    assert pie_shares(empty_overview()) == (("Wi-Fi", 0, ""), ("Bluetooth", 0, ""))


def test_the_pie_of_zones_shows_the_devices_of_the_latest_scan() -> None:
    """Near, medium and far around their sum; an empty ring with a dash when none is known."""
    figure = zones_pie(busy_overview(), LIGHT)
    assert figure["data"][0]["values"] == [2, 4, 1]
    assert figure["layout"]["annotations"][0]["text"] == "7"
    assert zones_pie(empty_overview(), LIGHT)["layout"]["annotations"][0]["text"] == "—"


def test_the_combined_chart_has_its_bars_and_lines() -> None:
    """Bars Both and Ratio calculated are stacked, lines with markers are Wi-Fi and Bluetooth, time against users."""
    figure = _chart(_history((4, 3)))
    assert [(trace["type"], trace["name"]) for trace in figure["data"]] == [
        ("bar", "Both"),
        ("bar", "Ratio calculated"),
        ("scatter", "Wi-Fi"),
        ("scatter", "Bluetooth"),
    ]
    assert figure["layout"]["barmode"] == "stack"
    assert {trace["mode"] for trace in figure["data"][2:]} == {"lines+markers"}
    titles = [figure["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
    assert titles == ["Time", "Users"]


@pytest.mark.parametrize(("heard", "people"), [(5, 6), (6, 7), (7, 8), (8, 10), (9, 11), (10, 12), (11, 13), (12, 15)])
def test_the_ratio_adds_what_the_first_page_of_this_kind_added(heard: int, people: int) -> None:
    """Stacked on Both, the bars of the ratio reach the people that were read off it."""
    figure = _chart(_history((heard, 0)))
    assert _trace(figure, "Both")["y"][0] + _trace(figure, "Ratio calculated")["y"][0] == people


def test_the_ratio_never_takes_people_away() -> None:
    """Where the mean of a bucket is a broken number, rounding down adds nothing rather than less."""
    assert _trace(_chart(_history((0.5, None))), "Ratio calculated")["y"] == [0.0]


def test_the_switch_shows_and_hides_the_ratio_alone() -> None:
    """With the ratio off its bars are hidden, and the rest is the same figure."""
    history = _history((4, 3))
    on, off = _chart(history), _chart(history, with_ratio=False)
    assert (_trace(on, "Ratio calculated")["visible"], _trace(off, "Ratio calculated")["visible"]) == (True, False)
    assert _trace(on, "Both") == _trace(off, "Both")


def test_a_gap_is_a_gap_and_nobody_is_zero() -> None:
    """Not heard is None in line and bar, and no line is drawn over it; nobody heard is zero."""
    figure = _chart(_history((4, 3), (None, None), (0, 0), (None, 2)))
    assert _trace(figure, "Wi-Fi")["y"] == [4, None, 0, None]
    assert _trace(figure, "Both")["y"] == [7, None, 0, 2]
    assert _trace(figure, "Wi-Fi")["connectgaps"] is False


def test_times_of_the_chart_are_those_of_the_place() -> None:
    """The first point stands where the clock on the wall stood."""
    assert _trace(_chart(_history((4, 3))), "Both")["x"] == ["2026-05-12 15:05:42"]


def test_times_in_which_no_radio_was_heard_are_shaded() -> None:
    """Between two hearings, and up to now, not heard is shaded; before the first hearing there was no history."""
    figure = _chart(_history((None, None), (4, 3), (None, None), (4, None), (None, None), (None, None)))
    assert len(figure["layout"]["shapes"]) == 2


def test_one_last_bucket_is_no_gap_yet() -> None:
    """The scan of the minute that has just begun may still be to come."""
    assert list(unheard_runs(is_heard(_history((4, 3), (None, None))))) == []


@pytest.mark.parametrize("time_range", list(TimeRange))
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_plotly_accepts_every_figure(time_range: TimeRange, palette: Any) -> None:  # noqa: ANN401 - parametrized
    """Each dict is one that plotly's own validation takes, in every range and theme."""
    from plotly import graph_objects  # noqa: PLC0415 - heavy, and only needed to validate

    points = made_up_points(time_range, broken=True)
    history = History(time_range, points[0].at, NOW_AT, points)
    graph_objects.Figure(
        people_chart(history, visible_share=0.8, with_ratio=True, palette=palette, zone=SETTINGS.time_zone)
    )
    graph_objects.Figure(_chart(replace(history, points=())))
    for overview in (busy_overview(), empty_overview()):
        graph_objects.Figure(detection_type_pie(overview, palette))
        graph_objects.Figure(zones_pie(overview, palette))


@pytest.mark.parametrize(("palette", "rule"), [(LIGHT, ":root {"), (DARK, ':root[data-theme="dark"] {')])
def test_charts_and_style_sheet_have_the_same_colours(palette: Any, rule: str) -> None:  # noqa: ANN401 - parametrized
    """A colour that both name is the same in both."""
    block = (ROOT / "assets" / "1-base.css").read_text(encoding="utf-8").split(rule, 1)[1].split("}", 1)[0]
    styled = dict(line.strip(" ;").removeprefix("--").split(": ", 1) for line in block.splitlines() if "--" in line)
    drawn = asdict(palette)
    shared = styled.keys() & drawn.keys()
    assert {"wifi", "bluetooth", "near", "far", "ink", "surface"} <= shared
    assert {name: styled[name] for name in shared} == {name: drawn[name] for name in shared}


def test_figures_are_drawn_without_the_heavy_imports() -> None:
    """Neither pandas nor plotly's traces are loaded to build a page and its figures: they would double its memory."""
    code = (
        "import sys\n"
        "from fastapi import FastAPI\n"
        "from layouts.charts import people_chart\n"
        "from layouts.palette import LIGHT\n"
        "from layouts.people_charts import estimate_chart\n"
        "from layouts.pies import detection_type_pie\n"
        "from layouts.trend_charts import sensor_chart, zone_chart\n"
        "from layouts.page import build_page\n"
        "from layouts.what_if import what_if_chart\n"
        "from presence.ranges import TimeRange\n"
        "from tests.layouts.fake_people import FakePeople\n"
        "from tests.layouts.fake_place import NOW_AT, SETTINGS, FakePlace\n"
        "place = FakePlace()\n"
        "build_page(FastAPI(), reader=place, commands=place, activity=place.activity, clock=lambda: NOW_AT,\n"
        "           settings=SETTINGS, save_report=place.save_report, may_change=lambda: True,\n"
        "           managing=place.managing(), estimating=FakePeople().estimating())\n"
        "detection_type_pie(place.overview(NOW_AT), LIGHT)\n"
        "people_chart(place.history(TimeRange.DAY, NOW_AT), visible_share=0.8, with_ratio=True, palette=LIGHT,\n"
        "             zone=SETTINGS.time_zone)\n"
        "trends = place.trends(TimeRange.DAY, NOW_AT)\n"
        "zone_chart(trends, LIGHT, SETTINGS.time_zone)\n"
        "sensor_chart(trends, LIGHT, SETTINGS.time_zone)\n"
        "people = FakePeople()\n"
        "estimate_chart(people.people_history(TimeRange.DAY, NOW_AT), LIGHT, SETTINGS.time_zone)\n"
        "what_if_chart(people.what_if(None, None, TimeRange.DAY, NOW_AT), LIGHT)\n"
        "print([name for name in ('pandas', 'numpy', 'plotly.graph_objs._bar') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_point_of_the_chart_is_never_wider_than_its_bucket() -> None:
    """One lonely bar is as wide as its minute, not as the whole chart."""
    assert _trace(_chart(_history((4, 3))), "Both")["width"] < timedelta(minutes=1) / timedelta(milliseconds=1)
