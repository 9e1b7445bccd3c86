"""The ear for tags: gathers what is heard of each registered tag, and reports it."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from presence.tags import (
    IdentityKind,
    IdentityRecord,
    Measure,
    MeasureKind,
    Nearby,
    TagReading,
    TagReport,
    Watched,
)
from scans.broadcast import Broadcast, uuid_of_short
from scans.clock import Clock
from scans.folding import Maker
from scans.identities import digest_of
from scans.nearby import Neighbourhood
from scans.payloads.encryption import without_encryption
from scans.registry import Registry
from scans.registry_key import RegistryKey

_log = logging.getLogger(__name__)

MeasuresOf = Callable[[Broadcast], tuple[Measure, ...]]
"""Decodes what an advertisement tells besides that it is there."""

# BTHome v2 (bthome.io/format): after a byte of device information come objects in the order of their numbers, and the
# packet's number, object 0x00, is the first. Bit 0 of the device information says that the rest is encrypted.
_BTHOME = uuid_of_short(0xFCD2)
_ENCRYPTED = 0x01
_PACKET_ID = 0x00
_KEY_FITS = Measure(MeasureKind.KEY_FITS, 1.0)
_KEY_DOES_NOT_FIT = Measure(MeasureKind.KEY_FITS, 0.0)

# A tag is one transmitter, seldom two; this bounds what somebody can cost who sends as a tag from made-up addresses.
_MOST_PAYLOADS = 1024

# While somebody looks at what is near, the page asks every few seconds; after so long without, nobody does.
_LOOKING_SECONDS = 120.0


@dataclass(slots=True)
class _Heard:
    """What was heard of one tag since the last report."""

    last_heard_seconds: float = 0.0
    rssi_sum: int = 0
    readings: int = 0
    sightings: int = 0
    measures: dict[MeasureKind, Measure] = field(default_factory=dict)

    def reading(self, tag_id: int) -> TagReading:
        return TagReading(
            tag_id=tag_id,
            last_heard_at=datetime.fromtimestamp(self.last_heard_seconds, UTC),
            rssi_mean_dbm=self.rssi_sum / self.readings if self.readings else None,
            sighting_count=self.sightings,
            measures=tuple(self.measures.values()),
        )


@dataclass(frozen=True, slots=True)
class _Payload:
    """What a transmitter of a tag told last."""

    data: object
    packet_id: int | None
    lasting: tuple[Measure, ...]


class TagEar:
    """Hears registered tags (a `scans.broadcast.BroadcastEar`). Any thread may use it.

    Args:
        sensor_name: Goes into each report.
        key: The registry key.
        clock: The clocks.
        measures_of: Decodes payloads.
        maker: Names the makers of what is near; None names none.
    """

    def __init__(
        self, sensor_name: str, key: RegistryKey, clock: Clock, measures_of: MeasuresOf, maker: Maker | None = None
    ) -> None:
        self._sensor_name = sensor_name
        self._key = key
        self._clock = clock
        self._measures_of = measures_of
        self._hearing = threading.Lock()
        self._registry = Registry(key, ())
        self._has_tags = False
        self._nearby = Neighbourhood(key, clock.monotonic, maker)
        self._looked_at: float | None = None
        self._heard: dict[int, _Heard] = {}
        # By tag and the digest of its transmitter's address, the one that changed longest ago first.
        self._payloads: OrderedDict[tuple[int, bytes], _Payload] = OrderedDict()
        self._reported_seconds = clock.monotonic()
        self._began_seconds: float | None = None
        self._ended_seconds: float | None = None

    def watch(self, watched: Iterable[Watched]) -> None:
        """Listen for these identities from now on, and for no others.

        Raises:
            KeyFileError: The registry key cannot be read or written.
        """
        watched = tuple(watched)
        registry = Registry(self._key, watched)
        for tag_id in registry.sealed_shut:
            _log.warning(
                "The secret of tag %d cannot be used, for it was sealed under another registry key. "
                "Enter it again, or put back the key that belongs to the database.",
                tag_id,
            )
        tag_ids = {one.tag_id for one in watched}
        with self._hearing:
            before, self._registry = self._registry, registry
            self._has_tags = bool(watched)
            self._heard = {tag_id: heard for tag_id, heard in self._heard.items() if tag_id in tag_ids}
            for tag_id, address in list(self._payloads):
                has_new_key = before.bind_key_of(address) != registry.bind_key_of(address)
                if tag_id not in tag_ids or has_new_key:
                    del self._payloads[tag_id, address]

    @property
    def wants_all(self) -> bool:
        """Whether it is to hear all the time: there is a tag, or somebody looks at what is near."""
        looked_at = self._looked_at
        return self._has_tags or (looked_at is not None and self._clock.monotonic() - looked_at < _LOOKING_SECONDS)

    def hear(self, broadcast: Broadcast) -> None:
        """Take an advertisement in; called from the radio's thread."""
        with self._hearing:
            tag_ids = self._registry.tags_of(broadcast)
            for tag_id in tag_ids:
                self._hear_tag(tag_id, broadcast)
            self._nearby.hear(broadcast, is_tag=bool(tag_ids))

    def begin_listening(self) -> None:
        """The radio tells that it listens from now on."""
        with self._hearing:
            self._began_seconds = self._clock.monotonic()
            self._ended_seconds = None

    def end_listening(self, *, was_deaf: bool = False) -> None:
        """The radio tells that it listens no more, and whether what it heard since the last report is all there was."""
        with self._hearing:
            if was_deaf:
                self._began_seconds = None
            elif self._began_seconds is not None and self._ended_seconds is None:
                self._ended_seconds = self._clock.monotonic()

    def report(self) -> TagReport:
        """What was heard since the last report, and when it was that the radio listened.

        The times are those of the latest stretch of listening: a report claims silence for no longer than was listened.
        """
        with self._hearing:
            now, now_at = self._clock.monotonic(), self._clock.wall()
            began, ended, is_listening = self._stretch(now)
            heard, self._heard = self._heard, {}
            self._reported_seconds = now
        return TagReport(
            sensor=self._sensor_name,
            from_at=now_at - timedelta(seconds=now - began),
            to_at=now_at - timedelta(seconds=now - ended),
            is_listening=is_listening,
            readings=tuple(one.reading(tag_id) for tag_id, one in sorted(heard.items())),
        )

    def nearby(self) -> tuple[Nearby, ...]:
        """The twelve strongest transmitters very near to the box that are no tags, the strongest first."""
        with self._hearing:
            self._looked_at = self._clock.monotonic()
            return self._nearby.strongest()

    def identify(self, token: str, kind: IdentityKind) -> IdentityRecord:
        """What is kept of a transmitter out of `nearby`, to register it by.

        Raises:
            TagError: It was forgotten, or has no such identity.
        """
        with self._hearing:
            return self._nearby.identify(token, kind)

    def _stretch(self, now: float) -> tuple[float, float, bool]:
        """From when to when it listened since the last report, by the monotonic clock, and whether it did at all."""
        since = self._reported_seconds
        ended = now if self._ended_seconds is None else self._ended_seconds
        if self._began_seconds is None or ended <= since:
            return since, now, False
        return max(self._began_seconds, since), ended, True

    def _hear_tag(self, tag_id: int, broadcast: Broadcast) -> None:
        heard = self._heard.setdefault(tag_id, _Heard())
        heard.last_heard_seconds = max(heard.last_heard_seconds, broadcast.heard_at_seconds)
        heard.sightings += 1
        if broadcast.rssi_dbm is not None:
            heard.rssi_sum += broadcast.rssi_dbm
            heard.readings += 1
        for measure in self._told_by(tag_id, broadcast):
            heard.measures[measure.kind] = measure

    def _told_by(self, tag_id: int, broadcast: Broadcast) -> tuple[Measure, ...]:
        """What an advertisement tells; a button's presses only when they are new.

        A tag repeats a payload many times. A press is new in a packet with another number or, where payloads have none,
        in another payload.
        """
        transmitter = (tag_id, digest_of(IdentityKind.ADDRESS, broadcast.address, self._key))
        before = self._payloads.get(transmitter)
        data = (tuple(broadcast.manufacturer_data.items()), tuple(broadcast.service_data.items()))
        if before is not None and before.data == data:
            return before.lasting
        plain, measures = self._opened(broadcast, transmitter[1])
        packet_id = _packet_id_in(plain)
        lasting = tuple(measure for measure in measures if measure.kind is not MeasureKind.BUTTON_PRESSES)
        self._payloads[transmitter] = _Payload(data, packet_id, lasting)
        self._payloads.move_to_end(transmitter)
        if len(self._payloads) > _MOST_PAYLOADS:
            self._payloads.popitem(last=False)
        is_same_packet = before is not None and packet_id is not None and before.packet_id == packet_id
        return lasting if is_same_packet else measures

    def _opened(self, broadcast: Broadcast, address_digest: bytes) -> tuple[Broadcast, tuple[Measure, ...]]:
        """An advertisement without its encryption, where its key is known, and what it tells."""
        bind_key = self._registry.bind_key_of(address_digest)
        opened = None if bind_key is None else without_encryption(broadcast, bind_key)
        if opened is None:  # nothing of it is encrypted, or there is no key
            return broadcast, self._measures_of(broadcast)
        if not opened.key_fits:
            return broadcast, (*self._measures_of(broadcast), _KEY_DOES_NOT_FIT)
        return opened.broadcast, (*self._measures_of(opened.broadcast), _KEY_FITS)


def _packet_id_in(broadcast: Broadcast) -> int | None:
    """The number of a BTHome packet; None where there is none to be read."""
    data = broadcast.service_data.get(_BTHOME, b"")
    if len(data) < 3 or data[0] & _ENCRYPTED or data[1] != _PACKET_ID:
        return None
    return data[2]
