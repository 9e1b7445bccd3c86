from __future__ import annotations

import shlex
from datetime import datetime
from enum import StrEnum
from html.parser import HTMLParser
from typing import Annotated

import httpx
from fastapi import APIRouter, FastAPI, Path, Query, Security
from fastapi.security import APIKeyHeader
from jsonschema_rs import validate
from pydantic import BaseModel, Field

from links.api_page import DOCUMENT_PATH, PAGE_PATH, api_page_router
from links.api_words import example_of, words_for
from tests.links.served import served_app


class Nearness(StrEnum):
    NEAR = "near"
    FAR = "far"


class Reading(BaseModel):
    rssi: int = Field(ge=-127, le=20, description="In <dBm>.")
    zone: Nearness | None = None
    parts: list[Reading] = []


def place_with_routes() -> FastAPI:
    app = FastAPI(title="Tracking & more", openapi_url=DOCUMENT_PATH, docs_url=None)
    router = APIRouter(prefix="/api/v1", tags=["Detections"])

    @router.post("/detections/{name}", dependencies=[Security(APIKeyHeader(name="X-API-Key"))])
    def store(
        name: Annotated[str, Path(max_length=64)],
        reading: Reading,
        since: Annotated[datetime, Query(description="Not before this.")],
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> None:
        """Take a <script>alert(1)</script> reading.

        And say nothing.
        """

    app.include_router(router)
    app.include_router(api_page_router())
    return app


class Page(HTMLParser):
    """A page's words, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.leads: list[str] = []
        self.commands: list[str] = []
        self._is_command = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.leads += [value for name, value in attrs if name in {"href", "src"} and value]
        if tag == "pre":
            self._is_command = True
            self.commands.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_command = self._is_command and tag != "pre"

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._is_command:
            self.commands[-1] += data


def page_of(app: FastAPI) -> tuple[str, Page]:
    with served_app(app) as place:
        answer = httpx.get(f"http://{place}{PAGE_PATH}", timeout=60)
    assert answer.status_code == 200
    return place, Page(answer.text)


def test_the_page_says_how_to_ask_each_route() -> None:
    """A route is there with its words, what it takes, whom it lets in, and a command to try."""
    place, page = page_of(place_with_routes())
    assert "/api/v1/detections/{name}" in page.words
    assert "whole number, 1 to 1000; 100 when left out" in page.words
    assert "date and time; needed" in page.words
    assert "whole number, -127 to 20; needed" in page.words
    assert "one of near, far" in page.words
    assert "Asks for the header X-API-Key." in page.words
    assert shlex.split(page.commands[0]) == [
        "curl", "-X", "POST", "-H", "X-API-Key: YOUR-KEY", "-H", "Content-Type: application/json",
        "-d", '{"rssi": 1, "zone": "near", "parts": []}',
        f"http://{place}/api/v1/detections/text?since=2027-03-01T12:00:00Z",
    ]  # fmt: skip


def test_what_the_page_quotes_is_text() -> None:
    """Nothing of a route's words is taken for HTML."""
    _, page = page_of(place_with_routes())
    assert "Take a <script>alert(1)</script> reading." in page.words
    assert "In <dBm>." in page.words


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """Every link, style and script is of this machine, so that the page works without the internet."""
    _, page = page_of(place_with_routes())
    assert page.leads
    assert all(lead.startswith(("/", "#")) for lead in page.leads)


def test_a_schema_that_holds_itself_has_an_end() -> None:
    """Words and examples of a schema stop after some levels."""
    document = {"components": {"schemas": {"A": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}}}}
    schema = {"$ref": "#/components/schemas/A"}
    assert words_for(document, schema).startswith("list of list of")
    assert isinstance(example_of(document, schema), list)


def test_examples_are_valid() -> None:
    """What the page suggests to send is what the route accepts."""
    document = place_with_routes().openapi()
    schema = document["components"]["schemas"]["Reading"]
    validate({**schema, "components": document["components"]}, example_of(document, schema))
