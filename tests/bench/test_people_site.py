"""The simulated site: six head counts narrow the range of the estimate, and bring it nearer to the truth."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bench.ordinary import ordinary_settings
from bench.people_site import FIRST_DAY_AT, TIME_ZONE, moments_of, people_figures, recorded, six_head_counts, while_open
from db.people_basis import read_basis
from db.refit import refit
from db.store import Store
from presence.calibrating import CountedMoment
from presence.people_model import PeopleModel
from scans.simulated.site import SimulatedSite

END_AT = FIRST_DAY_AT + timedelta(days=1)


def basis_of(store: Store) -> tuple[PeopleModel, frozenset[str]]:
    """The model in force, and what leaves the counts."""
    with store.connections.read() as connection:
        basis = read_basis(connection, ordinary_settings(TIME_ZONE))
    return basis.model, basis.excluded


def test_six_head_counts_narrow_the_range_and_lower_the_error(tmp_path: Path) -> None:
    """A day at the demonstration's library, both radios, by the road of head counts: entered, fitted, estimated."""
    site = SimulatedSite(1, ZoneInfo(TIME_ZONE))
    with recorded(site, FIRST_DAY_AT, END_AT, tmp_path) as store:
        moments = list(moments_of(store, site))
        before, excluded = basis_of(store)
        entries = six_head_counts(moments, random.Random(6))
        store.head_counts.add_all([(int(one.people), one.counted_at) for one in entries], "admin")
        refit(store.connections, ordinary_settings(TIME_ZONE), END_AT)
        after, _ = basis_of(store)
        calibration = store.people.calibration()
    compared: list[CountedMoment] = while_open(moments)
    uncalibrated, calibrated = (people_figures(compared, model, excluded) for model in (before, after))
    assert calibration.used == 6
    assert calibrated.width_80 < uncalibrated.width_80 / 2
    assert calibrated.mean_error < uncalibrated.mean_error * 0.8
    assert abs(calibrated.bias) < 0.15
    assert calibrated.coverage_80 == pytest.approx(0.8, abs=0.2)
