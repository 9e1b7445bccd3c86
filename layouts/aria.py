"""What is said to those who do not see the page."""

from __future__ import annotations

from typing import Any


def aria(**says: str) -> dict[str, Any]:
    """ARIA attributes (WAI-ARIA 1.2) for a component: `aria(label="Pages")` stands for `aria-label="Pages"`."""
    return {f"aria-{name}": words for name, words in says.items()}
