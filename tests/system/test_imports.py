from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Builds what a programme holds that runs in one of three ways, as app.py does, and prints what was imported.
BUILD = """
import contextlib, runpy, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from sparing import spare_memory
spare_memory()
programme = runpy.run_path("app.py")
from config import Config
from hearing import build_sensor
from place import Place
from presence.overview import Activity, Phase
from scans.clock import machine_clock
from scans.manufacturers import Manufacturers
way, folder = sys.argv[1:]
place = Place(Config(), False, f"sqlite:///{folder}/tracking.db", ZoneInfo("UTC"), machine_clock(), Manufacturers())
with contextlib.ExitStack() as undo:
    telling = programme["open_telling"](place, undo)
    if way != "sensor":
        server = telling.site_server(is_listening=way == "box")
        programme["add_page"](telling, server, lambda: Activity(Phase.WAITING, 0, None), tuple)
    if way != "hub":
        build_sensor(place, telling.keys, None, None)
print(*(name for name, module in sys.modules.items() if module is not None))
"""

# What costs most, and is for other machines or other times: exports, hubs, MQTT, migrations; or for nothing at all.
NEVER = {
    "alembic",
    "fastparquet",
    "flask",
    "jinja2",
    "lxml",
    "narwhals._utils",
    "numpy",
    "paho",
    "pandas",
    "plotly.graph_objs._bar",
    "prometheus_client",
    "psycopg",
    "pydantic.v1",
    "scans.simulated.site",
    "sqlalchemy.dialects.postgresql",
    "urllib3",
}


@pytest.mark.parametrize(
    ("way", "also"),
    [
        ("box", set[str]()),
        ("hub", {"bleak", "dbus_fast", "pyshark"}),
        ("sensor", {"dash", "plotly"}),
    ],
)
def test_what_is_not_needed_is_not_imported(way: str, also: set[str], tmp_path: Path) -> None:
    """A box imports nothing that only others need, a hub nothing that drives radios, a sensor nothing that shows."""
    command = [sys.executable, "-c", BUILD, way, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert not (NEVER | also) & set(done.stdout.split())


# What is spared, used as whoever needs it would.
USE = """
from sparing import spare_memory
spare_memory()
from pyshark.capture.capture import tshark_xml
from plotly import graph_objects
assert graph_objects.Figure(graph_objects.Bar(x=[1, 2], y=[3, 4])).data[0].y == (3, 4)
assert tshark_xml.psml_structure_from_xml(b"<structure><section>No.</section></structure>") == ["No."]
import narwhals.stable.v1, lxml.objectify
assert narwhals.stable.v1.Series.__module__ == "narwhals.stable.v1"
"""


def test_what_was_spared_is_there_when_asked_for() -> None:
    """A module that was spared comes in place of its stand-in as soon as something of it is used."""
    done = subprocess.run([sys.executable, "-c", USE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""


LOOK_FOR_GARBAGE = """
import gc
from sparing import spare_looking_for_garbage
stays = [[] for _ in range(1000)]
spare_looking_for_garbage()
print(any(one is stays[0] for one in gc.get_objects()))
comes = [[]]
print(any(one is comes[0] for one in gc.get_objects()))
"""


def test_what_stays_is_not_looked_through_for_garbage() -> None:
    """The collector passes over what a start has brought, and looks through what comes after it."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK_FOR_GARBAGE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
