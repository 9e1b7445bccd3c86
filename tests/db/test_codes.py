from __future__ import annotations

from enum import StrEnum

import pytest
from sqlalchemy.dialects import sqlite

from db.codes import Code
from presence.faults import FaultReason
from presence.radio import Radio
from presence.scan import AddressKind
from presence.zones import Zone


@pytest.mark.parametrize("kind", [AddressKind, FaultReason, Radio, Zone])
def test_every_value_is_stored_as_a_number_of_its_own(kind: type[StrEnum]) -> None:
    """What is read is what was written, and nothing stays nothing."""
    code, dialect = Code(kind), sqlite.dialect()
    for value in (*kind, None):
        assert code.result_processor(dialect, None)(code.process_bind_param(value, dialect)) is value
