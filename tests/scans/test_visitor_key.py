from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from presence.radio import Radio
from scans.visitor_key import KeyFileError, KeyRotation, VisitorKey, VisitorKeys, period_of

PRAGUE = ZoneInfo("Europe/Prague")
ADDRESS = "dc:a6:32:01:02:03"
SITE = "0123456789abcdef"
MONDAY_NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


def keys_at(path: Path | None, rotation: KeyRotation = KeyRotation.DAILY) -> VisitorKeys:
    return VisitorKeys(path, rotation, 4, PRAGUE)


def test_a_hash_is_hmac_sha_256_in_64_hexadecimal_digits() -> None:
    """A device's name is the HMAC-SHA-256 of its radio and address, computed here by another tool."""
    key = VisitorKey(1, bytes(range(32)), SITE)
    # printf 'wifi dc:a6:32:01:02:03' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f
    assert key.hash_of(Radio.WIFI, ADDRESS) == "8e7e3a9940c53da2b9b26a62305221d1da54e2ff8a8f795d55574f0f6e03112b"


def test_the_same_address_on_two_radios_has_two_names() -> None:
    """What is heard on Wi-Fi cannot be matched with what is heard on Bluetooth by its hash."""
    key = VisitorKey(1, bytes(32), SITE)
    assert key.hash_of(Radio.WIFI, ADDRESS) != key.hash_of(Radio.BLUETOOTH, ADDRESS)


def test_a_key_hides_its_secret() -> None:
    """Printing a key shows its period only."""
    assert "secret" not in repr(VisitorKey(1, b"x" * 32, SITE))


@pytest.mark.parametrize(
    ("rotation", "same_until"),
    [
        (KeyRotation.DAILY, datetime(2026, 11, 17, 3, tzinfo=UTC)),
        (KeyRotation.WEEKLY, datetime(2026, 11, 23, 3, tzinfo=UTC)),
        (KeyRotation.MONTHLY, datetime(2026, 12, 1, 3, tzinfo=UTC)),
    ],
)
def test_a_period_ends_at_the_quiet_hour(rotation: KeyRotation, same_until: datetime) -> None:
    """A key is replaced at 04:00 local time, 03:00 UTC in a Prague winter, of the period's end."""
    first = period_of(MONDAY_NOON, rotation, 4, PRAGUE)
    assert period_of(same_until - timedelta(seconds=1), rotation, 4, PRAGUE) == first
    assert period_of(same_until, rotation, 4, PRAGUE) > first


def test_a_key_that_never_rotates_stays() -> None:
    """With rotation off, the key of today is the key of ten years on."""
    keys = keys_at(None, KeyRotation.NEVER)
    assert keys.key_at(MONDAY_NOON) == keys.key_at(MONDAY_NOON + timedelta(days=3650))


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """The key file is made with mode 0600."""
    path = tmp_path / "inner" / "site.key"
    keys_at(path).key_at(MONDAY_NOON)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_restart_within_the_day_keeps_the_key(tmp_path: Path) -> None:
    """A device is recognised after a restart on the same day."""
    path = tmp_path / "site.key"
    before = keys_at(path).key_at(MONDAY_NOON)
    assert keys_at(path).key_at(MONDAY_NOON + timedelta(hours=3)) == before


def test_yesterdays_key_is_destroyed(tmp_path: Path) -> None:
    """After a rotation nothing on the disk holds the old secret, and the old key cannot be asked for again."""
    path = tmp_path / "site.key"
    old = keys_at(path).key_at(MONDAY_NOON)
    keys = keys_at(path)
    new = keys.key_at(MONDAY_NOON + timedelta(days=1))
    assert new.secret != old.secret
    assert all(old.secret.hex() not in file.read_text() for file in tmp_path.iterdir())
    assert keys.key_at(MONDAY_NOON).secret != old.secret


def test_keys_of_two_sensors_stay_in_step(tmp_path: Path) -> None:
    """Two holders of one key reach the same later key, whether they step day by day or all at once."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = tmp_path / "a" / "site.key", tmp_path / "b" / "site.key"
    keys_at(first).key_at(MONDAY_NOON)
    second.write_bytes(first.read_bytes())
    daily = keys_at(first)
    for day in range(1, 6):
        stepped = daily.key_at(MONDAY_NOON + timedelta(days=day))
    assert keys_at(second).key_at(MONDAY_NOON + timedelta(days=5)) == stepped


def test_a_clock_that_goes_far_back_gets_a_new_key(tmp_path: Path) -> None:
    """When the clock is put back by two days, a new line of keys begins, since the old key no longer exists."""
    keys = keys_at(tmp_path / "site.key")
    today = keys.key_at(MONDAY_NOON)
    back = keys.key_at(MONDAY_NOON - timedelta(days=2))
    assert back.period < today.period
    assert back.site != today.site
    assert keys.key_at(MONDAY_NOON).secret != today.secret


def test_a_clock_that_goes_back_a_little_keeps_the_key(tmp_path: Path) -> None:
    """A clock put back across the hour of rotation does not part a sensor from the others of its site."""
    keys = keys_at(tmp_path / "site.key")
    today = keys.key_at(MONDAY_NOON)
    assert keys.key_at(MONDAY_NOON - timedelta(hours=20)) == today


def test_a_clock_known_to_be_wrong_never_moves_the_key(tmp_path: Path) -> None:
    """Scans under a wrong clock get a key that is thrown away, and the site's key is as it was."""
    keys = keys_at(tmp_path / "site.key")
    today = keys.key_at(MONDAY_NOON)
    for days in (-3000, 200):
        wrong = keys.key_at(MONDAY_NOON + timedelta(days=days), clock_is_right=False)
        assert wrong.secret != today.secret
    assert keys_at(tmp_path / "site.key").key_at(MONDAY_NOON) == today


def test_a_key_that_was_adopted_is_kept(tmp_path: Path) -> None:
    """A sensor that takes another's key names devices as that one does, after a restart too."""
    shared = keys_at(tmp_path / "hub.key").key_at(MONDAY_NOON)
    keys_at(tmp_path / "sensor.key").adopt(shared)
    assert keys_at(tmp_path / "sensor.key").key_at(MONDAY_NOON) == shared


@pytest.mark.parametrize("content", ["", "{}", '{"period": 1, "secret": "zz"}', "[1]", "\x00\x01"])
def test_a_damaged_key_file_is_said_clearly(tmp_path: Path, content: str) -> None:
    """A key file that makes no sense is refused with what to do, and without its content."""
    path = tmp_path / "site.key"
    path.write_text(content)
    with pytest.raises(KeyFileError, match="Delete it to begin with a new one"):
        keys_at(path).key_at(MONDAY_NOON)


def test_a_key_that_cannot_be_written_is_said_clearly(tmp_path: Path) -> None:
    """When the folder cannot be made, the sentence says what to mend."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KeyFileError, match="let this user write"):
        keys_at(tmp_path / "file" / "site.key").key_at(MONDAY_NOON)
