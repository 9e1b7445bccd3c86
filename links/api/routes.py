"""All routes of the API for programs, below /api/v1."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute

from links.api.alerts import alerts_router
from links.api.channels import channels_router
from links.api.detections import detections_router
from links.api.devices import devices_router
from links.api.export import export_router
from links.api.fixtures import fixtures_router
from links.api.floor_plans import floor_plans_router
from links.api.freshness import NOT_MODIFIED, revalidated
from links.api.head_counts import head_counts_router
from links.api.pages import pages_router
from links.api.parts import ApiParts
from links.api.people import people_router, what_if_router
from links.api.place import place_router
from links.api.settings import settings_router
from links.api.statistics import statistics_router
from links.api.tag_logs import tag_logs_router
from links.api.tags import tags_router

_AWAY: dict[int | str, dict[str, Any]] = {503: {"description": "The database does not answer. Try again in a minute."}}


def api_router(parts: ApiParts) -> APIRouter:
    """The routes. The server they are brought into answers a DatabaseError with 503, as `links.server` does."""
    router = APIRouter(prefix="/api/v1", responses=_AWAY, generate_unique_id_function=_operation_id)
    fresh = Depends(revalidated(parts.reader.latest_scan_id, parts.clock))
    for kept in (statistics_router, detections_router, pages_router, people_router, place_router):
        router.include_router(kept(parts), dependencies=[fresh], responses=NOT_MODIFIED)
    made_anew = (
        devices_router,
        export_router,
        settings_router,
        tag_logs_router,  # before single tags: there a number stands for any word
        tags_router,
        floor_plans_router,
        alerts_router,
        channels_router,
        what_if_router,
        head_counts_router,
        fixtures_router,
    )
    for made in made_anew:
        router.include_router(made(parts))
    return router


def _operation_id(route: APIRoute) -> str:
    """The name of the function that answers: it stays when a path changes."""
    return route.name
