"""A real PostgreSQL for tests: a cluster of its own, on a socket of its own, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import make_url

# What answers a start within this long; an emulated machine takes its time.
_PATIENCE_SECONDS = 60


def find_programs() -> Path | None:
    """The folder of PostgreSQL's server programs, which Debian keeps off the PATH; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("postgres")
    return Path(named).resolve().parent if named else None


class Cluster:
    """A PostgreSQL server that listens on a socket only. Each test takes a database of its own in it."""

    def __init__(self, programs: Path, *settings: str) -> None:
        self._programs = programs
        self._settings = settings
        # A socket's path is at most 107 bytes long (sun_path), and pytest's own folders may be deeper.
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._server: subprocess.Popen[bytes] | None = None
        self._count = 0
        # The server refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "--pgdata", self._data, "--auth", "trust", "--username", "postgres", "--no-sync")

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, check=True, user=self._user, capture_output=True, cwd=self.folder)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = ("listen_addresses=", f"unix_socket_directories={self.folder}", *self._settings)
        options = (word for setting in settings for word in ("-c", setting))
        self._server = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", self._data, *options],
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self._address("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill the server and all its processes, as a power cut does."""
        assert self._server is not None
        server = self._server.pid
        # Each is the leader of a group of its own, and would outlive the first for a moment.
        others = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for process in (server, *map(int, others)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._server.wait()

    def stop(self) -> None:
        """Stop the server, and remove everything."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
        shutil.rmtree(self.folder)

    def new_database(self, like: str = "template1") -> str:
        """The address of a database like another one; like `template1` it is empty."""
        self._count += 1
        name = f"test{self._count}"
        self._carry_out(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self.url_of(name)

    @contextlib.contextmanager
    def passing_database(self, like: str) -> Iterator[str]:
        """The address of a database like another one, that is gone when the block ends.

        Each has some 300 files. Gone so soon they never reach the disk; the files of all tests, removed at the end,
        would take minutes.
        """
        address = self.new_database(like)
        yield address
        self._carry_out(f"DROP DATABASE {make_url(address).database} WITH (FORCE)")

    def url_of(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='')}"

    def _carry_out(self, statement: str) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _address(self, database: str) -> str:
        return f"host={self.folder} user=postgres dbname={database}"


def cluster() -> Cluster:
    """A running cluster; a test that asks for it is skipped where PostgreSQL is missing."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    # What a killed server wrote is with the system, which outlives it here: no need to wait for the disk.
    made = Cluster(programs, "fsync=off")
    made.start()
    return made
