"""The overview without its numbers: cards, charts, radios and zones."""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.cards import cards
from layouts.people_now import people_panel
from layouts.ranges import range_picker

# A chart to look at: no tool bar, and a finger that scrolls the page over it scrolls the page.
CHART_CONFIG: Any = {"displayModeBar": False, "responsive": True, "scrollZoom": False}


def overview_view() -> list[Component]:
    """The parts of the view, from the top."""
    radios = html.Section([html.H2("Radios"), html.Div(id="radio-states", className="radios")], className="panel")
    return [
        people_panel(),
        cards(),
        _estimate_panel(),
        html.Div([_people_panel(), _pie_panel()], className="charts"),
        html.Div([_zone_trend_panel(), _sensor_trend_panel()], className="trends"),
        html.Div([radios, _zones_panel()], className="lower"),
    ]


def _estimate_panel() -> Component:
    return html.Section(
        [
            html.Header(
                [html.H2("People over time"), range_picker("chart-range", "Range of the charts")],
                className="section-head",
            ),
            html.Ul(id="estimate-legend", className="legend"),
            _chart("estimate-chart", "chart", "People over time, estimated, with the range of the estimate"),
            html.P(id="estimate-note", className="note"),
        ],
        className="panel panel-estimate",
    )


def _people_panel() -> Component:
    return html.Section(
        [
            html.Header(html.H2("Devices over time"), className="section-head"),
            html.Ul(id="chart-legend", className="legend"),
            _chart("people-chart", "chart", "Devices over time: both radios, Wi-Fi and Bluetooth"),
            html.P(id="chart-note", className="note"),
        ],
        className="panel panel-people",
    )


def _pie_panel() -> Component:
    return html.Section(
        [
            html.H2("Detection type"),
            _chart("detection-pie", "pie", "Wi-Fi against Bluetooth, over everything detected"),
            html.Ul(id="pie-shares", className="shares"),
        ],
        className="panel panel-pie",
    )


def _zone_trend_panel() -> Component:
    keys = [html.Li(words, className=f"key-{words.lower()}") for words in ("Near", "Medium", "Far")]
    return html.Section(
        [
            html.H2("Zones over time"),
            html.Ul(keys, className="legend"),
            _chart("zone-trend", "chart chart-small", "Devices over time, by zone"),
            html.P(id="zone-trend-note", className="note"),
        ],
        className="panel",
    )


def _sensor_trend_panel() -> Component:
    return html.Section(
        [
            html.H2("Sensors over time"),
            html.Ul(id="sensor-trend-legend", className="legend"),
            _chart("sensor-trend", "chart chart-small", "Devices over time, by sensor"),
            html.P(id="sensor-trend-note", className="note"),
        ],
        id="sensor-trend-panel",
        className="panel",
        hidden=True,
    )


def _zones_panel() -> Component:
    return html.Section(
        [
            html.H2("Zones now"),
            html.Div(
                [
                    _chart("zones-pie", "pie", "Devices of the latest scan, by zone"),
                    html.Dl(id="zones-now", className="zones"),
                ],
                className="zones-both",
            ),
        ],
        className="panel",
    )


def _chart(name: str, look: str, label: str) -> Component:
    return html.Div(dcc.Graph(id=name, config=CHART_CONFIG), className=look, role="img", **aria(label=label))
