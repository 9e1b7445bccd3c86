"""Examines what the page needs of this machine."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request

from links.server import ServerError, lan_address, open_port
from presence.findings import Finding

# The programme answers within milliseconds, on a busy Pi within a second.
_ANSWER_SECONDS = 5.0


def examine_server(host: str, port: int) -> tuple[Finding, ...]:
    """Whether the page can be served, or is being served already."""
    try:
        with contextlib.closing(open_port(host, port)):
            return (Finding("Page", f"port {port} is free; the page will be at http://{lan_address()}:{port}"),)
    except ServerError as error:
        if _is_this_programme(port):
            return (Finding("Page", f"is being served at http://{lan_address()}:{port}"),)
        return (Finding("Page", f"cannot be served on port {port}", str(error)),)


def _is_this_programme(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=_ANSWER_SECONDS) as answer:
            return "radios" in json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code == 503  # running, and not hearing
    except (OSError, ValueError):
        return False
