"""Telling visitors: the command `privacy`."""

from __future__ import annotations

import sys
from pathlib import Path

from config import ConfigError
from links.privacy_page import as_file, as_text
from place import HOME, Place
from presence.privacy import DOCUMENTS
from privacy import privacy_facts

_STYLE = HOME / "assets" / "9-privacy.css"


def tell_privacy(place: Place, name: str, output: Path | None) -> int:
    """Print the notice, the poster or the sheet, or write it to a file: as HTML, or as text if its name ends in .txt.

    Raises:
        ConfigError: The file cannot be written, or is to be of a kind that is not made here.
    """
    document = DOCUMENTS[name](privacy_facts(place))
    if output is None:
        print(as_text(document), end="")
        return 0
    if output.suffix not in {".html", ".txt"}:
        raise ConfigError(f"Let the name end in .html, to print it from a browser, or in .txt: {output} does not.")
    is_text = output.suffix == ".txt"
    content = as_text(document) if is_text else as_file(document, _STYLE.read_text(encoding="utf-8"))
    try:
        output.write_text(content, encoding="utf-8")
        output.chmod(0o644)  # for visitors, and for the owner of the machine where the service's user wrote it
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written: {error.strerror}. Where it runs as a service, name a file in /tmp."
        ) from error
    print(f"Written to {output}.{'' if is_text else ' Open it in a browser to print it.'}", file=sys.stderr)
    return 0
