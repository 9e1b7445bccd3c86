"""The page about the API, made here from its OpenAPI document: no script, and nothing from elsewhere."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from links.api_words import Document, Schema, example_of, resolved, words_for

PAGE_PATH = "/api/v1/docs"
DOCUMENT_PATH = "/api/v1/openapi.json"

_OTHERS = "Other routes"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: API</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<script src="/assets/theme.js"></script>
<link rel="stylesheet" href="/assets/1-base.css">
<link rel="stylesheet" href="/assets/8-api.css">
</head>
<body class="api">
<header>
<p><a href="/">Back to the page</a></p>
<h1>{title}: for programs</h1>
<p class="note">What other programs can ask of this one, and how. The same as a document for programs:
<a href="{document}">OpenAPI</a>. Times are in UTC, as 2027-03-01T12:00:00Z. Something that was not heard is null,
never 0.</p>
<nav aria-label="Groups of routes"><ul>{groups}<li><a href="#live">Live feed</a></li></ul></nav>
</header>
<main>
{sections}
<section id="live"><h2>Live feed</h2>
<article class="panel"><h3><span class="method">WS</span> <code>/ws</code></h3>
<p>A WebSocket that tells every new scan and change of state within a second, as JSON objects with a
<code>type</code>. Come back with <code>?cursor=</code> and the <code>cursor</code> of the last one you had, and
nothing is missed.</p></article></section>
</main>
</body>
</html>
"""


def api_page_router() -> APIRouter:
    """The route of the page about all routes of the server that it is brought into."""
    router = APIRouter()

    @router.get(PAGE_PATH, include_in_schema=False)
    def page(request: Request) -> HTMLResponse:
        """The API in words, with a command to try for each route."""
        return HTMLResponse(api_page(request.app.openapi(), str(request.base_url).rstrip("/")))

    return router


def api_page(document: Document, address: str) -> str:
    """The page, as HTML.

    Args:
        document: The OpenAPI document.
        address: Where the server is reached, for the commands to try; without a slash at the end.
    """
    groups: dict[str, list[str]] = {}
    for method, path, operation in _operations(document):
        tag = str((operation.get("tags") or [_OTHERS])[0])
        groups.setdefault(tag, []).append(_route(document, address, method, path, operation))
    return _PAGE.format(
        title=escape(str(document["info"]["title"])),
        document=DOCUMENT_PATH,
        groups="".join(f'<li><a href="#{_anchor(tag)}">{escape(tag)}</a></li>' for tag in groups),
        sections="\n".join(
            f'<section id="{_anchor(tag)}"><h2>{escape(tag)}</h2>{"".join(routes)}</section>'
            for tag, routes in groups.items()
        ),
    )


def _operations(document: Document) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _anchor(tag: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in tag.lower())


def _route(document: Document, address: str, method: str, path: str, operation: Schema) -> str:
    says = str(operation.get("description") or operation.get("summary") or "")
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in says.split("\n\n"))
    fields = [*_parameters(document, operation), *_body_fields(document, operation)]
    table = f'<dl class="fields">{"".join(fields)}</dl>' if fields else ""
    key = (
        f'<p class="note">Asks for {escape(" or ".join(_keys(document, operation)))}.</p>'
        if operation.get("security")
        else ""
    )
    command = escape(_command(document, address, method, path, operation))
    return (
        f'<article class="panel"><h3><span class="method">{method}</span> <code>{escape(path)}</code></h3>'
        f'{paragraphs}{key}{table}<pre tabindex="0"><code>{command}</code></pre></article>'
    )


def _parameters(document: Document, operation: Schema) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        schema = parameter.get("schema", {})
        says = parameter.get("description") or schema.get("description")
        yield _field(document, parameter["name"], schema, says, is_required=parameter.get("required", False))


def _body_fields(document: Document, operation: Schema) -> Iterator[str]:
    body = resolved(document, _body_schema(operation))
    for name, schema in body.get("properties", {}).items():
        says = schema.get("description")
        yield _field(document, name, schema, says, is_required=name in body.get("required", []))


def _field(document: Document, name: str, schema: Schema, says: str | None, *, is_required: bool) -> str:
    words = words_for(document, schema)
    if is_required:
        words = f"{words}; needed"
    elif schema.get("default") is not None:
        words = f"{words}; {json.dumps(schema['default'], ensure_ascii=False)} when left out"
    explained = f"<br>{escape(says)}" if says else ""
    return f"<div><dt><code>{escape(name)}</code></dt><dd>{escape(words)}{explained}</dd></div>"


def _body_schema(operation: Schema) -> Schema:
    content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
    schema: Schema = content.get("application/json", {}).get("schema", {})
    return schema


def _keys(document: Document, operation: Schema) -> list[str]:
    """What a route asks for to let somebody in, in words."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    words = []
    for name in (name for way in operation["security"] for name in way):
        scheme = schemes.get(name, {})
        where = {"header": "the header", "cookie": "the cookie", "query": "the parameter"}.get(scheme.get("in"), "")
        words.append(f"{where} {scheme['name']}" if where else f"{scheme.get('scheme', name)} authorisation")
    return list(dict.fromkeys(words))


def _command(document: Document, address: str, method: str, path: str, operation: Schema) -> str:
    """A command for a terminal that asks this route."""
    asked = []
    for parameter in operation.get("parameters", []):
        value = str(parameter.get("example", example_of(document, parameter.get("schema", {}))))
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", value)
        elif parameter["in"] == "query" and parameter.get("required"):
            asked.append(f"{parameter['name']}={value}")
    words = ["curl", *(["-X", method] if method != "GET" else [])]
    for name in (name for way in operation.get("security", []) for name in way):
        scheme = document.get("components", {}).get("securitySchemes", {}).get(name, {})
        if scheme.get("in") == "header":
            words += ["-H", f"{scheme['name']}: YOUR-KEY"]
    if body := _body_schema(operation):
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(example_of(document, body))]
    words.append(f"{address}{path}{'?' if asked else ''}{'&'.join(asked)}")
    return shlex.join(words)
