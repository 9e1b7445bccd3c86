from __future__ import annotations

from contextlib import closing

from db.connect import Connections
from db.overrides import Overrides
from presence.zones import ZoneThresholds
from tests.db.scanning import minute


def test_thresholds_are_kept_until_they_are_reset(any_url: str) -> None:
    """What was set holds, the last one, also after a restart; a reset leaves it to config.toml again."""
    with closing(Connections(any_url)) as connections:
        overrides = Overrides(connections)
        assert overrides.thresholds() is None
        overrides.set_thresholds(ZoneThresholds(-50, -70), minute(0))
        overrides.set_thresholds(ZoneThresholds(-55, -80), minute(1))
    with closing(Connections(any_url)) as connections:
        overrides = Overrides(connections)
        assert overrides.thresholds() == ZoneThresholds(-55, -80)
        overrides.reset_thresholds()
        assert overrides.thresholds() is None
