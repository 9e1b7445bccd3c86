from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from install.machine import acting_as

_NOBODY = 65534


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder of another user's, where that user can get to, in a folder of root's."""
    if os.geteuid() != 0:
        pytest.skip("only root can have the rights of others")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        made = Path(folder) / "theirs"
        made.mkdir()
        os.chown(made, _NOBODY, _NOBODY)
        yield made


def test_root_acts_as_another_and_is_root_again(theirs: Path) -> None:
    """What it makes in between is that user's, and afterwards it has all of its own rights again."""
    groups = os.getgroups()
    with acting_as("nobody"):
        (theirs / "made").touch()
    assert (theirs / "made").stat().st_uid == _NOBODY
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)


def test_a_planted_link_leads_root_nowhere(theirs: Path) -> None:
    """What is written through a link to a file of root's is refused, and root is root again."""
    roots = theirs.with_name("roots")
    roots.touch(0o600)
    (theirs / "link").symlink_to(roots)
    with acting_as("nobody"), pytest.raises(PermissionError):
        (theirs / "link").write_text("led astray")
    assert roots.read_text() == ""
    assert os.geteuid() == 0
