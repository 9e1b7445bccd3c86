from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.connect import Connections
from db.errors import DatabaseError
from db.export import CSV_COLUMNS, csv_pieces, file_pieces, json_pieces, parquet_file
from db.read_detections import DetectionReader
from db.recorder import Recorder
from db.store import Store
from presence.detection import Detection, DetectionQuery
from presence.radio import Radio
from presence.zones import Zone
from tests.db.scanning import HUNG, PRAGUE, SETTINGS, device, hash_of, minute, scan
from tests.db.statistics_model import by_sensor

EVERYTHING = DetectionQuery(minute(-10_000), minute(10_000))
ONE = Detection(2**17, Radio.WIFI, hash_of("a"), -61, Zone.MEDIUM, datetime(2027, 3, 10, 23, 30, tzinfo=UTC), "hall")

# pandas and fastparquet take 70 MB, and leave files for the garbage collector: a process of its own reads.
READ_PARQUET = """
import sys
from fastparquet import ParquetFile
print(ParquetFile(sys.argv[1]).to_pandas().to_json(orient="records", date_format="iso"))
"""


def everything(connections: Connections, query: DetectionQuery = EVERYTHING, at_once: int = 3) -> list[Detection]:
    return [one for piece in DetectionReader(connections).pieces(query, at_once) for one in piece]


def test_detections_come_newest_first_and_each_once(connections: Connections) -> None:
    """Every detection is listed, whatever pieces they are read in, and each has a number of its own."""
    recorder = Recorder(connections, SETTINGS)
    for number in range(20):
        recorder.record(scan(minute(number // 2), [str(name) for name in range(number % 4)], ["b"]))
    found = everything(connections)
    assert len(found) == sum(number % 4 + 1 for number in range(20)) == len({one.detection_id for one in found})
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert found == everything(connections, at_once=100_000)


def test_detections_are_filtered(connections: Connections) -> None:
    """Time, zone, sensor and device each narrow what is listed."""
    near, far = device("near", rssi_dbm=-50), device("far", rssi_dbm=-90)
    recorder = Recorder(connections, SETTINGS)
    recorder.record(by_sensor(scan(minute(0), [near, far], HUNG), "door"))
    recorder.record(by_sensor(scan(minute(1), [near], [device("far", Radio.BLUETOOTH, rssi_dbm=None)]), "hall"))

    def found(query: DetectionQuery) -> list[tuple[str, Radio, str]]:
        return [(one.sensor, one.radio, one.device_hash) for one in everything(connections, query)]

    wifi, bluetooth = Radio.WIFI, Radio.BLUETOOTH
    assert found(replace(EVERYTHING, zone=Zone.FAR)) == [("door", wifi, hash_of("far"))]
    assert found(replace(EVERYTHING, sensor="door")) == [
        ("door", wifi, hash_of("near")),
        ("door", wifi, hash_of("far")),
    ]
    assert found(replace(EVERYTHING, device_hashes=frozenset({hash_of("far")}))) == [
        ("hall", bluetooth, hash_of("far")),
        ("door", wifi, hash_of("far")),
    ]
    assert found(replace(EVERYTHING, device_hashes=frozenset({hash_of("nobody")}))) == []
    assert found(replace(EVERYTHING, to_at=minute(1), zone=Zone.NEAR)) == [("door", wifi, hash_of("near"))]
    assert len(DetectionReader(connections).recent(EVERYTHING, 2)) == 2


def test_csv_has_the_columns_of_the_older_system() -> None:
    """Columns and their order are those that its users know; date and time are those of the place."""
    rows = list(csv.reader(io.StringIO(b"".join(csv_pieces([[ONE]], PRAGUE)).decode(), newline="")))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert rows[1] == [
        "131072", hash_of("a"), "-61", "medium", "2027-03-10T23:30:00Z", "hall", "2027-03-11", "00:30:00"
    ]  # fmt: skip


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_csv_is_a_formula(start: str) -> None:
    """A sensor that calls itself like a formula is text to a spreadsheet, and a negative number stays a number."""
    detection = replace(ONE, sensor=f"{start}1+1", rssi_dbm=None)
    (row,) = list(csv.reader(io.StringIO(b"".join(csv_pieces([[detection]], PRAGUE)).decode(), newline="")))[1:]
    assert row[5] == f"'{start}1+1"
    assert (row[2], row[3]) == ("", "medium")


def test_json_lines_are_one_detection_each() -> None:
    """Each line stands by itself, and no reading is null."""
    lines = b"".join(json_pieces([[ONE], [], [replace(ONE, rssi_dbm=None, zone=None)]])).decode().splitlines()
    assert [json.loads(line)["rssi"] for line in lines] == [-61, None]
    assert json.loads(lines[0])["timestamp"] == "2027-03-10T23:30:00Z"


@pytest.mark.parametrize("count", [0, 1, 50_001])
def test_parquet_holds_every_detection_and_its_file_goes(count: int, tmp_path: Path) -> None:
    """A Parquet file has a row for each detection, also when there is none, and nothing is left behind."""
    detections = [replace(ONE, detection_id=number, rssi_dbm=-number % 90 or None) for number in range(count)]
    with parquet_file([detections]) as path:
        (tmp_path / "kept.parquet").write_bytes(b"".join(file_pieces(path)))
    assert not path.parent.exists()
    read = subprocess.run(
        [sys.executable, "-c", READ_PARQUET, str(tmp_path / "kept.parquet")], check=True, capture_output=True
    )
    rows = json.loads(read.stdout)
    assert [row["id"] for row in rows] == list(range(count))
    assert [row["rssi"] for row in rows] == [one.rssi_dbm for one in detections]
    assert {row["timestamp"] for row in rows} <= {"2027-03-10T23:30:00.000"}


def test_an_error_on_the_way_leaves_no_file() -> None:
    """A database that goes away during an export is said, and nothing is left behind."""

    def pieces() -> Iterator[list[Detection]]:
        yield [ONE]
        raise DatabaseError("The disk does not answer.")

    with pytest.raises(DatabaseError), parquet_file(pieces()):
        pytest.fail("there is no file")


def test_the_memory_of_an_export_does_not_grow_with_it(file_store: Store, url: str) -> None:
    """50,000 detections as CSV take what a piece of 20,000 takes, 13 MB, and not the 25 MB of them all."""
    names = [[f"{group} {name}" for name in range(1000)] for group in range(2)]
    file_store.recorder.record_many((scan(minute(number), names[number // 25]) for number in range(50)), batch=25)
    with closing(Connections(url)) as connections:
        as_bytes = csv_pieces(DetectionReader(connections).pieces(EVERYTHING), PRAGUE)
        tracemalloc.start()
        lines = sum(piece.count(b"\n") for piece in as_bytes)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert lines == 50_001
    assert peak < 16_000_000
