"""Wi-Fi: listens for the frames that clients send, and reads them from stored captures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.client_frames import CAPTURE_FILTER, FIELDS, ClientFrames
from scans.sighting import HearSighting
from scans.tshark import Bounds, Ending, Tshark

# tshark starts to capture within 0.2 s on a desktop, some 4 s on a busy Pi 3, and within 22 s on a machine that is
# starved of everything (docs/virtual-radios.md), which would never hear Wi-Fi if it were given up sooner. It ends in
# 2 s after its time. There is time left for recovery in a minute all the same (`scans.patience`).
_START_SECONDS = 30.0
_LATE_SECONDS = 5.0

# Whoever attends to the capture lets go of it within a second.
_ATTENDING_SECONDS = 2.0

# What is needed stands in the first bytes of a frame; the rest is what people send, and is not even taken up.
_SNAPSHOT_BYTES = 512

# A busy place has 2,000 frames of clients a second. A flood has more, and so has one client that sends large files over
# a fast network: 400 Mbit/s in frames of 1,500 bytes are 33,000 a second. More than this end the scan early, and it
# says so.
_MOST_FRAMES_A_SECOND = 5_000
# However long the scan: dumpcap keeps what it captures in memory until its end, some 560 bytes a frame, and tshark
# 1.9 KB of each: 250 MB at most with this, of the 500 that the service may have on a Pi of 1 GB.
_MOST_FRAMES = 100_000

# What tshark and dumpcap say when they cannot capture (Wireshark's capture/capture-pcap-util.c and dumpcap.c), in
# lower case. The first that fits counts.
_REASONS: tuple[tuple[str, FaultReason], ...] = (
    ("permission", FaultReason.NO_PERMISSION),
    ("not permitted", FaultReason.NO_PERMISSION),
    ("802.11 link-layer types supported only on 802.11", FaultReason.NOT_MONITOR_MODE),
    ("monitor mode", FaultReason.NOT_MONITOR_MODE),
    ("is not up", FaultReason.INTERFACE_DOWN),
    ("no device named", FaultReason.NO_INTERFACE),
    ("no such device", FaultReason.NO_INTERFACE),
    ("doesn't exist", FaultReason.NO_INTERFACE),
)

# What dumpcap says when the interface goes away, or down, in mid-capture ("… is no longer attached", "… is no longer
# running"). tshark does not take that for a failure, and ends with status 0.
_STOPPED = "the capture has stopped"


class CaptureSource(Protocol):
    """Where frames come from: a Wi-Fi interface in monitor mode, or a named pipe into which a site is simulated."""

    def prepare(self) -> str | Fault:
        """Make ready to be captured from.

        Returns:
            What tshark's option -i takes (the name of an interface, or the path of a named pipe); a fault when there is
            nothing to capture from.
        """
        ...

    def attend(self, stopping: threading.Event) -> None:
        """Do what must be done while the capture goes on, until `stopping` is set: hop channels, or write frames.

        Runs on a thread of its own, begins just before the capture does, and returns within a second of `stopping`.
        """
        ...

    def trouble(self) -> Fault | None:
        """What stands in the way of capturing just now, by a look that changes nothing; None when nothing does."""
        ...

    def recover(self, fault: Fault) -> str:
        """Try to put right what `fault` says; gives what was done, in a few words, or nothing. Never raises."""
        ...

    def close(self) -> None:
        """Put back what was changed. Harmless when called twice, and callable from another thread in mid-capture."""
        ...


OwnAddresses = Callable[[], frozenset[str]]
"""Gives the hardware addresses that this machine has now: lower case, in pairs, joined by colons."""


class WifiListener:
    """Listens for the frames of clients (a `scans.listener.Listener`).

    Args:
        source: Where frames come from.
        own_addresses: Gives the addresses of this machine, which is nobody; asked for each scan, since what manages
            networks makes up a new address now and then for an interface that looks for one.
        tshark: Dissects the frames.
    """

    def __init__(self, source: CaptureSource, own_addresses: OwnAddresses, tshark: Tshark | None = None) -> None:
        self._source = source
        self._own_addresses = own_addresses
        self._tshark = tshark or Tshark()
        self._closing = threading.Event()

    @property
    def radio(self) -> Radio:
        """Wi-Fi."""
        return Radio.WIFI

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Listen for `seconds`; see `scans.listener.Listener.listen`. Takes 40 s more when everything hangs."""
        prepared = self._source.prepare()
        if isinstance(prepared, Fault):
            return prepared
        if self._closing.is_set():
            return Fault(FaultReason.UNEXPECTED, "the programme is stopping")
        frames = ClientFrames(hear, self._own_addresses())
        most_frames = _most_frames(seconds)
        stopping = threading.Event()
        attending = threading.Thread(target=self._source.attend, args=(stopping,), name="wifi-attend", daemon=True)
        attending.start()
        try:
            bounds = Bounds(_START_SECONDS, seconds + _LATE_SECONDS)
            ending = self._tshark.run(_live_arguments(prepared, seconds, most_frames), frames.take, bounds)
        finally:
            stopping.set()
            attending.join(_ATTENDING_SECONDS)
        fault = _fault_of(ending)
        if fault is None and frames.count >= most_frames:
            return Fault(FaultReason.UNREADABLE_CAPTURE, f"It ended before its time, after {most_frames:,} frames.")
        if fault is None or fault.reason is not FaultReason.HUNG:
            return fault
        # tshark waits for an interface that somebody blocked, took down or switched in mid-capture; its source knows
        # better. It only looks: what it put right here, nobody would be told of.
        return self._source.trouble() or fault

    def recover(self, fault: Fault) -> str:
        """Put right what can be; see `scans.listener.Listener.recover`."""
        return "" if self._closing.is_set() else self._source.recover(fault)

    def close(self) -> None:
        """End the capture under way, and let the source put back what it changed. It cannot be used afterwards."""
        self._closing.set()
        self._tshark.stop()
        self._source.close()


def _most_frames(seconds: float) -> int:
    return min(_MOST_FRAMES, round(_MOST_FRAMES_A_SECOND * seconds))


def _live_arguments(interface: str, seconds: float, most_frames: int) -> list[str]:
    # -l hands over each line at once, so that nothing is lost of a tshark that has to be ended.
    bounds = ["-a", f"duration:{seconds:g}", "-c", str(most_frames), "-s", str(_SNAPSHOT_BYTES)]
    return ["-n", "-l", "-i", interface, "-f", CAPTURE_FILTER, *bounds, *FIELDS]


def _fault_of(ending: Ending) -> Fault | None:
    if ending.status is None:
        return Fault(FaultReason.TSHARK_MISSING)
    said = ending.said.lower()
    if _STOPPED in said:
        return Fault(FaultReason.LOST, ending.detail)
    if ending.was_late:
        return Fault(FaultReason.HUNG, ending.detail)
    if ending.status == 0:
        return None
    reason = next((reason for mark, reason in _REASONS if mark in said), FaultReason.TSHARK_CRASHED)
    if reason is FaultReason.NOT_MONITOR_MODE:  # what was said is about the capture filter
        return Fault(reason, "the interface hands over no Wi-Fi frames")
    return Fault(reason, ending.detail or f"exit status {ending.status}")


def read_capture(path: Path, hear: HearSighting, tshark: Tshark | None = None) -> Fault | None:
    """Read the client frames of a stored capture, in the order of the file.

    Args:
        path: A capture that tshark can read (pcap, pcapng), gzipped or not.
        hear: Takes each sighting.
        tshark: Dissects the frames.

    Returns:
        None when it was read to its end. Otherwise what is wrong with it, in a sentence; what was readable has been
        handed over.
    """
    trouble = _trouble_with_file(path)
    if trouble:
        return Fault(FaultReason.UNREADABLE_CAPTURE, trouble)
    frames = ClientFrames(hear, frozenset())
    ending = (tshark or Tshark()).run(["-n", "-r", str(path.absolute()), *FIELDS], frames.take)
    if ending.status is None:
        return Fault(FaultReason.TSHARK_MISSING)
    if ending.status != 0:
        return Fault(FaultReason.UNREADABLE_CAPTURE, _sentence(ending))
    if not frames.count:
        return Fault(FaultReason.UNREADABLE_CAPTURE, "It holds no frames.")
    if not frames.has_wifi:
        return Fault(FaultReason.UNREADABLE_CAPTURE, "It holds no Wi-Fi frames. It must be captured in monitor mode.")
    return None


def _trouble_with_file(path: Path) -> str:
    """What is wrong with a file before tshark looks at it; tshark would say it in terms of its own."""
    try:
        with path.open("rb") as file:
            return "" if file.read(1) else "It is empty."
    except OSError as error:
        return f"It cannot be opened: {error.strerror}."


# What tshark says of a file (Wireshark's wiretap and ui/failure_message.c), in lower case, and what that means to its
# owner.
_SENTENCES = (
    ("cut short", "It was cut short; what comes before that was read."),
    ("isn't a capture file", "It is no capture that can be read (pcap or pcapng)."),
    ("damaged or corrupt", "It is damaged; what comes before that was read."),
)


def _sentence(ending: Ending) -> str:
    said = ending.detail.lower()
    known = next((sentence for mark, sentence in _SENTENCES if mark in said), None)
    return known or f"tshark could not read it to its end: {ending.detail}"
