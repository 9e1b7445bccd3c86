"""What happens on the page: new data, a switch, a button. Each callback reads, and hands on to pure functions."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from dash import Dash, Input, Output, State, ctx, html, no_update

from layouts import axes, cards, charts, devices, pies, radios, zones_now
from layouts.callbacks_following import register_following
from layouts.callbacks_manage import register_managing
from layouts.callbacks_people import register_people
from layouts.callbacks_people_view import register_people_view
from layouts.callbacks_sensors import asked_sensor, register_sensors
from layouts.frame import VIEWS
from layouts.in_browser import register_browser_callbacks
from layouts.needs import PageParts
from layouts.notices import box_notices
from layouts.off_the_loop import off_the_loop
from layouts.palette import palette_for
from layouts.ranges import chosen_range
from layouts.report import report_text
from layouts.troubles import Troubles
from presence.overview import History, Overview
from presence.zones import ZoneThresholds


def register_callbacks(app: Dash, parts: PageParts) -> None:
    """Join the page to its parts."""
    troubles = Troubles()
    register_browser_callbacks(app, is_following=parts.following is not None)
    _register_overview(app, parts, troubles)
    _register_notices(app, parts)
    _register_history(app, parts, troubles)
    _register_devices(app, parts, troubles)
    register_sensors(app, parts, troubles)
    _register_reset(app, parts, troubles)
    _register_save(app, parts, troubles)
    register_managing(app, parts, troubles)
    register_people(app, parts, troubles)
    register_people_view(app, parts, troubles)
    if parts.following is not None:
        register_following(app, parts, parts.following, troubles)


def _register_overview(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("people-reading", "children"),
        Output("total-reading", "children"),
        Output("time-spent-reading", "children"),
        Output("data-state-reading", "children"),
        Output("detection-pie", "figure"),
        Output("pie-shares", "children"),
        Output("radio-states", "children"),
        Output("zones-now", "children"),
        Output("zones-pie", "figure"),
        Output("spoken", "children"),
        Output("last-scan", "data"),
        Output("first-time", "hidden"),
        Output("clock-wrong", "hidden"),
        Output("trouble-overview", "hidden"),
        Input("scans-finished", "data"),
        Input("sensor", "data"),
        Input("ratio", "data"),
        Input("theme", "data"),
        Input("saved", "data"),
        Input("time-reset", "data"),
        Input("zones-changed", "data"),
        on_error=troubles.begin("overview"),
    )
    @off_the_loop
    def show_overview(
        _scans: int, asked: object, with_ratio: bool, theme: str | None, *_changed: object
    ) -> tuple[Any, ...]:
        overview = parts.reader.overview(parts.clock(), asked_sensor(parts, asked))
        thresholds = parts.thresholds_in_force()
        troubles.end("overview")
        return (*_overview_parts(overview, parts, thresholds, theme, with_ratio=with_ratio), True)


def _overview_parts(
    overview: Overview, parts: PageParts, thresholds: ZoneThresholds, theme: str | None, *, with_ratio: bool
) -> tuple[Any, ...]:
    palette, settings = palette_for(theme), parts.settings
    near = None if parts.following is None else parts.following.tagging.near
    return (
        cards.people_reading(overview, with_ratio=with_ratio),
        cards.total_reading(overview),
        cards.time_spent_reading(overview, settings),
        cards.data_state_reading(overview, settings),
        pies.detection_type_pie(overview, palette),
        [
            html.Li([html.Span(label), html.Strong(f"{count:,}"), html.Span(share)])
            for label, count, share in pies.pie_shares(overview)
        ],
        radios.radio_states(overview, settings, is_continuous=None if near is None else near.is_continuous()),
        zones_now.zones_now(overview, thresholds),
        pies.zones_pie(overview, palette),
        cards.spoken_reading(overview, with_ratio=with_ratio),
        {
            "at_seconds": overview.last_scan_at and overview.last_scan_at.timestamp(),
            "interval_seconds": settings.scan_interval.total_seconds(),
        },
        overview.last_scan_at is not None or overview.sensor is not None,
        overview.clock_is_right,
    )


def _register_notices(app: Dash, parts: PageParts) -> None:
    """What is wrong with the box itself; no database is read for it, since that may be what is wrong."""

    @app.callback(Output("box-notices", "children"), Input("scans-finished", "data"))
    @off_the_loop
    def show_notices(_scans: int) -> list[Any]:
        return box_notices(parts.notices(), parts.clock(), parts.settings.time_zone)


def _register_history(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("people-chart", "figure"),
        Output("chart-legend", "children"),
        Output("chart-note", "children"),
        Output("trouble-history", "hidden"),
        Input("scans-finished", "data"),
        Input("chart-range", "data"),
        Input("sensor", "data"),
        Input("ratio", "data"),
        Input("theme", "data"),
        on_error=troubles.begin("history"),
    )
    @off_the_loop
    def show_history(
        _scans: int, time_range: str, asked: object, with_ratio: bool, theme: str | None
    ) -> tuple[Any, ...]:
        now_at = parts.clock()
        history = parts.reader.history(chosen_range(time_range), now_at, asked_sensor(parts, asked))
        share = parts.reader.overview(now_at).visible_share
        troubles.end("history")
        figure = charts.people_chart(
            history,
            visible_share=share,
            with_ratio=with_ratio,
            palette=palette_for(theme),
            zone=parts.settings.time_zone,
        )
        legend = [html.Li(name, className=f"key-{key}") for key, name in charts.legend(with_ratio=with_ratio)]
        return figure, legend, _gap_note(history), True


def _gap_note(history: History) -> str:
    return (
        "Shaded: not heard. It does not mean that nobody was there."
        if any(axes.unheard_runs(charts.is_heard(history)))
        else ""
    )


def _register_devices(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("device-rows", "children"),
        Output("devices-place", "children"),
        Output("devices-previous", "disabled"),
        Output("devices-next", "disabled"),
        Output("device-query", "data"),
        *(Output(devices.heading_id(sort), "aria-sort") for sort in devices.SORTS),
        Output("trouble-devices", "hidden"),
        Input("address", "pathname"),
        Input("scans-finished", "data"),
        Input("sensor", "data"),
        Input("devices-range", "data"),
        Input("devices-search", "value"),
        Input("devices-previous", "n_clicks"),
        Input("devices-next", "n_clicks"),
        *(Input(devices.sort_button_id(sort), "n_clicks") for sort in devices.SORTS),
        State("device-query", "data"),
        on_error=troubles.begin("devices"),
    )
    @off_the_loop
    def list_devices(
        path: str, _scans: int, asked: object, time_range: str, search: str | None, *rest: object
    ) -> object:
        if path != VIEWS["devices"]:
            return no_update
        wanted = devices.Wanted(chosen_range(time_range), search or "", asked_sensor(parts, asked))
        query = devices.next_query(devices.held_query(rest[-1]), ctx.triggered_id, wanted)
        now_at = parts.clock()
        page = parts.reader.devices(query, now_at)
        if page.total and not page.rows:  # devices were forgotten meanwhile, and with them this page of the table
            query = replace(query, offset=(page.total - 1) // query.limit * query.limit)
            page = parts.reader.devices(query, now_at)
        troubles.end("devices")
        return (
            devices.device_rows(
                page, query, now_at, parts.settings.time_zone, with_hashes=parts.managing.may_see_devices()
            ),
            devices.place_text(page, query),
            query.offset == 0,
            query.offset + query.limit >= page.total,
            asdict(query),
            *devices.sort_marks(query),
            True,
        )


def _register_reset(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("time-reset", "data"),
        Output("login-needed", "hidden"),
        Output("trouble-reset", "hidden"),
        Input("reset-confirm", "n_clicks"),
        prevent_initial_call=True,
        on_error=troubles.begin("reset"),
    )
    @off_the_loop
    def reset_time_spent(clicks: int) -> tuple[Any, bool, bool]:
        if not parts.may_change():
            return no_update, False, True
        parts.commands.reset_time_spent(parts.clock())
        troubles.end("reset")
        return clicks, True, True


def _register_save(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("report-file", "data"),
        Output("saved", "data"),
        Output("trouble-save", "hidden"),
        Input("save-data", "n_clicks"),
        State("chart-range", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("save"),
    )
    @off_the_loop
    def save_data(clicks: int, time_range: str) -> tuple[Any, int, bool]:
        now_at = parts.clock()
        report = parts.reader.report(chosen_range(time_range), now_at)
        text = report_text(report, parts.settings, parts.thresholds_in_force())
        parts.save_report(text, now_at)
        parts.commands.note_saved(now_at)
        troubles.end("save")
        name = f"report-{now_at.astimezone(parts.settings.time_zone):%Y-%m-%d-%H%M}.txt"
        return {"content": text, "filename": name, "type": "text/plain;charset=utf-8", "base64": False}, clicks, True
