from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from presence.access import Role, first_password, needed_role

# Method, path, what it asks for by default, and where looking asks for a login.
RULES = [
    ("GET", "/", None, Role.VIEWER),
    ("GET", "/devices", None, Role.VIEWER),
    ("GET", "/_dash-layout", None, Role.VIEWER),
    ("POST", "/_dash-update-component", None, Role.VIEWER),
    ("GET", "/_activity", None, Role.VIEWER),
    ("GET", "/ws", None, Role.VIEWER),
    ("GET", "/metrics", None, Role.VIEWER),
    ("GET", "/api/v1/statistics/realtime", None, Role.VIEWER),
    ("HEAD", "/api/v1/statistics/realtime", None, Role.VIEWER),
    ("GET", "/api/v1/people", None, Role.VIEWER),
    ("GET", "/api/v1/detections/count", None, Role.VIEWER),
    ("GET", "/api/v1/openapi.json", None, Role.VIEWER),
    ("GET", "/login", None, None),
    ("GET", "/health", None, None),
    ("GET", "/assets/1-base.css", None, None),
    ("POST", "/api/v1/login", None, None),
    ("POST", "/api/v1/logout", None, None),
    ("GET", "/api/v1/detections/recent", Role.VIEWER, Role.VIEWER),
    ("GET", "/api/v1/export/detections/csv", Role.VIEWER, Role.VIEWER),
    ("GET", "/api/v1/not/thought/of/yet", Role.VIEWER, Role.VIEWER),
    ("GET", "/api/v1/people-by-name", Role.VIEWER, Role.VIEWER),
    ("POST", "/api/v1/detections/", Role.SENSOR, Role.SENSOR),
    ("POST", "/api/v1/detections/bulk", Role.SENSOR, Role.SENSOR),
    ("POST", "/api/v1/batches", Role.SENSOR, Role.SENSOR),
    ("POST", "/api/v1/tag-reports", Role.SENSOR, Role.SENSOR),
    ("GET", "/api/v1/sensor/register", Role.SENSOR, Role.SENSOR),
    ("GET", "/api/v1/tags", Role.VIEWER, Role.VIEWER),
    ("GET", "/api/v1/tags/3/stays", Role.VIEWER, Role.VIEWER),
    ("GET", "/api/v1/tags/nearby", Role.ADMIN, Role.ADMIN),
    ("POST", "/api/v1/tags/nearby", Role.ADMIN, Role.ADMIN),
    ("POST", "/api/v1/tags", Role.ADMIN, Role.ADMIN),
    ("PUT", "/api/v1/floor-plans/1/points/door", Role.ADMIN, Role.ADMIN),
    ("GET", "/api/v1/alerts", Role.VIEWER, Role.VIEWER),
    ("GET", "/api/v1/rules", Role.VIEWER, Role.VIEWER),
    ("POST", "/api/v1/rules", Role.ADMIN, Role.ADMIN),
    ("POST", "/api/v1/alerts/12/acknowledge", Role.VIEWER, Role.VIEWER),
    ("POST", "/api/v1/alerts/12/acknowledge/", Role.ADMIN, Role.ADMIN),
    ("GET", "/api/v1/channels", Role.ADMIN, Role.ADMIN),
    ("POST", "/api/v1/channels/1/test", Role.ADMIN, Role.ADMIN),
    ("GET", "/api/v1/keys", Role.ADMIN, Role.ADMIN),
    ("POST", "/api/v1/keys", Role.ADMIN, Role.ADMIN),
    ("DELETE", "/api/v1/keys/3", Role.ADMIN, Role.ADMIN),
    ("PUT", "/api/v1/settings/thresholds", Role.ADMIN, Role.ADMIN),
    ("POST", "/api/v1/devices/register", Role.ADMIN, Role.ADMIN),
    ("DELETE", "/api/v1/detections", Role.ADMIN, Role.ADMIN),
    ("POST", "/login", Role.ADMIN, Role.ADMIN),
    ("POST", "/health", Role.ADMIN, Role.ADMIN),
    ("DELETE", "/_dash-update-component", Role.ADMIN, Role.ADMIN),
]


@pytest.mark.parametrize(("method", "path", "by_default", "with_login"), RULES)
def test_what_a_request_asks_for(method: str, path: str, by_default: Role | None, with_login: Role | None) -> None:
    """Each kind of request asks for its role, by default and where even looking asks for a login."""
    assert needed_role(method, path, login_required=False) is by_default
    assert needed_role(method, path, login_required=True) is with_login


@given(some.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", ""]), some.text(), some.booleans())
def test_a_route_of_the_api_that_nobody_thought_of_is_closed(method: str, rest: str, login_required: bool) -> None:
    """Whatever is written after the API's address, only what is listed is open."""
    path = f"/api/v1/keys{rest}"
    assert needed_role(method, path, login_required=login_required) is Role.ADMIN
    assert needed_role(method, f"/api/v1/x{rest}", login_required=login_required) is not None


@given(some.sampled_from(["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]), some.text())
def test_whatever_is_no_reading_and_no_post_is_for_the_admin(method: str, path: str) -> None:
    """Other methods change or delete, on any path."""
    assert needed_role(method, path, login_required=False) is Role.ADMIN


def test_an_admin_may_do_everything_and_others_what_is_theirs() -> None:
    """The roles of viewer and sensor include themselves alone."""
    included = {(role, needed) for role in Role for needed in Role if role.includes(needed)}
    assert included == {
        (Role.ADMIN, Role.ADMIN),
        (Role.ADMIN, Role.SENSOR),
        (Role.ADMIN, Role.VIEWER),
        (Role.SENSOR, Role.SENSOR),
        (Role.VIEWER, Role.VIEWER),
    }


def test_the_first_password_is_easy_to_copy_and_hard_to_guess() -> None:
    """It comes in groups without look-alikes and is never the same twice."""
    password = first_password(random.Random(3))
    assert re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", password)
    assert len({first_password(random.Random(seed)) for seed in range(100)}) == 100
