"""What a scan counted, on the wire: to the forms of `links.wire_forms` and back, with the checks they cannot make."""

from __future__ import annotations

from itertools import pairwise

from links.wire_forms import (
    LONGEST_MANUFACTURER,
    MOST_COUNTED,
    MOST_FIXTURES,
    MOST_SCANS,
    CountedForm,
    CountsForm,
    FixtureForm,
)
from presence.counts import COUNTED_NAMES, Counted, FixtureHeard, RadioCounts

_HEX_DIGITS = b"0123456789abcdef"


class CountsError(ValueError):
    """Counts that cannot be; the message says why."""


def counts_to_send(counts: RadioCounts) -> CountsForm:
    """Counts as a form; what a receiver would refuse is cut to what it takes."""
    return CountsForm(
        scan=_counted_to_send(counts.scan),
        window=_counted_to_send(counts.window),
        window_scans=min(counts.window_scans, MOST_SCANS),
        fixtures=[_fixture_to_send(one) for one in counts.fixtures[:MOST_FIXTURES]],
    )


def received_counts(form: CountsForm) -> RadioCounts:
    """The counts that a sensor sent.

    Raises:
        CountsError: They contradict themselves.
    """
    digests = [one.digest for one in form.fixtures]
    if "".join(digests).encode("ascii", "replace").translate(None, _HEX_DIGITS):
        raise CountsError("A digest is not 64 hexadecimal digits in lower case")
    if len(set(digests)) != len(digests):
        raise CountsError("A fixture is listed twice; each belongs in once")
    return RadioCounts(
        scan=_received_counted(form.scan),
        window=_received_counted(form.window),
        window_scans=form.window_scans,
        fixtures=tuple(_received_fixture(one) for one in form.fixtures),
    )


def _counted_to_send(counted: Counted) -> CountedForm:
    return CountedForm(
        **{name: tuple(min(number, MOST_COUNTED) for number in getattr(counted, name)) for name in COUNTED_NAMES}
    )


def _received_counted(form: CountedForm) -> Counted:
    counted = Counted(**{name: getattr(form, name) for name in COUNTED_NAMES})
    for name in COUNTED_NAMES:
        if any(below < above for below, above in pairwise(getattr(counted, name))):
            raise CountsError(f"There are more of `{name}` at or above a cut than at or above the one before")
    return counted


def _fixture_to_send(fixture: FixtureHeard) -> FixtureForm:
    return FixtureForm(
        digest=fixture.digest,
        manufacturer=None if fixture.manufacturer is None else fixture.manufacturer[:LONGEST_MANUFACTURER],
        sendings=min(fixture.sendings, MOST_COUNTED),
        bursts=min(fixture.bursts, MOST_COUNTED),
        window_sendings=min(fixture.window_sendings, MOST_COUNTED),
        window_bursts=min(fixture.window_bursts, MOST_COUNTED),
        window_scans=min(fixture.window_scans, MOST_SCANS),
        cut=fixture.cut,
        is_carried=fixture.is_carried,
    )


def _received_fixture(form: FixtureForm) -> FixtureHeard:
    return FixtureHeard(
        digest=form.digest,
        manufacturer=form.manufacturer,
        sendings=form.sendings,
        bursts=form.bursts,
        window_sendings=form.window_sendings,
        window_bursts=form.window_bursts,
        window_scans=form.window_scans,
        cut=form.cut,
        is_carried=form.is_carried,
    )
