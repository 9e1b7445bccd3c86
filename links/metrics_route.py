"""The route for Prometheus. What it is made with takes 2 MB, and is imported when somebody first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from fastapi import APIRouter
from fastapi.responses import Response

from links.health import PartHealths
from presence.overview import Overview
from presence.sensors import SensorRow
from presence.today import Today


@dataclass(frozen=True, slots=True)
class Measured:
    """What the metrics are read from; each of the readers may raise DatabaseError.

    Attributes:
        overview: Reads the place now.
        today: Reads the local day so far.
        sensors: Reads the sensors of the site; None where there are none to know of.
        parts: Tell how the parts of the programme are, with their figures.
        connection_count: How many listen to the live feed.
    """

    overview: Callable[[], Overview]
    today: Callable[[], Today]
    sensors: Callable[[], Sequence[SensorRow]] | None
    parts: PartHealths
    connection_count: Callable[[], int]


def metrics_router(measured: Measured) -> APIRouter:
    """The route `/metrics`, in Prometheus's text format 0.0.4."""
    router = APIRouter()

    @cache
    def exposition() -> Callable[[], tuple[bytes, str]]:
        from links.metrics import exposition_of  # noqa: PLC0415 - see above

        return exposition_of(measured)

    @router.get("/metrics", tags=["Health"], response_class=Response)
    def metrics() -> Response:
        """The programme's figures, for Prometheus."""
        figures, media_type = exposition()()
        return Response(figures, media_type=media_type)

    return router
