from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.programme import PATIENCE_SECONDS, ROOT, environment

# Carries out a command as the programme does, then prints the limit that the programme has set by then.
ASKED = """
import resource, runpy, sys
sys.argv = ["app.py", "privacy"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    print(resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_crash_leaves_nothing_behind(tmp_path: Path) -> None:
    """However large a core dump the user allows, the programme has forbidden it to itself and to what it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most == 0:
        pytest.skip("whoever started the tests allows no core dump, so that there is nothing left to forbid")
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        env=environment({"HOME": str(tmp_path)}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
    )
    assert done.stdout.splitlines()[-1] == "(0, 0)"
