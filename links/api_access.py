"""What the API's document says of access: by the same table of rules that the guard goes by."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from links.guard import COOKIE
from presence.access import Role, needed_role

_WAYS: dict[str, dict[str, str]] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "login": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}


def declare_access(server: FastAPI, *, login_required: bool) -> None:
    """Let the document say of each route which role it asks for, and how it refuses; once all routes are there.

    Args:
        server: Whose document it is.
        login_required: Whether even looking asks for a login.
    """
    document = server.openapi()  # which FastAPI keeps, so that what is said here stays
    document.setdefault("components", {})["securitySchemes"] = _WAYS
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            needed = needed_role(method.upper(), path, login_required=login_required)
            if needed is not None:
                _declare(operation, needed)


def _declare(operation: dict[str, Any], needed: Role) -> None:
    operation["description"] = f"{operation.get('description', '')}\n\nFor the role {needed}.".strip()
    operation["security"] = [{way: []} for way in _WAYS]
    responses = operation["responses"]
    responses.setdefault("401", {"description": "It asks for a key or a login."})
    responses.setdefault("403", {"description": "The key has another role."})
    if needed is Role.SENSOR:
        responses.setdefault("429", {"description": "The key sends too fast; Retry-After says when to come back."})
