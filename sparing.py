"""Sparing: what libraries import and this programme never uses is not imported, or not before somebody asks for it.

All of it is memory that a Pi of 1 GB need not spend. `bench/memory.py` measures the whole; each gain was measured with
it, on Python 3.11. And what stays for as long as the programme runs is not looked through for garbage.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

# Imported on the way by a library, for a part of it that nothing here calls. Parents stand before their children.
_WHEN_ASKED_FOR = (
    # plotly's checks of data frames, 3.7 MB: figures are made as plain dicts here, which plotly does not check.
    "narwhals",
    "narwhals.stable",
    "narwhals.stable.v1",
    # pyshark's reader of XML, 5.3 MB with lxml: tshark prints fields here (scans/tshark.py).
    "pyshark.tshark.output_parser.tshark_xml",
)

# FastAPI asks of each type whether it is one of pydantic's old version, and is content when there is no such thing;
# 3.4 MB.
_DONE_WITHOUT = ("pydantic.v1",)


def spare_memory() -> None:
    """Let the imports to come spare what is not needed. To be called before anything else; harmless when too late.

    What stands in for a module gives way to it as soon as something of the module is asked for.
    """
    for name in _WHEN_ASKED_FOR:
        if name not in sys.modules:
            sys.modules[name] = stand_in = _StandIn(name)
            parent, _, own_name = name.rpartition(".")
            if isinstance(sys.modules.get(parent), _StandIn):
                setattr(sys.modules[parent], own_name, stand_in)
    for name in _DONE_WITHOUT:
        # With None in its place an import fails (The Python Language Reference, 5.3.1, the module cache).
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def spare_looking_for_garbage() -> None:
    """Let the collector of cyclic garbage pass over all there is so far. To be called when everything stands.

    What a start brings, 120,000 objects of modules and statements, stays until the end, and the collector would go
    through it each time: for 0.08 s on a PC, during which nothing else runs, and for most of a second on a Pi. While a
    hub took 110 batches a second, collecting took 13 % of the time; it takes 5 % without them.
    """
    gc.unfreeze()  # what was passed over before, in a process that began afresh
    gc.collect()
    gc.freeze()


class _StandIn(ModuleType):
    """A module that is imported when it is first asked for something."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module holds
        # Whoever looks through all modules (inspect does) wants nothing of this one; its parts are found by `__path__`.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        for other in _WHEN_ASKED_FOR:
            if isinstance(sys.modules.get(other), _StandIn):
                del sys.modules[other]
        return getattr(import_module(self.__name__), name)
