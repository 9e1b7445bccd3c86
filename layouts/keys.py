"""The keys of programs: who holds one, making one and taking one back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from dash import ALL, dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.fields import choice_field, text_field
from layouts.formats import plain_words, short_moment_text
from presence.access import KeyRow, NewKey, Role

REVOKE_BUTTONS: dict[str, Any] = {"type": "revoke", "key": ALL, "name": ALL}
"""All buttons that take a key back; assets/live.js reads the key off the id of the one that was clicked."""

# Names of keys have at most so many (`db.access`).
_LONGEST_NAME = 64

_ROLES = {
    Role.VIEWER.value: "Viewer: may look at single devices and export them",
    Role.SENSOR.value: "Sensor: may send scans in, and nothing else",
    Role.ADMIN.value: "Admin: may do everything",
}

_TITLES = ("Name", "Role", "Made", "Last used", "State")


def keys_panel() -> Component:
    """The list without rows, the form for a new key, and what is said to those who may not see either."""
    return html.Section(
        [
            html.H2("Keys"),
            html.P(
                "A program or a sensor brings a key instead of the password. Give each its own, so that one can be "
                "taken back without the others.",
                className="note",
            ),
            html.P(id="keys-closed"),
            html.Div([_list(), _form()], id="keys-open", hidden=True),
        ],
        className="panel panel-keys",
    )


def _list() -> Component:
    return html.Div(
        html.Table(
            [
                html.Caption("Keys", className="unseen"),
                html.Thead(html.Tr([html.Th(title, scope="col") for title in _TITLES])),
                html.Tbody(id="key-rows"),
            ],
            className="devices keys",
        ),
        className="table-frame",
    )


def _form() -> Component:
    return html.Div(
        [
            html.P(id="keys-said", role="status"),
            html.H3("Make a key"),
            text_field("key-name", "Name", "Who or what it is for, such as Grafana.", _LONGEST_NAME),
            choice_field("key-role", "Role", _ROLES, Role.VIEWER.value),
            html.Div(
                html.Button("Make the key", id="key-make", className="button button-primary"), className="form-buttons"
            ),
            html.Div(id="key-made", role="status"),
            dcc.Store(id="key-to-revoke"),
        ],
        className="key-form",
    )


def key_rows(rows: Sequence[KeyRow], now_at: datetime, zone: tzinfo) -> list[Component]:
    """A row for each key, those in use first; one that says so when there is none."""
    if not rows:
        words = "There is no key yet. Nobody but the admin can send, export or change anything."
        return [html.Tr(html.Td(words, colSpan=len(_TITLES), className="nothing"))]
    return [_row(row, now_at, zone) for row in sorted(rows, key=lambda row: row.revoked_at is not None)]


def _row(row: KeyRow, now_at: datetime, zone: tzinfo) -> Component:
    cells: tuple[str | Component, ...] = (
        html.Strong(html.Bdi(plain_words(row.name))),
        row.role.value.capitalize(),
        short_moment_text(row.made_at, now_at, zone),
        short_moment_text(row.used_at, now_at, zone) if row.used_at else "Never",
        _revoke_button(row)
        if row.revoked_at is None
        else html.Span(f"Revoked {short_moment_text(row.revoked_at, now_at, zone)}", className="note"),
    )
    return html.Tr([_cell(title, content) for title, content in zip(_TITLES, cells, strict=True)])


def _cell(title: str, content: str | Component) -> Component:
    label: Any = {"data-label": title}  # for phones, where each row is a card
    return html.Td(content, **label)


def _revoke_button(row: KeyRow) -> Component:
    name: Any = {"type": "revoke", "key": row.key_id, "name": row.name}
    return html.Button("Revoke", id=name, className="button button-small", **aria(label=f"Revoke {row.name}"))


def made_key(new: NewKey) -> list[Component]:
    """A key that was just made, to be copied: one click selects all of it."""
    return [
        html.P(
            [
                "The key of ",
                html.Strong(html.Bdi(plain_words(new.row.name))),
                ". Copy it now: it is never shown again. Programs send it in the header ",
                html.Code("X-API-Key"),
                ".",
            ]
        ),
        html.Code(new.key, id="new-key", className="new-key", tabIndex=0),
    ]


def revoke_dialog() -> Component:
    """The question before a key is taken back."""
    return html.Dialog(
        [
            html.H2(id="revoke-question"),
            html.P("Whoever holds it is refused from now on. This cannot be undone; a new key can be made."),
            html.Div(
                [
                    html.Button("Cancel", id="revoke-cancel", className="button"),
                    html.Button("Revoke key", id="revoke-confirm", className="button button-primary"),
                ],
                className="dialog-buttons",
            ),
        ],
        id="revoke-dialog",
        className="dialog",
        **aria(labelledby="revoke-question"),
    )
