from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

# What plays virtual radios, in a virtual machine alone.
_RADIOS = "tests/radios/requirements.txt"


def direct_requirements(*, check: bool) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines: list[str] = project["project"]["dependencies"]
    return [Requirement(line) for line in (project["dependency-groups"]["check"] if check else lines)]


def entries(lock: str) -> list[str]:
    """The lines of a lock that each pin one package, their hashes joined on."""
    return (ROOT / lock).read_text().replace("\\\n", " ").splitlines()


def pins(lock: str) -> dict[str, set[str]]:
    """The versions a lock allows of each package; more than one where they differ by Python."""
    versions: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.split(" --hash")[0])
        versions.setdefault(requirement.name, set()).update(s.version for s in requirement.specifier)
    return versions


def out_of_step(requirements: list[Requirement], lock: str) -> list[str]:
    pinned = pins(lock)
    return [
        str(wanted)
        for wanted in requirements
        if not (versions := pinned.get(canonicalize_name(wanted.name)))
        or not all(wanted.specifier.contains(version) for version in versions)
    ]


def test_locks_hold_what_the_project_asks_for() -> None:
    """Each dependency of pyproject.toml is locked, at a version it allows."""
    assert out_of_step(direct_requirements(check=False), "requirements.txt") == []
    assert out_of_step(direct_requirements(check=True), "requirements-check.txt") == []


def test_lock_for_checking_adds_to_the_other() -> None:
    """What is checked is what runs: the lock for checking pins every package of requirements.txt alike."""
    checking = pins("requirements-check.txt")
    assert {name: checking.get(name) for name in pins("requirements.txt")} == pins("requirements.txt")


def test_locks_are_exact_and_name_no_host() -> None:
    """Each entry is one exact version with its hashes, and says nothing of where it is fetched from."""
    exact = re.compile(r"[a-z0-9-]+==[\w.]+( ; [^:]+?)?( +--hash=sha256:[0-9a-f]{64})+ *")
    for lock in ("requirements.txt", "requirements-check.txt", _RADIOS):
        assert [entry for entry in entries(lock) if not exact.fullmatch(entry)] == []


def test_every_dependency_is_accounted_for() -> None:
    """docs/dependencies.md has a row for each package the project asks for."""
    documented = (ROOT / "docs/dependencies.md").read_text()
    asked = direct_requirements(check=False) + direct_requirements(check=True)
    names = [wanted.name for wanted in asked] + list(pins(_RADIOS))
    assert [name for name in names if f"| {name} |" not in documented] == []
