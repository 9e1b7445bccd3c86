from __future__ import annotations

import pytest

from scans.enrolment import Enrolment, EnrolmentError, as_code, from_code
from scans.visitor_key import VisitorKey

ENROLMENT = Enrolment(
    key=VisitorKey(740_000, bytes(range(32)), "0123456789abcdef"),
    settings={"TRACKING_LINKS_UPLINK": "http", "TRACKING_LINKS_UPLINK_URL": "https://hub.example:8050"},
    uplink_key="pk_something",
    broker_password=None,
)


def test_a_code_says_what_was_put_into_it() -> None:
    """What a hub puts into a code is what the sensor takes out, though a terminal broke it over lines."""
    code = as_code(ENROLMENT)
    assert from_code(f"  {code[:40]}\n{code[40:]} \n") == ENROLMENT


def test_an_enrolment_hides_its_secrets() -> None:
    """Printing one shows neither the visitor key nor the hub's."""
    assert "pk_something" not in repr(ENROLMENT)
    assert "secret" not in repr(ENROLMENT)


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_code_that_was_cut_off_is_said_clearly(cut: int) -> None:
    """A code that is not whole is refused with what to do."""
    with pytest.raises(EnrolmentError, match="Copy the whole of it"):
        from_code(as_code(ENROLMENT)[:-cut])


@pytest.mark.parametrize("code", ["", "hello", "site2-abc"])
def test_what_is_no_code_is_said_clearly(code: str) -> None:
    """Another word is refused with where to get a code."""
    with pytest.raises(EnrolmentError, match="run enrol"):
        from_code(code)


def test_a_code_brings_only_settings_of_a_site() -> None:
    """A code that would choose another database, say, is not used."""
    bad = Enrolment(ENROLMENT.key, {"TRACKING_DB_URL": "sqlite:////etc/passwd"}, "k", None)
    with pytest.raises(EnrolmentError, match="not its business"):
        from_code(as_code(bad))
