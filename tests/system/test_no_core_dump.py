from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from tests.system.programme import PATIENCE_SECONDS, ROOT, environment

# Says what the limit is, and is what the programme runs as: `doctor` looks for tshark, and finds this.
ASKED = """
import resource, runpy, sys
sys.argv = ["app.py", "privacy"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    print(resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_crash_leaves_nothing_behind(tmp_path: Path) -> None:
    """However large a core dump the user allows, the programme and all it starts write none."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
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
