"""The device table: its headings, its rows, and what to ask for when one of its controls is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria
from layouts.formats import DASH, count_text, number_text, plain_words, short_moment_text, signal_text
from layouts.ranges import range_picker
from presence.overview import DevicePage, DeviceQuery, DeviceRow, DeviceSort
from presence.ranges import TimeRange

PAGE_ROWS = 25
"""Rows of the table on one of its pages."""

# More networks than this would push a row apart; the rest are counted.
_NETWORKS_SHOWN = 3

_LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class _Column:
    """A column; `look` is its class in assets/5-devices.css."""

    title: str
    sort: DeviceSort | None = None
    look: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which devices are looked for: last seen in a range, with some words, at one sensor or at all."""

    time_range: TimeRange
    search: str
    sensor: str | None = None


_COLUMNS = (
    _Column("Radio", DeviceSort.RADIO),
    _Column("Manufacturer", DeviceSort.MANUFACTURER),
    _Column("Signal", DeviceSort.RSSI, look="number"),
    _Column("Zone", DeviceSort.ZONE),
    _Column("Minutes", DeviceSort.TIME_SPENT, look="number"),
    _Column("First seen", DeviceSort.FIRST_SEEN),
    _Column("Last seen", DeviceSort.LAST_SEEN),
    _Column("Kind of address", DeviceSort.ADDRESS_KIND, look="wide"),
    _Column("Networks asked for", look="wide"),
    _Column("Sensor", DeviceSort.SENSOR, look="of-sensor"),
    _Column("Device"),
)

# What one looks for first: words from A on, numbers and times from the greatest on.
_ASCENDING_FIRST = {
    DeviceSort.RADIO,
    DeviceSort.MANUFACTURER,
    DeviceSort.ADDRESS_KIND,
    DeviceSort.ZONE,
    DeviceSort.SENSOR,
}

SORTS = tuple(column.sort for column in _COLUMNS if column.sort is not None)
"""The sortable columns, in the order they stand."""


def device_table() -> Component:
    """The table with its search, range and paging, without rows."""
    return html.Section(
        [
            html.Header(
                [
                    html.H2("Devices"),
                    html.P(
                        "Not every device is a person, and a phone that changes its address appears again.",
                        className="note",
                    ),
                ],
                className="section-head",
            ),
            html.Div([_search_field(), range_picker("devices-range", "Last seen within")], className="controls"),
            html.Div(
                html.Table(
                    [
                        html.Caption("Devices", className="unseen"),
                        html.Thead(html.Tr([_heading(column) for column in _COLUMNS])),
                        html.Tbody(id="device-rows"),
                    ],
                    className="devices",
                ),
                className="table-frame",
            ),
            html.Nav(
                [
                    html.Button("Previous", id="devices-previous", className="button", disabled=True),
                    html.Span(id="devices-place", className="place", role="status"),
                    html.Button("Next", id="devices-next", className="button", disabled=True),
                ],
                className="paging",
                **aria(label="Pages of the device table"),
            ),
        ],
        className="panel",
    )


def _search_field() -> Component:
    return html.Div(
        [
            html.Label("Search", htmlFor="devices-search"),
            dcc.Input(
                id="devices-search",
                type="search",
                debounce=0.3,  # seconds after the last key
                maxLength=_LONGEST_SEARCH,
                placeholder="Manufacturer, network, zone…",
                className="field",
            ),
        ],
        className="search",
    )


def _heading(column: _Column) -> Component:
    if column.sort is None:
        return html.Th(column.title, scope="col", className=column.look)
    button = html.Button(column.title, id=sort_button_id(column.sort), className="sort")
    return html.Th(button, id=heading_id(column.sort), scope="col", className=column.look, **aria(sort="none"))


def sort_button_id(sort: DeviceSort) -> str:
    """The button in the heading of a column."""
    return f"sort-{sort.value}"


def heading_id(sort: DeviceSort) -> str:
    """The heading of a column, which says how it is sorted."""
    return f"heading-{sort.value}"


def next_query(query: DeviceQuery, control: str | None, wanted: Wanted) -> DeviceQuery:
    """What to list after a control was used.

    Args:
        query: What is listed now.
        control: The id of the control that was used; None when only the data is new.
        wanted: Which devices are looked for.
    """
    search = wanted.search.strip()[:_LONGEST_SEARCH]
    searched = replace(query, time_range=wanted.time_range, search=search, sensor=wanted.sensor)
    if searched != query:
        return replace(searched, offset=0)
    if control == "devices-next":
        return replace(searched, offset=query.offset + query.limit)
    if control == "devices-previous":
        return replace(searched, offset=max(query.offset - query.limit, 0))
    clicked = next((sort for sort in SORTS if sort_button_id(sort) == control), None)
    if clicked is None:
        return searched
    descending = not query.descending if clicked is query.sort else clicked not in _ASCENDING_FIRST
    return replace(searched, sort=clicked, descending=descending, offset=0)


def held_query(held: Any) -> DeviceQuery:  # noqa: ANN401 - it is JSON from a stranger
    """What is listed now, as the browser holds it between two clicks; the first page when it makes no sense."""
    try:
        return DeviceQuery(
            time_range=TimeRange(held["time_range"]),
            search=str(held["search"]),
            sort=DeviceSort(held["sort"]),
            descending=bool(held["descending"]),
            offset=max(int(held["offset"]), 0),
            limit=PAGE_ROWS,
            sensor=None if held["sensor"] is None else str(held["sensor"]),
        )
    except (KeyError, TypeError, ValueError):
        return DeviceQuery(limit=PAGE_ROWS)


def sort_marks(query: DeviceQuery) -> list[str]:
    """For each sortable column what `aria-sort` says."""
    direction = "descending" if query.descending else "ascending"
    return [direction if sort is query.sort else "none" for sort in SORTS]


def place_text(page: DevicePage, query: DeviceQuery) -> str:
    """Which rows are shown, of how many: "26–50 of 340"."""
    if page.total == 0:
        return "No devices"
    first, last = query.offset + 1, query.offset + len(page.rows)
    return f"{count_text(first)}–{count_text(last)} of {count_text(page.total)}"


def device_rows(
    page: DevicePage, query: DeviceQuery, now_at: datetime, zone: tzinfo, *, with_hashes: bool = False
) -> list[Component]:
    """The rows of the table; one that says so when nothing matches.

    Args:
        page: The devices.
        query: What was looked for.
        now_at: The moment it is.
        zone: In which times are shown.
        with_hashes: Whether whoever looks may have the whole hash of each device, and not its beginning alone.
    """
    if page.rows:
        return [_row(row, now_at, zone, with_hash=with_hashes) for row in page.rows]
    words = f"No device matches “{plain_words(query.search)}”." if query.search else "No device was heard in this time."
    return [html.Tr(html.Td(words, colSpan=len(_COLUMNS), className="nothing"))]


def _row(row: DeviceRow, now_at: datetime, zone: tzinfo, *, with_hash: bool) -> Component:
    cells: Sequence[str | Component | list[str | Component]] = (
        html.Span(row.radio.label, className=f"radio-name radio-name-{row.radio.value}"),
        _broadcast(row.manufacturer) if row.manufacturer else DASH,
        signal_text(row.rssi_mean_dbm, row.rssi_std_db),
        row.zone.value if row.zone else DASH,
        number_text(row.time_spent_minutes),
        short_moment_text(row.first_seen_at, now_at, zone),
        short_moment_text(row.last_seen_at, now_at, zone),
        row.address_kind.value,
        _networks(row.ssids),
        _broadcast(row.sensor),
        [html.Code(row.device_hash[:8], className="hash"), *(_copying(row.device_hash) if with_hash else [])],
    )
    return html.Tr(
        [
            html.Td(cell, className=column.look, **_labelled(column))
            for column, cell in zip(_COLUMNS, cells, strict=True)
        ]
    )


def _copying(device_hash: str) -> list[str | Component]:
    """A button that copies the whole hash; assets/copy.js does so."""
    attributes: Any = {"data-copy": device_hash}
    name = f"Copy the whole hash of device {device_hash[:8]}"
    return [" ", html.Button("Copy", className="button copy", **attributes, **aria(label=name))]


def _labelled(column: _Column) -> dict[str, Any]:
    # On a phone a row is a card, and each value has its heading beside it.
    return {"data-label": column.title}


def _networks(ssids: tuple[str, ...]) -> str | list[str | Component]:
    if not ssids:
        return DASH
    shown: list[str | Component] = []
    for ssid in ssids[:_NETWORKS_SHOWN]:
        shown += [", ", _broadcast(ssid)] if shown else [_broadcast(ssid)]
    left = len(ssids) - _NETWORKS_SHOWN
    return shown if left <= 0 else [*shown, html.Span(f" and {left} more", className="note")]


def _broadcast(words: str) -> Component:
    # `bdi` keeps a name written from right to left from turning its neighbours.
    return html.Bdi(plain_words(words))
