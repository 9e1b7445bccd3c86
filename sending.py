"""Sending: what a machine that belongs to a site sends to its hub, scans and what it hears of tags."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config import Uplink, UplinkFormat
from db.connect import Connections
from db.outbox import Outbox
from db.overrides import ZoningInForce
from link_settings import broker_settings, file_named, outbox_limits, read_secret
from links.health import PartHealth
from place import Place
from presence.scan import Scan
from presence.sealing import SealError
from presence.tags import Watched
from scans.visitor_key import KeyFileError

# What speaks MQTT or to a hub takes 5 MB, which a box that does neither need not spend: imported where it is used.
if TYPE_CHECKING:
    from links.send_http import HubAddress
    from links.tag_uplink import TagLine, TagUplink
    from links.uplink import Sender
    from links.uplink import Uplink as UplinkWorker
    from scans.tag_ear import TagEar


@dataclass(slots=True)
class Sending:
    """What is sent to a hub, where the settings say so; without, nothing is, and `keep` keeps nothing.

    Attributes:
        place: Whose settings count.
        connections: To the database, in which scans wait.
        zoning: Tells zones by the thresholds in force.
        own_site: Names the site that this machine belongs to; it may raise KeyFileError.
    """

    place: Place
    connections: Connections
    zoning: ZoningInForce
    own_site: Callable[[], str]
    _uplink: UplinkWorker | None = field(init=False, default=None)
    _tag_uplink: TagUplink | None = field(init=False, default=None)

    def start(self, undo: contextlib.ExitStack) -> None:
        """Send this machine's own scans from now on."""
        place, links = self.place, self.place.config.links
        if links.uplink is Uplink.OFF:
            return
        from links.payloads import OlderPayload, OwnPayload  # noqa: PLC0415 - see above
        from links.uplink import Uplink as UplinkWorker  # noqa: PLC0415 - see above

        is_older = links.uplink_format is UplinkFormat.OLDER
        site = self.own_site()
        payload = (
            OlderPayload(place.card, self.zoning.zone_of)
            if is_older
            else OwnPayload(place.card, site, place.clock.wall)
        )
        outbox = Outbox(self.connections, outbox_limits(place))
        jitter = random.Random()  # noqa: S311 - by how much a pause is shortened is no secret
        self._uplink = UplinkWorker(outbox, self._sender(is_older), payload, place.clock.wall, jitter)
        self._uplink.start()
        undo.callback(self._uplink.stop)

    def start_tags(self, ear: TagEar | None, undo: contextlib.ExitStack) -> None:
        """Send what an ear hears of the hub's tags, and let it listen by the hub's register; None hears nothing."""
        place, links = self.place, self.place.config.links
        if ear is None or links.uplink is Uplink.OFF or links.uplink_format is UplinkFormat.OLDER:
            return
        from links.tag_uplink import TagUplink  # noqa: PLC0415 - see above

        self._tag_uplink = TagUplink(_SealedEar(ear), self._tag_line(), place.clock.wall, place.clock.monotonic)
        self._tag_uplink.start()
        undo.callback(self._tag_uplink.stop)

    def keep(self, scan: Scan) -> None:
        """Let a scan of this machine wait to be sent.

        Raises:
            DatabaseError: It could not be kept.
        """
        if self._uplink is not None:
            self._uplink.keep(scan)

    @property
    def waiting_count(self) -> int | None:
        """How many scans wait to be sent; None where none is."""
        return None if self._uplink is None else self._uplink.state().waiting_count

    def parts(self) -> list[Callable[[], PartHealth]]:
        """Tell how each part is that sends."""
        return [part.health for part in (self._uplink, self._tag_uplink) if part is not None]

    def _tag_line(self) -> TagLine:
        if self.place.config.links.uplink is Uplink.MQTT:
            from links.tag_line_mqtt import MqttTagLine  # noqa: PLC0415 - see above

            return MqttTagLine(broker_settings(self.place), self.place.card.name)
        from links.tag_line_http import HttpTagLine  # noqa: PLC0415 - see above

        return HttpTagLine(self._hub())

    def _sender(self, is_older: bool) -> Sender:
        links = self.place.config.links
        if links.uplink is Uplink.MQTT:
            from links.send_mqtt import MqttSender  # noqa: PLC0415 - see above

            own = self.place.card.name
            return MqttSender(broker_settings(self.place), own, self.own_site(), is_older=is_older)
        from links.send_http import HttpSender  # noqa: PLC0415 - see above

        return HttpSender(self._hub(), is_older=is_older)

    def _hub(self) -> HubAddress:
        from links.send_http import HubAddress  # noqa: PLC0415 - see above

        links = self.place.config.links
        return HubAddress(links.uplink_url, read_secret(links.uplink_key_file), file_named(links.uplink_ca_file))


class _SealedEar:
    """An ear whose trouble with its key is told as one of sealing, which those who send know."""

    def __init__(self, ear: TagEar) -> None:
        self._ear = ear
        self.report = ear.report

    def watch(self, watched: Iterable[Watched]) -> None:
        """Listen for these from now on.

        Raises:
            SealError: The registry key cannot be read.
        """
        try:
            self._ear.watch(watched)
        except KeyFileError as error:
            raise SealError(str(error)) from error
