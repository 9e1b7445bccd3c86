"""The disk of the guest: Debian 12 from apt packages alone, made once and kept in a folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

CACHE_VARIABLE = "TRACKING_RADIOS_CACHE"

_SUITE = "bookworm"

# What no radio of the guest needs; the kernel's modules are 395 MB with it.
_LEFT_OUT = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/lib/modules/*/kernel/drivers/gpu/*",
    "/lib/modules/*/kernel/drivers/media/*",
    "/lib/modules/*/kernel/drivers/net/ethernet/*",
    "/lib/modules/*/kernel/sound/*",
)

# For what the programme writes, and what else a run leaves.
_FREE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Image:
    """What a guest is started from; none of it is ever written to.

    Attributes:
        kernel: Debian's kernel.
        initrd: Debian's initial RAM disk.
        disk: The root file system, raw ext4; in /home/pi/tracking of it `./run` has installed what it needs.
    """

    kernel: Path
    initrd: Path
    disk: Path


def cache_folder() -> Path:
    """Where images are kept: TRACKING_RADIOS_CACHE, else a folder of this user's cache."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "wifi-and-bluetooth-tracking-radios")


def missing_tools() -> str:
    """What this machine lacks to build and to run a guest; empty when it has everything."""
    tools = ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mkfs.ext4")
    missing = [name for name in tools if shutil.which(name, path=_PATH) is None]
    if missing:
        return f"these are missing: {', '.join(missing)} (Debian: qemu-system-x86 qemu-utils mmdebstrap e2fsprogs)"
    return "" if os.geteuid() == 0 else "building the guest's disk takes root"


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def image() -> Image:
    """The image, made now if what goes into it has changed; the first time takes some minutes and a network."""
    # Of the checkout, what decides on the Python packages; the rest of it comes anew with each run.
    of_checkout = [ROOT / "requirements.txt", ROOT / "install" / "python_packages.sh"]
    own = [HERE / "packages.txt", HERE / "requirements.txt", HERE / "customise.sh"]
    made = _kept("guest", [*own, *of_checkout], _build)
    return Image(made / "vmlinuz", made / "initrd", made / "disk")


def _installer() -> list[Path]:
    """What `./run` needs of a checkout to install what the programme needs."""
    return [ROOT / "run", ROOT / "requirements.txt", *sorted((ROOT / "install").glob("*.sh"))]


def pack(files: Iterable[Path], archive: Path) -> None:
    """Put files of this checkout into a tar archive, by their names in it."""
    with tarfile.open(archive, "w") as packed:
        for path in files:
            packed.add(path, path.relative_to(ROOT))


def _kept(name: str, made_from: list[Path], build: Callable[[Path], None]) -> Path:
    """The folder that `build` filled, keyed by a digest of what it was made from and of this file."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [*made_from, Path(__file__)])).hexdigest()
    folder = cache_folder() / f"{name}-{digest[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two runs at once, the second finds everything done
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as work:
                build(Path(work))
                made = Path(work) / "made"
                made.rename(folder)
    return folder


def _build(work: Path) -> None:
    checkout, wheels = work / "checkout.tar", work / "wheels"
    pack(_installer(), checkout)
    _fetch_wheels(wheels)
    packages = (HERE / "packages.txt").read_text(encoding="ascii").split()
    root, made = work / "root", work / "made"
    # Mounts of its own: what it mounts in `root` (this machine's /proc and /sys) is never seen from outside, and so not
    # in the way when an interrupted build is cleared away.
    _run(
        "unshare",
        "--mount",
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        f"--include={','.join(packages)}",
        "--aptopt=APT::Install-Recommends false",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT),
        f"--customize-hook={HERE / 'customise.sh'}",
        _SUITE,
        str(root),
        CHECKOUT=str(checkout),
        WHEELS=str(wheels),
    )
    locked = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(HERE / "requirements.txt"))
    _pip("install", "--target", str(root / "opt" / "radios"), *locked)
    made.mkdir()
    for name, kept_as in (("vmlinuz-*", "vmlinuz"), ("initrd.img-*", "initrd")):
        (found,) = (root / "boot").glob(name)
        found.rename(made / kept_as)
    disk = made / "disk"
    used = sum(path.lstat().st_blocks for path in root.rglob("*")) * 512
    with disk.open("wb") as file:
        file.truncate(used * 5 // 4 + _FREE_BYTES)  # a file system keeps a tenth for itself
    _run("mkfs.ext4", "-q", "-F", "-m0", "-d", str(root), str(disk))


def _fetch_wheels(folder: Path) -> None:
    """What the lock names, for the guest's Python 3.11; the one package without a wheel is built there."""
    platforms = [option for number in (17, 28, 34) for option in ("--platform", f"manylinux_2_{number}_x86_64")]
    guest = ("--python-version", "3.11", "--implementation", "cp", *platforms, "--platform", "manylinux2014_x86_64")
    _pip("download", "--no-deps", "--require-hashes", "-d", str(folder), *guest, "-r", str(ROOT / "requirements.txt"))


def _pip(*words: str) -> None:
    _run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *words)


def _run(*command: str, **variables: str) -> None:
    """Run a tool to its end; what it says goes where the tests' own words go."""
    subprocess.run(command, env={**os.environ, "PATH": _PATH, **variables}, check=True)
