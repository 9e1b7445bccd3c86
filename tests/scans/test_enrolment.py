from __future__ import annotations

import os
import stat
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from install.machine import acting_as
from scans.enrolment import Enrolment, EnrolmentError, as_code, from_code, join, joined_settings, leave, site_registry
from scans.registry_key import RegistryKey
from scans.visitor_key import KeyRotation, VisitorKey, VisitorKeys, period_of

ENROLMENT = Enrolment(
    key=VisitorKey(740_000, bytes(range(32)), "0123456789abcdef"),
    settings={"TRACKING_LINKS_UPLINK": "http", "TRACKING_LINKS_UPLINK_URL": "https://hub.example:8050"},
    files={"TRACKING_LINKS_UPLINK_KEY_FILE": "pk_something"},
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
    for settings, files in (({"TRACKING_DB_URL": "sqlite:////etc/passwd"}, {}), ({}, {"TRACKING_DB_URL": "x"})):
        with pytest.raises(EnrolmentError, match="not its business"):
            from_code(as_code(Enrolment(ENROLMENT.key, settings, files)))


def test_a_sensor_that_joined_goes_by_its_site(tmp_path: Path) -> None:
    """After joining, its settings and its visitor key are the site's, in files for their owner only."""
    noon_at = datetime(2026, 11, 16, 12, tzinfo=UTC)
    period = period_of(noon_at, KeyRotation.DAILY, 4, ZoneInfo("UTC"))
    key = VisitorKey(period, bytes(32), "0123456789abcdef")
    keys = VisitorKeys(tmp_path / "tracking.key", KeyRotation.DAILY, 4, ZoneInfo("UTC"))
    files = {**ENROLMENT.files, "TRACKING_LINKS_BROKER_PASSWORD_FILE": "geheim"}
    join(Enrolment(key, ENROLMENT.settings, files), tmp_path, keys)
    joined = joined_settings(tmp_path)
    assert joined["TRACKING_LINKS_UPLINK"] == "http"
    assert Path(joined["TRACKING_LINKS_UPLINK_KEY_FILE"]).read_text() == "pk_something"
    assert Path(joined["TRACKING_LINKS_BROKER_PASSWORD_FILE"]).read_text() == "geheim"
    assert keys.key_at(noon_at) == key
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_a_sensor_that_leaves_is_as_before(tmp_path: Path) -> None:
    """After leaving, no setting and no secret of the site is left; one that never joined is told so."""
    keys = VisitorKeys(None, KeyRotation.DAILY, 4, ZoneInfo("UTC"))
    join(ENROLMENT, tmp_path, keys)
    assert leave(tmp_path)
    assert joined_settings(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
    assert not leave(tmp_path)


def test_a_damaged_joining_is_said_clearly(tmp_path: Path) -> None:
    """Settings of a site that cannot be read stop the start with what to do."""
    (tmp_path / "joined.json").write_text("[")
    with pytest.raises(EnrolmentError, match="Join again"):
        joined_settings(tmp_path)


def test_another_user_is_told_whose_folder_it_is(tmp_path: Path) -> None:
    """A second user of the machine, who may not look into the folder of the data, is not told to join a site."""
    (tmp_path / "data").mkdir(mode=0o000)
    another = acting_as("nobody") if os.geteuid() == 0 else nullcontext()  # root may look into every folder
    with another, pytest.raises(EnrolmentError, match="Start as the user who owns it"):
        joined_settings(tmp_path / "data")


def test_a_sensor_recognises_the_tags_of_its_site(tmp_path: Path) -> None:
    """The registry key comes with the code, beside the key of this machine's own tags, and goes when it leaves."""
    site, own = RegistryKey(None), RegistryKey(tmp_path / "registry.key")
    own_digest = own.digest("x")
    enrolment = from_code(as_code(replace(ENROLMENT, registry=site.secret())))
    assert site.secret().hex() not in repr(enrolment)
    join(enrolment, tmp_path, VisitorKeys(None, KeyRotation.DAILY, 4, ZoneInfo("UTC")))
    joined = site_registry(tmp_path)
    assert joined is not None
    assert joined.digest("x") == site.digest("x")
    assert RegistryKey(tmp_path / "registry.key").digest("x") == own_digest
    leave(tmp_path)
    assert site_registry(tmp_path) is None
