"""What happens when somebody confirms that something is to be deleted."""

from __future__ import annotations

from dash import Dash, Input, Output, State, no_update

from layouts.buttons import asked_number
from layouts.callbacks_tags import FOR_THE_ADMIN, PATH
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Following
from layouts.off_the_loop import off_the_loop
from layouts.troubles import Troubles
from presence.alerts import AlertError
from presence.plans import PlanError
from presence.tags import TagError


def register_deleting(app: Dash, parts: PageParts, following: Following, troubles: Troubles) -> None:
    """Join the question before something is deleted to what is then deleted."""
    tagging, alerting = following.tagging, following.alerting
    ways = {
        "tag": tagging.tags.delete,
        "floor plan": tagging.plans.delete,
        "rule": lambda number: alerting.rules.delete(number, parts.clock()),
        "channel": alerting.channels.delete,
    }

    @app.callback(
        Output("deleted", "children"),
        Output("deleted", "hidden"),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("alerts-changed", "data", allow_duplicate=True),
        Output("address", "pathname"),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("delete-confirm", "n_clicks"),
        State("to-delete", "data"),
        State("address", "pathname"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def delete(clicks: int, asked: dict[str, object], path: str) -> object:
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, path), False, no_update, no_update, no_update, True
        what, number = str(asked.get("what")), asked_number(asked)
        try:
            ways[what](number)
        except (AlertError, PlanError, TagError) as error:
            return str(error), False, f"refused {clicks}", f"refused {clicks}", no_update, True
        troubles.end("tags-change")
        is_of_tags = what in {"tag", "floor plan"}
        changed = f"deleted {clicks}"
        return (
            f"The {what} is deleted.",
            False,
            changed if is_of_tags else no_update,
            no_update if is_of_tags else changed,
            PATH if what == "tag" else no_update,
            True,
        )
