"""What happens when somebody confirms that something is to be deleted."""

from __future__ import annotations

from dash import Dash, Input, Output, State, no_update

from layouts.buttons import asked_number
from layouts.callbacks_tags import FOR_THE_ADMIN, PATH
from layouts.formats import plain_words
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Following
from layouts.off_the_loop import off_the_loop
from layouts.troubles import Troubles
from presence.alerts import AlertError
from presence.plans import PlanError
from presence.tags import TagError

# Where it is said what became of it, by what was to be deleted (`layouts.buttons.DELETIONS`).
_SAID_AT = {"tag": "tags-said", "floor plan": "plan-said", "rule": "rules-said", "channel": "channels-said"}


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
        *(Output(said, "children", allow_duplicate=True) for said in _SAID_AT.values()),
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
        what = str(asked.get("what"))
        said: object = login_needed(FOR_THE_ADMIN, path)
        is_gone = False
        if parts.may_change():
            try:
                ways[what](asked_number(asked))
                said, is_gone = f"The {what} “{plain_words(str(asked.get('name')))}” is deleted.", True
            except (AlertError, PlanError, TagError) as error:
                said = str(error)
            troubles.end("tags-change")
        changed = f"deleted {clicks}"
        places = (said if what == one else no_update for one in _SAID_AT)
        return (*places, changed, changed, PATH if is_gone and what == "tag" else no_update, True)
