"""The list of tags: each with its icon or picture, where it is, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.formats import DASH, counted, plain_words
from layouts.tag_pictures import tag_picture_path
from layouts.tag_words import confidence_words, measures_text, moment_or_dash, mood, state_word, where_words
from presence.tags import TagIcon, TagRow, Whereabouts

_TITLES = ("Tag", "Where", "Since", "Figures", "Last heard")
_LOOKS = {"Tag": "tag-cell", "Where": "wide", "Figures": "wide"}
_LONGEST_SEARCH = 64

_HOW_TO_BEGIN = (
    "There is no tag yet. Hold a thing with a beacon on it near this machine and look below at what is near, or say by "
    "what it is known."
)


def tag_path(tag_id: int) -> str:
    """The path of a tag's own view."""
    return f"/tags/{tag_id}"


def tag_list() -> Component:
    """The list without rows, with a search."""
    return html.Section(
        [
            html.Header(
                [html.H2("Tags"), html.P(id="tags-summary", className="note", role="status")], className="section-head"
            ),
            html.Div(
                [
                    html.Label("Search", htmlFor="tags-search"),
                    dcc.Input(
                        id="tags-search",
                        type="search",
                        placeholder="Name, kind or place",
                        debounce=0.3,
                        maxLength=_LONGEST_SEARCH,
                        className="field",
                    ),
                ],
                id="tags-search-frame",
                className="search",
                hidden=True,
            ),
            html.P(id="tags-said", role="status"),
            html.Div(
                html.Table(
                    [
                        html.Caption("Tags", className="unseen"),
                        html.Thead(
                            html.Tr([html.Th(title, scope="col", className=_LOOKS.get(title)) for title in _TITLES])
                        ),
                        html.Tbody(id="tag-rows"),
                    ],
                    className="devices tags",
                ),
                id="tags-table",
                className="table-frame",
                hidden=True,
            ),
        ],
        className="panel panel-wide",
    )


def tag_rows(rows: Sequence[TagRow], search: str, now_at: datetime, zone: tzinfo) -> list[Component]:
    """A row for each tag that is looked for, those that are away first; one that says how to begin when there is none.

    Args:
        rows: All tags.
        search: What is typed into the search; empty for all.
        now_at: Now.
        zone: In which times are shown.
    """
    found = [row for row in rows if search.strip().lower() in _searchable(row)]
    if not found:
        words = "No tag is called so, or is there. Search for something else." if rows else _HOW_TO_BEGIN
        return [html.Tr(html.Td(words, colSpan=len(_TITLES), className="nothing"))]
    order = {Whereabouts.AWAY: 0, Whereabouts.UNKNOWN: 1, Whereabouts.PRESENT: 2}
    found.sort(key=lambda row: (order[row.place.whereabouts], row.card.name.lower()))
    return [_row(row, now_at, zone) for row in found]


def tags_summary(rows: Sequence[TagRow]) -> str:
    """How many tags there are, and what is known of them."""
    if not rows:
        return ""
    counts = {state: sum(row.place.whereabouts is state for row in rows) for state in Whereabouts}
    words = {Whereabouts.PRESENT: "here", Whereabouts.AWAY: "away", Whereabouts.UNKNOWN: "unknown"}
    parts = [f"{counts[state]} {word}" for state, word in words.items() if counts[state]]
    return f"{counted(len(rows), 'tag')}: {', '.join(parts)}."


def tag_face(row: TagRow, version: str = "") -> Component:
    """What stands for a tag: its picture, or its icon.

    Args:
        row: The tag.
        version: Set behind the picture's address, so that a browser asks anew after a change.
    """
    if row.has_picture:
        source = tag_picture_path(row.tag_id) + (f"?{version}" if version else "")
        return html.Img(src=source, alt="", className="tag-face")
    return tag_icon(row.card.icon)


def tag_icon(icon: TagIcon) -> Component:
    """An icon, whose shape is in assets/9-tags.css."""
    return html.Span(className=f"tag-face tag-icon tag-icon-{icon.value}", **aria(hidden="true"))


def _searchable(row: TagRow) -> str:
    return " ".join((row.card.name, row.card.kind, where_words(row.place), state_word(row.place))).lower()


def _row(row: TagRow, now_at: datetime, zone: tzinfo) -> Component:
    sureness = confidence_words(row.place)
    cells: tuple[list[str | Component] | str | Component, ...] = (
        [
            tag_face(row),
            html.Span(
                [
                    dcc.Link(html.Bdi(plain_words(row.card.name)), href=tag_path(row.tag_id), className="tag-name"),
                    html.Bdi(plain_words(row.card.kind), className="note tag-kind") if row.card.kind else None,
                ]
            ),
        ],
        [
            html.Span(state_word(row.place), className=f"pill pill-{mood(row.place)}"),
            " ",
            html.Bdi(where_words(row.place)),
            html.Span(sureness, className="note tag-kind") if sureness else "",
        ],
        moment_or_dash(row.place.since_at, now_at, zone),
        measures_text(row.measures) if row.measures else DASH,
        moment_or_dash(row.place.last_heard_at, now_at, zone),
    )
    return html.Tr([_cell(title, content) for title, content in zip(_TITLES, cells, strict=True)], key=str(row.tag_id))


def _cell(title: str, content: list[str | Component] | str | Component) -> Component:
    label: Any = {"data-label": title}  # for phones, where each row is a card, and shows what there is
    look = "nothing-known" if content == DASH else _LOOKS.get(title)
    return html.Td(content, className=look, **label)
