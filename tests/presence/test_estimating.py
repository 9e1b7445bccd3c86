"""Estimating people from counts, and calibrating by head counts."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from presence.calibrating import CountedMoment, Fitted, calibrate
from presence.counts import RSSI_CUTS_DBM, Counted, FixtureHeard, RadioCounts, SensorCounts
from presence.estimate import PeopleEstimate, StepKind
from presence.estimating import estimate_people
from presence.people_model import UNCALIBRATED, PeopleModel

NOON_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOBODY_STAYS: frozenset[str] = frozenset()
PRINTER = FixtureHeard("a" * 64, None, 2, 1, 20, 10, 10, cut=7, is_carried=False)
PHONES = 12


def counted(near: int, far: int = 0) -> Counted:
    """So many devices beside the sensor, and others at −83 dBm; each sends under two addresses."""
    devices = (near + far, near + far, *(near,) * (len(RSSI_CUTS_DBM) - 2))
    twice = tuple(2 * number for number in devices)
    return Counted(
        sendings=twice, bursts=twice, addresses=twice, fingerprints=devices, devices=devices, carried=devices
    )


def heard(near: int, far: int = 0, *, scans: int = 10, fixtures: tuple[FixtureHeard, ...] = ()) -> RadioCounts:
    return RadioCounts(counted(near // 3), counted(near, far), scans, fixtures)


def by_wifi(near: int, far: int = 0, *, scans: int = 10, fixtures: tuple[FixtureHeard, ...] = ()) -> SensorCounts:
    return SensorCounts(wifi=heard(near, far, scans=scans, fixtures=fixtures), bluetooth=None)


def estimated(
    *sensors: SensorCounts, excluded: frozenset[str] = NOBODY_STAYS, model: PeopleModel = UNCALIBRATED
) -> PeopleEstimate:
    estimate = estimate_people(sensors, excluded, model)
    assert estimate is not None
    return estimate


def moments(*people: int, at: datetime = NOON_AT) -> list[CountedMoment]:
    """One a day; two devices near for each of the people, and three more."""
    return [
        CountedMoment(at + timedelta(days=number), some, (by_wifi(3 + 2 * some),)) for number, some in enumerate(people)
    ]


def fitted_to(entries: list[CountedMoment]) -> Fitted:
    return calibrate(entries, NOBODY_STAYS, entries[-1].counted_at)


def test_no_radio_is_not_nobody() -> None:
    """Where no radio has counts, nothing is said."""
    assert estimate_people([SensorCounts(None, None)], NOBODY_STAYS, UNCALIBRATED) is None
    assert estimate_people([], NOBODY_STAYS, UNCALIBRATED) is None


def test_no_devices_are_nobody() -> None:
    """An empty air is an empty place, within a range that begins at zero."""
    estimate = estimated(by_wifi(0))
    assert (estimate.low, estimate.likely) == (0, 0)
    assert estimate.high > 0


def test_silent_phones_are_added() -> None:
    """Half of the phones there are heard within ten scans, so without head counts there are twice as many and more."""
    estimate = estimated(by_wifi(PHONES))
    assert estimate.likely == pytest.approx(PHONES / 0.512 / 0.8, rel=0.01)
    assert estimate.low < 2 * PHONES < estimate.high


def test_fewer_scans_have_heard_fewer() -> None:
    """The same devices heard in three scans tell of more people than in ten."""
    assert estimated(by_wifi(PHONES, scans=3)).likely > estimated(by_wifi(PHONES)).likely


def test_what_is_far_does_not_count() -> None:
    """Without head counts a device must be as near as zones call medium."""
    assert estimated(by_wifi(PHONES, far=30)).likely == estimated(by_wifi(PHONES)).likely


def test_fixtures_leave_the_counts() -> None:
    """A thing that stays is taken off where the owner leaves it out, and counts where not."""
    there = by_wifi(PHONES, fixtures=(PRINTER,))
    without = estimated(there, excluded=frozenset({PRINTER.digest}))
    assert without.likely == pytest.approx(estimated(by_wifi(PHONES - 1)).likely)
    assert estimated(there).likely == estimated(by_wifi(PHONES)).likely


def test_every_step_follows_from_the_one_before() -> None:
    """Each step says by how much the number changes, and the last number is the estimate."""
    steps = estimated(by_wifi(PHONES, far=4, fixtures=(PRINTER,)), excluded=frozenset({PRINTER.digest})).steps
    by_kind = {step.kind: step for step in steps}
    assert list(by_kind) == [
        StepKind.HEARD_NOW,
        StepKind.IN_WINDOW,
        StepKind.FIXTURES,
        StepKind.NEAR_ENOUGH,
        StepKind.JOINED,
        StepKind.SILENT,
        StepKind.PER_DEVICE,
        StepKind.RANGE,
    ]
    for before, step in pairwise(steps):
        if step.change is not None and step.kind in {StepKind.FIXTURES, StepKind.JOINED}:
            assert step.value == before.value - step.change
        elif step.change is not None and step.kind is StepKind.SILENT:
            assert step.value == pytest.approx(before.value + step.change)
        elif step.change is not None and step.kind is StepKind.PER_DEVICE:
            assert step.value == pytest.approx(before.value * step.change)
    assert by_kind[StepKind.RANGE].value == by_kind[StepKind.PER_DEVICE].value


def test_radios_that_disagree_widen_the_range() -> None:
    """Each person counts once, and the farther the radios are apart, the less sure it is."""
    apart = estimated(SensorCounts(heard(0), heard(40)))
    agreed = estimated(SensorCounts(heard(10), heard(20)))
    assert apart.likely == pytest.approx(25)
    assert agreed.likely == pytest.approx((10 / 0.512 + 20) / 0.8 / 2, rel=0.01)
    assert apart.high - apart.likely > agreed.high - agreed.likely


def test_calibration_learns_the_place() -> None:
    """With a few head counts the estimate comes close to the truth, and closer than without."""
    fitted = fitted_to(moments(0, 5, 10, 15, 20, 12))
    assert fitted.error is not None
    assert fitted.plain_error is not None
    assert fitted.error < 2 < fitted.plain_error
    estimate = estimated(by_wifi(3 + 2 * 8), model=fitted.model)
    assert estimate.likely == pytest.approx(8, abs=1)
    assert estimate.low <= 8 <= estimate.high
    assert estimate.head_counts == 6


def test_calibration_narrows_the_range() -> None:
    """What was counted makes the estimate surer than what is true of all places."""
    model = fitted_to(moments(0, 5, 10, 15, 20, 12)).model
    plain, learned = estimated(by_wifi(20)), estimated(by_wifi(20), model=model)
    assert learned.high - learned.low < (plain.high - plain.low) / 2


def test_head_counts_of_full_rooms_leave_an_empty_one_empty() -> None:
    """An owner who never counted an empty room is told of nobody where nothing is heard."""
    entries = [
        CountedMoment(NOON_AT + timedelta(days=number), people, (by_wifi(near),))
        for number, (people, near) in enumerate([(8, 25), (12, 20), (9, 24), (11, 18), (10, 26), (8, 21)])
    ]
    model = fitted_to(entries).model
    assert estimated(by_wifi(0), model=model).likely < 0.5
    assert estimated(by_wifi(22), model=model).likely == pytest.approx(10, abs=1.5)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_head_counts_move_the_estimate_towards_them(count: int) -> None:
    """Fewer than three cannot show a line, and correct the uncalibrated estimate by a factor."""
    plain = estimated(by_wifi(23)).likely
    fitted = fitted_to(moments(*(10,) * count))
    assert fitted.error is None
    assert 10 < estimated(by_wifi(23), model=fitted.model).likely < plain


def test_a_slip_of_the_finger_is_outweighed() -> None:
    """One entry of a hundred people among twenty of ten hardly moves the estimate."""
    right = moments(*(range(0, 20, 1)))
    slipped = replace(moments(100)[0], counted_at=NOON_AT + timedelta(days=30), sensors=(by_wifi(23),))
    estimate = estimated(by_wifi(23), model=fitted_to([*right, slipped]).model)
    assert estimate.likely == pytest.approx(10, abs=2)


def test_old_entries_weigh_less() -> None:
    """When a place has changed, what was counted lately decides."""
    before = [replace(one, people=2 * one.people) for one in moments(*range(2, 14))]
    after = moments(*range(2, 14), at=NOON_AT + timedelta(days=5 * 365))
    estimate = estimated(by_wifi(3 + 2 * 8), model=fitted_to([*before, *after]).model)
    assert estimate.likely == pytest.approx(8, abs=1.5)


def test_entries_of_another_age_still_teach() -> None:
    """Where the clock stood wrong by decades, head counts are learned from all the same."""
    fitted = calibrate(moments(*range(2, 14)), NOBODY_STAYS, NOON_AT.replace(year=9999))
    assert estimated(by_wifi(3 + 2 * 8), model=fitted.model).likely == pytest.approx(8, abs=1.5)


def noisy(chance: random.Random, number: int) -> CountedMoment:
    people = number % 20
    return CountedMoment(
        NOON_AT + timedelta(days=number), people, (by_wifi(max(0, round(3 + 2 * people + chance.gauss(0, 4)))),)
    )


def test_the_range_holds_four_of_five() -> None:
    """Where the air is noisy, the range holds about four of five moments that it never saw."""
    held = []
    for seed in range(6):
        chance = random.Random(seed)
        model = fitted_to([noisy(chance, number) for number in range(30)]).model
        for later in (noisy(chance, number) for number in range(100)):
            estimate = estimated(*later.sensors, model=model)
            held.append(estimate.low <= later.people <= estimate.high)
    assert 0.74 <= sum(held) / len(held) <= 0.86


def test_a_moment_without_counts_teaches_nothing() -> None:
    """An entry at which nothing was heard has no prediction, and does not count."""
    unheard = CountedMoment(NOON_AT, 7, (SensorCounts(None, None),))
    fitted = calibrate([unheard, *moments(0, 5, 10)], NOBODY_STAYS, NOON_AT)
    assert fitted.predictions[0] is None
    assert None not in fitted.predictions[1:]
    assert fitted.used == fitted.model.head_counts == 3
    assert calibrate([unheard], NOBODY_STAYS, NOON_AT).model == UNCALIBRATED


def test_each_radio_is_learned_by_itself() -> None:
    """Where both were heard at the head counts, either alone tells people later, and both together too."""
    entries = [
        CountedMoment(NOON_AT + timedelta(days=some), some, (SensorCounts(heard(2 * some), heard(3 + some)),))
        for some in range(0, 20, 2)
    ]
    model = fitted_to(entries).model
    for sensor in (
        SensorCounts(heard(18), None),
        SensorCounts(None, heard(12)),
        SensorCounts(heard(18), heard(12)),
    ):
        assert estimated(sensor, model=model).likely == pytest.approx(9, abs=1.5)


def test_sensors_are_added_up() -> None:
    """What two sensors of a place hear counts together."""
    assert estimated(by_wifi(5), by_wifi(7)).likely == pytest.approx(estimated(by_wifi(12)).likely)


def test_a_model_survives_as_text() -> None:
    """What was learned is written down and read again without loss."""
    model = fitted_to(moments(0, 5, 10, 15)).model
    assert PeopleModel.from_json(model.to_json()) == model


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '{"wifi": 3}', '{"version": 1}', '{"version": 2, "wifi": 3}'])
def test_another_text_is_no_model(text: str) -> None:
    """A text that is no model, or one of another version, is refused with a ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        PeopleModel.from_json(text)


def test_a_model_is_small() -> None:
    """It is kept in the database, so it takes a few kilobytes and no more."""
    text = fitted_to(moments(*range(30))).model.to_json()
    assert len(text) < 10_000
    assert json.loads(text)["head_counts"] == 30
