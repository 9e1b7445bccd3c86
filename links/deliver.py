"""Hands notifications over, as a process of its own: `python -m links.deliver`, by nobody but `links.delivery`.

It reads an order a line from its input, and writes an answer a line. apprise takes 34 MB, this process 55 in all, which
are given back when it ends; and a service whose library hangs, or brings everything down, brings down this alone.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from typing import Any

from presence.channel_services import address_fault

# What a service is given to connect, and to answer; together less than whoever waits for this process gives it.
_CONNECT_SECONDS, _ANSWER_SECONDS, _IN_ALL_SECONDS = 5.0, 10.0, 17.0
# At the end, for what is under way.
_GOODBYE_SECONDS = 4.0

_STATUS = re.compile(r"error=(\d{3})\b")
# What services mean by these, to somebody who set the channel up (RFC 9110, section 15.5).
_MEANINGS = {
    400: "It did not understand the notification.",
    401: "Check the user, the password or the token in the address.",
    403: "Check the user, the password or the token in the address.",
    404: "Check the address: there is nothing there.",
    413: "The notification is too large for it.",
    429: "It is given too many notifications.",
}


class _Said(logging.Handler):
    """Keeps what apprise says of one delivery. It may quote the address, so it is only looked into, and never told."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.words.append(record.getMessage())


def hand_over(url: str, title: str, body: str) -> str | None:
    """Hand one notification over.

    Args:
        url: Where to, as apprise writes it.
        title: A few words.
        body: A sentence or two.

    Returns:
        None when it was taken; else why not, in a sentence that tells nothing of the address.
    """
    if (fault := address_fault(url)) is not None:
        return fault
    from apprise import Apprise, AppriseAsset, NotifyFormat, PersistentStoreMode  # noqa: PLC0415 - it takes seconds

    asset = AppriseAsset(
        app_id="Tracking",
        app_desc="Wi-Fi and Bluetooth Tracking",
        app_url="",
        async_mode=False,
        storage_mode=PersistentStoreMode.MEMORY,
        service_timeout=_IN_ALL_SECONDS,
        allow_templates=False,
    )
    service: Any = Apprise.instantiate(url, asset=asset)
    if service is None:
        return "The address is not whole, or something in it is wrong. Enter it again."
    said = _Said()
    service.logger = logging.Logger("delivery")  # noqa: LOG001 - of this delivery alone, and heard by nobody else
    service.logger.addHandler(said)
    service.socket_connect_timeout, service.socket_read_timeout = _CONNECT_SECONDS, _ANSWER_SECONDS
    handing = Apprise(asset=asset)
    handing.add(service)
    if handing.notify(body=body, title=title, body_format=NotifyFormat.TEXT):
        return None
    return _reason(said.words)


def _reason(words: list[str]) -> str:
    statuses = [int(found[1]) for one in words if (found := _STATUS.search(one))]
    if statuses:
        meaning = _MEANINGS.get(statuses[-1], "It is tried again.")
        return f"The service refused the notification ({statuses[-1]}). {meaning}"
    if any("connection error" in one.lower() or "socket" in one.lower() for one in words):
        return "The service cannot be reached. It is tried again."
    return "The service did not take the notification. Check the address; it is tried again."


def _deliver(order: dict[str, Any], answering: threading.Lock) -> None:
    try:
        problem = hand_over(order["url"], order["title"], order["body"])
    except Exception as error:  # noqa: BLE001 - a service may raise anything, and its words may quote the address
        problem = f"The notification could not be handed over ({type(error).__name__}). It is tried again."
    with answering:
        sys.stdout.write(json.dumps({"id": order["id"], "problem": problem}) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Carry out orders until there are no more, each on a thread of its own: one that hangs holds no other up."""
    answering = threading.Lock()
    at_work: list[threading.Thread] = []
    for line in sys.stdin:
        at_work = [thread for thread in at_work if thread.is_alive()]
        at_work.append(threading.Thread(target=_deliver, args=(json.loads(line), answering), daemon=True))
        at_work[-1].start()
    ends_at = time.monotonic() + _GOODBYE_SECONDS
    for thread in at_work:
        thread.join(max(0.0, ends_at - time.monotonic()))


if __name__ == "__main__":
    main()
