from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from command_line import parse
from commands.forget import forget
from commands.tags import add_tag
from place import Place, place_of
from presence.radio import Radio
from presence.tags import IdentityKind, TagCard
from scans.identities import AddressError, address_of
from tests.db.scanning import device, scan
from tests.sqlite import new_database
from tests.system.programme import PATIENCE_SECONDS, ROOT, environment

PHONE, OTHER = "3c:22:fb:01:02:03", "da:a1:19:04:05:06"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place where two phones were heard just now, under the key of today."""
    monkeypatch.setenv("TRACKING_PRESENCE_TIME_ZONE", "UTC")
    made = place_of(parse(["forget", "--db", new_database(tmp_path / "tracking.db")]))
    now_at = datetime.now(UTC)
    key = made.visitor_keys().key_at(now_at)
    heard = [replace(device(one), device_hash=key.hash_of(Radio.WIFI, one)) for one in (PHONE, OTHER)]
    with contextlib.closing(made.open_store()) as store:
        store.recorder.record(scan(now_at, heard, key_period=key.period))
    return made


def device_count(place: Place) -> int:
    with contextlib.closing(sqlite3.connect(place.database_url.removeprefix("sqlite:///"))) as connection:
        return int(connection.execute("SELECT count(*) FROM wifi_devices").fetchone()[0])


def test_a_device_is_forgotten_without_being_named(place: Place) -> None:
    """The address that is typed in, of a programme of its own, goes by the key in force, and is repeated nowhere."""
    assert place.key_path is not None
    key = place.key_path.read_bytes()
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "forget", "--db", place.database_url],
        input=f"{PHONE.upper().replace(':', '-')}\n",
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Removed: 1 device; " in done.stdout
    assert done.stdout.endswith("What was deleted is overwritten.\n")
    assert "has a name under a key that is gone" in done.stdout
    assert device_count(place) == 1
    assert "3c22fb010203" not in done.stdout.lower().replace(":", "").replace("-", "")
    assert place.key_path.read_bytes() == key


def test_what_cannot_be_removed_is_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup that was made under the key in force still holds the device, and one is told to delete it."""
    backup = place.folder / "backups" / "tracking-now.db"
    backup.parent.mkdir()
    backup.touch()
    forget(place, PHONE, tags_too=False)
    assert "tracking-now.db" in capsys.readouterr().out


def test_whom_nobody_heard_is_said_to_be_none(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing was found, that is said, and everybody else stays."""
    forget(place, "aa:bb:cc:dd:ee:ff", tags_too=False)
    assert "Nothing was found" in capsys.readouterr().out
    assert device_count(place) == 2


def test_a_tag_is_forgotten_when_that_is_said(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """A thing that was registered on purpose stays, and is named, until one asks for it to go too."""
    add_tag(place, TagCard("Projector", "", note=""), IdentityKind.ADDRESS, PHONE)
    forget(place, PHONE, tags_too=False)
    assert "registered as the tag Projector, which stays" in capsys.readouterr().out
    forget(place, PHONE, tags_too=True)
    assert "The tag Projector is forgotten" in capsys.readouterr().out
    with contextlib.closing(place.open_store()) as store:
        assert store.tags.rows() == ()


@pytest.mark.parametrize("typed", [PHONE, PHONE.upper(), "3C-22-FB-01-02-03", "3c22fb010203", " 3c22.fb01.0203\n"])
def test_an_address_may_be_typed_in_any_way(typed: str) -> None:
    """However people write an address, it is the same one."""
    assert address_of(typed) == PHONE


@pytest.mark.parametrize("typed", ["", "3c:22:fb:01:02", "3c:22:fb:01:02:0g", PHONE * 2])
def test_what_is_no_address_is_not_repeated(typed: str) -> None:
    """A mistyped address is refused with what one looks like, and does not come up again."""
    with pytest.raises(AddressError) as caught:
        address_of(typed)
    assert str(caught.value) == 'An address has twelve hexadecimal digits, for example "C4:7C:8D:6A:12:34".'
