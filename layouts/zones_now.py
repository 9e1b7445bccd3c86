"""The zones people are in now: how many are near, medium and far."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.formats import count_text, dbm_text
from presence.overview import Overview
from presence.zones import Zone, ZoneThresholds


def zones_now(overview: Overview, thresholds: ZoneThresholds) -> list[Component]:
    """How near the devices of the latest scan are, as three bars.

    Args:
        overview: The place now.
        thresholds: Where zones end now.
    """
    known = overview.people_now is not None
    counts = {zone: overview.zones_now.get(zone, 0) if known else None for zone in Zone}
    most = max(*(count or 0 for count in counts.values()), 1)
    return [_zone(zone, count, most, thresholds) for zone, count in counts.items()]


def _zone(zone: Zone, count: int | None, most: int, thresholds: ZoneThresholds) -> Component:
    # The longest bar leaves room for the number at its end: 4 em hold five digits.
    width = f"calc({(count or 0) / most:.2f} * (100% - 4em))"
    return html.Div(
        [
            html.Dt([f"{zone.value.capitalize()} ", html.Span(reach_text(zone, thresholds), className="note")]),
            html.Dd(
                [
                    html.Span(className="bar", style={"width": width}),
                    html.Span(count_text(count), className="zone-count"),
                ]
            ),
        ],
        className=f"zone zone-{zone.value}",
    )


def reach_text(zone: Zone, thresholds: ZoneThresholds) -> str:
    """Which signals are in a zone: "−60 dBm or stronger"."""
    if zone is Zone.FAR:
        return "weaker"
    return f"{dbm_text(thresholds.near_dbm if zone is Zone.NEAR else thresholds.medium_dbm)} dBm or stronger"
