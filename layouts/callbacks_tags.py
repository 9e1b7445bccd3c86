"""What happens in the view of tags: the list, the form, what is held near, and a file of many."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from layouts import tag_form, tags
from layouts.formats import plain_words
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Near, Tagging
from layouts.off_the_loop import off_the_loop
from layouts.tag_pictures import PictureError, uploaded
from layouts.troubles import Troubles
from presence.tag_lines import tag_lines
from presence.tags import IdentityKind, IdentityTakenError, TagCard, TagError, TagIcon

PATH = "/tags"
FOR_THE_ADMIN = "Nothing was changed: this asks for the admin password."
"""What is said to those who may not change anything."""

_FOR_THOSE_KNOWN = "Where tags are is for those who are logged in."
_LONGEST_NAME = 64


def register_tags(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    """Join the view of tags to its parts."""
    _register_list(app, parts, tagging, troubles)
    _register_hint(app)
    _register_form(app, parts, tagging, troubles)
    _register_file(app, parts, tagging, troubles)
    if tagging.near is not None:
        _register_look(app)
        _register_near(app, parts, tagging.near, troubles)
        _register_near_chosen(app, parts, tagging, tagging.near, troubles)


def _register_list(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-rows", "children"),
        Output("tags-summary", "children"),
        Output("tags-search-frame", "hidden"),
        Output("tags-table", "hidden"),
        Output("tags-add", "hidden"),
        Output("trouble-tags", "hidden"),
        Input("address", "pathname"),
        Input("scans-finished", "data"),
        Input("tags-told", "data"),
        Input("tags-changed", "data"),
        Input("tags-search", "value"),
        on_error=troubles.begin("tags"),
    )
    @off_the_loop
    def list_tags(path: str, _scans: int, _told: object, _changed: object, search: str | None) -> object:
        if path != PATH:
            return no_update
        if not parts.managing.may_see_devices():
            return [], login_needed(_FOR_THOSE_KNOWN, PATH), True, True, True, True
        rows = tagging.tags.rows()
        troubles.end("tags")
        shown = tags.tag_rows(rows, search or "", parts.clock(), parts.settings.time_zone)
        return shown, tags.tags_summary(rows), not rows, False, False, True


def _register_hint(app: Dash) -> None:
    for prefix in ("tag-new", "tag-more"):

        @app.callback(
            Output(f"{prefix}-identity-hint", "children"),
            Input(f"{prefix}-identity-kind", "value"),
        )
        async def show_example(kind: str) -> str:
            return tag_form.IDENTITY_HINTS[IdentityKind(kind)]


def asked_card(name: object, kind: object, icon: object, note: object) -> TagCard:
    """What an owner says of a tag, as the fields of the form have it.

    Raises:
        TagError: There is no such icon.
    """
    if icon not in set(TagIcon):
        raise TagError("There is no such icon. Choose one of the list.")
    return TagCard(str(name or ""), str(kind or ""), TagIcon(str(icon)), str(note or ""))


def _register_form(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-new-name-mistake", "children"),
        Output("tag-new-identity-mistake", "children"),
        Output("tag-added", "children"),
        Output("tag-new-name", "value"),
        Output("tag-new-identity", "value"),
        Output("tags-changed", "data"),
        Output("trouble-tags-change", "hidden"),
        Input("tag-add", "n_clicks"),
        State("tag-new-name", "value"),
        State("tag-new-kind", "value"),
        State("tag-new-icon", "value"),
        State("tag-new-note", "value"),
        State("tag-new-identity-kind", "value"),
        State("tag-new-identity", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def add_tag(clicks: int, *typed: Any) -> object:  # noqa: ANN401 - it is JSON from a stranger
        if not parts.may_change():
            return None, None, login_needed(FOR_THE_ADMIN, PATH), no_update, no_update, no_update, True
        *card, identity_kind, identity = typed
        try:
            record = tagging.identify(IdentityKind(identity_kind), str(identity or ""))
        except TagError as error:
            return None, str(error), None, no_update, no_update, no_update, True
        try:
            tag_id = tagging.tags.add(asked_card(*card), [record], parts.clock())
        except IdentityTakenError as error:
            return None, str(error), None, no_update, no_update, no_update, True
        except TagError as error:
            return str(error), None, None, no_update, no_update, no_update, True
        troubles.end("tags-change")
        return None, None, _added(tag_id, str(card[0])), "", "", f"added {clicks}", True


def _added(tag_id: int, name: str) -> list[str | Component]:
    shown = plain_words(name.strip())
    return [
        html.Bdi(shown),
        " is registered, and is listened for from now on. ",
        dcc.Link("Give it a picture, or look where it was", href=tags.tag_path(tag_id)),
    ]


def _register_file(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tags-file-said", "children"),
        Output("tags-file", "contents"),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("tags-file", "contents"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def add_file(contents: str | None) -> object:
        if contents is None:  # emptied below, so that the same file can be chosen once more
            return no_update
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, PATH), None, no_update, True
        try:
            added, failed = _add_lines(parts, tagging, uploaded(contents))
        except (TagError, PictureError) as error:
            return str(error), None, no_update, True
        troubles.end("tags-change")
        return tag_form.file_said(added, failed), None, f"file {parts.clock().timestamp()}", True


def _add_lines(parts: PageParts, tagging: Tagging, content: bytes) -> tuple[int, list[tuple[int, str]]]:
    """Add the tags of a file; tells how many there were, and what failed."""
    added: dict[str, int] = {}
    failed = []
    for line in tag_lines(content):
        if isinstance(line, tuple):
            failed.append(line)
            continue
        try:
            record = tagging.identify(line.identity_kind, line.identity)
            if line.card.name in added:  # a name that stands in several lines is one tag with several identities
                tagging.tags.add_identity(added[line.card.name], record)
            else:
                added[line.card.name] = tagging.tags.add(line.card, [record], parts.clock())
        except TagError as error:
            failed.append((line.line, str(error)))
    return len(added), failed


def _register_look(app: Dash) -> None:
    @app.callback(
        Output("near-again", "disabled"),
        Output("near-look", "aria-pressed"),
        Output("near-look", "children"),
        Input("near-look", "n_clicks"),
        Input("address", "pathname"),
        State("near-again", "disabled"),
    )
    async def look(_clicks: int | None, _path: str, is_off: bool) -> tuple[bool, str, str]:
        is_looking = ctx.triggered_id == "near-look" and is_off  # who goes elsewhere looks no more
        return not is_looking, str(is_looking).lower(), "Stop looking" if is_looking else "Look for what is near"


def _register_near(app: Dash, parts: PageParts, near: Near, troubles: Troubles) -> None:
    @app.callback(
        Output("near-rows", "children"),
        Output("trouble-tags", "hidden", allow_duplicate=True),
        Input("near-again", "n_intervals"),
        Input("near-again", "disabled"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags"),
    )
    @off_the_loop
    def list_near(_times: int, is_off: bool) -> object:
        if is_off:
            return [], True
        if not parts.may_change():  # it shows strangers' devices
            return html.Li(login_needed("What is near is for the admin.", PATH)), True
        return tag_form.near_rows(near.nearby()), True


def _register_near_chosen(app: Dash, parts: PageParts, tagging: Tagging, near: Near, troubles: Troubles) -> None:
    @app.callback(
        Output("near-said", "children"),
        Output("tag-new-name", "value", allow_duplicate=True),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("near-chosen", "data"),
        State("tag-new-name", "value"),
        State("tag-new-kind", "value"),
        State("tag-new-icon", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def register_near(chosen: dict[str, Any], name: str | None, kind: str | None, icon: str) -> object:
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, PATH), no_update, no_update, True
        try:
            record = near.identify(str(chosen["token"]), IdentityKind(chosen["kind"]))
            free = (name or "").strip() or _free_name(
                str(chosen["says"]), {row.card.name for row in tagging.tags.rows()}
            )
            tag_id = tagging.tags.add(asked_card(free, kind, icon, ""), [record], parts.clock())
        except TagError as error:
            return str(error), no_update, no_update, True
        troubles.end("tags-change")
        return _added(tag_id, free), "", f"near {tag_id}", True


def _free_name(says: str, taken: set[str]) -> str:
    """A name for what calls itself so, that no other tag has."""
    name = plain_words(says, _LONGEST_NAME - len("… 9999")).strip() or "New tag"
    numbers = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbers if one not in taken)
