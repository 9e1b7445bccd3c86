"""What is not as it should be with the box itself, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from layouts.formats import short_moment_text
from presence.notices import Notice


def box_notices(notices: Sequence[Notice], now_at: datetime, time_zone: ZoneInfo) -> list[Component]:
    """Each notice, with since when."""
    return [_notice(notice, now_at, time_zone) for notice in notices]


def _notice(notice: Notice, now_at: datetime, time_zone: ZoneInfo) -> Component:
    # What is to be typed stands between backticks.
    words = [html.Code(part) if index % 2 else part for index, part in enumerate(notice.says.split("`"))]
    since = [] if notice.since_at is None else [f" Since {short_moment_text(notice.since_at, now_at, time_zone)}."]
    return html.Div([*words, *since], className="notice notice-warning", role="status")
