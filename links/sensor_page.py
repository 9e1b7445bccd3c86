"""The server of a sensor: it keeps no scans and shows no numbers, but says how it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from links.health import PartHealths, Watched, health_router
from links.server import server_with
from presence.overview import RadioState
from presence.radio import Radio
from presence.scan import Heard, Scan


class OwnHearing:
    """What the radios of this machine last heard; `links.health.Hearing` asks for nothing more."""

    def __init__(self) -> None:
        self._scan: Scan | None = None
        self._states = {radio: RadioState(radio, None, None, None, None) for radio in Radio}

    def take(self, scan: Scan) -> None:
        """Note a scan."""
        self._scan = scan
        self._states = {radio: _state(radio, scan, self._states[radio]) for radio in Radio}

    @property
    def last_scan_at(self) -> datetime | None:
        """Start of the latest scan; None before the first."""
        return None if self._scan is None else self._scan.started_at

    @property
    def people_now(self) -> int | None:
        """Devices of the latest scan; None when no radio was heard."""
        heard = [state.device_count for state in self.radios if state.device_count is not None]
        return sum(heard) if heard else None

    @property
    def radios(self) -> tuple[RadioState, RadioState]:
        """Both radios, Wi-Fi first."""
        return self._states[Radio.WIFI], self._states[Radio.BLUETOOTH]


def _state(radio: Radio, scan: Scan, before: RadioState) -> RadioState:
    hearing = scan.hearing(radio)
    if isinstance(hearing, Heard):
        return RadioState(radio, len(hearing.observations), hearing.cut_short, scan.started_at, None)
    since_at = before.fault_since_at or scan.started_at
    return RadioState(radio, None, hearing.fault, before.last_heard_at, since_at)


def sensor_server(heard: OwnHearing, name: str, hub: str, parts: PartHealths, clock: Callable[[], datetime]) -> FastAPI:
    """The server of a sensor: its health, and a page for who opens its address by mistake.

    Args:
        heard: What its radios last heard.
        name: Its name.
        hub: Where it sends to.
        parts: Tell how the other parts are.
        clock: Tells the time, aware.
    """
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        """Say what this is, what is wrong with it, and where the numbers are."""
        wrong = [told.says for part in parts if not (told := part()).is_fine]
        problems = "".join(f"<p><b>{escape(says)}</b></p>\n" for says in wrong)
        return HTMLResponse(_PAGE.format(name=escape(name), hub=escape(hub), problems=problems))

    return server_with(health_router(Watched(lambda: heard, is_listening=True, parts=parts), lambda: 0, clock), router)


_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sensor {name}</title>
<h1>Sensor {name}</h1>
<p>This machine listens, and sends what it hears to <b>{hub}</b>. The numbers are on the page of the hub.</p>
{problems}<p><a href="/health">How it is</a></p>
</html>
"""
