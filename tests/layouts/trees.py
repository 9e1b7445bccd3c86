"""Reading component trees without a browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dash.development.base_component import Component

# What a browser sets on a line of its own.
_BLOCKS = {"Article", "Dd", "Div", "Dt", "H2", "H3", "Header", "Li", "P", "Td"}

Tree = Component | str | int | float | None | Iterable["Tree"]


def words(tree: Tree) -> str:
    """All the text of a tree, in order, its white space as a browser would show it."""
    return " ".join("".join(_texts(tree)).split())


def of_type(tree: Tree, name: str) -> list[Component]:
    """The components of a tree that stand for an HTML element, such as "Button"."""
    return [component for component in components(tree) if type(component).__name__ == name]


def attribute(component: Component, name: str) -> Any:  # noqa: ANN401 - any value a component takes
    """An attribute of a component; None when it has none of that name."""
    return getattr(component, name, None)


def components(tree: Tree) -> Iterator[Component]:
    """Every component of a tree, parents first."""
    if isinstance(tree, Component):
        yield tree
        yield from components(getattr(tree, "children", None))
    elif tree is not None and not isinstance(tree, str | int | float):
        for branch in tree:
            yield from components(branch)


def _texts(tree: Tree) -> Iterator[str]:
    if tree is None:
        return
    if isinstance(tree, Component):
        edge = " " if type(tree).__name__ in _BLOCKS else ""
        yield edge
        yield from _texts(getattr(tree, "children", None))
        yield edge
    elif isinstance(tree, str | int | float):
        yield str(tree)
    else:
        for branch in tree:
            yield from _texts(branch)
