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
        ConfigError: The file cannot be written.
    """
    document = DOCUMENTS[name](privacy_facts(place))
    if output is None:
        print(as_text(document), end="")
        return 0
    is_text = output.suffix == ".txt"
    content = as_text(document) if is_text else as_file(document, _STYLE.read_text(encoding="utf-8"))
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}.") from error
    print(f"Written to {output}.{'' if is_text else ' Open it in a browser to print it.'}", file=sys.stderr)
    return 0
