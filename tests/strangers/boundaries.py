"""The boundaries that bytes of strangers cross, by name: nothing of them is imported before it is asked for.

`bench.fuzz` must have what it watches imported by atheris.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Boundary:
    """A function that takes any bytes, and raises where what comes of them is not lawful.

    Attributes:
        module: Where it is, in `tests.strangers`.
        name: What it is called there.
        examples: How many inputs the tests try: fewer where one takes a millisecond or more, so that all of it takes
            seconds.
    """

    module: str
    name: str
    examples: int = 200

    def check(self) -> Callable[[bytes], None]:
        """The function itself."""
        check: Callable[[bytes], None] = getattr(importlib.import_module(f"tests.strangers.{self.module}"), self.name)
        return check


BOUNDARIES = (
    Boundary("from_the_air", "lines_of_tshark"),
    Boundary("from_the_air", "advertising_data"),
    Boundary("from_the_air", "what_bleak_hands_over"),
    Boundary("from_the_air", "rows_of_a_log"),
    Boundary("from_the_air", "identities_as_typed"),
    Boundary("from_programmes", "batches", examples=100),
    Boundary("from_programmes", "older_payloads"),
    Boundary("from_programmes", "reports_of_tags"),
    Boundary("from_programmes", "tables_of_tags"),
    Boundary("from_programmes", "requests", examples=100),
    Boundary("names", "networks", examples=50),
    Boundary("names", "devices"),
)
