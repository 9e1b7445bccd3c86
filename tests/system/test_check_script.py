from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.checkout import Checkout, make_checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout whose Python only says what it was asked to run, and fails where the test wants it to."""
    made = make_checkout(tmp_path)
    made.install_venv("requirements.txt", "requirements-check.txt")
    for name in ("tshark", "dbus-daemon", "chromium", "shellcheck"):
        made.add_command(name)
    python = made.root / ".venv/bin/python"
    real = python.resolve()
    python.unlink()
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -ISc ] && exec {real} "$@"\necho "ran $*"\n[ -z "$SAYS" ] || echo "$SAYS"\n'
        'case "$*" in *"$FAILS"*)\n'
        "    mkdir -p .pytest_cache/v/cache\n"
        '    printf "{\\n%s\\n}" "$FAILED" >.pytest_cache/v/cache/lastfailed\n'
        '    case "$*" in *--last-failed*) exit "${AGAIN:-1}" ;; esac\n'
        '    exit "${WITH:-1}" ;;\n'
        "esac\n"
    )
    python.chmod(0o755)
    return made


def test_all_fine_is_success(checkout: Checkout) -> None:
    """When every check holds, the last line says so and the exit status is 0."""
    done = checkout.run("check", FAILS="nothing")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Everything holds.")


def test_goes_on_after_a_failure_and_names_it_at_the_end(checkout: Checkout) -> None:
    """A failed check does not hide the later ones, is named in the closing summary and fails the whole."""
    done = checkout.run("check", FAILS="ruff check")
    summary = done.stdout.splitlines()[-8:]
    assert "ran -m pytest" in done.stdout
    assert [line.split()[0] for line in summary if "FAILED" in line] == ["lint"]
    assert (done.returncode, summary[-1]) == (1, "1 of these failed.")


def test_no_test_run_is_a_failure(checkout: Checkout) -> None:
    """A pytest that ran no test fails the check."""
    assert checkout.run("check", FAILS="pytest", WITH="5").returncode == 1


def test_arguments_go_to_pytest(checkout: Checkout) -> None:
    """What is typed after ./check chooses the tests."""
    done = checkout.run("check", "tests/presence", "-k", "two visits", FAILS="nothing")
    assert "ran -m pytest tests/presence -k two visits\n" in done.stdout


def test_all_tests_are_run_by_several_processes(checkout: Checkout) -> None:
    """Without a choice of tests, several processes share all there are."""
    assert "ran -m pytest --numprocesses 3 --dist worksteal\n" in checkout.run("check", FAILS="nothing").stdout


def lines_of(*tests: str) -> str:
    """What pytest remembers of tests that failed."""
    return ",\n".join(f'  "{test}": true' for test in tests)


def test_a_test_that_fails_gets_a_second_try_by_itself(checkout: Checkout) -> None:
    """A test that holds by itself does not fail the check, and the summary names it."""
    done = checkout.run("check", FAILS="pytest", FAILED=lines_of("tests/a.py::test[1]"), AGAIN="0")
    assert "--numprocesses 0 --last-failed" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["On the second try only: tests/a.py::test[1]", "Everything holds."]
    assert done.returncode == 0


def test_a_test_that_fails_twice_has_failed(checkout: Checkout) -> None:
    """The second try is the last, and whoever fails it is not called one that held."""
    done = checkout.run("check", FAILS="pytest", FAILED=lines_of("tests/a.py::test"))
    assert done.stdout.count("--last-failed ") == 1
    assert "On the second try only" not in done.stdout
    assert done.returncode == 1


def test_many_failures_get_no_second_try(checkout: Checkout) -> None:
    """Four tests that fail are no accident, and fail the check."""
    failed = lines_of(*(f"tests/a.py::test_{number}" for number in range(4)))
    done = checkout.run("check", FAILS="pytest", FAILED=failed, AGAIN="0")
    assert "--last-failed" not in done.stdout
    assert done.returncode == 1


def test_virtual_radios_are_tried_only_when_asked_for(checkout: Checkout) -> None:
    """The tests that start a virtual machine are a step of their own, after all others, and only with --radios."""
    for name in ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mkfs.ext4"):
        checkout.add_command(name)
    asked, plain = checkout.run("check", "--radios", FAILS="nothing"), checkout.run("check", FAILS="nothing")
    assert asked.stdout.index("ran -m pytest --numprocesses 3") < asked.stdout.index("ran -m pytest --radios")
    assert "--radios" not in plain.stdout


def test_a_known_vulnerability_fails_the_check(checkout: Checkout) -> None:
    """What is locked and known to be vulnerable is told, and fails."""
    done = checkout.run("check", FAILS="pip_audit", SAYS="Found 1 known vulnerability in 1 package")
    assert done.returncode == 1
    assert "vulnerabilities        FAILED" in done.stdout


def test_vulnerabilities_that_cannot_be_looked_up_fail_nothing(checkout: Checkout) -> None:
    """Without a connection the audit is skipped, and says why."""
    done = checkout.run("check", FAILS="pip_audit", SAYS="ConnectionError")
    assert done.returncode == 0
    assert "Skipped: what is known of vulnerabilities could not be had" in done.stdout


def test_packages_that_nothing_is_known_of_are_told(checkout: Checkout) -> None:
    """Where packages come from an index that tells of no vulnerabilities, they are not called sound."""
    said = "Dependency not found on PyPI and could not be audited: dash (4.4.1)"
    done = checkout.run("check", FAILS="pip_audit", WITH="0", SAYS=said)
    assert done.returncode == 0
    assert "Skipped for 1 packages" in done.stdout
