"""What statistics ought to say, worked out anew in plain Python from all scans at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from presence.radio import Radio
from presence.scan import Heard, Scan
from presence.statistics import ZoneFigures, ZoneStatistics
from presence.zones import Zone
from tests.db.scanning import PRAGUE

Figures = tuple[Mapping[Zone, ZoneFigures], ZoneFigures] | None
Detection = tuple[Radio, str, Zone | None, float | None]


def detections(scans: Iterable[Scan]) -> list[Detection] | None:
    """Every detection of some scans; None when no radio was heard in any."""
    heard = [
        [(radio, one.device_hash, one.zone, one.rssi_mean_dbm) for one in hearing.observations]
        for scan in scans
        for radio in Radio
        if isinstance(hearing := scan.hearing(radio), Heard)
    ]
    return [one for some in heard for one in some] if heard else None


def expected(scans: Sequence[Scan], from_at: datetime, to_at: datetime, sensor: str | None) -> Figures:
    """The figures of each zone and of all, as `of_answer` gives them; None when no radio was heard."""
    some = [
        scan
        for scan in scans
        if from_at <= scan.started_at < to_at and sensor in {None, scan.sensor} and scan.clock_is_right
    ]
    found = detections(some)
    if found is None:
        return None
    if to_at - from_at <= timedelta(hours=25):
        spans = [found]
    else:
        days = {scan.started_at.astimezone(PRAGUE).date() for scan in some}
        spans = [
            detections(scan for scan in some if scan.started_at.astimezone(PRAGUE).date() == day) or [] for day in days
        ]
    zones = {zone: _figures(spans, zone) for zone in Zone}
    return zones, _figures(spans, None)


def _figures(spans: Sequence[Sequence[Detection]], zone: Zone | None) -> ZoneFigures:
    of_zone = [[one for one in span if zone in {None, one[2]}] for span in spans]
    readings = [round(one[3]) for span in of_zone for one in span if one[3] is not None]
    return ZoneFigures(
        device_count=sum(len({one[:2] for one in span}) for span in of_zone),
        detection_count=sum(len(span) for span in of_zone),
        rssi_mean_dbm=sum(readings) / len(readings) if readings else None,
    )


def of_answer(answer: ZoneStatistics) -> Figures:
    """What an answer says, without its times."""
    return None if answer.total is None or answer.zones is None else (answer.zones, answer.total)


def by_sensor(scan: Scan, sensor: str) -> Scan:
    """The scan as another sensor made it."""
    return replace(scan, sensor=sensor)
