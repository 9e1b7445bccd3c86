from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pytest

from scans.commands import CommandResult, as_permitted, run_command

NOT_PERMITTED = CommandResult(255, complaint="command failed: Operation not permitted (-1)")
SUDO_ASKS = CommandResult(1, complaint="sudo: a password is required")
BUSY = CommandResult(240, complaint="command failed: Device or resource busy (-16)")
DONE = CommandResult(0)


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_command_gives_its_status_its_output_and_its_complaint() -> None:
    """What a command printed is there, and of its complaints the last line."""
    program = "import sys; print('phy0'); print('one', file=sys.stderr); print('two', file=sys.stderr); sys.exit(3)"
    assert run_command(python(program)) == CommandResult(3, "phy0\n", "two")


def test_what_a_command_says_is_bounded_and_decoded_with_care() -> None:
    """Bytes that are no text, and very long lines, do no harm."""
    program = "import sys; sys.stdout.buffer.write(b'\\xff'); print('x' * 10_000, file=sys.stderr)"
    result = run_command(python(program))
    assert result.output == "\N{REPLACEMENT CHARACTER}"
    assert len(result.complaint) == 200


def test_a_missing_command_is_told() -> None:
    """A command that is not installed is named."""
    result = run_command(["no-such-command-anywhere"])
    assert result == CommandResult(
        None, complaint="no-such-command-anywhere cannot be started: No such file or directory"
    )


def test_a_command_that_hangs_is_ended() -> None:
    """A command that does not end is ended after 3 s, and said to have hung."""
    result = run_command(["sleep", "600"])
    assert result == CommandResult(None, complaint="sleep did not end within 3 s")


def test_commands_of_the_system_are_found_and_speak_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user's path lacks the folders of iw and ip, and their language is not ours."""
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    result = run_command(python("import os; print(os.environ['PATH'], os.environ['LC_ALL'])"))
    assert result.output == f"{os.defpath}:/usr/sbin:/sbin C\n"


def test_a_command_cannot_ask_for_anything() -> None:
    """A command that waits for an answer gets none."""
    assert run_command(python("import sys; print(repr(sys.stdin.read()))")).output == "''\n"


@pytest.mark.parametrize(
    ("first", "as_root", "result", "runs"),
    [
        (DONE, DONE, DONE, 1),
        (BUSY, DONE, BUSY, 1),
        (NOT_PERMITTED, DONE, DONE, 2),
        (NOT_PERMITTED, BUSY, BUSY, 2),
        (NOT_PERMITTED, SUDO_ASKS, NOT_PERMITTED, 2),
    ],
    ids=["done", "failed", "done as root", "failed as root", "sudo asks"],
)
def test_root_is_asked_only_where_it_helps(
    first: CommandResult, as_root: CommandResult, result: CommandResult, runs: int
) -> None:
    """Root is tried for what this user may not do; when it wants a password, the first refusal is what counts."""
    ran: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> CommandResult:
        ran.append(command)
        return as_root if command[0] == "sudo" else first

    assert as_permitted(run, ["ip", "link"]) == result
    assert ran == [["ip", "link"], ["sudo", "-n", "ip", "link"]][:runs]
