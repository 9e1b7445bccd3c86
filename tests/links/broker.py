"""A real mosquitto on a free port, with and without TLS and passwords; it can be stopped, killed and started again."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from links.broker import BrokerSettings
from tests.links.waiting import PATIENCE_SECONDS as PATIENCE_SECONDS  # noqa: PLC0414 - who tests with it waits too
from tests.links.waiting import wait_until
from tests.ports import free_port

USER, PASSWORD = "sensor", "a password of mine"

_MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
_PASSWORDS = shutil.which("mosquitto_passwd")


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate for localhost, and that of the authority that made it."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, host: str = "localhost", days: int = 2) -> Certificates:
    """Certificates with openssl; one of a negative number of days is over already."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch")
    authority_key = folder / "ca.key"
    _openssl(
        "req", "-x509", *new_key, "-keyout", authority_key, "-out", made.authority, "-days", "2", "-subj", "/CN=Test"
    )
    request, extensions = folder / "server.csr", folder / "server.ext"
    extensions.write_text(f"subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n")
    _openssl("req", *new_key, "-keyout", made.key, "-out", request, "-subj", f"/CN={host}")
    signed = ("-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", extensions)
    _openssl("x509", "-req", "-in", request, *signed, "-out", made.certificate, "-days", str(days))
    return made


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Mosquitto:
    """A broker of its own: messages that wait, and sessions, survive a restart.

    Args:
        folder: Where it keeps what it keeps.
        certificates: What it shows; None for no TLS.
        asks_password: Whether only `USER` with `PASSWORD` may come in.
        lines: More lines of its settings.
    """

    def __init__(
        self, folder: Path, *, certificates: Certificates | None, asks_password: bool, lines: tuple[str, ...] = ()
    ) -> None:
        if _MOSQUITTO is None:
            pytest.skip("mosquitto is not installed")
        self._command = [_MOSQUITTO, "-c", str(folder / "mosquitto.conf")]
        self._process: subprocess.Popen[bytes] | None = None
        self._certificates = certificates
        self._asks_password = asks_password
        self.port = free_port()
        settings = [
            f"listener {self.port} 127.0.0.1",
            "user root",
            "persistence true",
            f"persistence_location {folder}/",
            # After each change, not after half an hour.
            "autosave_on_changes true",
            "autosave_interval 1",
            "max_queued_messages 0",
            f"allow_anonymous {str(not asks_password).lower()}",
            *lines,
        ]
        if certificates is not None:
            settings += [f"certfile {certificates.certificate}", f"keyfile {certificates.key}"]
        if asks_password:
            if _PASSWORDS is None:
                pytest.skip("mosquitto_passwd is not installed")
            passwords = folder / "passwords"
            subprocess.run([_PASSWORDS, "-c", "-b", str(passwords), USER, PASSWORD], check=True, capture_output=True)
            settings.append(f"password_file {passwords}")
        (folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")

    def start(self) -> None:
        """Start, and wait until it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._listens, "mosquitto")

    def stop(self) -> None:
        """End it in order, so that it writes down what it has."""
        if self._process is not None:
            self.resume()  # one that hangs would not hear of it
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)

    def pause(self) -> None:
        """Let it hang: it keeps its connections, and answers nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def settings(self, *, protocol: str = "5", password: str | None = None) -> BrokerSettings:
        """How to reach it; with another password, wrongly."""
        return BrokerSettings(
            host="localhost",
            port=self.port,
            tls=self._certificates is not None,
            ca_file=None if self._certificates is None else self._certificates.authority,
            user=USER if self._asks_password else None,
            password=(password or PASSWORD) if self._asks_password else None,
            protocol=protocol,
            topic="museum",
        )

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextlib.contextmanager
def mosquitto(
    folder: Path,
    *,
    certificates: Certificates | None = None,
    asks_password: bool = False,
    lines: tuple[str, ...] = (),
) -> Iterator[Mosquitto]:
    """A running broker until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = Mosquitto(folder, certificates=certificates, asks_password=asks_password, lines=lines)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
