from __future__ import annotations

import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

ASSETS = Path(__file__).parents[2] / "assets"


def test_the_drawing_library_is_the_one_plotly_expects() -> None:
    """The bundle of plotly.js has the version that the installed plotly brings, and keeps its licence header."""
    head = (ASSETS / "plotly-basic.min.js").read_text(encoding="utf-8")[:300]
    assert f"plotly.js (basic - minified) v{get_plotlyjs_version()}" in head
    assert "Licensed under the MIT license" in head


@pytest.mark.parametrize("name", sorted(path.name for path in ASSETS.iterdir() if "plotly" not in path.name))
def test_nothing_of_ours_comes_from_elsewhere(name: str) -> None:
    """No style sheet, script or icon names another host, but for the namespace of SVG."""
    text = (ASSETS / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.[a-z]", text)
