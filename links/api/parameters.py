"""Parameters that several routes take: checked before a route sees them, and refused with the reason."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Path, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, Field

from presence.zones import Zone

# Nothing was heard before, and nothing is remembered beyond; calendars of databases and languages all hold these years.
_FIRST_YEAR, _LAST_YEAR = 2000, 2099

# "+" in an address stands for a space unless it is written as %2B, which many forget in "10:00:00+02:00".
_LOST_PLUS = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$")


def _empty_is_none(value: object) -> object:
    """A filter that a form left empty filters nothing."""
    return None if value == "" else value


def _lower(value: object) -> object:
    value = _empty_is_none(value)
    return value.lower() if isinstance(value, str) else value


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", value))
    except ValueError as error:
        raise ValueError("this is no time; write it like 2027-03-01T10:00:00 or 2027-03-01T10:00:00Z") from error
    return _in_range(moment)


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return _in_range(datetime.fromisoformat(value)).date()
    except ValueError as error:
        raise ValueError("this is no day; write it like 2027-03-01") from error


def _in_range(moment: datetime) -> datetime:
    if not _FIRST_YEAR < moment.year < _LAST_YEAR:  # a day more or less does not lead out
        raise ValueError(f"the year must be between {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment


BODY_IS_NO_TEXT: dict[int | str, dict[str, Any]] = {400: {"description": "The body is not even text."}}

ZoneFilter = Annotated[
    Zone | None,
    BeforeValidator(_lower),
    Query(description="Only this zone: near, medium or far, in either case."),
]
SensorFilter = Annotated[
    Annotated[str, Field(max_length=64)] | None,
    BeforeValidator(_empty_is_none),
    Query(alias="device_id", description="Only what this sensor heard; its name."),
]
SensorName = Annotated[str, Path(max_length=64, description="The name of a sensor.")]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Day = Annotated[date, BeforeValidator(_day)]

MOMENT_WORDS = "ISO 8601, like 2027-03-01T10:00:00; without a zone it is the place's own time."
DAY_WORDS = "A day of the place's calendar, like 2027-03-01."


def as_utc(moment: datetime, time_zone: ZoneInfo) -> datetime:
    """The moment that is meant: one without a zone is by the place's clocks."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=time_zone)).astimezone(UTC)


def refusal(parameter: str, why: str, place: str = "query") -> RequestValidationError:
    """The refusal of a request for one of its parameters, answered with 422 in the form that FastAPI itself does it."""
    return RequestValidationError([{"type": "value_error", "loc": (place, parameter), "msg": why, "input": None}])
