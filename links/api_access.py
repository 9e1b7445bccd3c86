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
    """Let the document say of each route which role it asks for, and how it refuses.

    The document takes 3 MB, so it is made when somebody asks for it.

    Args:
        server: Whose document it is.
        login_required: Whether even looking asks for a login.
    """
    make = server.openapi  # which keeps what it has made

    def openapi() -> dict[str, Any]:
        is_made = server.openapi_schema is not None
        document = make()
        if not is_made:
            _declare_all(document, login_required=login_required)
        return document

    server.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's own documentation extends it


def _declare_all(document: dict[str, Any], *, login_required: bool) -> None:
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
