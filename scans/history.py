"""History: what a simulated site would have sounded like, at full speed, as scans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from presence.radio import Radio
from presence.scan import Hearing, Scan
from scans.counting import Window, new_windows
from scans.folding import Fold, ObservationRules
from scans.sensor import Moment, hearing_of
from scans.simulated.site import SimulatedSite
from scans.visitor_key import VisitorKeys


def simulated_scans(
    site: SimulatedSite,
    *,
    sensor: str,
    keys: VisitorKeys,
    rules: ObservationRules,
    from_at: datetime,
    to_at: datetime,
    interval: timedelta,
    listen_seconds: float,
    windows: Mapping[Radio, Window] | None = None,
) -> Iterator[Scan]:
    """The scans a sensor at the site would have made between two moments, the earliest first.

    The sightings are those the live radios would hand over; only the dissecting of frames is left out, which would
    take longer than the owner wants to wait for a demonstration. Without `windows` it counts without learning what
    stays.
    """
    counting = windows or new_windows()

    def hearing(radio: Radio, moment: Moment) -> Hearing:
        fold = Fold(radio)
        for sighting in site.sightings(radio, moment.started_at, listen_seconds):
            fold.hear(sighting)
        return hearing_of(fold, site.fault(radio, moment.started_at), moment, counting[radio])

    at = from_at
    while at < to_at:
        key = keys.key_at(at)
        moment = Moment(at, key, rules)
        yield Scan(
            sensor=sensor,
            started_at=at,
            duration_seconds=listen_seconds,
            elapsed_seconds=interval.total_seconds(),
            key_period=key.period,
            clock_is_right=True,
            wifi=hearing(Radio.WIFI, moment),
            bluetooth=hearing(Radio.BLUETOOTH, moment),
        )
        at += interval
