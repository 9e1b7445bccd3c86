"""The house as DESIGN draws it: which room may lean on which, and which library lives where."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Who may import whom of ours. app.py joins all, and nobody imports it.
ARROWS = {
    "presence": {"presence"},
    "scans": {"scans", "presence"},
    "db": {"db", "presence"},
    "layouts": {"layouts", "presence", "db"},
    "links": {"links", "presence", "db"},
    "config": {"scans", "presence"},
    "command_line": {"presence"},
    "install": {"install"},
    "commands": {
        "commands",
        "config",
        "place",
        "hearing",
        "link_settings",
        "keeping",
        "privacy",
        "showing",
        "install",
        "scans",
        "db",
        "links",
        "layouts",
        "presence",
    },
    "sparing": set(),
    "logs": {"scans"},
    "reviving": {"scans", "links"},
    "place": {"config", "scans", "db", "presence"},
    "hearing": {"config", "place", "scans", "db", "presence"},
    "link_settings": {"config", "place", "db", "links"},
    "sending": {"config", "place", "link_settings", "scans", "db", "links", "presence"},
    "telling": {"privacy", "place", "link_settings", "sending", "scans", "db", "links", "presence"},
    "watching": {"place", "telling", "scans", "db", "presence"},
    "privacy": {"config", "place", "link_settings", "presence"},
    "keeping": {"place", "scans", "db", "presence"},
    "showing": {"place", "hearing", "telling", "scans", "db", "layouts", "links", "presence"},
}
ROOMS = ("presence", "scans", "db", "layouts", "links", "install", "commands")
TOP_LEVEL = (
    "config",
    "command_line",
    "place",
    "hearing",
    "link_settings",
    "sending",
    "telling",
    "watching",
    "logs",
    "reviving",
    "keeping",
    "privacy",
    "showing",
)
OURS = {*ROOMS, *TOP_LEVEL, "app"}

# Each library has one room.
HOMES = {
    "bleak": "scans",
    "dbus_fast": "scans",
    "pyshark": "scans",
    "manuf": "scans",
    "aiooui": "scans",
    "bluetooth_numbers": "scans",
    "apscheduler": "scans",
    "sqlalchemy": "db",
    "alembic": "db",
    "sqlite3": "db",
    "dash": "layouts",
    "plotly": "layouts",
    "fastapi": "links",
    "starlette": "links",
    "uvicorn": "links",
    "httptools": "links",
    "paho": "links",
    "msgspec": "links",
    "prometheus_client": "links",
    "urllib3": "links",
    "argon2": "db",
    "psycopg": "db",
    "fastparquet": "db",
    "apprise": "links",
    "cryptography": "scans",
}

# What layouts and links may not touch of db: sessions and tables. They read and command.
WRITE_SIDE = {
    "db.schema",
    "db.site_schema",
    "db.tag_schema",
    "db.alert_schema",
    "db.people_schema",
    "db.recorder",
    "db.migrations",
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize(
    "path",
    [*sources(*ROOMS), *(ROOT / f"{name}.py" for name in TOP_LEVEL)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_arrows_between_rooms_point_the_right_way(path: Path) -> None:
    """A room imports only what lies below it, and each library is used in its own room."""
    room = room_of(path)
    for name in imports(path):
        top = name.split(".")[0]
        assert top not in OURS or top in ARROWS[room], f"{room} may not import {name}"
        assert room in TOP_LEVEL or HOMES.get(top, room) == room, f"{name} belongs into {HOMES.get(top)}"
        assert room not in {"layouts", "links"} or name not in WRITE_SIDE, f"{room} may not reach into {name}"


def test_understanding_knows_no_framework() -> None:
    """Presence imports the standard library and itself."""
    import sys  # noqa: PLC0415 - the list of standard modules is only needed here

    for path in sources("presence"):
        # What learns from head counts computes with matrices, in a process of its own.
        allowed = {"numpy"} if path.stem in {"ridge", "calibrating"} else set()
        assert {name.split(".")[0] for name in imports(path)} <= {*sys.stdlib_module_names, "presence", *allowed}


@pytest.mark.parametrize(
    "path", sources("presence", "db", "layouts", "links"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_fingerprints_stay_where_they_are_heard(path: Path) -> None:
    """What tells a model of phone by what it says has no name outside of scans; how many there are has."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name)}
    assert not names & {"fingerprint", "first_sequence", "last_sequence"}


# Alembic runs this file; nobody imports it.
RUN_BY_ALEMBIC = ROOT / "db" / "migrations" / "env.py"


@pytest.mark.parametrize(
    "path",
    [*sources(*ROOMS), *(ROOT / f"{name}.py" for name in TOP_LEVEL)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_importing_does_nothing_but_define(path: Path) -> None:
    """At the top of a module stand imports, definitions and constants; no call is made for its effect."""
    if path == RUN_BY_ALEMBIC:
        return
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        is_a_statement = isinstance(node, (ast.Expr, ast.For, ast.While, ast.With, ast.Try))
        assert not is_a_statement or _defines(node), f"line {node.lineno}"


def _defines(node: ast.AST) -> bool:
    """A docstring, or an index, which SQLAlchemy adds to its table."""
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Call) and ast.unparse(value.func) == "Index")


@pytest.mark.parametrize(
    "path", [*sources(*ROOMS, "bench", "tests"), ROOT / "app.py", ROOT / "config.py", ROOT / "place.py"], ids=str
)
def test_no_error_is_swallowed(path: Path) -> None:
    """No handler passes over an error without a word."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert not all(isinstance(line, ast.Pass) for line in node.body), f"line {node.lineno}"


@pytest.mark.parametrize("path", sources("tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_says_what_it_asserts(path: Path) -> None:
    """Each test has one sentence that states the behaviour."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            sentence = ast.get_docstring(node) or ""
            assert re.fullmatch(r"[^\n].*(\n.*)?\.", sentence), f"{node.name}: {sentence!r}"


def test_no_room_is_named_for_nothing() -> None:
    """No file is called utils, helpers, common or manager."""
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert not [path for path in sources(*ROOMS, "tests", "bench") if path.stem in vague]
