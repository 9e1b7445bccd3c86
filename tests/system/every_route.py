"""Every route and WebSocket of the whole programme, with who may ask it: a new one must be entered here by hand.

`ANYBODY` on the LAN, unless `links.login_required` is set; `ALWAYS_OPEN` even then, and under any name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI

ALWAYS_OPEN = """
GET /login
GET /health
GET /assets/1-base.css
GET /privacy
GET /privacy/{name}
POST /api/v1/login
POST /api/v1/logout
"""

ANYBODY = """
GET /
GET /_activity
GET /_dash-component-suites/{package_name}/{fingerprinted_path:path}
GET /_dash-dependencies
GET /_dash-layout
POST /_dash-update-component
WEBSOCKET /_dash-ws-callback
GET /_favicon.ico
GET /_picture/plan/{number}
GET /_picture/tag/{number}
GET /_reload-hash
GET {path:path}
GET /metrics
WEBSOCKET /ws
GET /api/v1/detections/count
GET /api/v1/devices
GET /api/v1/devices/
GET /api/v1/devices/active
GET /api/v1/devices/{device_id}
GET /api/v1/devices/{device_id}/stats
GET /api/v1/docs
GET /api/v1/faults
GET /api/v1/fixtures
GET /api/v1/head-counts
GET /api/v1/head-counts.csv
GET /api/v1/me
GET /api/v1/openapi.json
GET /api/v1/people
GET /api/v1/people/history
GET /api/v1/people/returning
GET /api/v1/people/stays
GET /api/v1/people/usual
GET /api/v1/radios
GET /api/v1/scans
GET /api/v1/sensors
GET /api/v1/settings/thresholds
GET /api/v1/statistics/daily
GET /api/v1/statistics/distribution
GET /api/v1/statistics/histogram
GET /api/v1/statistics/hourly
GET /api/v1/statistics/range
GET /api/v1/statistics/realtime
GET /api/v1/visits
"""

VIEWER = """
GET /api/v1/alerts
GET /api/v1/alerts/{alert_id}
POST /api/v1/alerts/{alert_id}/acknowledge
GET /api/v1/detections/recent
GET /api/v1/export/counts/{file_format}
GET /api/v1/export/detections/{file_format}
GET /api/v1/floor-plans
GET /api/v1/floor-plans/{plan_id}/picture
POST /api/v1/people/what-if
GET /api/v1/rules
GET /api/v1/rules/{rule_id}
GET /api/v1/tags
GET /api/v1/tags.csv
GET /api/v1/tags/stays
GET /api/v1/tags/{tag_id}
GET /api/v1/tags/{tag_id}/measures
GET /api/v1/tags/{tag_id}/picture
GET /api/v1/tags/{tag_id}/stays
GET /api/{rest:path}
"""

SENSOR = """
POST /api/v1/batches
POST /api/v1/detections/
POST /api/v1/detections/bulk
GET /api/v1/sensor/register
POST /api/v1/tag-reports
"""

ADMIN = """
GET /api/v1/channels
POST /api/v1/channels
DELETE /api/v1/channels/{channel_id}
PUT /api/v1/channels/{channel_id}
POST /api/v1/channels/{channel_id}/test
POST /api/v1/devices/register
PUT /api/v1/devices/{device_id}
POST /api/v1/devices/{device_id}/activate
POST /api/v1/devices/{device_id}/deactivate
PATCH /api/v1/fixtures/{fixture_id}
POST /api/v1/floor-plans
DELETE /api/v1/floor-plans/{plan_id}
PUT /api/v1/floor-plans/{plan_id}
DELETE /api/v1/floor-plans/{plan_id}/points/{sensor}
PUT /api/v1/floor-plans/{plan_id}/points/{sensor}
POST /api/v1/head-counts
POST /api/v1/head-counts.csv
DELETE /api/v1/head-counts/{head_count_id}
PATCH /api/v1/head-counts/{head_count_id}
POST /api/v1/head-counts/{head_count_id}/restore
GET /api/v1/keys
POST /api/v1/keys
DELETE /api/v1/keys/{key_id}
POST /api/v1/logout/all
POST /api/v1/password
POST /api/v1/rules
DELETE /api/v1/rules/{rule_id}
PUT /api/v1/rules/{rule_id}
PUT /api/v1/settings/thresholds
POST /api/v1/settings/thresholds/reset
POST /api/v1/tags
POST /api/v1/tags.csv
GET /api/v1/tags/nearby
POST /api/v1/tags/nearby
DELETE /api/v1/tags/{tag_id}
PUT /api/v1/tags/{tag_id}
POST /api/v1/tags/{tag_id}/identities
DELETE /api/v1/tags/{tag_id}/identities/{identity_id}
DELETE /api/v1/tags/{tag_id}/picture
PUT /api/v1/tags/{tag_id}/picture
DELETE /api/{rest:path}
PATCH /api/{rest:path}
POST /api/{rest:path}
PUT /api/{rest:path}
"""


def routes_of(server: FastAPI) -> set[str]:
    """Each route of a server as its method and its path; WEBSOCKET stands for the method of those."""
    return set(_routes_in(server.routes))


def _routes_in(routes: Iterable[Any]) -> Iterator[str]:
    for route in routes:
        if hasattr(route, "effective_candidates"):  # a router that was included
            yield from _routes_in(route.effective_candidates())
        elif route.path == "/assets":  # a folder of files
            yield "GET /assets/1-base.css"
        elif getattr(route, "methods", None):
            yield from (f"{method} {route.path}" for method in route.methods if method != "HEAD")
        else:
            yield f"WEBSOCKET {route.path or route.original_route.path}"
