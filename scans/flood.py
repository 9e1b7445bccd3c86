"""Floods: somebody broadcasts made-up devices, and nothing that is counted meanwhile says who is there.

Two signs tell it from a crowd. There are more addresses than a crowd could get across; or there are many, each heard
but once, all as strong as each other, and all of one model or each of its own. What takes pains to look like a crowd,
with as few addresses, many models and many strengths, is counted as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from presence.faults import Fault, FaultReason
from scans.traces import Sender

# What many senders get across, of which none knows of the others. Wi-Fi: a probe request of 120 bytes at 1 Mbit/s takes
# 192 µs of preamble, 960 µs of data and 360 µs of waiting before it (IEEE 802.11-2020, 16.2 and 10.3.4), so a channel
# carries 660 a second; a phone sends two or more from an address. Bluetooth: an advertisement takes 376 µs at most
# (Bluetooth Core 5.4, volume 6, part B, 2.1), and senders who do not listen first get 1/(2e) of a channel's time, 490 a
# second (Abramson's ALOHA). A fair of 2,000 phones, each under a new address every ten seconds, has 200 a second.
MOST_ADDRESSES_A_SECOND = 500
# Whatever the length of a scan, no more are kept of it: some 20 MB.
MOST_ADDRESSES = 20_000

# A single cheap transmitter reaches this in ten seconds; so does a crowd, which is why the rest must fit too.
_FEWEST = 600
# Of a crowd's addresses a half or more are heard again within the scan; of a flood's, a few by chance.
_HEARD_ONCE_SHARE = 0.8
# The readings of one transmitter scatter by 3 dB, so that nine in ten lie within 10 dB. Those of people in a room
# scatter by 9 dB (distances, bodies in between), so that four in ten do, and of a far crowd of which only the nearer
# half is heard at all, seven in ten.
_BAND_DB = 10
_WITHIN_BAND_SHARE = 0.8
# The commonest model of phone has a fifth of a crowd's fingerprints, Apple's family a good half of Bluetooth.
_ALIKE_SHARE = 0.8
# A crowd of hundreds has some dozens of models of phone; half as many models as addresses, nobody has.
_MODELS_SHARE = 0.5


def most_addresses(seconds: float) -> int:
    """How many addresses a scan of so many seconds may hold; with more, it is of a flood."""
    return min(MOST_ADDRESSES, max(1, round(MOST_ADDRESSES_A_SECOND * seconds)))


def flood_among(senders: Sequence[Sender], turned_away: int) -> Fault | None:
    """The fault that a scan has when it is of a flood; None otherwise.

    Args:
        senders: Who was heard in it.
        turned_away: Frames of further addresses, for which there was no room.
    """
    if turned_away:
        return Fault(FaultReason.FLOODED, f"more than {len(senders)} addresses in one scan")
    once = [sender for sender in senders if sender.glimpse.sendings == 1 and not sender.is_joined]
    if len(once) < max(_FEWEST, _HEARD_ONCE_SHARE * len(senders)):
        return None
    if _is_one_transmitter(once) and _is_of_nobody(once):
        return Fault(FaultReason.FLOODED, f"{len(once)} addresses that look like one transmitter's")
    return None


def _is_one_transmitter(senders: Sequence[Sender]) -> bool:
    """Whether most are as strong as each other."""
    levels = Counter(round(sender.glimpse.rssi_dbm) for sender in senders if sender.glimpse.rssi_dbm is not None)
    most = max((sum(levels[dbm + step] for step in range(_BAND_DB)) for dbm in levels), default=0)
    return most >= _WITHIN_BAND_SHARE * len(senders)


def _is_of_nobody(senders: Sequence[Sender]) -> bool:
    """Whether what they say is the same from nearly all, or something else from each (Wi-Fi)."""
    said = Counter((sender.family, sender.glimpse.fingerprint) for sender in senders)
    return max(said.values()) >= _ALIKE_SHARE * len(senders) or len(said) >= _MODELS_SHARE * len(senders)
