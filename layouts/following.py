"""What the frame of the page has more where tags are followed: views, what every view says of alerts, and stores."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.alerts import alerts_view
from layouts.buttons import delete_dialog
from layouts.needs_tags import Following
from layouts.one_tag import one_tag_view
from layouts.plans import plans_panel
from layouts.tag_form import add_panel
from layouts.tags import tag_list

FOLLOWING_VIEWS = ("tags", "tag", "alerts")
"""The views of tags, of one of them, and of alerts; "tag" stands below "tags" and has no link of its own."""

FOLLOWING_LINKS = ("tags", "alerts")
"""Those of them that the heading leads to."""


def following_links() -> dict[str, Component]:
    """What the heading leads to, the alerts with a badge."""
    return {
        "tags": dcc.Link("Tags", href="/tags"),
        "alerts": dcc.Link(["Alerts", html.Span(id="alerts-badge", className="badge")], href="/alerts"),
    }


def alerts_banner() -> Component:
    """What every view says of alerts that nobody acknowledged."""
    return html.Div(id="alerts-banner", className="notice notice-broken", role="alert", hidden=True)


def following_views(following: Following) -> list[Component]:
    """The views, without what is in them."""
    tags = [tag_list(), plans_panel(), add_panel(has_near=following.tagging.near is not None)]
    return [
        html.Div(html.Div(tags, className="manage"), id="view-tags", hidden=True),
        html.Div(one_tag_view(), id="view-tag", hidden=True),
        html.Div(alerts_view(), id="view-alerts", hidden=True),
    ]


def following_parts() -> list[Component]:
    """The question before something is deleted, and what the browser holds: that something was told, or changed."""
    names = ("tags-told", "alerts-told", "tags-changed", "alerts-changed")
    return [delete_dialog(), *(dcc.Store(id=name) for name in names)]
