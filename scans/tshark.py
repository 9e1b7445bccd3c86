"""tshark, driven through pyshark: one line of text a frame, in place of a tree of objects.

pyshark's own readers ask tshark for everything about each frame as XML or JSON, which takes about a hundred times as
long as asking for a few fields. So its capture is kept (the process, the event loop, the callback for what comes),
and two of its steps are replaced: how tshark is called, and how what it prints is cut into pieces. Its third, what
becomes of a tshark that fails, is replaced as well: pyshark passes over exit status 1 in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyshark.capture.capture import Capture
from pyshark.tshark.tshark import TSharkNotFoundException, get_process_path

from scans.address_text import without_addresses

# Where Linux keeps files in memory: live tshark writes every frame to a temporary file, which must not touch the card.
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made in it is private

_FOLDER_PREFIX = "tracking-frames-"

_CHUNK_BYTES = 1 << 16

# A line longer than this is not of a frame that a client sent: the longest has a name of 32 bytes.
_LONGEST_LINE_BYTES = 1 << 16

# tshark says at length why it failed: of a capture filter that does not fit the interface, all of it before the reason.
_LONGEST_STATEMENT = 1000
_LONGEST_DETAIL = 160

# After the signal to end, dumpcap hands over what it has within a fraction of a second; on a busy Pi 3 within 2 s.
_ENDING_SECONDS = 3.0

# What shells answer for a programme that is there and cannot be run (POSIX, shell command language, 2.8.2).
_NOT_RUNNABLE = 126

# What tshark says when it begins to capture. Starting up before that takes a desktop 0.2 s, a busy Pi 3 some 4 s.
_CAPTURES = b"Capturing on"

TakeLines = Callable[[list[bytes]], None]
"""Takes the next lines that tshark printed, without their ends."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a live tshark may take before it is ended.

    Attributes:
        start_seconds: Until it says that it captures.
        capture_seconds: From then on.
    """

    start_seconds: float
    capture_seconds: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How tshark ended.

    Attributes:
        status: Its exit status; negative when a signal ended it; None when it could not be started, being absent.
        said: Its last statement, in one line, its banners left out and hardware addresses too; empty for none.
        was_late: Whether it had to be ended, having outlasted its time.
    """

    status: int | None
    said: str = ""
    was_late: bool = False

    @property
    def detail(self) -> str:
        """What it said last, as far as it fits into a fault."""
        return textwrap.shorten(self.said, _LONGEST_DETAIL, placeholder=" …")


class Tshark:
    """Runs tshark, one at a time.

    Args:
        path: The programme; None finds it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._running: _LineCapture | None = None

    def run(self, arguments: Sequence[str], take: TakeLines, bounds: Bounds | None = None) -> Ending:
        """Run tshark to its end, handing over the lines it prints as they come.

        Args:
            arguments: What follows its name.
            take: Takes the lines.
            bounds: How long it may take; None for as long as it wants.
        """
        try:
            path = str(self._path) if self._path is not None else get_process_path()
        except TSharkNotFoundException:
            return Ending(None)
        with _private_folder() as folder, asyncio.Runner() as runner:
            # --temp-dir rather than TMPDIR: the loader hides that one from a dumpcap with file capabilities (ld.so(8)).
            command = [path, "--temp-dir", str(folder), *arguments]
            capture = self._running = _LineCapture(runner.get_loop(), command, folder, bounds)
            try:
                return runner.run(capture.run(take))
            except FileNotFoundError:
                return Ending(None)
            except PermissionError as error:
                return Ending(_NOT_RUNNABLE, f"{Path(path).name}: {error.strerror}")
            finally:
                self._running = None

    def stop(self) -> None:
        """End the tshark under way, if any; callable from another thread."""
        running = self._running
        if running is not None:
            running.end()


class _LineCapture(Capture):  # type: ignore[misc]  # pyshark ships no types
    """One run of tshark as a pyshark capture, whose packets are lists of lines."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, command: Sequence[str], folder: Path, bounds: Bounds | None
    ) -> None:
        # Given a loop, pyshark sets up none of its own, for which it would use what Python 3.14 no longer has.
        super().__init__(eventloop=loop)
        self._command = command
        self._folder = folder
        self._bounds = bounds
        self._alarm: asyncio.TimerHandle | None = None
        self._was_late = False
        self._process: asyncio.subprocess.Process | None = None
        self._is_ending = False
        self._said = b""

    async def run(self, take: TakeLines) -> Ending:
        """Read to the end, or as long as the bounds allow."""
        if self._bounds is not None:
            self._set_alarm(self._bounds.start_seconds)
        try:
            await self.packets_from_tshark(take, close_tshark=False)
            await self._has_ended()
        finally:
            status = await self._clear_away()
        return Ending(status, _last_statement(self._said), self._was_late)

    def end(self) -> None:
        """Ask tshark, and the dumpcap that it started, to end; callable from another thread."""
        self._is_ending = True
        self._signal(signal.SIGTERM)

    async def _get_tshark_process(
        self, packet_count: int | None = None, stdin: int | None = None
    ) -> asyncio.subprocess.Process:
        """Start tshark (in place of pyshark's start, which adds options that cannot be had twice)."""
        del packet_count, stdin
        # No settings of the user's, whose display filters or disabled protocols are not meant for this; plain English.
        environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(self._folder), "LC_ALL": "C"}
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            limit=_CHUNK_BYTES,
            start_new_session=True,
        )
        self._stderr_handling_tasks.append(asyncio.ensure_future(self._listen_to(_stream(self._process.stderr))))
        if self._is_ending:  # while it was being started
            self.end()
        return self._process

    async def _go_through_packets_from_fd(
        self, fd: asyncio.StreamReader, packet_callback: TakeLines, packet_count: int | None = None
    ) -> None:
        """Hand over lines as they come (in place of pyshark's parsing of packets)."""
        del packet_count
        rest = b""
        while chunk := await fd.read(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            packet_callback(lines)
            if len(rest) > _LONGEST_LINE_BYTES:
                rest = b""
        if rest:
            packet_callback([rest])

    async def _listen_to(self, stderr: asyncio.StreamReader) -> None:
        bounds = self._bounds
        while chunk := await stderr.read(_CHUNK_BYTES):
            self._said = (self._said + chunk)[-_CHUNK_BYTES:]
            if bounds is not None and _CAPTURES in self._said and not self._is_ending:
                self._set_alarm(bounds.capture_seconds)
                bounds = None

    def _set_alarm(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._lose_patience)

    def _lose_patience(self) -> None:
        self._was_late = True
        self.end()
        self._alarm = asyncio.get_running_loop().call_later(_ENDING_SECONDS, self._signal, signal.SIGKILL)

    async def _has_ended(self) -> int | None:
        """Wait until tshark has ended; its exit status, None when it was never started."""
        return None if self._process is None else await self._process.wait()

    async def _clear_away(self) -> int | None:
        """See to it that tshark has ended, and its dumpcap too; gives its exit status."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._process is not None and self._process.returncode is None:
            self.end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._has_ended(), _ENDING_SECONDS)
        self._signal(signal.SIGKILL)
        status = await self._has_ended()
        await asyncio.gather(*self._stderr_handling_tasks)
        return status

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def _stream(reader: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if reader is None:
        raise RuntimeError("tshark was started without a pipe")
    return reader


def _last_statement(said: bytes) -> str:
    """What tshark said last: each statement begins with its name, and may go on for several lines."""
    statement: list[str] = []
    for line in said.decode("utf-8", "replace").splitlines():
        said_by_tshark = line.strip().removeprefix("tshark:").strip()
        if not said_by_tshark or _is_banner(said_by_tshark):
            continue
        if line.startswith("tshark:"):
            statement.clear()
        statement.append(said_by_tshark)
    words = " ".join(" ".join(statement).split())
    printable = "".join(letter for letter in words if letter.isprintable())
    return without_addresses(printable)[:_LONGEST_STATEMENT]


def _is_banner(line: str) -> bool:
    return line.startswith(("Capturing on", "Running as user", "** (")) or line.endswith(
        ("packets captured", "packet captured")
    )


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder in memory for this user only, removed at the end; so are those of processes that were killed."""
    parent = _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())
    for old in parent.glob(f"{_FOLDER_PREFIX}*"):
        if not Path("/proc", old.name.removeprefix(_FOLDER_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(old, ignore_errors=True)  # another user's cannot be removed, and is not ours to
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
