"""Health: whether the programme does its work, part by part, for whoever watches over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from db.errors import DatabaseError
from links.guard import may_look
from links.moments import iso
from presence.overview import RadioState
from presence.sensors import SensorRow, SensorState


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part of the programme: the database, the broker, the outbox, the intake.

    Attributes:
        name: What it is called, in lower case and with underscores: it becomes part of the names of metrics.
        is_fine: Whether all is well.
        is_needed: Whether the programme cannot do its work while this part is not fine.
        says: How it is, in a few words, and what to do where it is not fine; no secret and nobody's address.
        figures: Numbers about it by name; a name that ends in `_total` only ever rises. None where one is unknown.
    """

    name: str
    is_fine: bool
    is_needed: bool
    says: str
    figures: Mapping[str, float | None] = field(default_factory=dict)


class Hearing(Protocol):
    """What the radios last heard; `presence.overview.Overview` is one."""

    @property
    def last_scan_at(self) -> datetime | None:
        """Start of the latest scan; None before the first."""

    @property
    def people_now(self) -> int | None:
        """Devices of the latest scan; None when no radio was heard, or not lately."""

    @property
    def radios(self) -> tuple[RadioState, RadioState]:
        """Both radios, Wi-Fi first."""


PartHealths = Sequence[Callable[[], PartHealth]]

Status = Literal["ok", "impaired", "not heard", "failing"]
"""What is told of the whole."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What health is told from.

    Attributes:
        hearing: Reads what the radios last heard; may raise DatabaseError.
        is_listening: Whether this process has radios, so that it does not do its work while none is heard.
        sensors: Reads the sensors of the site; None where there are none to know of. May raise DatabaseError.
        parts: The other parts; each must be quick and must not raise.
    """

    hearing: Callable[[], Hearing]
    is_listening: bool
    sensors: Callable[[], Sequence[SensorRow]] | None = None
    parts: PartHealths = ()


def health_router(watched: Watched, connection_count: Callable[[], int], clock: Callable[[], datetime]) -> APIRouter:
    """The route `/health`.

    Args:
        watched: What health is told from.
        connection_count: How many listen to the live feed.
        clock: Tells the time, aware.
    """
    router = APIRouter()

    @router.get("/health", tags=["Health"], responses={503: {"description": "It cannot do its work."}})
    def health() -> JSONResponse:
        """Whether the programme does its work.

        The status is "ok"; "impaired" when it works and something wants looking at; or, with 503, "not heard" when no
        radio is heard and "failing" when a part that it cannot do without does not work. Where even looking asks for a
        login, the status is all that is told without one.
        """
        hearing, sensors, database = _read(watched)
        parts = [database, *(part() for part in watched.parts)]
        status = _status(watched, hearing, sensors, parts)
        status_code = 503 if status in {"not heard", "failing"} else 200
        if not may_look():
            return JSONResponse({"status": status}, status_code=status_code)
        return JSONResponse(
            {
                "status": status,
                "timestamp": iso(clock()),
                "last_scan_at": None if hearing is None else iso(hearing.last_scan_at),
                "radios": {} if hearing is None else {state.radio.value: _radio(state) for state in hearing.radios},
                "sensors": {state.value: sensors[state] for state in SensorState} if sensors is not None else None,
                "parts": {part.name: _part(part) for part in parts},
                "websocket_connections": connection_count(),
            },
            status_code=status_code,
        )

    return router


def sensors_by_state(sensors: Sequence[SensorRow]) -> Counter[SensorState]:
    """How many sensors there are in each state; one that is switched off is in none."""
    return Counter(sensor.state for sensor in sensors if sensor.is_active)


def _read(watched: Watched) -> tuple[Hearing | None, Counter[SensorState] | None, PartHealth]:
    """What the database says; None for what it could not say, and how it is itself."""
    try:
        hearing = watched.hearing()
        sensors = None if watched.sensors is None else sensors_by_state(watched.sensors())
    except DatabaseError:
        # Why is in the log, once; whoever asks for health need not know the database's address.
        says = "The database does not answer. The programme's log says why."
        return None, None, PartHealth("database", is_fine=False, is_needed=True, says=says)
    return hearing, sensors, PartHealth("database", is_fine=True, is_needed=True, says="It answers.")


def _status(
    watched: Watched, hearing: Hearing | None, sensors: Counter[SensorState] | None, parts: Sequence[PartHealth]
) -> Status:
    if any(part.is_needed and not part.is_fine for part in parts):
        return "failing"
    if watched.is_listening and hearing is not None and hearing.people_now is None:
        return "not heard"
    is_quiet = sensors is not None and sensors[SensorState.SILENT] > 0
    return "impaired" if is_quiet or not all(part.is_fine for part in parts) else "ok"


def _radio(state: RadioState) -> dict[str, object]:
    return {
        "device_count": state.device_count,
        "fault": None if state.fault is None else state.fault.reason.value,
        "last_heard_at": iso(state.last_heard_at),
    }


def _part(part: PartHealth) -> dict[str, object]:
    return {"is_fine": part.is_fine, "says": part.says, **part.figures}
