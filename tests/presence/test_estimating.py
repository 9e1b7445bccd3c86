"""Estimating people from counts, and calibrating by head counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from presence.calibrating import CountedMoment, calibrate
from presence.counts import RSSI_CUTS_DBM, Counted, RadioCounts, SensorCounts
from presence.estimating import estimate_people
from presence.people_model import UNCALIBRATED, PeopleModel

NOON_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def counted(devices: int) -> Counted:
    """So many devices, all of them near."""
    every = (devices,) * len(RSSI_CUTS_DBM)
    return Counted(sendings=every, bursts=every, addresses=every, stable=every, devices=every, once=every)


def by_wifi(devices: int) -> SensorCounts:
    return SensorCounts(wifi=RadioCounts(counted(devices // 3), counted(devices), 10), bluetooth=None)


def moments(*people: int) -> list[CountedMoment]:
    """One an hour; two devices for each of the people, and three more."""
    return [
        CountedMoment(NOON_AT + timedelta(hours=number), some, (by_wifi(3 + 2 * some),))
        for number, some in enumerate(people)
    ]


def test_no_radio_is_not_nobody() -> None:
    """Where no radio has counts, nothing is said."""
    assert estimate_people([SensorCounts(None, None)], frozenset(), UNCALIBRATED) is None


def test_no_devices_are_nobody() -> None:
    """An empty air is an empty place, within a range that begins at zero."""
    estimate = estimate_people([by_wifi(0)], frozenset(), UNCALIBRATED)
    assert estimate is not None
    assert estimate.likely == 0
    assert estimate.low == 0


def test_calibration_learns_the_place() -> None:
    """With a few head counts the estimate comes close to the truth, and closer than without."""
    fitted = calibrate(moments(0, 5, 10, 15, 20, 12), frozenset(), NOON_AT)
    assert fitted.error is not None
    assert fitted.plain_error is not None
    assert fitted.error < 1.5 < fitted.plain_error
    estimate = estimate_people([by_wifi(3 + 2 * 8)], frozenset(), fitted.model)
    assert estimate is not None
    assert estimate.likely == pytest.approx(8, abs=1)
    assert estimate.low <= 8 <= estimate.high


def test_a_model_survives_as_text() -> None:
    """What was learned is written down and read again without loss."""
    model = calibrate(moments(0, 5, 10, 15), frozenset(), NOON_AT).model
    assert PeopleModel.from_json(model.to_json()) == model


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '{"wifi": 3}'])
def test_another_text_is_no_model(text: str) -> None:
    """A text that is no model is refused with a ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        PeopleModel.from_json(text)
