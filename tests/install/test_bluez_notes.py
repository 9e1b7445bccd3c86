from __future__ import annotations

from pathlib import Path

import pytest

from install.bluez_notes import keep_notes_in_memory, keep_notes_on_disk
from tests.install.machine import FakeMachine, make_machine

_INFO = "[General]\nName=Loudspeaker\nTrusted=true\n"
_PAIRED = f"{_INFO}\n[LinkKey]\nKey=00112233445566778899AABBCCDDEEFF\nType=4\n"


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """A machine whose BlueZ has noted two devices, and knows a third that is not paired."""
    made = make_machine(tmp_path)
    adapter = made.layout.bluez / "B8:27:EB:00:00:10"
    (adapter / "cache").mkdir(parents=True)
    for address in ("C0:98:E5:00:00:01", "F0:55:66:77:88:04"):
        (adapter / "cache" / address).write_text("[General]\nName=Watch\n")
    (adapter / "settings").write_text("[General]\nDiscoverable=false\n")
    (adapter / "C0:98:E5:00:00:02").mkdir()
    (adapter / "C0:98:E5:00:00:02" / "info").write_text(_INFO)
    return made


def keep(fake: FakeMachine) -> None:
    keep_notes_in_memory(fake.layout, fake.checkout.root, fake.machine, fake.said.append)


def kept(fake: FakeMachine) -> set[str]:
    return {path.name for path in fake.layout.bluez.rglob("*") if path.is_file()}


def test_notes_are_kept_in_memory_and_those_on_the_card_deleted(fake: FakeMachine) -> None:
    """BlueZ's unit is changed, and BlueZ started anew if it runs, before its notes go; nothing but notes goes."""
    fake.on_systemctl(f'[ "$1" != try-restart ] || [ -e {fake.layout.bluez}/*/cache/C0* ] || exit 1')
    keep(fake)
    assert "TemporaryFileSystem=/var/lib/bluetooth:" in fake.layout.bluez_drop_in.read_text(encoding="utf-8")
    assert "\nStateDirectory=\n" in fake.layout.bluez_drop_in.read_text(encoding="utf-8")
    assert fake.calls("systemctl") == ["daemon-reload", "try-restart bluetooth"]
    assert kept(fake) == {"settings", "info"}
    assert "in memory" in fake.said[0]


def test_done_again_bluetooth_is_left_alone(fake: FakeMachine) -> None:
    """What is in force already starts nothing anew, and is not told again; notes from in between are deleted."""
    keep(fake)
    calls, said = fake.calls("systemctl"), list(fake.said)
    (fake.layout.bluez / "B8:27:EB:00:00:10" / "cache" / "C0:98:E5:00:00:01").touch()
    keep(fake)
    assert (fake.calls("systemctl"), fake.said) == (calls, said)
    assert kept(fake) == {"settings", "info"}


def test_where_something_is_paired_nothing_is_changed(fake: FakeMachine) -> None:
    """Its keys would be lost at the next start: a keyboard goes on working, and the owner reads what follows."""
    info = fake.layout.bluez / "B8:27:EB:00:00:10" / "C0:98:E5:00:00:02" / "info"
    info.write_text(_PAIRED)
    before = kept(fake)
    keep(fake)
    assert not fake.layout.bluez_drop_in.exists()
    assert fake.calls("systemctl") == []
    assert kept(fake) == before
    assert len(fake.said) == 1
    assert "docs/privacy.md" in fake.said[0]


def test_a_bluez_that_does_not_start_with_it_does_without(fake: FakeMachine) -> None:
    """Hearing comes first: its unit is as it was, the notes stay, and the owner is told."""
    fake.on_systemctl(f'[ "$1" != try-restart ] || [ ! -e {fake.layout.bluez_drop_in} ]')
    before = kept(fake)
    keep(fake)
    assert not fake.layout.bluez_drop_in.exists()
    assert fake.calls("systemctl") == ["daemon-reload", "try-restart bluetooth"] * 2
    assert kept(fake) == before
    assert "./run doctor" in fake.said[0]


def test_removing_lets_bluez_keep_its_notes_as_it_did(fake: FakeMachine) -> None:
    """The change is taken back and BlueZ started anew; where there was none, nothing is done."""
    keep(fake)
    keep_notes_on_disk(fake.layout, fake.machine)
    assert not fake.layout.bluez_drop_in.exists()
    assert fake.calls("systemctl") == ["daemon-reload", "try-restart bluetooth"] * 2
    keep_notes_on_disk(fake.layout, fake.machine)
    assert len(fake.calls("systemctl")) == 4


def test_a_machine_without_bluez_is_prepared_for_it(fake: FakeMachine, tmp_path: Path) -> None:
    """An adapter that is plugged in later finds its service changed."""
    del fake
    (tmp_path / "other").mkdir()
    bare = make_machine(tmp_path / "other")
    keep(bare)
    assert bare.layout.bluez_drop_in.exists()
