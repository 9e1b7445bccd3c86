"""An estimate of people in words: its range, what it rests on, and each step that led there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from layouts.formats import DASH, count_text, counted, dbm_text, number_text
from presence.estimate import PeopleEstimate, Step, StepKind
from presence.radio import Radio

CONFIDENCE = "four times out of five"
"""How often the truth lies within a range."""


OF_ONE_TEXT = "Near one sensor alone. Your counts are of the whole place, so the range is wide."
"""What is to be known of an estimate of one sensor of several."""


def people_text(people: float | None) -> str:
    """People as a whole number: nobody is half there. A dash for None."""
    return DASH if people is None else count_text(round(people))


def people_counted(people: float) -> str:
    """People with their word: "1 person", "12 people"."""
    return "1 person" if round(people) == 1 else f"{people_text(people)} people"


def range_text(low: float, high: float) -> str:
    """From one end to the other: "18 to 26"; one number where both are the same."""
    ends = people_text(low), people_text(high)
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def radios_of(estimate: PeopleEstimate) -> tuple[Radio, ...]:
    """The radios that an estimate rests on, Wi-Fi first."""
    heard = {step.radio for step in estimate.steps}
    return tuple(radio for radio in Radio if radio in heard)


def rests_on_text(alone: Radio, *, is_other_heard: bool) -> str:
    """What is to be known of an estimate that one radio alone stands behind.

    Args:
        alone: That radio.
        is_other_heard: Whether the other one was heard too.
    """
    (other,) = set(Radio) - {alone}
    if is_other_heard:
        return f"By {alone.label} alone: {other.label} was not heard when you counted. Count once more."
    return f"By {alone.label} alone: {other.label} was not heard, so the range is less sure."


def steps_by_radio(steps: Sequence[Step]) -> Iterator[tuple[str, list[tuple[Step, float | None]]]]:
    """The steps under their headings, each with the number before it; None for the first of a heading."""
    for radio, some in groupby(steps, key=lambda step: step.radio):
        heading = f"By {radio.label}" if radio else "Together"
        before: float | None = None
        under = []
        for step in some:
            under.append((step, before))
            before = step.value
        yield heading, under


def step_words(step: Step, before: float | None) -> str:
    """What a step does, in plain words."""
    if step.kind is StepKind.NEAR_ENOUGH:
        return f"Only those heard at {dbm_text(step.change or 0)} dBm or more: what is weaker is outside the place"
    if step.kind is StepKind.RANGE:
        return f"How sure that is: {range_text(step.low or 0, step.high or 0)}, {CONFIDENCE}"
    if step.kind is StepKind.FIXTURES and step.value == before:
        return "No access points and no things that stay among them"
    return _WORDS[step.kind]


_WORDS = {
    StepKind.HEARD_NOW: "Addresses heard in the last scan",
    StepKind.IN_WINDOW: "Heard within ten minutes: phones are silent most of the time",
    StepKind.FIXTURES: "Less access points and things that stay, such as printers",
    StepKind.JOINED: "Addresses that belong to the same device, joined",
    StepKind.CARRIED: "Only phones, tablets and computers: a watch is its owner's second device",
    StepKind.SILENT: "Phones that are there and were not heard, added",
    StepKind.PER_DEVICE: "From devices to people",
    StepKind.CALIBRATED: "From devices to people, as your counts teach",
    StepKind.TOGETHER: "Both radios together, each person once: the surer radio weighs more",
}

# Of these the value is people, not devices: what was before is multiplied, not added to.
_TO_PEOPLE = {StepKind.PER_DEVICE, StepKind.CALIBRATED}


def step_change(step: Step, before: float | None) -> str:
    """What a step does to the number before it: "+ 3", "− 2", "× 0.7"; empty where the number stands for itself.

    Steps that add or take away are told as the difference of the numbers shown, so that they add up to the eye.
    """
    if step.kind in _TO_PEOPLE and step.change is not None:
        return f"× {step.change:.2g}"
    if before is None or step.kind in {*_TO_PEOPLE, StepKind.TOGETHER, StepKind.RANGE}:
        return ""
    difference = round(round(step.value, 1) - round(before, 1), 1)
    if difference == 0:
        return "no change"
    sign = "−" if difference < 0 else "+"
    return f"{sign} {number_text(abs(difference))}"


def step_value(step: Step) -> str:
    """The number after a step; for people from devices with their word."""
    if step.kind is StepKind.RANGE:
        return people_text(step.value)
    return number_text(step.value)


def taught_by_text(head_counts: int) -> str:
    """How many counts an estimate learned from, and what that means."""
    if head_counts == 0:
        return "No count of yours yet, so the range is wide: count once, and it learns this place."
    return f"Learned from {counted(head_counts, 'count')} of yours."
