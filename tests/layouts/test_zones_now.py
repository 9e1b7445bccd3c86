from __future__ import annotations

from layouts.zones_now import zones_now
from presence.zones import ZoneThresholds
from tests.layouts.fake_place import both_broken_overview, busy_overview
from tests.layouts.trees import attribute, of_type, words


def test_zones_show_how_many_are_near_medium_and_far() -> None:
    """Three bars with the thresholds in force, the longest for the most."""
    shown = zones_now(busy_overview(), ZoneThresholds(-50, -70))
    assert words(shown) == "Near −50 dBm or stronger 2 Medium −70 dBm or stronger 4 Far weaker 1"
    bars = [span for span in of_type(shown, "Span") if attribute(span, "className") == "bar"]
    widths = [attribute(bar, "style")["width"].partition(" ")[0] for bar in bars]
    assert widths == ["calc(0.50", "calc(1.00", "calc(0.25"]


def test_zones_of_nobody_known_are_dashes() -> None:
    """When nothing was heard no zone is empty: none is known."""
    assert words(zones_now(both_broken_overview(), ZoneThresholds(-50, -70))).count("—") == 3
