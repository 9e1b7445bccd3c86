"""The view for who runs the place: who is logged in, where zones end, the export, and keys."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.export import export_panel
from layouts.formats import plain_words
from layouts.keys import keys_panel
from layouts.zones import zones_panel
from presence.access import Identity

_LOGIN = "/login?next=/settings"


def manage_view() -> Component:
    """The view without what is in force."""
    login = html.Section([html.H2("Login"), html.Div(id="login-state", className="login-state")], className="panel")
    side = html.Div([login, zones_panel()], className="manage-side")
    return html.Div([side, export_panel(), keys_panel()], className="manage")


def login_state(identity: Identity | None) -> list[Component]:
    """Who is logged in, and how to change that."""
    if identity is None:
        return [
            html.P("You are not logged in. You can look at the page; changing settings and exporting ask for a login."),
            html.A("Log in", href=_LOGIN, className="button button-primary"),
        ]
    return [
        html.P(["You are logged in as ", html.Strong(_named(identity)), "."]),
        html.Form(html.Button("Log out", className="button"), method="post", action="/api/v1/logout"),
    ]


def _named(identity: Identity) -> str:
    role = identity.role.value
    return role if identity.name == role else f"{plain_words(identity.name)} ({role})"


def login_needed(words: str, back_to: str = "/settings") -> list[str | Component]:
    """What cannot be done before a login, and where that is.

    Args:
        words: What cannot be done.
        back_to: The path to come back to.
    """
    return [f"{words} ", html.A("Log in", href=f"/login?next={back_to}")]
