"""The service manager (systemd) is told how the programme does: by datagrams to a socket it names (sd_notify(3))."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping

_log = logging.getLogger(__name__)

_LONGEST_STATUS = 200


class ServiceManager:
    """Tells the service manager that started this process how it does; does nothing where none did.

    Args:
        address: Its socket: a path, or "@" and a name in Linux's abstract namespace; None for no service manager.
        watchdog_seconds: It ends the process when it does not hear from it for this long; None when it does not care.
    """

    def __init__(self, address: str | None, watchdog_seconds: float | None = None) -> None:
        self._address = None if address is None else "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = watchdog_seconds
        self._is_deaf = False

    @property
    def is_there(self) -> bool:
        """Whether a service manager started this process."""
        return self._address is not None

    def ready(self) -> None:
        """The programme is up."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The programme gets on."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The programme stops, as it was asked to."""
        self._tell("STOPPING=1")

    def status(self, words: str) -> None:
        """What `systemctl status` shows, in a line; it may be read by anybody on the machine."""
        self._tell(f"STATUS={' '.join(words.split())[:_LONGEST_STATUS]}")

    def _tell(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
                sender.connect(self._address)
                sender.send(message.encode())
        except OSError as error:
            self._note(error.strerror or str(error))
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        """Log a failure once when it begins and once when it ends."""
        if trouble and not self._is_deaf:
            _log.warning("The service manager cannot be told how the programme does: %s", trouble)
        elif self._is_deaf and not trouble:
            _log.info("The service manager can be told again how the programme does.")
        self._is_deaf = bool(trouble)


def service_manager(environment: Mapping[str, str]) -> ServiceManager:
    """The service manager that the environment names, in NOTIFY_SOCKET and WATCHDOG_USEC (microseconds).

    Processes started from here inherit both; the unit has systemd listen to the main process alone.
    """
    watchdog = environment.get("WATCHDOG_USEC", "")
    address = environment.get("NOTIFY_SOCKET") or None
    return ServiceManager(address, int(watchdog) / 1e6 if watchdog.isdecimal() else None)
