"""The registry key: where it lies, what it digests and seals."""

from __future__ import annotations

from pathlib import Path

import pytest

from presence.sealing import SealError
from scans.registry_key import RegistryKey
from scans.visitor_key import KeyFileError


def test_the_same_text_has_the_same_digest_after_a_restart(tmp_path: Path) -> None:
    """The key is made once, in a private file, and found there again."""
    path = tmp_path / "site.tags.key"
    digest = RegistryKey(path).digest("address aa")
    assert len(digest) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert RegistryKey(path).digest("address aa") == digest


def test_two_keys_have_nothing_in_common() -> None:
    """In memory, each key is another one."""
    assert RegistryKey(None).digest("a") != RegistryKey(None).digest("a")


def test_what_was_sealed_can_be_opened_again(tmp_path: Path) -> None:
    """Sealed bytes come out as they went in, and differ each time they are sealed."""
    key = RegistryKey(tmp_path / "key")
    sealed = [key.seal(b"secret") for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert b"secret" not in sealed[0]
    assert [RegistryKey(tmp_path / "key").unseal(one) for one in sealed] == [b"secret", b"secret"]


@pytest.mark.parametrize("cut", [0, 5, 20, -1])
def test_what_was_changed_is_not_opened(cut: int) -> None:
    """Sealed bytes that were cut off anywhere are refused with what to do about it."""
    key = RegistryKey(None)
    with pytest.raises(SealError, match="another registry key"):
        key.unseal(key.seal(b"secret")[:cut])


def test_another_key_does_not_open_it() -> None:
    """What one key sealed, another one does not open."""
    with pytest.raises(SealError, match="registry key"):
        RegistryKey(None).unseal(RegistryKey(None).seal(b"secret"))


@pytest.mark.parametrize("content", ["", "no key", "ab" * 31, "é"])
def test_a_damaged_key_file_is_never_replaced(tmp_path: Path, content: str) -> None:
    """A key that cannot be read says what to do, and is left as it is: with a new one, no tag would be known."""
    path = tmp_path / "key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KeyFileError, match="Put it back"):
        RegistryKey(path).digest("a")
    with pytest.raises(SealError, match="Put it back"):
        RegistryKey(path).seal(b"a")
    assert path.read_text(encoding="utf-8") == content


def test_a_key_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Where there is no room for the key file, the message says what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError, match="cannot be written"):
        RegistryKey(tmp_path / "file" / "key").digest("a")
