"""How values are stored: small, exact, and the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    TypeDecorator,
    func,
    literal_column,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# SQLite numbers rows by itself only in a column that is called INTEGER; it holds 64 bits all the same.
RowId = BigInteger().with_variant(Integer(), "sqlite")

# Rows that are read together share most of their moments, strengths and lengths of time: what was made of the latest is
# kept, some 100 bytes each, and a value that is known costs a tenth of one that is not.
_KEPT_VALUES = 4096


@lru_cache(_KEPT_VALUES)
def _time_of(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(milliseconds=value)


@lru_cache(_KEPT_VALUES)
def _thousandth_of(value: int | None) -> float | None:
    return None if value is None else value / 1000


@lru_cache(_KEPT_VALUES)
def _hundredth_of(value: int | None) -> float | None:
    return None if value is None else value / 100


@lru_cache(_KEPT_VALUES)
def _tenth_of(value: int | None) -> float | None:
    return None if value is None else value / 10


def _hex_of(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _texts_of(value: str | None) -> tuple[str, ...]:
    return tuple(json.loads(value)) if value else ()


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, as whole milliseconds since 1970: six bytes in SQLite, and ordered as numbers are."""

    impl = BigInteger
    cache_ok = True

    @staticmethod
    def milliseconds(at: datetime) -> int:
        """Milliseconds since 1970; a naive time is refused by the subtraction."""
        return (at - _EPOCH) // _MILLISECOND

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """To milliseconds."""
        return None if value is None else self.milliseconds(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """From milliseconds."""
        return _time_of


class Seconds(TypeDecorator[float]):
    """A length of time in seconds, as whole milliseconds: sums of it are exact, in whatever order they are made."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """To milliseconds."""
        return None if value is None else round(value * 1000)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """From milliseconds."""
        return _thousandth_of


class Decibels(TypeDecorator[float]):
    """A signal strength, in hundredths: two bytes; radios themselves report whole decibels."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """To hundredths."""
        return None if value is None else round(value * 100)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """From hundredths."""
        return _hundredth_of


class Deviation(TypeDecorator[float]):
    """How far signal strengths lie apart, in tenths of decibels: one byte in SQLite up to 12.7 dB, as nearly always."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """To tenths."""
        return None if value is None else round(value * 10)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """From tenths."""
        return _tenth_of


class DeviceHash(TypeDecorator[str]):
    """64 hexadecimal digits, as the 32 bytes they stand for."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's
        """To bytes."""
        return None if value is None else bytes.fromhex(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """From bytes."""
        return _hex_of


# An index of random values is most of what a scan with many new devices writes, so it holds the first 4 bytes of a hash
# only. Of the 2 million devices of a month in a busy place one in 2,000 shares them with another (2e6 / 2^32): a row
# more is then read, and told apart by its whole hash.
_FIRST_BYTES = 4


def first_bytes(device_hash: str) -> bytes:
    """What a device is looked up by."""
    return bytes.fromhex(device_hash[: 2 * _FIRST_BYTES])


def sql_first_bytes(device_hash: ColumnElement[str]) -> ColumnElement[bytes]:
    """The same in SQL. The numbers are spelled out, for only so SQLite uses the index on it."""
    return func.substr(device_hash, literal_column("1"), literal_column(str(_FIRST_BYTES)), type_=LargeBinary)


class Ssids(TypeDecorator[tuple[str, ...]]):
    """Names of networks, as JSON text; NULL for none, which is the rule and takes no room.

    What a database refuses (NUL, half surrogate pairs) is replaced.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """To JSON."""
        return json.dumps([storable(ssid) for ssid in value], ensure_ascii=False) if value else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """From JSON."""
        return _texts_of


class Line(TypeDecorator[str]):
    """A line of text from outside: cut to its length, and free of what a database refuses."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self._most = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """To what can be stored."""
        return None if value is None else storable(value)[: self._most]


def storable(text: str) -> str:
    """The text without half surrogate pairs and NUL, which SQLite or PostgreSQL would refuse, losing the whole scan."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
