from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from db.connect import Connections
from db.read_pages import PageReader
from db.recorder import Recorder
from presence.pages import Page, PageQuery
from presence.radio import Radio
from tests.db.scanning import HUNG, SETTINGS, minute, scan
from tests.db.statistics_model import by_sensor


def rows_of(read: Callable[[PageQuery], Page[object]], query: PageQuery) -> list[object]:
    """All rows, page by page."""
    rows: list[object] = []
    while True:
        page = read(query)
        rows += page.rows
        if page.next_after is None:
            return rows
        query = replace(query, after=page.next_after)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_list_every_row_once(connections: Connections, limit: int) -> None:
    """Page by page come the rows that one long page has, several of one moment among them."""
    recorder = Recorder(connections, SETTINGS)
    for number in range(12):
        recorder.record(scan(minute(20 * (number // 2)), ["a", str(number)], HUNG if number % 3 else ["a"]))
    reader = PageReader(connections)
    for read in (reader.scans, reader.visits, reader.gaps):
        every = read(PageQuery(limit=1000)).rows
        assert len(every) > 3
        assert rows_of(read, PageQuery(limit=limit)) == list(every)


def test_pages_are_stable_while_scans_arrive(connections: Connections) -> None:
    """What is added while somebody turns the pages neither repeats a row nor hides one."""
    recorder = Recorder(connections, SETTINGS)
    for number in range(4):
        recorder.record(scan(minute(number)))
    reader = PageReader(connections)
    first = reader.scans(PageQuery(limit=2))
    recorder.record(scan(minute(5)))
    second = reader.scans(PageQuery(limit=2, after=first.next_after))
    assert [row.started_at for row in (*first.rows, *second.rows)] == [minute(number) for number in (3, 2, 1, 0)]
    assert second.next_after is None


def test_pages_are_narrowed_by_time_and_sensor(connections: Connections) -> None:
    """Only what is of the sensor and of the time is listed; a gap that reaches into it is."""
    recorder = Recorder(connections, SETTINGS)
    for number in range(6):
        recorder.record(by_sensor(scan(minute(number), [], HUNG), "door" if number % 2 else "hall"))
    reader = PageReader(connections)
    some = PageQuery(from_at=minute(2), to_at=minute(5), sensor="hall")
    assert [row.started_at for row in reader.scans(some).rows] == [minute(4), minute(2)]
    (found,) = [row for row in reader.gaps(some).rows if row.gap.fault is not None]
    assert (found.sensor, found.gap.from_at, found.gap.to_at) == ("hall", minute(0), None)
    assert reader.gaps(replace(some, to_at=minute(-1), from_at=None)).rows == ()


def test_every_radio_says_since_when_it_is_not_heard(connections: Connections) -> None:
    """Each sensor's radios are told with the fault that lasts; one that is heard has none."""
    recorder = Recorder(connections, SETTINGS)
    recorder.record(by_sensor(scan(minute(0), ["a"], []), "door"))
    recorder.record(by_sensor(scan(minute(1), ["a"], HUNG), "door"))
    recorder.record(by_sensor(scan(minute(1), [], []), "hall"))
    radios = {(row.sensor, row.radio): row for row in PageReader(connections).radios()}
    assert len(radios) == 4
    assert radios["door", Radio.WIFI].gap is None
    silent = radios["door", Radio.BLUETOOTH]
    assert silent.gap is not None
    assert (silent.last_heard_at, silent.gap.from_at, silent.gap.fault) == (minute(0), minute(1), HUNG)


@pytest.mark.parametrize("number", [-(2**63), 0, 2**63 - 1])
def test_a_page_can_begin_anywhere(connections: Connections, number: int) -> None:
    """Whoever makes up where a page begins finds some rows or none."""
    Recorder(connections, SETTINGS).record(scan(minute(0)))
    assert len(PageReader(connections).scans(PageQuery(after=(number, number))).rows) == (number == 2**63 - 1)
