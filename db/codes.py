"""Enumerations as numbers: a byte at most, where their words take up to 22."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Dialect, SmallInteger, TypeDecorator

from presence.faults import FaultReason
from presence.radio import Radio
from presence.scan import AddressKind
from presence.zones import Zone

# What each value is stored as, for ever. A new value needs a new number here, and no migration. SQLite spends a byte on
# a number, and none on 0 and 1, so those are the commonest.
_CODES: dict[type[StrEnum], dict[StrEnum, int]] = {
    Radio: {Radio.WIFI: 0, Radio.BLUETOOTH: 1},
    Zone: {Zone.FAR: 0, Zone.MEDIUM: 1, Zone.NEAR: 2},
    AddressKind: {
        AddressKind.RANDOMISED: 0,
        AddressKind.RESOLVABLE: 1,
        AddressKind.NON_RESOLVABLE: 2,
        AddressKind.RANDOM_STATIC: 3,
        AddressKind.GLOBAL: 4,
        AddressKind.UNKNOWN: 5,
    },
    FaultReason: {
        FaultReason.UNEXPECTED: 0,
        FaultReason.SWITCHED_OFF: 1,
        FaultReason.NOT_CAPTURED: 2,
        FaultReason.NO_INTERFACE: 3,
        FaultReason.INTERFACE_DOWN: 4,
        FaultReason.NOT_MONITOR_MODE: 5,
        FaultReason.NO_PERMISSION: 6,
        FaultReason.TSHARK_MISSING: 7,
        FaultReason.TSHARK_CRASHED: 8,
        FaultReason.UNREADABLE_CAPTURE: 9,
        FaultReason.NO_DBUS: 10,
        FaultReason.NO_BLUETOOTH_SERVICE: 11,
        FaultReason.NO_ADAPTER: 12,
        FaultReason.POWERED_OFF: 13,
        FaultReason.BLOCKED: 14,
        FaultReason.BUSY: 15,
        FaultReason.LOST: 16,
        FaultReason.HUNG: 17,
        FaultReason.TIMED_OUT: 18,
        FaultReason.FLOODED: 19,
    },
}

_Value = TypeVar("_Value", bound=StrEnum)


class Code(TypeDecorator[_Value]):
    """A value of an enumeration, by its number."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, kind: type[_Value]) -> None:
        super().__init__()
        self.kind = kind
        self._codes = {value: _CODES[kind][value] for value in kind}
        self._values: dict[int | None, _Value | None] = {code: value for value, code in self._codes.items()}
        self._values[None] = None

    def process_bind_param(self, value: _Value | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """To its number."""
        return None if value is None else self._codes[value]

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """From its number."""
        return self._values.__getitem__
