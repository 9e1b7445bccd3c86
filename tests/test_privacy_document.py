from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path

from command_line import parse
from db.backup import back_up
from db.in_use import held_alone
from db.people_schema import METADATA
from db.reports import keep_report
from place import place_of
from scans.enrolment import join
from tests.scans.test_enrolment import ENROLMENT
from tests.sqlite import new_database

DOCUMENT = Path(__file__).parents[1] / "docs" / "privacy.md"


def names_in(heading: str) -> set[str]:
    """What stands between backticks in the first column of the table under a heading."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_table_is_in_the_document() -> None:
    """docs/privacy.md says of each table whom it is of and how long that is kept, and names none that is not there."""
    assert names_in("Table by table") == METADATA.tables.keys() | {"alembic_version"}


def test_every_file_is_in_the_document(tmp_path: Path) -> None:
    """Whatever the programme writes into the folder of its data, docs/privacy.md says what it holds."""
    place = place_of(parse(["run", "--db", new_database(tmp_path / "tracking.db")]))
    now_at = datetime.now(UTC)
    with held_alone(place.database_url), contextlib.closing(place.open_store()) as store:
        assert store.sensors.all(now_at) == ()
        place.visitor_keys().key_at(now_at)
        place.registry_key().secret()
        keep_report(place.folder / "reports", "counts", now_at)
        back_up(place.database_url, place.folder / "backups", now_at)
        join(ENROLMENT, place.folder, place.visitor_keys())
        found = {f"{path.name}/" if path.is_dir() else path.name for path in tmp_path.iterdir()}
    assert {"tracking.db", "tracking.key", "registry.key", "reports/", "backups/", "uplink.key"} <= found
    assert found <= names_in("File by file")


def test_what_it_says_of_the_search_can_be_run() -> None:
    """The commands and tests that the document calls as witnesses are there."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for path in ("bench/search_disk.py", "bench/stolen_card.py", "tests/system/test_stolen_card.py"):
        assert path in text or path.removesuffix(".py").replace("/", ".") in text
        assert (DOCUMENT.parents[1] / path).exists()
