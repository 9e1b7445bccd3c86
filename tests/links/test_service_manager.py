from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from links.service_manager import ServiceManager, service_manager


@pytest.fixture
def told(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(20)
        yield listening


def test_it_is_told_in_the_words_of_sd_notify(told: socket.socket) -> None:
    """Each state is one datagram; a status line of several lines, however long, becomes one that is bounded."""
    manager = ServiceManager(told.getsockname())
    manager.ready()
    manager.alive()
    manager.status("12 scans\nWATCHDOG=trigger " + "x" * 1000)
    manager.stopping()
    said = [told.recv(4096).decode() for _ in range(4)]
    assert (said[0], said[1], said[3]) == ("READY=1", "WATCHDOG=1", "STOPPING=1")
    assert said[2].startswith("STATUS=12 scans WATCHDOG=trigger xxx")
    assert len(said[2]) < 250


def test_an_abstract_socket_is_found() -> None:
    """An address that begins with @ is a name of Linux's abstract namespace."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")  # the kernel chooses an abstract name
        listening.settimeout(20)
        ServiceManager("@" + listening.getsockname()[1:].decode()).ready()
        assert listening.recv(100) == b"READY=1"


def test_the_environment_names_it() -> None:
    """The programme learns whom to tell, and how often it is to be heard."""
    manager = service_manager({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "120000000", "HOME": "/"})
    assert (manager.is_there, manager.watchdog_seconds) == (True, 120.0)


def test_without_one_nothing_is_told() -> None:
    """Started in a window, the programme tells nobody, and nothing goes wrong."""
    manager = service_manager({})
    manager.ready()
    assert (manager.is_there, manager.watchdog_seconds) == (False, None)


def test_one_that_is_gone_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A socket that went away is logged once, and its return once."""
    caplog.set_level(logging.INFO)
    manager = ServiceManager(str(tmp_path / "notify"))
    manager.alive()
    manager.alive()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        manager.alive()
        manager.alive()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
