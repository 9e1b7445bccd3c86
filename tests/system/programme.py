"""The whole programme as a process of its own, as a user starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / ".." / "shared" / "data"

# Generous: a start takes seconds, and on a busy machine some more.
PATIENCE_SECONDS = 180

# Short listening, and a history of some 170 scans in place of ten thousand.
QUICK = {
    "TRACKING_SCANS_LISTEN_SECONDS": "1",
    "TRACKING_SCANS_INTERVAL_SECONDS": "3600",
    "TRACKING_SCANS_JITTER_SECONDS": "0",
}


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **QUICK, "PYTHONWARNINGS": "default", **extra}


def carry_out(
    *words: str, extra: Mapping[str, str] | None = None, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *words],
        env=environment(extra or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


class Programme:
    """A running programme.

    Attributes:
        process: Its process.
        url: Where its page is.
        log: What it printed.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.log = log

    def health(self) -> dict[str, Any]:
        """What it says of itself; empty while it does not answer."""
        try:
            said: dict[str, Any] = httpx.get(f"{self.url}/health", timeout=10).json()
        except (httpx.HTTPError, json.JSONDecodeError):
            return {}
        return said

    @property
    def admin_password(self) -> str:
        """The admin password, which it prints at its very first start."""
        said = re.search(r"The admin password is (\S+)", self.log.read_text(encoding="utf-8"))
        assert said is not None
        return said[1]

    def wait_until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for its health to be so."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            health = self.health()
            if health and is_so(health):
                return health
            time.sleep(0.1)
        raise AssertionError(f"not in time: {self.health()}\n{self.log.read_text(encoding='utf-8')}")

    def stop(self) -> int:
        """Ask it to stop, and give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


def join_site(
    name: str,
    own_database: str,
    hub_database: str,
    *options: str,
    extra: Mapping[str, str],
    own_extra: Mapping[str, str] | None = None,
) -> None:
    """Make what keeps its scans in one database a sensor of the hub with another, by the commands of both."""
    enrolled = carry_out("enrol", name, *options, "--db", hub_database, extra=extra)
    assert enrolled.returncode == 0, enrolled.stderr
    code = re.search(r"site1-\S+", enrolled.stdout)
    assert code is not None
    joined = carry_out("join", code[0], "--db", own_database, extra=own_extra)
    assert joined.returncode == 0, joined.stderr


@contextmanager
def started(
    folder: Path,
    *words: str,
    command: str = "run",
    db: str | None = None,
    extra: Mapping[str, str] | None = None,
    port: int | None = None,
    inside: Sequence[str] = (),
) -> Iterator[Programme]:
    """Start the programme, with its database in a folder and on a free port unless others are named.

    It is killed if it still runs at the end. `inside` is a command that it is started by, in surroundings of its own.
    """
    port = port or free_port()
    log = folder / "log.txt"
    app = [*inside, sys.executable, str(ROOT / "app.py"), command]
    options = ["--db", db or f"sqlite:///{folder}/tracking.db", "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen([*app, *options, *words], env=environment(extra or {}), stdout=output, stderr=output)
    try:
        yield Programme(process, port, log)
    finally:
        process.kill()
        process.wait()
