"""What other settings would have said of the past, before they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.axes import Figure, base_layout, count_axis, hover_label
from layouts.fields import chosen_field
from layouts.formats import dbm_text, number_text, share_text
from layouts.overview import CHART_CONFIG
from layouts.palette import Palette
from layouts.people_words import people_counted
from presence.counts import RSSI_CUTS_DBM
from presence.estimate import EstimateError, WhatIf

_AS_NOW = "now"

_ABOUT = (
    "Try other settings on the range above before you keep them: nothing is changed by trying. The share is kept as "
    "visible_share in config.toml; what is weaker than the medium zone, under Settings, is outside."
)
_NO_DIFFERENCE = "Once your counts have taught the estimate, they decide, and these settings do not."


def what_if_panel() -> Component:
    """The form, and the chart without lines, which is hidden until something is asked."""
    cuts = {_AS_NOW: "As it is now", str(RSSI_CUTS_DBM[0]): "Any strength"} | {
        str(cut): f"{dbm_text(cut)} dBm" for cut in RSSI_CUTS_DBM[1:]
    }
    return html.Section(
        [
            html.H2("What if?"),
            html.P(_ABOUT, className="note"),
            html.Div(
                [_share_field(), chosen_field("if-cut", "Counted from a signal of", cuts, _AS_NOW)],
                className="form-row",
            ),
            html.P(id="if-said", role="status"),
            html.Div(
                [
                    html.Ul(
                        [
                            html.Li("As it is now", className="key-usual"),
                            html.Li("With these settings", className="key-people"),
                        ],
                        className="legend",
                    ),
                    html.Div(
                        dcc.Graph(id="if-chart", config=CHART_CONFIG),
                        className="chart chart-small",
                        role="img",
                        **aria(label="People by hour of the day, now and with other settings"),
                    ),
                ],
                id="if-shown",
                hidden=True,
            ),
        ],
        className="panel panel-wide",
    )


def _share_field() -> Component:
    field = dcc.Input(
        id="if-share",
        type="number",
        debounce=0.8,  # seconds after the last key: a trial takes a Pi a second or two
        autoComplete="off",
        className="field",
    )
    return html.Div(
        [
            html.Label("People who can be heard, in %", htmlFor="if-share"),
            field,
            html.P("Empty: as it is now.", className="note"),
        ],
        className="form-field form-field-number",
    )


def asked_share(value: object) -> float | None:
    """The share that was typed, in per cent, as a share of one; None when nothing was.

    Raises:
        EstimateError: It is none.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and 1 <= value <= 100:
        return value / 100
    raise EstimateError("The share of people who can be heard is a number from 1 to 100.")


def asked_cut(value: object) -> int | None:
    """The RSSI that was chosen, in dBm; None for the one in force, and for what no choice of ours says."""
    return next((cut for cut in RSSI_CUTS_DBM if str(cut) == value), None)


def what_if_said(what_if: WhatIf) -> str:
    """The two means in words."""
    hours = sorted(what_if.now.keys() & what_if.then.keys())
    if not hours:
        return "Nothing was heard in this time, so there is nothing to try this on."
    now, then = (fmean(people[hour] for hour in hours) for people in (what_if.now, what_if.then))
    if round(now, 1) == round(then, 1):
        return f"No difference: on average there were {_people(now)}, and would have been. {_NO_DIFFERENCE}"
    change = f", {share_text(round(abs(then / now - 1), 2))} {'more' if then > now else 'fewer'}" if now else ""
    return f"On average there would have been {_people(then)} instead of {number_text(now)}{change}."


def _people(people: float) -> str:
    return people_counted(people) if people >= 10 else f"{number_text(people)} people"


def what_if_chart(what_if: WhatIf, palette: Palette) -> Figure:
    """Two lines over the hours of the day; an hour in which nothing was heard is a gap."""
    most = max([*what_if.now.values(), *what_if.then.values()], default=0.0)
    return {
        "data": [
            _line("As it is now", what_if.now, {"color": palette.muted, "width": 1.5, "dash": "dot"}),
            _line("With these settings", what_if.then, {"color": palette.people, "width": 2.5}),
        ],
        "layout": {
            **base_layout(palette),
            "hovermode": "x unified",
            "hoverlabel": hover_label(palette),
            "showlegend": False,
            "margin": {"l": 52, "r": 12, "t": 10, "b": 48},
            "xaxis": {
                "title": {"text": "Hour of the day", "font": {"color": palette.muted}, "standoff": 8},
                "range": [-0.5, 23.5],
                "fixedrange": True,
                "showgrid": False,
                "dtick": 3,
                "linecolor": palette.line,
                "zeroline": False,
            },
            "yaxis": count_axis("People", most, palette),
        },
    }


def _line(name: str, people: Mapping[int, float], line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": list(range(24)),
        "y": [people.get(hour) for hour in range(24)],
        "connectgaps": False,
        "hovertemplate": "%{y:,.1~f}",
        "line": line,
        "marker": {"color": line["color"], "size": 5},
    }
