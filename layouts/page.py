"""The page, built on the server that the rest of the programme answers on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dash import Dash

from layouts.callbacks import register_callbacks
from layouts.frame import TITLE, frame
from layouts.needs import Managing, PageCommands, PageParts, PageReader, PageSettings
from layouts.needs_people import Estimating
from layouts.needs_tags import Following
from layouts.tag_pictures import answer_pictures
from presence.notices import Notice
from presence.overview import Activity

_ASSETS = Path(__file__).parents[1] / "assets"

# The theme is chosen before anything is drawn, so that a dark page does not flash white: hence a script in the head.
_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <meta name="color-scheme" content="light dark">
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
    <script src="/assets/theme.js"></script>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>
      {%config%}
      {%scripts%}
      {%renderer%}
    </footer>
  </body>
</html>
"""


def build_page(
    server: Callable[..., Any],
    *,
    reader: PageReader,
    commands: PageCommands,
    activity: Callable[[], Activity],
    notices: Callable[[], Sequence[Notice]] = tuple,
    clock: Callable[[], datetime],
    settings: PageSettings,
    save_report: Callable[[str, datetime], None],
    may_change: Callable[[], bool],
    managing: Managing,
    estimating: Estimating,
    following: Following | None = None,
    feed_path: str | None = None,
) -> Dash:
    """Put the page on a server.

    Routes that the server answers itself must be there before it starts: from then on every other path is the page's,
    which shows a friendly "no page here" for those it does not know.

    Args:
        server: The FastAPI application.
        reader: Reads what is remembered.
        commands: Resets the time spent, notes a save.
        activity: Tells what the box does right now; must be quick.
        notices: Tells what is not as it should be with the box itself; must be quick.
        clock: Tells the time, aware.
        settings: What the page goes by.
        save_report: Keeps a report's text on the box, under the time it was made; raises OSError when it cannot.
        may_change: Whether who asks just now may change what is remembered.
        managing: What the view of settings is joined to.
        estimating: What the views of people are joined to.
        following: What the views of tags and alerts are joined to; None on a machine that has none of both.
        feed_path: Where the server tells of new scans by WebSocket; None where it does not, and pages ask instead.
    """
    app = _dash_on(server)
    parts = PageParts(
        reader, commands, activity, notices, clock, settings, save_report, may_change, managing, estimating, following
    )
    app.layout = lambda: frame(settings, activity(), following)
    _answer_activity(app, activity, clock, feed_path)
    if following is not None:
        answer_pictures(app, following.tagging, managing)
    register_callbacks(app, parts)
    # Dash finds its assets at the first request of "/" alone: a first visit to another path would get a page without.
    app._setup_server()  # type: ignore[no-untyped-call]  # noqa: SLF001 - there is no public way
    return app


def _dash_on(server: Callable[..., Any]) -> Dash:
    """Dash on a server, still empty."""
    app = Dash(
        __name__,
        # The server is joined below: Dash asks one that it is given here whether it is of Flask, and imports Flask to
        # ask, 4 MB.
        server=False,
        backend="fastapi",
        assets_folder=str(_ASSETS),
        assets_ignore=r"^theme\.js$",
        use_pages=False,
        suppress_callback_exceptions=True,
        title=TITLE,
        update_title=None,  # type: ignore[arg-type]  # None is what Dash documents
        index_string=_DOCUMENT,
        compress=True,
        serve_locally=True,
        add_log_handler=False,
        enable_mcp=False,
    )
    app.init_app(server)
    # Nothing here uses Dash's WebSocket; without this every page would open one all the same.
    app.backend.websocket_capability = False
    return app


def _answer_activity(
    app: Dash, activity: Callable[[], Activity], clock: Callable[[], datetime], feed_path: str | None
) -> None:
    """What an open page asks now and then, or every other second without the feed; no database is read for it."""

    async def answer() -> dict[str, int | float | str | None]:
        now = activity()
        return {
            "phase": now.phase.value,
            "scan_count": now.scan_count,
            "next_scan_seconds": None if now.next_scan_in is None else now.next_scan_in.total_seconds(),
            "now_seconds": clock().timestamp(),
            "feed_path": feed_path,
        }

    app.backend.add_url_rule("/_activity", answer, methods=["GET"])
