"""The view of one tag: where it is, a day of it, what it told, by what it is known, and what its owner says of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.buttons import LARGEST_NUMBER, delete_button, row_button
from layouts.formats import DASH, plain_words
from layouts.overview import CHART_CONFIG
from layouts.tag_form import IDENTITY_NAMES, card_fields, identity_fields
from layouts.tag_words import confidence_words, key_fits, measures_text, moment_or_dash, mood, state_word, where_words
from layouts.tags import tag_face
from presence.tags import TagRow, TagStay

_PATH = re.compile(r"/tags/([1-9][0-9]{0,9})")
_LONGEST_NOTE = 500
_KEY_DOES_NOT_FIT = (
    "Its key does not fit: what it sends is encrypted, and was not opened. Enter its address below once more, with the "
    "right key behind it."
)


def tag_of_path(path: object) -> int | None:
    """The number of the tag whose view a path is; None when it is the path of something else."""
    found = _PATH.fullmatch(str(path))
    number = int(found[1]) if found else LARGEST_NUMBER + 1
    return number if number <= LARGEST_NUMBER else None


def one_tag_view() -> Component:
    """The view without its tag."""
    return html.Div(
        [
            html.P(dcc.Link("All tags", href="/tags"), className="panel-wide"),
            html.Section(id="tag-head", className="panel panel-wide tag-head"),
            html.Div(
                [_day_panel(), _figures_panel(), _identities_panel(), _edit_panel()],
                id="tag-open",
                className="manage tag-parts panel-wide",
                hidden=True,
            ),
            dcc.Store(id="tag-day"),
            dcc.Store(id="identity-to-remove"),
        ],
        className="manage",
    )


def tag_head(row: TagRow, now_at: datetime, zone: tzinfo, version: str) -> list[Component]:
    """What is known of a tag now.

    Args:
        row: The tag.
        now_at: Now.
        zone: In which times are shown.
        version: Another one after each change, for its picture.
    """
    place = row.place
    facts = {
        "Where": where_words(place),
        "How sure": confidence_words(place) or DASH,
        "Since": moment_or_dash(place.since_at, now_at, zone),
        "Last heard": moment_or_dash(place.last_heard_at, now_at, zone),
        "Figures": measures_text(row.measures),
        "Told": moment_or_dash(row.measured_at, now_at, zone),
    }
    return [
        html.Header(
            [
                tag_face(row, version),
                html.Div(
                    [
                        html.H2(html.Bdi(plain_words(row.card.name))),
                        html.Bdi(plain_words(row.card.kind), className="note"),
                    ]
                ),
                html.Span(state_word(place), className=f"pill pill-{mood(place)}"),
            ],
            className="tag-title",
        ),
        html.Dl(
            [html.Div([html.Dt(title), html.Dd(html.Bdi(words))]) for title, words in facts.items()], className="facts"
        ),
        html.P("" if key_fits(row.measures) else _KEY_DOES_NOT_FIT, className="mistake"),
        html.P(html.Bdi(plain_words(row.card.note, _LONGEST_NOTE)), className="tag-note")
        if row.card.note
        else html.P(),
        html.Div(delete_button("tag", row.tag_id, plain_words(row.card.name)), className="form-buttons"),
    ]


def no_such_tag(words: str) -> list[Component]:
    """What stands in the place of a tag that is not there."""
    return [html.H2("There is no such tag"), html.P(words)]


def _day_panel() -> Component:
    keys = [html.Li(words, className=f"key-{words.lower()}") for words in ("Near", "Medium", "Far")]
    return html.Section(
        [
            html.Header(
                [
                    html.H2(["Where it was", html.Span(id="tag-day-words", className="note day-words", role="status")]),
                    html.Div(
                        [
                            html.Button("Day before", id="day-before", className="button button-small"),
                            html.Button("Day after", id="day-after", className="button button-small", disabled=True),
                        ],
                        className="form-buttons",
                    ),
                ],
                className="section-head",
            ),
            html.Ul(keys, className="legend"),
            html.Div(
                dcc.Graph(id="tag-timeline", config=CHART_CONFIG),
                className="chart chart-small",
                role="img",
                **aria(label="A day of this tag: at which sensor it was, and when"),
            ),
            html.P(id="tag-day-note", className="note"),
            html.Details([html.Summary("The stays as a list"), html.Ul(id="tag-stays", className="stays")]),
        ],
        className="panel panel-wide",
    )


def stay_lines(stays: Sequence[TagStay], now_at: datetime, zone: tzinfo) -> list[Component]:
    """Each stay in a line, the newest first."""
    return [html.Li(_stay_line(stay, now_at, zone)) for stay in stays]


def _stay_line(stay: TagStay, now_at: datetime, zone: tzinfo) -> list[str | Component]:
    ended = "now" if stay.to_at is None else moment_or_dash(stay.to_at, now_at, zone)
    in_zone = f", {stay.zone.value}" if stay.zone else ""
    return [f"{moment_or_dash(stay.from_at, now_at, zone)} to {ended}: ", html.Bdi(plain_words(stay.sensor)), in_zone]


def _figures_panel() -> Component:
    return html.Section(
        [
            html.H2("What it told that day"),
            dcc.RadioItems(id="tag-figure", inline=True, className="ticks", labelClassName="choice-words"),
            html.Div(
                dcc.Graph(id="tag-figures", config=CHART_CONFIG),
                className="chart chart-small",
                role="img",
                **aria(label="A figure of this tag over the day"),
            ),
        ],
        id="tag-figures-panel",
        className="panel panel-wide",
        hidden=True,
    )


def _identities_panel() -> Component:
    return html.Section(
        [
            html.H2("Known by"),
            html.Ul(id="tag-identities", className="near-rows"),
            html.P(id="tag-identities-said", role="status"),
            html.H3("Add an identity"),
            *identity_fields("tag-more"),
            html.Div(html.Button("Add the identity", id="identity-add", className="button"), className="form-buttons"),
        ],
        className="panel",
    )


def identity_rows(row: TagRow) -> list[Component]:
    """By what a tag is known; the last identity stays."""
    return [
        html.Li(
            [
                html.Span(
                    [IDENTITY_NAMES[record.kind], html.Bdi(plain_words(record.label, 120), className="note tag-kind")]
                ),
                row_button(
                    "Remove", "identity-to-remove", {"number": number}, label=f"Remove {plain_words(record.label, 120)}"
                )
                if len(row.identities) > 1
                else None,
            ],
            key=str(number),
        )
        for number, record in row.identities
    ]


def _edit_panel() -> Component:
    return html.Section(
        [
            html.H2("Change it"),
            *card_fields("tag-edit"),
            html.Div(html.Button("Save", id="tag-save", className="button button-primary"), className="form-buttons"),
            html.P(id="tag-saved", role="status"),
            html.H3("Picture"),
            html.P("PNG, JPEG or WebP, 200 kB at most. Without one, its icon stands for it.", className="note"),
            html.Div(
                [
                    dcc.Upload(
                        html.Button("Choose a picture", className="button"),
                        id="tag-picture",
                        accept="image/png,image/jpeg,image/webp",
                    ),
                    html.Button("Take the picture away", id="tag-picture-away", className="button"),
                ],
                className="form-buttons",
            ),
            html.P(id="tag-picture-said", role="status"),
        ],
        className="panel",
    )
