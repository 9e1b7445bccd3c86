from __future__ import annotations

from dataclasses import asdict

import pytest

from layouts.devices import (
    PAGE_ROWS,
    SORTS,
    Wanted,
    device_rows,
    device_table,
    held_query,
    next_query,
    place_text,
    sort_button_id,
    sort_marks,
)
from presence.overview import DevicePage, DeviceQuery, DeviceSort
from presence.ranges import TimeRange
from tests.layouts.fake_place import NOW_AT, SETTINGS, hostile_rows, made_up_rows
from tests.layouts.trees import attribute, components, of_type, words

FIRST = DeviceQuery(limit=PAGE_ROWS)


def _cells(page: DevicePage) -> list[list[str]]:
    rows = device_rows(page, FIRST, NOW_AT, SETTINGS.time_zone)
    return [[words(cell) for cell in of_type(row, "Td")] for row in rows]


def test_a_row_says_all_that_is_known_of_a_device() -> None:
    """Radio, maker, signal, zone, minutes, first and last seen, kind, networks, sensor, eight digits of the hash."""
    device = made_up_rows(3)[2]
    assert _cells(DevicePage((device,), 1)) == [
        [
            "Wi-Fi",
            "Samsung Electronics",
            "−47 ± 2.4 dBm",
            "near",
            "15",
            "13:47",
            "15:47",
            "randomised",
            "eduroam, Home-5G",
            "entrance",
            device.device_hash[:8],
        ]
    ]


def test_what_a_device_does_not_tell_is_a_dash() -> None:
    """No maker, no reading, no zone and no networks are dashes."""
    silent = made_up_rows(17)[16]
    assert _cells(DevicePage((silent,), 1))[0][1:4] == ["Apple", "—", "—"]


def test_the_whole_hash_never_reaches_a_stranger() -> None:
    """Eight digits tell two rows apart; the rest stays in the database."""
    page = DevicePage(tuple(made_up_rows(5)), 5)
    sent = repr(device_rows(page, FIRST, NOW_AT, SETTINGS.time_zone))
    assert all(device.device_hash not in sent for device in page.rows)


def test_who_may_see_single_devices_can_copy_the_whole_hash() -> None:
    """Each row has a button that holds it, and says which device it is of."""
    page = DevicePage(tuple(made_up_rows(2)), 2)
    buttons = of_type(device_rows(page, FIRST, NOW_AT, SETTINGS.time_zone, with_hashes=True), "Button")
    assert [attribute(button, "data-copy") for button in buttons] == [row.device_hash for row in page.rows]
    assert all(
        row.device_hash[:8] in attribute(button, "aria-label") for button, row in zip(buttons, page.rows, strict=True)
    )


def test_hostile_names_are_bounded_text() -> None:
    """Markup stays text, what turns or rings is replaced, a megabyte is cut, and a flood of networks is counted."""
    cells = _cells(DevicePage(tuple(hostile_rows()), 1))[0]
    assert cells[1].startswith('<img src=x onerror="window.pwned=1"><b>bold</b>�gnp.exe�')
    assert cells[8].endswith("and 10 more")
    assert len(cells[8]) < 250


def test_no_match_is_said_in_words() -> None:
    """An empty table says whether nothing matches the search or nobody was heard."""
    empty = DevicePage((), 0)
    found = device_rows(empty, DeviceQuery(search="<b>Acme"), NOW_AT, SETTINGS.time_zone)
    assert words(found) == "No device matches “<b>Acme”."
    assert words(device_rows(empty, FIRST, NOW_AT, SETTINGS.time_zone)) == "No device was heard in this time."
    assert place_text(empty, FIRST) == "No devices"


def test_the_place_in_the_table_is_told() -> None:
    """The second page says which rows it shows, of how many."""
    page = DevicePage(tuple(made_up_rows(25)), 1340)
    assert place_text(page, DeviceQuery(offset=25)) == "26–50 of 1,340"


def test_paging_moves_by_a_page_and_never_before_the_first() -> None:
    """Next adds a page, Previous takes one away, and at the beginning stays there."""
    second = next_query(FIRST, "devices-next", Wanted(TimeRange.DAY, ""))
    assert second.offset == PAGE_ROWS
    assert next_query(second, "devices-previous", Wanted(TimeRange.DAY, "")).offset == 0
    assert next_query(FIRST, "devices-previous", Wanted(TimeRange.DAY, "")).offset == 0


def test_a_new_search_or_range_begins_at_the_first_page() -> None:
    """What was on page four of the old list is nowhere in the new one."""
    fourth = DeviceQuery(offset=75, limit=PAGE_ROWS)
    assert next_query(fourth, "devices-search", Wanted(TimeRange.DAY, " apple ")) == DeviceQuery(
        search="apple", limit=PAGE_ROWS
    )
    assert next_query(fourth, "devices-range-week", Wanted(TimeRange.WEEK, "")).offset == 0


def test_new_data_keeps_the_place() -> None:
    """A scan that ends does not throw the reader back to the first page."""
    fourth = DeviceQuery(offset=75, limit=PAGE_ROWS)
    assert next_query(fourth, "scans-finished", Wanted(TimeRange.DAY, "")) == fourth


def test_a_heading_sorts_and_sorts_the_other_way_when_clicked_again() -> None:
    """Words begin with A, numbers with the greatest, and a second click turns the order."""
    makers = next_query(FIRST, sort_button_id(DeviceSort.MANUFACTURER), Wanted(TimeRange.DAY, ""))
    assert (makers.sort, makers.descending) == (DeviceSort.MANUFACTURER, False)
    minutes = next_query(makers, sort_button_id(DeviceSort.TIME_SPENT), Wanted(TimeRange.DAY, ""))
    assert (minutes.sort, minutes.descending) == (DeviceSort.TIME_SPENT, True)
    assert next_query(minutes, sort_button_id(DeviceSort.TIME_SPENT), Wanted(TimeRange.DAY, "")).descending is False


def test_the_sorted_heading_says_so() -> None:
    """Exactly one column is marked, with its direction."""
    marks = dict(zip(SORTS, sort_marks(FIRST), strict=True))
    assert {mark for sort, mark in marks.items() if sort is not DeviceSort.LAST_SEEN} == {"none"}
    assert marks[DeviceSort.LAST_SEEN] == "descending"


def test_every_sort_has_its_heading() -> None:
    """All that the database can sort by can be clicked."""
    assert set(SORTS) == set(DeviceSort)
    ids = {attribute(tree, "id") for tree in components(device_table())}
    assert {sort_button_id(sort) for sort in DeviceSort} <= ids


@pytest.mark.parametrize(
    "held",
    [None, 7, [], {}, {"sort": "drop table"}, asdict(FIRST) | {"offset": "x"}, asdict(FIRST) | {"time_range": "aeon"}],
)
def test_what_the_browser_holds_is_not_believed(held: object) -> None:
    """A query that makes no sense is the first page, not an error."""
    assert held_query(held) == FIRST


def test_the_browser_cannot_ask_for_more_than_a_page() -> None:
    """The number of rows is the server's to decide, and no row lies before the first."""
    held = asdict(FIRST) | {"limit": 10**9, "offset": -5}
    assert held_query(held) == FIRST
