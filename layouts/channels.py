"""The channels: whom alerts are told to. Their addresses are never shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from dash import dcc, html
from dash.development.base_component import Component

from layouts.buttons import delete_button, row_button
from layouts.fields import text_field
from layouts.formats import LONGEST_LINE, counted, plain_words, short_moment_text
from presence.alerts import ChannelRow

# As apprise writes addresses (its wiki has a page for each of some hundred services).
_EXAMPLES = (
    ("ntfy", "ntfys://ntfy.sh/a-topic-nobody-guesses"),
    ("E-mail", "mailtos://user:password@mail.example.org?to=me@example.org"),
    ("Webhook", "jsons://example.org/path"),
    ("Telegram", "tgram://bot-token/chat-id"),
)
_LONGEST_NAME = 64
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class ChannelFormLooks:
    """How the form looks: for a new channel, or for one that is changed.

    Attributes:
        title: What stands above it.
        name: What stands in the field of the name.
        hint: What the address is for.
        save: What stands on the button.
        is_new: Whether it is for a new channel.
    """

    title: str
    name: str
    hint: str
    save: str
    is_new: bool


NEW_CHANNEL = ChannelFormLooks(
    "Add a channel", "", "Kept sealed, and never shown again.", "Add the channel", is_new=True
)
"""How the form looks for a new channel."""


def channels_panel() -> Component:
    """The list without its channels, and the form for a new one."""
    return html.Section(
        [
            html.H2("Channels"),
            html.P("Who is told of alerts. A rule names the channels that it tells.", className="note"),
            html.Ul(id="channel-rows", className="near-rows"),
            html.P(id="channels-said", role="status"),
            html.H3(NEW_CHANNEL.title, id="channel-title"),
            text_field("channel-name", "Name", "Who reads it, such as Anna's phone.", _LONGEST_NAME),
            text_field("channel-url", "Address", NEW_CHANNEL.hint, _LONGEST_URL),
            html.P(id="channel-mistake", className="mistake", role="alert"),
            html.Details(
                [
                    html.Summary("Examples of addresses"),
                    html.Dl(
                        [html.Div([html.Dt(name), html.Dd(html.Code(address))]) for name, address in _EXAMPLES],
                        className="facts examples",
                    ),
                ]
            ),
            html.Div(
                [
                    html.Button(NEW_CHANNEL.save, id="channel-save", className="button button-primary"),
                    html.Button("Cancel", id="channel-cancel", className="button", hidden=True),
                ],
                className="form-buttons",
            ),
            dcc.Store(id="channel-edited"),
            dcc.Store(id="channel-saved"),
            dcc.Store(id="channel-to-edit"),
            dcc.Store(id="channel-to-test"),
            dcc.Store(id="channel-to-switch"),
        ],
        className="panel",
    )


def form_of(row: ChannelRow) -> ChannelFormLooks:
    """How the form looks to change a channel; its address is not in it."""
    return ChannelFormLooks(
        f"Change “{plain_words(row.name)}”",
        row.name,
        "Empty leaves it as it is. It is kept sealed, and never shown again.",
        "Save the channel",
        is_new=False,
    )


def channel_rows(rows: Sequence[ChannelRow], now_at: datetime, zone: tzinfo) -> list[Component]:
    """Each channel, with what is the matter with it; a line when there is none."""
    if not rows:
        return [html.Li("There is no channel yet. Alerts show on this page alone.", className="note")]
    return [_row(row, now_at, zone) for row in rows]


def _row(row: ChannelRow, now_at: datetime, zone: tzinfo) -> Component:
    name = plain_words(row.name)
    number = {"number": row.channel_id}
    return html.Li(
        [
            html.Span(
                [
                    html.Bdi(name),
                    html.Span(_state(row, now_at, zone), className="note tag-kind"),
                    html.Span(plain_words(row.problem, LONGEST_LINE), className="mistake tag-kind")
                    if row.problem
                    else None,
                ]
            ),
            html.Span(
                [
                    row_button("Edit", "channel-to-edit", number, label=f"Edit {name}"),
                    row_button("Test", "channel-to-test", number, label=f"Test {name}") if row.is_on else None,
                    row_button(
                        "Switch off" if row.is_on else "Switch on",
                        "channel-to-switch",
                        {**number, "on": not row.is_on},
                        label=f"Switch {name} {'off' if row.is_on else 'on'}",
                    ),
                    delete_button("channel", row.channel_id, name),
                ],
                className="row-buttons",
            ),
        ],
        key=str(row.channel_id),
    )


def _state(row: ChannelRow, now_at: datetime, zone: tzinfo) -> str:
    parts = [plain_words(row.service)]
    if not row.is_on:
        parts.append("switched off")
    if row.waiting_count:
        parts.append(f"{counted(row.waiting_count, 'notification')} waiting")
    if row.last_sent_at is not None:
        parts.append(f"last told {short_moment_text(row.last_sent_at, now_at, zone)}")
    else:
        parts.append("nothing was told yet")
    return " · ".join(parts)
