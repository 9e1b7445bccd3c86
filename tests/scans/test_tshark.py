"""tshark as a process: what it prints comes over whole, it ends in time, and it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scans.tshark import Bounds, Tshark

Script = Callable[[str], Path]

# Where Linux keeps files in memory.
MEMORY = Path("/dev/shm")  # noqa: S108 - tests look at what is there


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a programme that stands in for tshark, of these lines of shell."""

    def write(lines: str) -> Path:
        path = tmp_path / "tshark"
        path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return write


def hear_nothing(lines: list[bytes]) -> None:
    del lines


def ends(noted: Path) -> bool:
    """Whether the process that noted its number there ends; a killed one may take a moment."""
    process = noted.read_text(encoding="ascii").strip()
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":  # it has ended, and waits for its parent
            return True
        time.sleep(0.05)
    return False


def test_lines_come_over_whole(script: Script) -> None:
    """Lines that are printed in pieces are handed over whole and in order, the last one too when it has no end."""
    lines: list[bytes] = []
    path = script("printf 'one\\ttw'; sleep 0.1; printf 'o\\nthree\\n\\nfo'; sleep 0.1; printf 'ur'")
    ending = Tshark(path).run([], lines.extend)
    assert (lines, ending.status) == ([b"one\ttwo", b"three", b"", b"four"], 0)


def test_a_line_without_end_takes_no_memory(script: Script) -> None:
    """A line that never ends is dropped as it comes, and what follows it is read."""
    taken: list[bytes] = []
    path = script("head -c 20000000 /dev/zero | tr '\\0' x; printf '\\nlast\\n'")
    Tshark(path).run([], taken.extend)
    assert taken[-1] == b"last"
    assert sum(map(len, taken)) < 1_000_000


def test_its_status_and_last_statement_are_kept(script: Script) -> None:
    """Of what it said, the last statement with all its lines is kept, without banners and hardware addresses."""
    path = script(
        'echo \'Running as user "root" and group "root". This could be dangerous.\' >&2\n'
        "echo 'tshark: a table is missing.' >&2\n"
        "echo 'tshark: It broke on 00:1d:aa:0a:0b:0c,' >&2; echo >&2; echo 'as it does.' >&2; echo 'tshark: ' >&2\n"
        "exit 3"
    )
    ending = Tshark(path).run([], hear_nothing)
    assert (ending.status, ending.said, ending.was_late) == (3, "It broke on (address), as it does.", False)


def test_what_it_said_is_bounded(script: Script) -> None:
    """However much it says, what is kept fits a fault."""
    path = script("yes 'tshark: no, and again no' | head -c 3000000 >&2; yes no | head -c 50000 >&2; exit 1")
    ending = Tshark(path).run([], hear_nothing)
    assert len(ending.detail) <= 160
    assert ending.detail.startswith("no, and again no")


def test_it_is_let_end_by_itself(script: Script) -> None:
    """One that has printed all it has to say, and takes a moment to end, is waited for, and keeps its own status."""
    assert Tshark(script("exec >&-; sleep 0.5; exit 3")).run([], hear_nothing).status == 3


def test_a_signal_is_seen_in_its_status(script: Script) -> None:
    """A tshark that crashes by a signal is told from one that fails."""
    assert Tshark(script("kill -SEGV $$")).run([], hear_nothing).status == -11


def test_one_that_is_missing_has_no_status(tmp_path: Path) -> None:
    """Without tshark there is no exit status."""
    assert Tshark(tmp_path / "none").run([], hear_nothing).status is None


def test_one_that_cannot_be_run_says_so(tmp_path: Path) -> None:
    """A tshark that this user may not run is there all the same, and says what is wrong."""
    path = tmp_path / "tshark"
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    ending = Tshark(path).run([], hear_nothing)
    assert (ending.status, ending.said) == (126, "tshark: Permission denied")


def test_one_that_hangs_is_ended_with_all_it_started(script: Script, tmp_path: Path) -> None:
    """A tshark that does not end in time, nor when it is asked to, is killed together with its dumpcap."""
    path = script(
        f"trap '' TERM; sleep 1000 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/parent; echo up; wait; wait"
    )
    lines: list[bytes] = []
    ending = Tshark(path).run([], lines.extend, Bounds(1.0, 500.0))
    assert ending.was_late
    assert lines == [b"up"]
    assert ends(tmp_path / "child")
    assert ends(tmp_path / "parent")


def test_its_time_counts_from_when_it_captures(script: Script) -> None:
    """Once it says that it captures, it has the time of the capture, and no longer."""
    path = script("echo \"Capturing on 'wlan1'\" >&2; exec sleep 1000")
    ending = Tshark(path).run([], hear_nothing, Bounds(500.0, 0.5))
    assert (ending.status, ending.said, ending.was_late) == (-15, "", True)


def test_a_child_that_stays_behind_is_ended(script: Script, tmp_path: Path) -> None:
    """When tshark has ended, a dumpcap that it left behind does not run on."""
    path = script(f"sleep 1000 >/dev/null 2>&1 & echo $! > {tmp_path}/child")
    ending = Tshark(path).run([], hear_nothing, Bounds(500.0, 500.0))
    assert (ending.status, ending.was_late) == (0, False)
    assert ends(tmp_path / "child")


def test_it_can_be_stopped_from_another_thread(script: Script) -> None:
    """A stop ends the tshark under way long before its time."""
    tshark = Tshark(script("echo up; exec sleep 1000"))
    ending = tshark.run([], lambda _: threading.Thread(target=tshark.stop).start(), Bounds(500.0, 500.0))
    assert (ending.status, ending.was_late) == (-15, False)


def test_stopping_nothing_is_harmless(tmp_path: Path) -> None:
    """A stop when none is under way does nothing."""
    Tshark(tmp_path / "none").stop()


def test_an_error_in_taking_lines_ends_it(script: Script, tmp_path: Path) -> None:
    """When whoever takes the lines fails, the error is theirs to see, and tshark does not run on."""

    def fail(lines: list[bytes]) -> None:
        raise KeyError(*lines)

    path = script(f"echo $$ > {tmp_path}/parent; echo up; exec sleep 1000")
    with pytest.raises(KeyError):
        Tshark(path).run([], fail, Bounds(500.0, 500.0))
    assert ends(tmp_path / "parent")


def test_raw_frames_lie_in_memory_and_for_this_user_only(script: Script) -> None:
    """The folder for temporary files is private and in memory, and gone when tshark has ended."""
    lines: list[bytes] = []
    path = script('echo "$1"; echo "$2"; stat -c %a "$2"; echo "$3"')
    Tshark(path).run(["-r"], lines.extend)
    option, folder, mode, first = (line.decode() for line in lines)
    assert (option, mode, first) == ("--temp-dir", "700", "-r")
    assert Path(folder).parent == MEMORY
    assert not Path(folder).exists()


def test_what_a_killed_process_left_is_removed(script: Script) -> None:
    """A folder of a process that is no more is removed; one of a process that runs is left alone."""
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    left = [MEMORY / f"tracking-frames-{process}-test" for process in (dead.pid, os.getpid())]
    for folder in left:
        folder.mkdir()
    try:
        Tshark(script("true")).run([], hear_nothing)
        assert [folder.exists() for folder in left] == [False, True]
    finally:
        for folder in left:
            if folder.exists():
                folder.rmdir()


def test_no_settings_of_the_users_are_read(script: Script) -> None:
    """Tshark finds its settings in the private folder, which holds none."""
    lines: list[bytes] = []
    Tshark(script('ls -A "$WIRESHARK_CONFIG_DIR" | wc -l; test "$WIRESHARK_CONFIG_DIR" = "$2" && echo same')).run(
        [], lines.extend
    )
    assert [line.strip() for line in lines] == [b"0", b"same"]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_leaves_nothing_open(script: Script) -> None:
    """After many runs there are no more open files than before."""
    tshark = Tshark(script("echo one"))
    tshark.run([], hear_nothing)
    before = open_files()
    for _ in range(5):
        tshark.run([], hear_nothing)
    assert open_files() == before
