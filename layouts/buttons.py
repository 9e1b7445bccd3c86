"""Buttons in rows: which one was clicked is told to the server by assets/rows.js."""

from __future__ import annotations

import json
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria

# Of a PostgreSQL integer, in which all of them are kept.
LARGEST_NUMBER = 2**31 - 1
"""The largest number that a tag, a plan, a rule, an alert or a channel can have."""


def row_button(words: str, store: str, says: dict[str, Any], *, label: str, look: str = "button-small") -> Component:
    """A button of a row.

    Args:
        words: What stands on it.
        store: The id of the store that a click sets.
        says: What the store is set to; a mark of the click is added, so that a second click is told too.
        label: What it does, with the name of its row, for those who do not see the row.
        look: Its class besides "button".
    """
    told: Any = {"data-store": store, "data-says": json.dumps(says)}
    return html.Button(words, className=f"button {look}", **told, **aria(label=label))


def delete_button(what: str, number: int, name: str, words: str = "Delete") -> Component:
    """A button that asks whether something is to be deleted.

    Args:
        what: What it is: a key of `DELETIONS`.
        number: Its number.
        name: What it is called.
        words: What stands on the button.
    """
    told: Any = {
        "data-store": "to-delete",
        "data-says": json.dumps({"what": what, "number": number, "name": name}),
        "data-question": f"Delete the {what} “{name}”?",
        "data-warning": DELETIONS[what],
    }
    return html.Button(words, className="button button-small", **told, **aria(label=f"Delete the {what} {name}"))


DELETIONS = {
    "tag": "It is forgotten, and its log with it. Alerts that were about it stay. This cannot be undone.",
    "floor plan": "The picture is forgotten, and where sensors stand on it. This cannot be undone.",
    "rule": "Its open alerts close, and nobody is notified of that. The history stays. This cannot be undone.",
    "channel": "What waits for it is dropped. Rules that name it tell the others. This cannot be undone.",
}
"""What can be deleted, and what that means."""


def delete_dialog() -> Component:
    """The question before something is deleted; assets/rows.js fills it in, and opens and closes it."""
    return html.Dialog(
        [
            html.H2(id="delete-question"),
            html.P(id="delete-warning"),
            html.Div(
                [
                    html.Button("Cancel", id="delete-cancel", className="button"),
                    html.Button("Delete", id="delete-confirm", className="button button-primary"),
                ],
                className="dialog-buttons",
            ),
            dcc.Store(id="to-delete"),
        ],
        id="delete-dialog",
        className="dialog",
        **aria(labelledby="delete-question"),
    )


def asked_number(asked: object) -> int:
    """The number of the row whose button was clicked; 0, which nothing has, for what no button of ours says."""
    number = asked.get("number") if isinstance(asked, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        return 0
    return number if 0 < number <= LARGEST_NUMBER else 0
