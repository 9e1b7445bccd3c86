"""What the page shows, asked for as a browser asks for it.

A browser that stays open asks for every chart every minute, which an emulated machine cannot bear beside its radios.
So what is watched for long is asked for by itself: the same callbacks, by the same road, give the same components.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from presence.radio import Radio

# In an emulated machine an answer has taken 20 s.
_ANSWER_SECONDS = 90.0


class ShownPage:
    """The parts of the page that tell of faults.

    Args:
        url: Of the programme.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def radio(self, radio: Radio) -> str:
        """What it says of a radio; empty while it does not answer."""
        articles = self._ask("radio-states", "children")
        mine = (one for one in _components(articles) if f"radio-{radio.value}" in one.get("className", "").split())
        return _words(next(mine, None))

    def notices(self) -> str:
        """What it says of the box itself; empty while it does not answer, and when all is well."""
        return _words(self._ask("box-notices", "children"))

    def says_clock_is_wrong(self) -> bool:
        """Whether it shows that the clock is not right."""
        return self._ask("clock-wrong", "hidden") is False

    def _ask(self, part: str, prop: str) -> Any:  # noqa: ANN401 - whatever a component's property holds
        try:
            callbacks = httpx.get(f"{self._url}/_dash-dependencies", timeout=_ANSWER_SECONDS).json()
            callback = next(one for one in callbacks if f"{part}.{prop}" in one["output"])
            told = httpx.post(
                f"{self._url}/_dash-update-component", json=_question(callback), timeout=_ANSWER_SECONDS
            ).json()
        except (httpx.HTTPError, ValueError):
            return None
        return told["response"].get(part, {}).get(prop)


def _question(callback: dict[str, Any]) -> dict[str, Any]:
    """What a browser posts when a scan has ended."""
    names = callback["output"].strip(".").split("...")
    outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    return {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[0],
        "inputs": [{**one, "value": None} for one in callback["inputs"]],
        "state": [],
        "changedPropIds": ["scans-finished.data"],
    }


def _components(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - components, lists and texts, as deep as may be
    """The properties of every component of a tree."""
    if isinstance(tree, list):
        for one in tree:
            yield from _components(one)
    elif isinstance(tree, dict) and "props" in tree:
        yield tree["props"]
        yield from _components(tree["props"].get("children"))


def _words(tree: Any) -> str:  # noqa: ANN401 - as above
    """All text of a tree, its white space as a reader would see it."""
    return " ".join(_text(tree).split())


def _text(tree: Any) -> str:  # noqa: ANN401 - as above
    if isinstance(tree, list):
        return "".join(_text(one) for one in tree)
    if isinstance(tree, dict):
        inner = _text(tree.get("props", tree).get("children"))
        return inner if tree.get("type") in {"Code", "Span", "Strong"} else f"{inner} "
    return "" if tree is None else str(tree)
