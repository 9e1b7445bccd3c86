"""The privacy notice, the poster and the sheet as pages to read and to print: plain HTML, without scripts."""

from __future__ import annotations

import textwrap
from html import escape

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from presence.privacy import DOCUMENTS, Document, PrivacyFacts, Section

PRIVACY_PATH = "/privacy"

_WIDTH = 78

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{style}
</head>
<body>
<main class="privacy privacy-{name}">
<h1>{title}</h1>
<p class="lead">{lead}</p>
{sections}
</main>
</body>
</html>
"""
_LINKED_STYLE = """<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/1-base.css">
<link rel="stylesheet" href="/assets/9-privacy.css">"""


def privacy_router(facts: PrivacyFacts) -> APIRouter:
    """The pages, open to everybody: who is counted must be able to read why.

    Args:
        facts: What is done, by the settings in force.
    """
    router = APIRouter(include_in_schema=False)

    @router.get(PRIVACY_PATH)
    @router.get(f"{PRIVACY_PATH}/{{name}}")
    def page(name: str = "notice") -> HTMLResponse:
        """One of the documents."""
        make = DOCUMENTS.get(name)
        if make is None:
            raise HTTPException(
                404, "There is a notice, a poster and a sheet: /privacy, /privacy/poster, /privacy/sheet."
            )
        return HTMLResponse(as_page(make(facts), _LINKED_STYLE))

    return router


def as_page(document: Document, style: str) -> str:
    """A document as HTML.

    Args:
        document: What it says.
        style: What stands in the head for its looks: links, or the style itself.
    """
    page = _PAGE.format(
        title=escape(document.title),
        name=document.name,
        lead=escape(document.lead),
        style=style,
        sections="\n".join(map(_section, document.sections)),
    )
    return page.replace("Wi-Fi", "Wi\N{NON-BREAKING HYPHEN}Fi")


def as_file(document: Document, css: str) -> str:
    """A document as HTML that needs nothing beside it, to be kept and printed."""
    return as_page(document, f"<style>\n{css}</style>")


def as_text(document: Document) -> str:
    """A document as plain text."""
    lines = [document.title, "=" * len(document.title), "", *_wrapped(document.lead, "")]
    for section in document.sections:
        lines.append("")
        if section.heading:
            lines += [section.heading, "-" * len(section.heading)]
        for sentence in section.sentences:
            lines += _wrapped(sentence, "- ")
        for name, value in section.rows:
            lines += _wrapped(f"{name}: {value}", "- ")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, first: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first)) or [""]


def _section(section: Section) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>\n" if section.heading else ""
    sentences = "\n".join(f"<p>{escape(sentence)}</p>" for sentence in section.sentences)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in section.rows
    )
    table = f"<table>\n{rows}\n</table>" if rows else ""
    return f"<section>\n{heading}{sentences}{table}\n</section>"
