from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI

from links.privacy_page import as_file, as_text, privacy_router
from presence.privacy import notice
from tests.links.served import served_app
from tests.presence.test_privacy import FACTS


class Shown(HTMLParser):
    text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert(1)</script> & {braces}"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/privacy", "Privacy notice: City library"),
        ("/privacy/poster", "Devices are counted here"),
        ("/privacy/sheet", "Data-protection sheet: City library"),
    ],
)
def test_each_document_is_a_page(path: str, title: str) -> None:
    """The notice, the poster and the sheet are HTML with one heading and no script."""
    server = FastAPI()
    server.include_router(privacy_router(FACTS))
    with served_app(server) as address:
        answer = httpx.get(f"http://{address}{path}")
        assert httpx.get(f"http://{address}/privacy/nowhere").status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.count("<h1>") == 1
    assert f"<h1>{title}</h1>" in answer.text
    assert "<script" not in answer.text


def test_what_the_owner_types_stays_text() -> None:
    """Marks that mean something to HTML, or to a format, come out as they were typed."""
    facts = replace(FACTS, place=HOSTILE, responsible=HOSTILE, contact=HOSTILE, purpose=HOSTILE)
    page = as_file(notice(facts), "")
    assert "<script" not in page

    shown = Shown()
    shown.feed(page)
    assert f"Responsible: {HOSTILE}" in shown.text
    assert HOSTILE in as_text(notice(facts)).replace("\n", " ").replace("  ", " ")


def test_a_file_needs_nothing_beside_it() -> None:
    """A page that is kept brings its own style, and fetches nothing."""
    page = as_file(notice(FACTS), ".privacy { color: black }")
    assert ".privacy { color: black }" in page
    assert "href=" not in page
    assert "src=" not in page
