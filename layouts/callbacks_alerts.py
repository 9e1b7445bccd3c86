"""What happens in the view of alerts, and what every view says of them."""

from __future__ import annotations

from dash import Dash, Input, Output, State, ctx, no_update

from db.alerts import AlertQuery
from layouts import alerts
from layouts.buttons import asked_number
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Alerting
from layouts.off_the_loop import off_the_loop
from layouts.troubles import Troubles
from presence.alerts import AlertError, RuleKind

PATH = "/alerts"

_FOR_THOSE_KNOWN = "Alerts are for those who are logged in."
_NOT_ACKNOWLEDGED = "It is not acknowledged: log in first, so that it can be said who knows of it."
_PAGE_ROWS = 25
# Nobody turns so many pages; what a browser holds is bounded.
_MOST_PAGES = 1000


def register_alerts(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    """Join the view of alerts, the badge and the banner to their parts."""
    _register_open(app, parts, alerting, troubles)
    _register_acknowledging(app, parts, alerting, troubles)
    _register_turning(app)
    _register_history(app, parts, alerting, troubles)
    _register_subjects(app, parts, alerting, troubles)


def _register_open(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("alerts-badge", "children"),
        Output("alerts-banner", "children"),
        Output("alerts-banner", "hidden"),
        Output("alerts-open", "children"),
        Output("alerts-closed-off", "children"),
        Output("alerts-all", "hidden"),
        Output("trouble-alerts", "hidden"),
        Input("address", "pathname"),
        Input("scans-finished", "data"),
        Input("alerts-told", "data"),
        Input("alerts-changed", "data"),
        on_error=troubles.begin("alerts"),
    )
    @off_the_loop
    def show_open(path: str, _scans: int, _told: object, _changed: object) -> object:
        if not parts.managing.may_see_devices():
            return [], [], True, [], alerts.closed_off(login_needed(_FOR_THOSE_KNOWN, PATH)), True, True
        rows = alerting.alerts.open()
        troubles.end("alerts")
        banner = [] if path == PATH else alerts.banner(rows)
        shown = alerts.open_alerts(rows, parts.clock(), parts.settings.time_zone) if path == PATH else no_update
        return alerts.badge(rows), banner, not banner, shown, None, False, True


def _register_acknowledging(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("alerts-said", "children"),
        Output("alerts-changed", "data"),
        Output("trouble-alerts-change", "hidden"),
        Input("to-acknowledge", "data"),
        prevent_initial_call=True,
        on_error=troubles.begin("alerts-change"),
    )
    @off_the_loop
    def acknowledge(asked: object) -> object:
        identity = parts.managing.identity()
        if identity is None or not parts.managing.may_see_devices():
            return login_needed(_NOT_ACKNOWLEDGED, PATH), no_update, True
        number = asked_number(asked)
        try:
            row = alerting.alerts.acknowledge(number, identity.name, parts.clock())
        except AlertError as error:
            return str(error), no_update, True
        troubles.end("alerts-change")
        return f"Acknowledged by {row.acknowledged_by}.", f"acknowledged {number}", True


def _register_turning(app: Dash) -> None:
    @app.callback(
        Output("history-pages", "data"),
        Input("history-newer", "n_clicks"),
        Input("history-older", "n_clicks"),
        Input("history-kind", "value"),
        Input("history-subject", "value"),
        State("history-pages", "data"),
        State("history-older", "data-next"),
        prevent_initial_call=True,
    )
    async def turn(*asked: object) -> list[int]:
        *_others, held, next_after = asked
        pages = _pages(held)
        if ctx.triggered_id == "history-newer":
            return pages[:-1]
        if ctx.triggered_id == "history-older" and isinstance(next_after, int):
            return [*pages, next_after][-_MOST_PAGES:]
        return []


def _pages(held: object) -> list[int]:
    """Where each page that was turned ended, as the browser holds it."""
    pages = held if isinstance(held, list) else []
    return [number for number in pages if isinstance(number, int)]


def _register_history(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("alert-rows", "children"),
        Output("history-newer", "disabled"),
        Output("history-older", "disabled"),
        Output("history-older", "data-next"),
        Input("address", "pathname"),
        Input("history-pages", "data"),
        Input("history-kind", "value"),
        Input("history-subject", "value"),
        Input("scans-finished", "data"),
        Input("alerts-told", "data"),
        Input("alerts-changed", "data"),
        on_error=troubles.begin("alerts"),
    )
    @off_the_loop
    def show_history(path: str, held: object, kind: object, subject: object, *_news: object) -> object:
        if path != PATH or not parts.managing.may_see_devices():
            return no_update
        pages = _pages(held)
        query = AlertQuery(
            kind=RuleKind(str(kind)) if kind in set(RuleKind) else None,
            subject_key=str(subject) if subject else None,
            after=(pages[-1],) if pages else None,
            limit=_PAGE_ROWS,
        )
        page = alerting.alerts.page(query)
        rows = alerts.history_rows(page.rows, parts.clock(), parts.settings.time_zone)
        next_after = None if page.next_after is None else page.next_after[0]
        return rows, not pages, next_after is None, next_after


def _register_subjects(app: Dash, parts: PageParts, alerting: Alerting, troubles: Troubles) -> None:
    @app.callback(
        Output("history-subject", "options"),
        Input("address", "pathname"),
        Input("alerts-told", "data"),
        Input("alerts-changed", "data"),
        on_error=troubles.begin("alerts"),
    )
    @off_the_loop
    def list_subjects(path: str, *_news: object) -> object:
        if path != PATH or not parts.managing.may_see_devices():
            return no_update
        return alerts.subject_choices(alerting.alerts.subjects())
