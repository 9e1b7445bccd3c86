"""What happens in the view of people."""

from __future__ import annotations

from dash import Dash, Input, Output, State, ctx, no_update

from layouts import busy_week, crowd, fixtures, head_count_list, head_counts, what_if
from layouts.buttons import asked_number
from layouts.callbacks_people import FOR_THE_ADMIN, made_by, read_people
from layouts.count_advice import counts_advice
from layouts.frame import VIEWS
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.off_the_loop import off_the_loop
from layouts.palette import palette_for
from layouts.ranges import chosen_range
from layouts.troubles import Troubles
from presence.estimate import EstimateError, FixtureDecision
from presence.ranges import TimeRange

_PATH = VIEWS["people"]


def register_people_view(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    """Join the view of people to its parts."""
    _register_why(app, parts, troubles)
    _register_counts(app, parts, troubles)
    _register_entry(app, parts, troubles)
    _register_week(app, parts, troubles)
    _register_stays(app, parts, troubles)
    _register_what_if(app, parts, troubles)
    _register_fixtures(app, parts, troubles)
    _register_decision(app, parts, troubles)


def _register_why(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("people-site-reading", "children"),
        Output("people-steps", "children"),
        Output("trouble-people", "hidden", allow_duplicate=True),
        Input("address", "pathname"),
        Input("scans-finished", "data"),
        Input("people-changed", "data"),
        Input("calibration-again", "disabled"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("people"),
    )
    @off_the_loop
    def show_why(path: str, *_changed: object) -> object:
        if path != _PATH:
            return no_update
        shown = read_people(parts, None)
        troubles.end("people")
        return *shown, True


def _register_counts(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("counts-summary", "children"),
        Output("counts-advice", "children"),
        Output("count-rows", "children"),
        Output("entry-form", "hidden"),
        Output("counts-login", "children"),
        Output("trouble-counting", "hidden", allow_duplicate=True),
        Input("address", "pathname"),
        Input("people-changed", "data"),
        Input("calibration-again", "disabled"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("counting"),
    )
    @off_the_loop
    def list_counts(path: str, *_changed: object) -> object:
        if path != _PATH:
            return no_update
        calibration, may_change = parts.estimating.reader.calibration(), parts.may_change()
        troubles.end("counting")
        rows = head_count_list.count_rows(calibration, parts.clock(), parts.settings.time_zone, may_change=may_change)
        login = None if may_change else login_needed("Counting is for the admin.", _PATH)
        summary, advice = head_count_list.counts_summary(calibration), counts_advice(calibration)
        return summary, advice, rows, not may_change, login, True


def _register_entry(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("entry-people", "value"),
        Output("entry-at", "value"),
        Output("entry-edited", "data"),
        Output("entry-title", "children"),
        Output("entry-cancel", "hidden"),
        Input("count-row", "data"),
        Input("entry-cancel", "n_clicks"),
        Input("entry-saved", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("counting"),
    )
    @off_the_loop
    def fill_form(asked: dict[str, object] | None, *_done: object) -> object:
        if ctx.triggered_id != "count-row":
            return "", "", None, "Add a count", True
        if not asked or asked.get("do") != "edit":
            return (no_update,) * 5
        number, zone = asked_number(asked), parts.settings.time_zone
        found = [one for one in parts.estimating.reader.calibration().head_counts if one.head_count_id == number]
        if not found:
            return (no_update,) * 5
        at = f"{found[0].counted_at.astimezone(zone):%Y-%m-%d %H:%M}"
        return str(found[0].people), at, {"number": number}, "Edit the count", False

    @app.callback(
        Output("counts-said", "children", allow_duplicate=True),
        Output("entry-saved", "data"),
        Output("people-changed", "data", allow_duplicate=True),
        Output("trouble-counting", "hidden", allow_duplicate=True),
        Input("entry-save", "n_clicks"),
        State("entry-people", "value"),
        State("entry-at", "value"),
        State("entry-edited", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("counting"),
    )
    @off_the_loop
    def save_entry(clicks: int, people: object, at: object, edited: object) -> object:
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, _PATH), no_update, no_update, True
        now_at, zone = parts.clock(), parts.settings.time_zone
        try:
            number, counted_at = head_counts.asked_people(people), head_counts.asked_moment(at, now_at, zone)
            if edited:
                parts.estimating.head_counts.edit(asked_number(edited), number, counted_at)
                said: object = "Changed. The estimate is learned anew."
            else:
                head_count_id = parts.estimating.head_counts.add(number, counted_at, made_by(parts))
                said = head_counts.count_said(head_count_id, number, counted_at, now_at, zone)
        except EstimateError as error:
            return str(error), no_update, no_update, True
        troubles.end("counting")
        return said, clicks, ["entered", clicks], True


def _register_week(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("busy-week", "children"),
        Output("busy-note", "children"),
        Output("trouble-people", "hidden", allow_duplicate=True),
        Input("address", "pathname"),
        Input("scans-finished", "data"),
        Input("people-changed", "data"),
        Input("calibration-again", "disabled"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("people"),
    )
    @off_the_loop
    def show_week(path: str, *_changed: object) -> object:
        if path != _PATH:
            return no_update
        now_at, zone = parts.clock(), parts.settings.time_zone
        week = parts.estimating.reader.busy_week(now_at)
        local = now_at.astimezone(zone)
        today = busy_week.hours_of_today(parts.estimating.reader.people_history(TimeRange.DAY, now_at), local, zone)
        troubles.end("people")
        return busy_week.busy_week(week, today, local), busy_week.busy_note(week), True


def _register_stays(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("crowd-stays", "children"),
        Output("crowd-returning", "children"),
        Output("trouble-people", "hidden", allow_duplicate=True),
        Input("address", "pathname"),
        Input("people-range", "data"),
        Input("people-changed", "data"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("people"),
    )
    @off_the_loop
    def show_stays(path: str, time_range: str, _changed: object) -> object:
        if path != _PATH:
            return no_update
        reader, wanted, now_at = parts.estimating.reader, chosen_range(time_range), parts.clock()
        stays, returning = reader.stays(wanted, now_at), reader.returning(wanted, now_at)
        troubles.end("people")
        return crowd.crowd_stays(stays), crowd.returning_text(returning), True


def _register_what_if(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("if-chart", "figure"),
        Output("if-said", "children"),
        Output("if-shown", "hidden"),
        Output("trouble-people", "hidden", allow_duplicate=True),
        Input("address", "pathname"),
        Input("people-range", "data"),
        Input("if-share", "value"),
        Input("if-cut", "value"),
        Input("people-changed", "data"),
        Input("theme", "data"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("people"),
    )
    @off_the_loop
    def try_settings(
        path: str, time_range: str, share: object, cut: object, _changed: object, theme: str | None
    ) -> object:
        if path != _PATH:
            return no_update
        try:
            asked = what_if.asked_share(share), what_if.asked_cut(cut)
        except EstimateError as error:
            return no_update, str(error), True, True
        if asked == (None, None):
            return no_update, "Change a setting, and see what it would have said.", True, True
        tried = parts.estimating.reader.what_if(*asked, chosen_range(time_range), parts.clock())
        troubles.end("people")
        return what_if.what_if_chart(tried, palette_for(theme)), what_if.what_if_said(tried), False, True


def _register_fixtures(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("fixture-rows", "children"),
        Output("fixtures-summary", "children"),
        Output("fixtures-table", "hidden"),
        Output("fixtures-login", "children"),
        Output("trouble-people", "hidden", allow_duplicate=True),
        Input("address", "pathname"),
        Input("people-changed", "data"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("people"),
    )
    @off_the_loop
    def list_fixtures(path: str, _changed: object) -> object:
        if path != _PATH:
            return no_update
        rows, may_change = parts.estimating.fixtures.rows(), parts.may_change()
        troubles.end("people")
        shown = fixtures.fixture_rows(rows, parts.clock(), parts.settings.time_zone, may_change=may_change)
        login = None if may_change or not rows else login_needed("Deciding on them is for the admin.", _PATH)
        return shown, fixtures.fixtures_summary(rows), not rows, login, True


def _register_decision(app: Dash, parts: PageParts, troubles: Troubles) -> None:
    @app.callback(
        Output("fixtures-said", "children"),
        Output("people-changed", "data", allow_duplicate=True),
        Output("trouble-counting", "hidden", allow_duplicate=True),
        Input("fixture-decided", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("counting"),
    )
    @off_the_loop
    def decide(asked: dict[str, object]) -> object:
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, _PATH), no_update, True
        number = asked_number(asked)
        try:
            decision = FixtureDecision(str(asked.get("decision")))
            before = [row for row in parts.estimating.fixtures.rows() if row.fixture_id == number]
            parts.estimating.fixtures.decide(number, decision)
        except (EstimateError, ValueError) as error:
            return str(error), no_update, True
        troubles.end("counting")
        return fixtures.decided_text(before[0], decision), ["decided", asked.get("click")], True
