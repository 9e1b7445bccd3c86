"""What happens in the view of one tag: a day of it, and changes of what its owner says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from layouts import one_tag, tag_charts
from layouts.buttons import asked_number
from layouts.callbacks_tags import FOR_THE_ADMIN, asked_card
from layouts.manage import login_needed
from layouts.needs import PageParts
from layouts.needs_tags import Tagging
from layouts.off_the_loop import off_the_loop
from layouts.one_tag import tag_of_path
from layouts.palette import palette_for
from layouts.tag_pictures import PictureError, uploaded_picture
from layouts.tag_words import MEASURE_NAMES
from layouts.troubles import Troubles
from presence.tags import IdentityKind, MeasureKind, NoSuchTagError, TagError

_NOT_KNOWN = "Where tags are is for those who are logged in."


def register_one_tag(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    """Join the view of one tag to its parts."""
    _register_head(app, parts, tagging, troubles)
    _register_day_choice(app, parts)
    _register_day(app, parts, tagging, troubles)
    _register_figures(app, parts, tagging, troubles)
    _register_form(app, parts, tagging, troubles)
    _register_save(app, parts, tagging, troubles)
    _register_identity_added(app, parts, tagging, troubles)
    _register_identity_removed(app, parts, tagging, troubles)
    _register_picture(app, parts, tagging, troubles)


def _register_head(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-head", "children"),
        Output("tag-identities", "children"),
        Output("tag-open", "hidden"),
        Output("trouble-tags", "hidden", allow_duplicate=True),
        Input("address", "pathname"),
        Input("scans-finished", "data"),
        Input("tags-told", "data"),
        Input("tags-changed", "data"),
        prevent_initial_call="initial_duplicate",
        on_error=troubles.begin("tags"),
    )
    @off_the_loop
    def show_tag(path: str, _scans: int, _told: object, _changed: object) -> object:
        tag_id = tag_of_path(path)
        if tag_id is None:
            return no_update
        if not parts.managing.may_see_devices():
            return login_needed(_NOT_KNOWN, path), [], True, True
        try:
            row = tagging.tags.one(tag_id)
        except NoSuchTagError as error:
            return one_tag.no_such_tag(str(error)), [], True, True
        troubles.end("tags")
        version = tagging.tags.register_version()
        head = one_tag.tag_head(row, parts.clock(), parts.settings.time_zone, version)
        return head, one_tag.identity_rows(row), False, True


def _register_day_choice(app: Dash, parts: PageParts) -> None:
    @app.callback(
        Output("tag-day", "data"),
        Input("day-before", "n_clicks"),
        Input("day-after", "n_clicks"),
        Input("address", "pathname"),
        State("tag-day", "data"),
        prevent_initial_call=True,
    )
    async def choose_day(_before: int | None, _after: int | None, _path: str, held: object) -> str | None:
        steps = {"day-before": -1, "day-after": 1}
        if ctx.triggered_id not in steps:
            return None  # another tag begins with today
        return (_asked_day(parts, held) + timedelta(days=steps[ctx.triggered_id])).isoformat()


def _asked_day(parts: PageParts, held: object) -> date:
    """The day that is looked at: today, or a day before that the browser holds."""
    today = parts.clock().astimezone(parts.settings.time_zone).date()
    earliest = today - timedelta(days=3650)
    return today if not held else max(earliest, min(today, date.fromisoformat(str(held))))


def _shown_day(parts: PageParts, held: object) -> tag_charts.Day:
    return tag_charts.day_of(_asked_day(parts, held), parts.clock(), parts.settings.time_zone)


def _register_day(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-timeline", "figure"),
        Output("tag-day-words", "children"),
        Output("tag-day-note", "children"),
        Output("tag-stays", "children"),
        Output("day-after", "disabled"),
        Input("address", "pathname"),
        Input("tag-day", "data"),
        Input("scans-finished", "data"),
        Input("tags-told", "data"),
        Input("theme", "data"),
        on_error=troubles.begin("tags"),
    )
    @off_the_loop
    def show_day(path: str, held: object, _scans: int, _told: object, theme: str | None) -> object:
        tag_id = tag_of_path(path)
        if tag_id is None or not parts.managing.may_see_devices():
            return no_update
        day = _shown_day(parts, held)
        stays = tagging.log.stays(tag_id, day.from_at, day.to_at)
        local = day.from_at.astimezone(day.zone)
        note = "Blank: it was away, or nobody listened." if stays else "Nothing is known of it on this day."
        return (
            tag_charts.timeline(stays, day, palette_for(theme)),
            f"{local:%A} {local.day} {local:%B}",
            note,
            one_tag.stay_lines(stays, day.now_at, day.zone),
            day.to_at > day.now_at,
        )


def _register_figures(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-figures", "figure"),
        Output("tag-figure", "options"),
        Output("tag-figure", "value"),
        Output("tag-figures-panel", "hidden"),
        Input("address", "pathname"),
        Input("tag-day", "data"),
        Input("tag-figure", "value"),
        Input("scans-finished", "data"),
        Input("theme", "data"),
        on_error=troubles.begin("tags"),
    )
    @off_the_loop
    def show_figures(path: str, held: object, asked: object, _scans: int, theme: str | None) -> object:
        tag_id = tag_of_path(path)
        if tag_id is None or not parts.managing.may_see_devices():
            return no_update
        try:
            told_kinds = [measure.kind for measure in tagging.tags.one(tag_id).measures]
            kinds = [kind for kind in told_kinds if kind is not MeasureKind.KEY_FITS]
        except NoSuchTagError:
            kinds = []
        if not kinds:
            return no_update, [], None, True
        kind = MeasureKind(str(asked)) if asked in kinds else kinds[0]
        day = _shown_day(parts, held)
        told = tagging.log.measures(tag_id, kind, day.from_at, day.to_at)
        choices = [{"label": MEASURE_NAMES[one][0] + MEASURE_NAMES[one][1], "value": one.value} for one in kinds]
        return tag_charts.figures_chart(kind, told, day, palette_for(theme)), choices, kind.value, False


def _register_form(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-edit-name", "value"),
        Output("tag-edit-kind", "value"),
        Output("tag-edit-icon", "value"),
        Output("tag-edit-note", "value"),
        Output("tag-saved", "children"),
        Output("tag-picture-said", "children"),
        Output("tag-identities-said", "children"),
        Input("address", "pathname"),
        on_error=troubles.begin("tags"),
    )
    @off_the_loop
    def fill_form(path: str) -> object:
        tag_id = tag_of_path(path)
        if tag_id is None or not parts.managing.may_see_devices():
            return no_update
        try:
            card = tagging.tags.one(tag_id).card
        except NoSuchTagError:
            return no_update
        return card.name, card.kind, card.icon.value, card.note, None, None, None


def _register_save(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-edit-name-mistake", "children"),
        Output("tag-saved", "children", allow_duplicate=True),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("tag-save", "n_clicks"),
        State("address", "pathname"),
        State("tag-edit-name", "value"),
        State("tag-edit-kind", "value"),
        State("tag-edit-icon", "value"),
        State("tag-edit-note", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def save_tag(clicks: int, path: str, *typed: Any) -> object:  # noqa: ANN401 - it is JSON from a stranger
        if not parts.may_change():
            return None, login_needed(FOR_THE_ADMIN, path), no_update, True
        try:
            tagging.tags.change(tag_of_path(path) or 0, asked_card(*typed))
        except TagError as error:
            return str(error), None, no_update, True
        troubles.end("tags-change")
        return None, "Saved.", f"saved {clicks}", True


def _register_identity_added(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-more-identity-mistake", "children"),
        Output("tag-identities-said", "children", allow_duplicate=True),
        Output("tag-more-identity", "value"),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("identity-add", "n_clicks"),
        State("address", "pathname"),
        State("tag-more-identity-kind", "value"),
        State("tag-more-identity", "value"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def add_identity(clicks: int, path: str, kind: str, identity: str | None) -> object:
        if not parts.may_change():
            return None, login_needed(FOR_THE_ADMIN, path), no_update, no_update, True
        try:
            tagging.tags.add_identity(tag_of_path(path) or 0, tagging.identify(IdentityKind(kind), identity or ""))
        except TagError as error:
            return str(error), None, no_update, no_update, True
        troubles.end("tags-change")
        return None, "Added.", "", f"identity {clicks}", True


def _register_identity_removed(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-identities-said", "children", allow_duplicate=True),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("identity-to-remove", "data"),
        State("address", "pathname"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def remove_identity(asked: object, path: str) -> object:
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, path), no_update, True
        try:
            tagging.tags.remove_identity(tag_of_path(path) or 0, asked_number(asked))
        except TagError as error:
            return str(error), no_update, True
        troubles.end("tags-change")
        return "Removed.", f"removed {asked_number(asked)}", True


def _register_picture(app: Dash, parts: PageParts, tagging: Tagging, troubles: Troubles) -> None:
    @app.callback(
        Output("tag-picture-said", "children", allow_duplicate=True),
        Output("tag-picture", "contents"),
        Output("tags-changed", "data", allow_duplicate=True),
        Output("trouble-tags-change", "hidden", allow_duplicate=True),
        Input("tag-picture", "contents"),
        Input("tag-picture-away", "n_clicks"),
        State("address", "pathname"),
        prevent_initial_call=True,
        on_error=troubles.begin("tags-change"),
    )
    @off_the_loop
    def change_picture(contents: str | None, clicks: int | None, path: str) -> object:
        is_away = ctx.triggered_id == "tag-picture-away"
        if contents is None and not is_away:  # emptied below, so that the same file can be chosen once more
            return no_update
        if not parts.may_change():
            return login_needed(FOR_THE_ADMIN, path), None, no_update, True
        try:
            picture = (None, None) if is_away else uploaded_picture(contents)
            tagging.tags.set_picture(tag_of_path(path) or 0, *picture)
        except (TagError, PictureError) as error:
            return str(error), None, no_update, True
        troubles.end("tags-change")
        said = "Its icon stands for it now." if is_away else "This is its picture now."
        return said, None, f"picture {clicks} {parts.clock().timestamp()}", True
