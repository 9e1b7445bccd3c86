"""The wire of tags: what sensors heard of them, and the register they listen by; docs/wire.md says it for others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, TypeVar

from msgspec import DecodeError, Meta, Struct, json

from links.wire import WireError
from links.wire_forms import LEAST_DBM, MOST_DBM, MOST_SIGHTINGS, SENSOR_NAME
from presence.tags import IdentityKind, IdentityRecord, Measure, MeasureKind, TagReading, TagReport, Watched

VERSION = 1
MOST_REPORTS = 60
"""Reports in a message: an hour of a sensor that was cut off."""
# A thousand tags of each report are 15 MB in all; nobody owns more, and a message this large is sent by nobody.
_MOST_READINGS = 1000
_MOST_MEASURES = 32
_MOST_WATCHED = 20_000
MOST_REPORT_BYTES = 4_000_000
MOST_REGISTER_BYTES = 16_000_000

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2099, 12, 31, tzinfo=UTC)
_LONGEST_COMPLAINT = 300
# A tag's number is a row's: 63 bits.
_MOST_ID = 2**63 - 1

_Moment = Annotated[datetime, Meta(tz=True)]
_TagId = Annotated[int, Meta(ge=1, le=_MOST_ID)]
_Figure = Annotated[float, Meta(ge=-1e12, le=1e12)]
_Form = TypeVar("_Form", bound=Struct)


class MeasureForm(Struct):
    """`presence.tags.Measure`."""

    kind: MeasureKind
    value: _Figure


class ReadingForm(Struct, omit_defaults=True):
    """`presence.tags.TagReading`."""

    tag_id: _TagId
    last_heard_at: _Moment
    sighting_count: Annotated[int, Meta(ge=1, le=MOST_SIGHTINGS)]
    rssi_mean_dbm: Annotated[float, Meta(ge=LEAST_DBM, le=MOST_DBM)] | None = None
    measures: Annotated[tuple[MeasureForm, ...], Meta(max_length=_MOST_MEASURES)] = ()


class ReportForm(Struct, omit_defaults=True):
    """`presence.tags.TagReport` without its sensor."""

    from_at: _Moment
    to_at: _Moment
    is_listening: bool
    readings: Annotated[tuple[ReadingForm, ...], Meta(max_length=_MOST_READINGS)] = ()


class ReportsForm(Struct):
    """Reports of one sensor, oldest first."""

    version: int
    sensor: Annotated[str, Meta(pattern=SENSOR_NAME)]
    sent_at: _Moment
    reports: Annotated[tuple[ReportForm, ...], Meta(min_length=1, max_length=MOST_REPORTS)]


class WatchedForm(Struct, omit_defaults=True):
    """`presence.tags.Watched` without its label. The bytes are written as base64."""

    tag_id: _TagId
    kind: IdentityKind
    digest: Annotated[bytes, Meta(min_length=32, max_length=32)]
    shape: Annotated[str, Meta(max_length=64)] = ""
    sealed: Annotated[bytes, Meta(max_length=200)] | None = None


class RegisterForm(Struct):
    """The register, as a sensor listens by it."""

    version: int
    register: Annotated[str, Meta(max_length=64)]
    watched: Annotated[tuple[WatchedForm, ...], Meta(max_length=_MOST_WATCHED)]


def encode_reports(sensor: str, sent_at: datetime, reports: Sequence[TagReport]) -> bytes:
    """Reports as JSON.

    Args:
        sensor: Who heard.
        sent_at: Now, by the sensor's clock.
        reports: What it heard, oldest first; 1 to `MOST_REPORTS`.
    """
    return json.encode(ReportsForm(VERSION, sensor, sent_at, tuple(_report_form(one) for one in reports)))


def _report_form(report: TagReport) -> ReportForm:
    readings = tuple(_reading_form(one) for one in report.readings[:_MOST_READINGS])
    return ReportForm(report.from_at, report.to_at, report.is_listening, readings)


def _reading_form(reading: TagReading) -> ReadingForm:
    return ReadingForm(
        tag_id=reading.tag_id,
        last_heard_at=reading.last_heard_at,
        sighting_count=min(reading.sighting_count, MOST_SIGHTINGS),
        rssi_mean_dbm=None if reading.rssi_mean_dbm is None else round(reading.rssi_mean_dbm, 2),
        measures=tuple(MeasureForm(one.kind, one.value) for one in reading.measures[:_MOST_MEASURES]),
    )


def decode_reports(body: bytes) -> tuple[datetime, tuple[TagReport, ...]]:
    """When a sensor sent reports, by its own clock, and the reports, oldest first.

    Raises:
        WireError: They are none; the message says what is wrong, and is fit to be sent back.
    """
    form = _decoded(body, _reports(), MOST_REPORT_BYTES)
    if form.version != VERSION:
        raise WireError(f"This is version {form.version} of the format, and here {VERSION} is understood. Update both.")
    return _moment(form.sent_at), tuple(_report(form.sensor, one) for one in form.reports)


def _report(sensor: str, form: ReportForm) -> TagReport:
    if len({one.tag_id for one in form.readings}) != len(form.readings):
        raise WireError("A tag is listed twice; each belongs in once.")
    if form.readings and not form.is_listening:
        raise WireError("Who does not listen has no readings.")
    if form.to_at < form.from_at:
        raise WireError("A report ends before it begins.")
    readings = tuple(
        TagReading(
            one.tag_id,
            _moment(one.last_heard_at),
            one.rssi_mean_dbm,
            one.sighting_count,
            tuple(Measure(each.kind, each.value) for each in one.measures),
        )
        for one in form.readings
    )
    return TagReport(sensor, _moment(form.from_at), _moment(form.to_at), form.is_listening, readings)


def encode_register(register: str, watched: Iterable[Watched]) -> bytes:
    """The register as JSON: keyed digests, and secrets sealed under the registry key. Labels stay at home."""
    forms = tuple(
        WatchedForm(one.tag_id, one.identity.kind, one.identity.digest, one.identity.shape, one.identity.sealed)
        for one in watched
    )
    return json.encode(RegisterForm(VERSION, register, forms))


def decode_register(body: bytes) -> tuple[str, tuple[Watched, ...]]:
    """The version of the register, and what is to be listened for.

    Raises:
        WireError: It is none.
    """
    form = _decoded(body, _registers(), MOST_REGISTER_BYTES)
    if form.version != VERSION:
        raise WireError(f"This is version {form.version} of the register, and here {VERSION} is understood. Update.")
    return form.register, tuple(
        Watched(one.tag_id, IdentityRecord(one.kind, one.digest, one.shape, one.sealed, "")) for one in form.watched
    )


def _decoded(body: bytes, decoder: json.Decoder[_Form], most_bytes: int) -> _Form:
    if len(body) > most_bytes:
        raise WireError(f"This is larger than {most_bytes} bytes.")
    try:
        return decoder.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"This cannot be read: {str(error)[:_LONGEST_COMPLAINT]}.") from error


def _moment(at: datetime) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise WireError("A time is to lie between 2000 and 2100.")
    return at.astimezone(UTC)


# Building a decoder costs more than running it.
@cache
def _reports() -> json.Decoder[ReportsForm]:
    return json.Decoder(ReportsForm)


@cache
def _registers() -> json.Decoder[RegisterForm]:
    return json.Decoder(RegisterForm)
