"""Names that strangers broadcast: each function takes any bytes as a name, and raises where it is more than text.

A network's name and a device's take their own roads in; what comes out is shown, stored, exported and told.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from db.export import csv_pieces, defused, json_pieces
from layouts.devices import device_rows
from layouts.formats import plain_words
from layouts.report import report_text
from links.home_assistant_messages import SiteCard, sensor_key
from links.scan_lines import scan_as_json
from presence.detection import Detection
from presence.overview import DevicePage, DeviceQuery, DeviceRow, Report
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import Heard
from presence.zones import Zone, ZoneThresholds
from scans.client_frames import FIELDS, ClientFrames
from scans.sighting import Sighting
from tests.layouts.fake_place import NOW_AT, SETTINGS, busy_overview, busy_report, made_up_rows
from tests.layouts.trees import components
from tests.links.test_wire import observation, scan
from tests.strangers.drawing import Drawing
from tests.strangers.from_the_air import is_shown_as_it_is

_UTC = ZoneInfo("UTC")

# What names have been tried as: markup, formulas, templates, escapes, what turns text or hides in it, paths, commands.
_LIKELY = (
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "javascript:alert(1)"),
    *("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "{{7*7}}", "${7*7}", "%s%n", "{0.__class__}"),
    *(
        "\x1b[31m",
        "\r\nSet-Cookie: a=b",
        "\n",
        "\u202e",
        "\u200b",
        "\x00",
        '"',
        "'",
        ",",
        "\\",
        "../../",
        "#",
        "+",
        "/",
    ),
)


def networks(data: bytes) -> None:
    """A network's name, from the bytes in a frame to the table, the line of JSON and the log."""
    name = _through_tshark(_likely_name(data).encode("utf-8") if data[:1] < b"\x80" else data[:40])
    if name is None:
        return
    assert is_shown_as_it_is(name, 32), name
    check_shown(name)
    check_told(name)


def devices(data: bytes) -> None:
    """A device's name, a maker's or a sensor's: text of any kind."""
    name = _likely_name(data)
    check_shown(name)
    check_exported(name)
    check_told(name)


def _likely_name(data: bytes) -> str:
    """Text that has something in it which is not meant as text."""
    drawing = Drawing(data)
    parts = [drawing.one_of(_LIKELY) if drawing.number(1) else drawing.text_up_to(40) for _ in range(drawing.number(4))]
    return "".join(parts)


def _through_tshark(raw: bytes) -> str | None:
    """A network's name as it is kept, when a frame asked for it; tshark prints it in hexadecimal."""
    values = dict.fromkeys(FIELDS[7::2], b"") | {
        "frame.time_epoch": b"1795003200.5",
        "wlan.fc.type_subtype": b"4",
        "wlan.ta": b"da:a1:19:04:05:06",
        "wlan.ssid": raw.hex().encode(),
    }
    heard: list[Sighting] = []
    ClientFrames(heard.append, frozenset()).take([b"\t".join(values.values())])
    return heard[0].ssid


def check_shown(name: str) -> None:
    """On the page and in the report it is text of one line, in which nothing hides, turns or rings."""
    shown = plain_words(name)
    assert not [letter for letter in shown if letter != " " and unicodedata.category(letter)[0] in "CZ"], shown
    (row,) = device_rows(_page(name), DeviceQuery(), NOW_AT, _UTC)
    for component in components(row):
        assert type(component).__name__ in {"Tr", "Td", "Span", "Bdi", "Code"}, component
        said: dict[str, Any] = component.to_plotly_json()["props"]  # type: ignore[no-untyped-call]  # dash has no types
        assert not {"href", "src", "srcDoc", "dangerously_allow_html", "style"} & said.keys(), said
    for line in _report(name).splitlines():
        assert len(line) <= 74, line
        assert all(letter.isprintable() for letter in line), line


def _page(name: str) -> DevicePage:
    first = _row()
    return DevicePage((replace(first, manufacturer=name or None, ssids=(name, name)),), 1)


@cache
def _row() -> DeviceRow:
    return made_up_rows(2)[1]


def _report(name: str) -> str:
    report = replace(_busy_report(), manufacturers=((name or None, 3), (None, 1)))
    return report_text(report, SETTINGS, ZoneThresholds())


@cache
def _busy_report() -> Report:
    return busy_report(busy_overview(), TimeRange.DAY)


def check_exported(name: str) -> None:
    """In a table it is one cell, and no formula; in JSON it is itself."""
    detection = Detection(1, Radio.WIFI, "ab" * 32, -60, Zone.NEAR, datetime(2027, 3, 1, tzinfo=UTC), name)
    table = b"".join(csv_pieces([[detection]], _UTC)).decode()
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert len(rows) == 2, rows
    assert rows[1][5] == defused(name)
    assert not rows[1][5].startswith(("=", "+", "-", "@", "\t", "\r")), rows
    (line,) = b"".join(json_pieces([[detection]])).splitlines()
    assert name in json.loads(line).values()


def check_told(name: str) -> None:
    """Other programmes get it as text: in JSON, in metrics, and in no topic; the log gets it in one line."""
    hearing = Heard((replace(observation(Radio.WIFI), ssids=(name,), manufacturer=name),))
    line = scan_as_json(scan(hearing), with_devices=True)
    assert "\n" not in line
    assert json.loads(line)["wifi"]["devices"][0]["ssids"] == [name]
    families = list(text_string_to_metric_families(_exposition(name)))
    assert [sample.labels for family in families for sample in family.samples] == [{"sensor": name}]
    for word in (sensor_key(name), SiteCard(name, name, "1", "http://box").device_id):
        assert not set(word) & set("/+#\x00\n "), word
    record = logging.LogRecord("links", logging.WARNING, "", 0, "What %r sent is dropped", (name,), None)
    assert len(record.getMessage().splitlines()) == 1


def _exposition(name: str) -> str:
    class Collected:
        def collect(self) -> list[GaugeMetricFamily]:
            family = GaugeMetricFamily("presence_sensor_devices", "Devices.", labels=["sensor"])
            family.add_metric([name], 1)
            return [family]

    registry = CollectorRegistry()
    registry.register(Collected())
    return generate_latest(registry).decode()
