"""Export: detections as CSV, as JSON lines and as Parquet, a piece at a time."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from presence.detection import Detection

# As the older BLE agent's dashboard named them; whoever reads such a file looks for these.
CSV_COLUMNS = ("ID", "Device Hash", "RSSI (dBm)", "Zone", "Timestamp", "Device ID (IoT)", "Date", "Time")

# A cell that begins with one of these is a formula, or hides one, to a spreadsheet (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_PROGRAMME_FOLDER = Path(__file__).parents[1]
# Read from the file and sent at once.
_FILE_BYTES = 1 << 16

Pieces = Iterable[Iterable[Detection]]


class ExportError(Exception):
    """An export could not be made; the message says what to do."""


def csv_pieces(pieces: Pieces, time_zone: ZoneInfo) -> Iterator[bytes]:
    """Detections as CSV, one yield for each piece. Date and time are those of the place, the time stamp is UTC."""
    yield _csv([CSV_COLUMNS])
    for piece in pieces:
        yield _csv(_csv_row(detection, time_zone) for detection in piece)


def _csv(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _csv_row(detection: Detection, time_zone: ZoneInfo) -> tuple[object, ...]:
    local = detection.at.astimezone(time_zone)
    return (
        detection.detection_id,
        detection.device_hash,
        detection.rssi_dbm,
        detection.zone,
        _iso(detection),
        defused(detection.sensor),
        f"{local:%Y-%m-%d}",
        f"{local:%H:%M:%S}",
    )


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def json_pieces(pieces: Pieces) -> Iterator[bytes]:
    """Detections as JSON lines, one yield for each piece."""
    for piece in pieces:
        yield "".join(f"{json.dumps(_record(one), ensure_ascii=False)}\n" for one in piece).encode()


def _record(detection: Detection) -> dict[str, object]:
    return {
        "id": detection.detection_id,
        "radio": detection.radio,
        "device_hash": detection.device_hash,
        "rssi": detection.rssi_dbm,
        "zone": detection.zone,
        "timestamp": _iso(detection),
        "device_id": detection.sensor,
    }


def _iso(detection: Detection) -> str:
    return detection.at.isoformat().replace("+00:00", "Z")


@contextmanager
def parquet_file(pieces: Pieces) -> Iterator[Path]:
    """A Parquet file of detections, gone afterwards.

    It is written by a process of its own: what that needs (pandas and fastparquet, 70 MB) is given back at its end,
    and a Pi's memory is small.

    Raises:
        ExportError: It could not be written.
    """
    with TemporaryDirectory(prefix="export") as folder:
        path = Path(folder) / "detections.parquet"
        command = [sys.executable, "-m", "db.write_parquet", str(path)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stderr=pipe, cwd=_PROGRAMME_FOLDER) as writer:
            _feed(writer, pieces)
            said = writer.communicate()[1].decode(errors="replace").strip()
        if writer.returncode != 0:
            raise ExportError(
                f"The Parquet file could not be written ({said[-200:]}). Export as CSV or as JSON lines instead."
            )
        yield path


def _feed(writer: subprocess.Popen[bytes], pieces: Pieces) -> None:
    assert writer.stdin is not None  # noqa: S101 - it was asked for
    with suppress(BrokenPipeError):  # it ended early, and its exit status says why
        for lines in json_pieces(pieces):
            writer.stdin.write(lines)


def file_pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, some at a time."""
    with path.open("rb") as file:
        while some := file.read(_FILE_BYTES):
            yield some
