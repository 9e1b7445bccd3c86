"""The pies, as the plain dicts that plotly.js draws; what each shows stands in words beside it."""

from __future__ import annotations

from collections.abc import Sequence

from layouts.axes import Figure, base_layout
from layouts.formats import count_text, share_text
from layouts.palette import Palette
from presence.overview import Overview
from presence.zones import Zone


def detection_type_pie(overview: Overview, palette: Palette) -> Figure:
    """Wi-Fi against Bluetooth, over everything detected; an empty ring before anything was."""
    slices = (("Wi-Fi", overview.wifi_total, palette.wifi), ("Bluetooth", overview.bluetooth_total, palette.bluetooth))
    return _ring(slices, overview.people_total if overview.last_scan_at else None, palette)


def zones_pie(overview: Overview, palette: Palette) -> Figure:
    """How many of the devices of the latest scan are near, medium and far; an empty ring when none is known."""
    colours = {Zone.NEAR: palette.near, Zone.MEDIUM: palette.medium, Zone.FAR: palette.far}
    counts = {zone: overview.zones_now.get(zone, 0) for zone in Zone}
    slices = [(zone.value.capitalize(), counts[zone], colours[zone]) for zone in Zone]
    return _ring(slices, None if overview.people_now is None else sum(counts.values()), palette)


def _ring(slices: Sequence[tuple[str, int, str]], total: int | None, palette: Palette) -> Figure:
    """A ring of names with their counts and colours, around a total; an empty one when there is nothing."""
    shown = [one for one in slices if one[1]]
    labels, counts, colours = zip(*(shown or [("Nothing yet", 1, palette.line)]), strict=True)
    return {
        "data": [
            {
                "type": "pie",
                "labels": list(labels),
                "values": list(counts),
                "hole": 0.64,
                "sort": False,
                "direction": "clockwise",
                "textinfo": "none",
                "hoverinfo": "label+value+percent" if shown else "skip",
                "marker": {"colors": list(colours), "line": {"color": palette.surface, "width": 3}},
            }
        ],
        "layout": {
            **base_layout(palette),
            "showlegend": False,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "annotations": [
                {"text": count_text(total), "showarrow": False, "font": {"size": 30, "color": palette.ink}}
            ],
        },
    }


def pie_shares(overview: Overview) -> tuple[tuple[str, int, str], ...]:
    """What the pie of radios shows, in words: for each its name, its count and its share; no share of nothing."""
    total = overview.people_total
    return tuple(
        (state.radio.label, count, share_text(count / total) if total else "")
        for state, count in zip(overview.radios, (overview.wifi_total, overview.bluetooth_total), strict=True)
    )
