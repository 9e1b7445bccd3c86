from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scans.fingerprints import ELEMENT_FIELDS, Fingerprints, fingerprint


def told(numbers: str, lengths: str, *, oui: str = "") -> str:
    """What tshark prints of elements."""
    values = dict.fromkeys(ELEMENT_FIELDS, "")
    values |= {"wlan.tag.number": numbers, "wlan.tag.length": lengths, "wlan.tag.oui": oui}
    return "\t".join(values.values())


def test_the_same_text_is_the_same_fingerprint_in_another_process() -> None:
    """A fingerprint has no key: sensors of a site could compare them, and it stays as it is."""
    assert Fingerprints().of(told("0,1,50", "0,4,8")) == 3286497904821983280


def test_hexadecimal_or_not_is_the_same() -> None:
    """One version of tshark prints a number as another does not."""
    prints = Fingerprints()
    assert prints.of(told("221", "7", oui="20722")) == prints.of(told("0xdd", "0x7", oui="0x0050f2"))


def test_what_is_no_number_counts_as_it_is() -> None:
    """A version of tshark that prints names in place of numbers tells models apart all the same."""
    prints = Fingerprints()
    one, other = prints.of(told("221", "7", oui="00:50:f2")), prints.of(told("221", "7", oui="00:10:18"))
    assert None not in {one, other}
    assert one != other


def test_too_much_is_no_fingerprint() -> None:
    """More than any phone sends is not looked at."""
    assert Fingerprints().of(told(",".join(["1"] * 3_000), "")) is None


def test_few_are_remembered() -> None:
    """Of a hundred thousand different texts no more than a thousand are kept."""
    prints = Fingerprints()
    for number in range(3_000):
        prints.of(told("1", str(number)))
    assert len(vars(prints)["_kept"]) <= 1_024


@given(st.lists(st.lists(st.integers(0, 255), max_size=8), min_size=len(ELEMENT_FIELDS), max_size=len(ELEMENT_FIELDS)))
def test_any_numbers_have_an_answer(elements: list[list[int]]) -> None:
    """Whatever numbers stand in the fields, and however many of each, there are 64 bits or none."""
    found = fingerprint(elements)
    assert found is None or 0 <= found < 2**64
