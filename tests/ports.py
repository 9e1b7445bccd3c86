"""Ports for the programmes that tests start."""

from __future__ import annotations

import socket

_HELD: list[socket.socket] = []


def free_port() -> int:
    """A port at which nobody listens yet, and which no other test is given while this one's process lives.

    A socket holds it that is bound and does not listen: the system gives the port to nobody who asks for any, and
    lets a server that names it have it, as long as both say SO_REUSEADDR (socket(7)).
    """
    holding = socket.socket()
    holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holding.bind(("127.0.0.1", 0))
    _HELD.append(holding)
    port: int = holding.getsockname()[1]
    return port
