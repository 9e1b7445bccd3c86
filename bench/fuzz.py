"""Strange bytes at every boundary: `python -m bench.fuzz [--inputs 100000] [--only NAME …]`; nothing must come of them.

Each boundary is a function that takes any bytes and raises where what comes of them is not lawful: those that the tests
try some hundred inputs on. With atheris (requirements-fuzz.txt) inputs are chosen by the code that they reach, in a
process for each boundary; without it, they are random bytes. Frames are those of the simulated site, changed at random,
and go through the real tshark, many at a time. The first input that fails, of frames the capture that it is in, is kept
in the folder, and its boundary ends.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.strangers.boundaries import BOUNDARIES

_ROOMS = ("presence", "scans", "db", "layouts", "links")
_BOUNDARIES = {boundary.name: boundary for boundary in BOUNDARIES}
_FRAMES = "frames"
_FRAMES_AT_ONCE = 20_000
_LONGEST_INPUT = 600


def main() -> int:
    """Try what the command line asks for, one boundary after the other; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs at each boundary")
    parser.add_argument("--only", nargs="+", choices=(*_BOUNDARIES, _FRAMES), default=(*_BOUNDARIES, _FRAMES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where what failed is kept")
    parser.add_argument("--guided", help=argparse.SUPPRESS)  # the process of one boundary, under atheris
    asked = parser.parse_args()
    if asked.guided:
        _guide(asked.guided, asked.inputs, asked.seed)
        return 0
    has_atheris = importlib.util.find_spec("atheris") is not None
    print(f"{asked.inputs:,} inputs at each boundary, {'by coverage (atheris)' if has_atheris else 'at random'}")
    failed = False
    for name in asked.only:
        began = time.monotonic()
        if name == _FRAMES:
            count, trouble = asked.inputs, _try_frames(asked.inputs, asked.seed, asked.folder)
        elif has_atheris:
            count, trouble = asked.inputs, _try_guided(name, asked.inputs, asked.seed, asked.folder)
        else:
            count, trouble = asked.inputs, _try_at_random(name, asked.inputs, asked.seed, asked.folder)
        print(f"  {name}: {count:,} in {time.monotonic() - began:.0f} s: {trouble or 'nothing found'}", flush=True)
        failed = failed or bool(trouble)
    return int(failed)


def _try_frames(count: int, seed: int, folder: Path) -> str:
    from tests.strangers.frames import strange_frames  # noqa: PLC0415 - atheris must come before what it watches

    rng = random.Random(seed)  # noqa: S311 - to be repeated
    sightings = 0
    with tempfile.TemporaryDirectory() as temporary:
        capture = Path(temporary) / "strange.pcap"
        for done in range(0, count, _FRAMES_AT_ONCE):
            try:
                sightings += strange_frames(rng, min(_FRAMES_AT_ONCE, count - done), capture)
            except Exception as error:  # noqa: BLE001 - whatever it is, it was found
                kept = shutil.copy(capture, folder / f"failed-{_FRAMES}.pcap")
                return f"{type(error).__name__}: {error} (capture in {kept})"
    print(f"  ({sightings:,} of the frames became sightings)")
    return ""


def _try_at_random(name: str, count: int, seed: int, folder: Path) -> str:
    rng = random.Random(seed)  # noqa: S311 - to be repeated
    check = _BOUNDARIES[name].check()
    for _ in range(count):
        data = rng.randbytes(rng.randrange(_LONGEST_INPUT))
        try:
            check(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was found
            path = folder / f"failed-{name}"
            path.write_bytes(data)
            return f"{type(error).__name__}: {error} (input in {path})"
    return ""


def _try_guided(name: str, count: int, seed: int, folder: Path) -> str:
    command = [sys.executable, "-m", "bench.fuzz", "--guided", name, "--inputs", str(count), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=_environment())
    if done.returncode == 0:
        return ""
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return " | ".join(lines[-12:])


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}


def _guide(name: str, count: int, seed: int) -> None:
    """Let atheris choose the inputs; it ends the process."""
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415 - only where it is installed, and without types

    with atheris.instrument_imports(include=list(_ROOMS), enable_loader_override=False):
        check = _BOUNDARIES[name].check()
    options = [f"-runs={count}", f"-seed={seed}", f"-max_len={_LONGEST_INPUT}", "-verbosity=0", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
