from __future__ import annotations

import re
from pathlib import Path

import pytest

from db.errors import DatabaseError
from db.in_use import held_alone


def test_files_of_another_user_come_with_what_gives_them_back(tmp_path: Path) -> None:
    """Where the lock cannot be made, as after a start as root, the owner is told what to type, folder and all."""
    (tmp_path / "tracking.lock").mkdir()
    said = re.escape(f"sudo chown -R $USER {tmp_path}")
    with pytest.raises(DatabaseError, match=said), held_alone(f"sqlite:///{tmp_path}/tracking.db"):
        pytest.fail("held")
