"""Adding tags: a form, what is held near, and a file."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.buttons import row_button
from layouts.fields import chosen_field, text_area, text_field
from layouts.formats import LONGEST_LINE, counted, dbm_text, plain_words
from presence.tag_lines import COLUMNS
from presence.tags import IdentityKind, Nearby, TagIcon

LOOK_EVERY_MS = 2000
"""How often what is near is asked for while somebody looks."""

_LONGEST_NAME = 64
_LONGEST_KIND = 40
_LONGEST_NOTE = 500
_LONGEST_IDENTITY = 300

IDENTITY_NAMES = {
    IdentityKind.ADDRESS: "Bluetooth address",
    IdentityKind.IBEACON: "iBeacon",
    IdentityKind.ALTBEACON: "AltBeacon",
    IdentityKind.EDDYSTONE_UID: "Eddystone UID",
    IdentityKind.EDDYSTONE_EID: "Eddystone EID (by its key)",
    IdentityKind.NAME: "Name that it sends",
    IdentityKind.SERVICE_DATA: "Service data that begin with",
    IdentityKind.MANUFACTURER_DATA: "Manufacturer data that begin with",
    IdentityKind.IRK: "Key of a phone or watch (IRK)",
}
"""What each kind of identity is called."""

IDENTITY_HINTS = {
    IdentityKind.ADDRESS: "Printed on it or shown by its app, for example C4:7C:8D:6A:12:34. It must not change. If "
    "what it tells is encrypted, its key follows after a comma.",
    IdentityKind.IBEACON: "UUID, major and minor, for example f7826da6-4fa2-4e98-8024-bc5b71e0893e, 1, 2",
    IdentityKind.ALTBEACON: "40 hexadecimal digits, for example 2f234454cf6d4a0fadf2f4911ba9ffa600010002",
    IdentityKind.EDDYSTONE_UID: "Namespace and instance, for example 8b0ca750095477cb3e77 000000000001",
    IdentityKind.EDDYSTONE_EID: "Identity key and rotation exponent, for example 0102030405060708090a0b0c0d0e0f10, 10",
    IdentityKind.NAME: "As a whole, for example Tile 7. No other thing should have the same name.",
    IdentityKind.SERVICE_DATA: "The service, a colon, and how its data begin, for example fcd2: 4400",
    IdentityKind.MANUFACTURER_DATA: "The company identifier, a colon, and how its data begin, for example 0x0499: 05",
    IdentityKind.IRK: "32 hexadecimal digits, for example ec0234a357c8ad05341010a60a397d9b. Ask whose phone it is.",
}
"""What each kind of identity looks like."""


def add_panel(*, has_near: bool) -> Component:
    """The form and the file, and what is held near where this machine can hear it."""
    return html.Div(
        [_form_panel(), html.Div([_near_panel(has_near=has_near), _file_panel()], className="manage-side")],
        id="tags-add",
        className="panel-wide tag-adding",
        hidden=True,
    )


def card_fields(prefix: str) -> list[Component]:
    """The fields of what an owner says of a tag; the first asks for its name.

    Args:
        prefix: What their ids begin with.
    """
    return [
        text_field(f"{prefix}-name", "Name", "", _LONGEST_NAME),
        html.P(id=f"{prefix}-name-mistake", className="mistake", role="alert"),
        text_field(
            f"{prefix}-kind", "Kind", "What sort of thing it is, in your own words; may stay empty.", _LONGEST_KIND
        ),
        chosen_field(
            f"{prefix}-icon", "Icon", {icon.value: icon.value.capitalize() for icon in TagIcon}, TagIcon.TAG.value
        ),
        text_area(f"{prefix}-note", "Note", "", _LONGEST_NOTE),
    ]


def identity_fields(prefix: str) -> list[Component]:
    """The fields of what a tag is known by, with an example of each kind.

    Args:
        prefix: What their ids begin with.
    """
    names = {kind.value: words for kind, words in IDENTITY_NAMES.items()}
    return [
        chosen_field(f"{prefix}-identity-kind", "Known by", names, IdentityKind.ADDRESS.value),
        text_field(f"{prefix}-identity", "Identity", " ", _LONGEST_IDENTITY),
        html.P(id=f"{prefix}-identity-mistake", className="mistake", role="alert"),
    ]


def _form_panel() -> Component:
    return html.Section(
        [
            html.H2("Add a tag"),
            html.P("Only a keyed hash of its identity is kept.", className="note"),
            *card_fields("tag-new"),
            *identity_fields("tag-new"),
            html.Div(
                html.Button("Add the tag", id="tag-add", className="button button-primary"), className="form-buttons"
            ),
            html.P(id="tag-added", role="status"),
        ],
        className="panel",
    )


def _near_panel(*, has_near: bool) -> Component:
    heading = html.H2("Hold it near the Pi")
    if not has_near:
        words = (
            "This machine hears no Bluetooth itself. Add tags by what they are known by; its sensors will hear them."
        )
        return html.Section([heading, html.P(words, className="note")], className="panel")
    return html.Section(
        [
            heading,
            html.P(
                "Hold the thing within half a metre of the Pi. It is registered by one click, under the name in the "
                "form or under what it calls itself.",
                className="note",
            ),
            html.Div(
                html.Button("Look for what is near", id="near-look", className="button", **aria(pressed="false")),
                className="form-buttons",
            ),
            html.P(id="near-said", role="status"),
            html.Ul(id="near-rows", className="near-rows"),
            dcc.Interval(id="near-again", interval=LOOK_EVERY_MS, disabled=True),
            dcc.Store(id="near-chosen"),
        ],
        className="panel",
    )


def near_rows(found: Sequence[Nearby]) -> list[Component]:
    """What is near, the strongest first, each with a button; a line that says what to do when there is nothing."""
    if not found:
        return [html.Li("Nothing is near yet. Hold it closer, wake it up, and wait some seconds.", className="note")]
    return [_near_row(one) for one in found]


def _near_row(one: Nearby) -> Component:
    kind = one.kinds[0]
    says = plain_words(one.says, LONGEST_LINE)
    chosen = {"token": one.token, "kind": kind.value, "says": one.says}
    return html.Li(
        [
            html.Span(
                [
                    html.Bdi(says),
                    html.Span(f"{dbm_text(one.rssi_dbm)} dBm · {IDENTITY_NAMES[kind]}", className="note tag-kind"),
                ]
            ),
            row_button("Register", "near-chosen", chosen, label=f"Register {says}"),
        ],
        key=one.token,
    )


def _file_panel() -> Component:
    return html.Section(
        [
            html.H2("Add many from a file"),
            html.P(
                [
                    "A CSV file with a line for each tag, and these titles in its first line: ",
                    html.Code(", ".join(COLUMNS)),
                    ". Kind, icon and note may be empty; a name in several lines is one tag with several identities.",
                ],
                className="note",
            ),
            dcc.Upload(html.Button("Choose a file", className="button"), id="tags-file", accept=".csv,text/csv"),
            html.Div(id="tags-file-said", role="status"),
        ],
        className="panel",
    )


def file_said(added: int, failed: Sequence[tuple[int, str]]) -> list[Component]:
    """What became of a file: how many tags were added, and each line that failed, with why."""
    said: list[Component] = [html.P(f"{counted(added, 'tag')} added.")]
    if failed:
        lines = [
            html.Li([html.Strong(f"Line {line}: "), html.Bdi(plain_words(why, LONGEST_LINE))]) for line, why in failed
        ]
        said += [
            html.P(f"{counted(len(failed), 'line')} failed; nothing of them was added."),
            html.Ul(lines, className="failed-lines"),
        ]
    return said
