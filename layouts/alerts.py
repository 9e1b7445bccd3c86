"""The view of alerts: what is open, what was, the rules, and the channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.buttons import row_button
from layouts.channels import channels_panel
from layouts.fields import chosen_field, options
from layouts.formats import DASH, counted, plain_words, short_moment_text
from layouts.rule_form import rules_panel
from layouts.rule_words import KIND_NAMES
from presence.alerts import AlertRow, Subject

ALL_KINDS = ""
"""Stands for alerts of every kind."""
ALL_SUBJECTS = ""
"""Stands for alerts about whomever."""

_EVERYTHING = "Everything"
# Longer than any sentence of presence/alert_words.py.
_LONGEST_SENTENCE = 500

_TITLES = ("Alert", "Opened", "Told", "Acknowledged", "Closed")
_LOOKS = {"Alert": "sensor-name"}


def alerts_view() -> Component:
    """The view without its alerts."""
    return html.Div(
        [
            html.Section(id="alerts-closed-off", className="panel panel-wide"),
            html.Div(
                [_open_panel(), rules_panel(), channels_panel(), _history_panel()],
                id="alerts-all",
                className="manage panel-wide",
                hidden=True,
            ),
            dcc.Store(id="to-acknowledge"),
            dcc.Store(id="history-pages", data=[]),
        ],
        className="manage",
    )


def _open_panel() -> Component:
    return html.Section(
        [
            html.H2("Open alerts"),
            html.P(id="alerts-said", role="status"),
            html.Div(id="alerts-open", className="open-alerts"),
        ],
        className="panel panel-wide",
    )


def closed_off(words: Sequence[str | Component]) -> list[Component]:
    """What stands in the place of the view for those who may not see it."""
    return [html.H2("Alerts"), html.P(words, className="note")]


def open_alerts(rows: Sequence[AlertRow], now_at: datetime, zone: tzinfo) -> list[Component]:
    """Each open alert, those that nobody acknowledged first, the newest of them at the top."""
    if not rows:
        return [html.P("Nothing is the matter.", className="note")]
    ordered = sorted(rows, key=lambda row: (row.acknowledged_at is not None, -row.opened_at.timestamp()))
    return [_open_alert(row, now_at, zone) for row in ordered]


def _open_alert(row: AlertRow, now_at: datetime, zone: tzinfo) -> Component:
    says = plain_words(row.says, _LONGEST_SENTENCE)
    if row.acknowledged_at is None:
        end: Component = row_button(
            "Acknowledge",
            "to-acknowledge",
            {"number": row.alert_id},
            label=f"Acknowledge: {says}",
            look="button-primary",
        )
    else:
        end = html.P(
            f"Acknowledged by {_who(row)}, {short_moment_text(row.acknowledged_at, now_at, zone)}", className="note"
        )
    since = f"{plain_words(row.rule_name)} · since {short_moment_text(row.opened_at, now_at, zone)}"
    return html.Article(
        [html.Div([html.P(html.Bdi(says), className="alert-says"), html.P(html.Bdi(since), className="note")]), end],
        className="open-alert" if row.acknowledged_at else "open-alert open-alert-new",
        key=str(row.alert_id),
    )


def _who(row: AlertRow) -> str:
    return plain_words(row.acknowledged_by or DASH)


def _history_panel() -> Component:
    kinds = {ALL_KINDS: "Every kind"} | {kind.value: words for kind, words in KIND_NAMES.items()}
    filters = [
        chosen_field("history-kind", "Show", kinds, ALL_KINDS),
        chosen_field("history-subject", "About", {ALL_SUBJECTS: _EVERYTHING}, ALL_SUBJECTS),
    ]
    return html.Section(
        [
            html.Header([html.H2("History"), html.Div(filters, className="filters")], className="section-head"),
            html.Div(
                html.Table(
                    [
                        html.Caption("Alerts, the newest first", className="unseen"),
                        html.Thead(
                            html.Tr([html.Th(title, scope="col", className=_LOOKS.get(title)) for title in _TITLES])
                        ),
                        html.Tbody(id="alert-rows"),
                    ],
                    className="devices",
                ),
                className="table-frame",
            ),
            html.Nav(
                [
                    html.Button("Newer", id="history-newer", className="button", disabled=True),
                    html.Button("Older", id="history-older", className="button", disabled=True),
                ],
                className="paging",
                **aria(label="Pages of the history"),
            ),
        ],
        className="panel panel-wide",
    )


def subject_choices(subjects: Sequence[Subject]) -> list[dict[str, str]]:
    """Whom the history can be asked about, everything first."""
    return options({ALL_SUBJECTS: _EVERYTHING} | {one.key: plain_words(one.name) for one in subjects})


def history_rows(rows: Sequence[AlertRow], now_at: datetime, zone: tzinfo) -> list[Component]:
    """A row for each alert, with what became of it."""
    if not rows:
        return [html.Tr(html.Td("There was no alert.", colSpan=len(_TITLES), className="nothing"))]
    return [_history_row(row, now_at, zone) for row in rows]


def _history_row(row: AlertRow, now_at: datetime, zone: tzinfo) -> Component:
    def moment(at: datetime | None) -> str:
        return DASH if at is None else short_moment_text(at, now_at, zone)

    told = f"{moment(row.notified_at)}, {counted(row.notified_count, 'time')}" if row.notified_at else DASH
    known = f"{_who(row)}, {moment(row.acknowledged_at)}" if row.acknowledged_at else DASH
    cells: tuple[str | list[Component], ...] = (
        [
            html.Bdi(plain_words(row.says, _LONGEST_SENTENCE)),
            html.Bdi(plain_words(row.rule_name), className="note tag-kind"),
        ],
        moment(row.opened_at),
        told,
        known,
        moment(row.closed_at) if row.closed_at else "open",
    )
    return html.Tr(
        [_cell(title, content) for title, content in zip(_TITLES, cells, strict=True)], key=str(row.alert_id)
    )


def _cell(title: str, content: str | list[Component]) -> Component:
    label: Any = {"data-label": title}  # for phones, where each row is a card, and shows what there is
    look = "nothing-known" if content == DASH else _LOOKS.get(title)
    return html.Td(content, className=look, **label)


def badge(rows: Sequence[AlertRow]) -> list[str | Component]:
    """What stands beside "Alerts" in the heading: how many are open; nothing when none is."""
    if not rows:
        return []
    return [str(len(rows)), html.Span(" open", className="unseen")]


def banner(rows: Sequence[AlertRow]) -> list[str | Component]:
    """What every view says of alerts that nobody acknowledged: the newest, and how many there are besides."""
    new = [row for row in rows if row.acknowledged_at is None]
    if not new:
        return []
    others = f" And {counted(len(new) - 1, 'other alert')}." if len(new) > 1 else ""
    newest = max(new, key=lambda row: row.opened_at)
    return [
        html.Bdi(plain_words(newest.says, _LONGEST_SENTENCE)),
        f"{others} ",
        dcc.Link("Look at it" if not others else "Look at them", href="/alerts"),
    ]
