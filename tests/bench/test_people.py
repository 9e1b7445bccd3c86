"""The figures of the people estimate: for folders made here, laid out like those of anybody else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench.people_captures import NothingToMeasureError, Place, read_room
from bench.people_room import room_figures
from tests.scans.captures import BEGIN, pcap, probe_request

ROOT = Path(__file__).parents[2]
PLACE = Place("UTC", bytes(32))
DAY_SECONDS = 86_400

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def room_of(folder: Path, days: Sequence[Sequence[int]]) -> Path:
    """A folder with a capture a day: so many people in each ten minutes, each with a phone heard each minute."""
    (folder / "brno").mkdir(parents=True)
    rows = ["day,minute_epoch,people"]
    for number, day in enumerate(days):
        begin = BEGIN + number * DAY_SECONDS
        stream = pcap([])
        for minute in range(10 * len(day)):
            people, at = day[minute // 10], begin + 60 * minute
            phones = [probe_request(f"02:00:00:{number:02x}:00:{one:02x}", rssi_dbm=-55) for one in range(people)]
            outside = probe_request("02:00:00:99:00:01", rssi_dbm=-93)
            stream += pcap([outside, *phones], begin=at)[24:]  # without the head of a file
            rows.append(f"day {number},{at:.0f},{people}")
        (folder / "brno" / f"day {number}.pcap").write_bytes(stream)
    (folder / "brno" / "occupancy.csv").write_text("\n".join(rows) + "\n")
    return folder


def figures(*arguments: str | Path) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.people", *map(str, arguments)], cwd=ROOT, capture_output=True, check=True
    )
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


@needs_tshark
def test_days_are_predicted_from_other_days(tmp_path: Path) -> None:
    """Each block of each day has a truth and an estimate, and where every phone is heard they lie close together."""
    room = read_room(room_of(tmp_path, [(0, 3, 6, 9), (4, 8, 0), (2, 10, 5)]) / "brno", PLACE)
    assert [block.moment.people for block in room.blocks] == [0, 3, 6, 9, 4, 8, 0, 2, 10, 5]
    told = room_figures(room, None)
    assert told.blocks == 10
    assert told.mae < 1.5 < told.uncalibrated_mae
    assert told.correlation is not None
    assert told.correlation > 0.9
    assert list(told.per_day) == ["day 0", "day 1", "day 2"]
    # The day of four blocks leaves six to learn from, so there are no draws of ten.
    assert list(told.learning_curve) == [0, 1, 2, 3, 5]
    assert told.mae_10_head_counts is None


@needs_tshark
def test_one_day_alone_teaches_nothing(tmp_path: Path) -> None:
    """A single day cannot be predicted from others, and the reason is told."""
    room = read_room(room_of(tmp_path, [(0, 3, 6)]) / "brno", PLACE)
    with pytest.raises(NothingToMeasureError, match="--train"):
        room_figures(room, None)


@needs_tshark
def test_a_day_is_predicted_from_another_folder(tmp_path: Path) -> None:
    """By command, with head counts of elsewhere: one JSON object, and the learning curve as a picture."""
    train = room_of(tmp_path / "train", [(0, 3, 6, 9), (4, 8, 0)])
    data = room_of(tmp_path / "data", [(7, 1)])
    told = figures("--data", data, "--train", train, "--only", "brno", "--plot", tmp_path / "curve.svg")
    assert told["brno"]["blocks"] == 2
    assert told["brno"]["mae"] < 2.5
    assert ET.parse(tmp_path / "curve.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own


def test_what_is_absent_is_null_with_the_reason(tmp_path: Path) -> None:
    """A folder that holds nothing gives figures of nothing, and says what is missing."""
    told = figures("--data", tmp_path, "--only", "brno", "pintor", "ble")
    assert told["brno"] is told["pintor"] is told["ble"] is None
    assert set(told["absent"]) == {"brno", "pintor", "ble"}
    assert told["absent"]["brno"] == "brno/ holds no capture"
