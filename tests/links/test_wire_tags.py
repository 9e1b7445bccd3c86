from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from links.wire import WireError
from links.wire_tags import decode_register, decode_reports, encode_register, encode_reports
from presence.tags import IdentityKind, IdentityRecord, Measure, MeasureKind, TagReading, TagReport, Watched

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
READING = TagReading(7, AT, -61.25, 3, (Measure(MeasureKind.BATTERY_PERCENT, 80.0),))
REPORT = TagReport("hall", AT - timedelta(seconds=1), AT, is_listening=True, readings=(READING,))
WATCHED = Watched(7, IdentityRecord(IdentityKind.IRK, bytes(range(32)), "", b"sealed", "identity resolving key"))


def test_reports_come_out_as_they_went_in() -> None:
    """What a sensor heard is what its hub reads."""
    assert decode_reports(encode_reports("hall", AT, [REPORT])) == (AT, (REPORT,))


def test_the_register_comes_out_without_its_labels() -> None:
    """A sensor reads what it needs to recognise tags, and not what their owner sees of them."""
    body = encode_register("1a", [WATCHED])
    version, (watched,) = decode_register(body)
    assert (version, watched.tag_id, watched.identity.digest) == ("1a", 7, bytes(range(32)))
    assert (watched.identity.sealed, watched.identity.label) == (b"sealed", "")
    assert b"resolving" not in body


WRONG: list[dict[str, Any]] = [
    {"version": 2},
    {"sensor": "a/b"},
    {"reports": []},
    {"sent_at": "1970-01-01T00:00:00Z"},
    {"sent_at": "2027-03-01T12:00:00"},
    {"reports": [{"from_at": "2027-03-01T12:00:01Z", "to_at": "2027-03-01T12:00:00Z", "is_listening": True}]},
]
WRONG_READINGS: list[dict[str, Any]] = [
    {"tag_id": 0},
    {"sighting_count": 0},
    {"rssi_mean_dbm": 400},
    {"measures": [{"kind": "mood", "value": 1}]},
    {"measures": [{"kind": "count", "value": 1e300}]},
    {"last_heard_at": "never"},
]


def form() -> dict[str, Any]:
    said: dict[str, Any] = json.loads(encode_reports("hall", AT, [REPORT]))
    return said


@pytest.mark.parametrize("wrong", WRONG)
def test_a_message_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    """Each field has its bounds."""
    with pytest.raises(WireError):
        decode_reports(json.dumps({**form(), **wrong}).encode())


@pytest.mark.parametrize("wrong", WRONG_READINGS)
def test_a_reading_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    """Each figure has its bounds."""
    said = form()
    said["reports"][0]["readings"][0].update(wrong)
    with pytest.raises(WireError):
        decode_reports(json.dumps(said).encode())


def test_a_tag_belongs_into_a_report_once_and_only_where_somebody_listened() -> None:
    """A tag that is listed twice, or heard by nobody, is refused."""
    said = form()
    said["reports"][0]["readings"] *= 2
    with pytest.raises(WireError, match="twice"):
        decode_reports(json.dumps(said).encode())
    said = form()
    said["reports"][0]["is_listening"] = False
    with pytest.raises(WireError, match="does not listen"):
        decode_reports(json.dumps(said).encode())


@given(some.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    """Nothing that is sent raises anything else."""
    for read in (decode_reports, decode_register):
        with pytest.raises(WireError):
            read(body)


def test_the_examples_in_the_docs_are_read() -> None:
    """docs/wire.md shows a register and reports as they are."""
    text = Path("docs/wire.md").read_text(encoding="utf-8")
    _, register, reports, _ = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert decode_register(register.encode())[1][0].tag_id == 3
    assert decode_reports(reports.encode())[1][0].readings[0].sighting_count == 4
