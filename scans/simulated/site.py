"""The simulated site: who is there, what is heard, and the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from presence.faults import Fault
from presence.radio import Radio
from presence.scan import AddressKind
from scans.sighting import Sighting
from scans.simulated.access_points import ACCESS_POINTS
from scans.simulated.air import SLOT_SECONDS, Advertisement, ClientFrame, FrameKind, advertisements, client_frames
from scans.simulated.bluetooth_models import family_of_model
from scans.simulated.days import Day, day_of
from scans.simulated.dissecting import fingerprint_of
from scans.simulated.gadgets import BluetoothGadget, WifiGadget, gadgets_of
from scans.simulated.outages import WeeklyOutage
from scans.simulated.people import Role, Stay
from scans.simulated.spots import Spot
from scans.simulated.tags import true_tags
from scans.simulated.truth import TrueSender, TrueTag, TrueVisit

_MINUTE = 60

# A window reaches into two days at most, and both radios look at the same ones. A day takes about 1 MB.
_DAYS_AT_HAND = 2


class SimulatedSite:
    """A city library with a café.

    A pure function of the seed and the time: it may be asked for any time, in any order, by several threads, and gives
    the same answer in another process. What it keeps is only so as not to work it out again.

    Args:
        seed: Another seed is another site.
        time_zone: Where it lies: it opens and closes by local time.
        outages: When its radios do not listen; see `outages.DEMONSTRATION_OUTAGES`.
        spot: From where in it one listens; None for the middle, where everything is heard best.
    """

    def __init__(
        self, seed: int, time_zone: ZoneInfo, outages: tuple[WeeklyOutage, ...] = (), spot: str | None = None
    ) -> None:
        self.seed = seed
        self._heard = None if spot is None else Spot(seed, spot).heard
        self._time_zone = time_zone
        self._outages = outages
        self._day_at_hand = lru_cache(maxsize=_DAYS_AT_HAND)(self._make_day)

    def sightings(self, radio: Radio, from_at: datetime, seconds: float) -> Iterator[Sighting]:
        """What the radio hears in a window, in the order of time; nothing while it is out (see `fault`)."""
        if self.fault(radio, from_at) is not None:
            return
        if radio is Radio.WIFI:
            yield from map(_wifi_sighting, self.client_frames(from_at, seconds))
        else:
            yield from map(_bluetooth_sighting, self.advertisements(from_at, seconds))

    def fault(self, radio: Radio, at: datetime) -> Fault | None:
        """Why the radio does not listen at a moment; None when it does."""
        for outage in self._outages:
            if outage.radio is radio and outage.covers(at, self._time_zone):
                return outage.fault
        return None

    def client_frames(self, from_at: datetime, seconds: float) -> Iterator[ClientFrame]:
        """The frames that Wi-Fi clients send in a window, in the order of time."""
        begin, end = from_at.timestamp(), from_at.timestamp() + seconds
        for slot in _slots(begin, end):
            devices = self._day_at(slot * SLOT_SECONDS).wifi.get(slot * SLOT_SECONDS // _MINUTE, ())
            for frame in client_frames(self.seed, slot, devices):
                if begin <= frame.at < end and (heard := self._heard(frame) if self._heard else frame):
                    yield heard

    def advertisements(self, from_at: datetime, seconds: float) -> Iterator[Advertisement]:
        """What Bluetooth devices advertise in a window, in the order of time."""
        begin, end = from_at.timestamp(), from_at.timestamp() + seconds
        for slot in _slots(begin, end):
            devices = self._day_at(slot * SLOT_SECONDS).bluetooth.get(slot * SLOT_SECONDS // _MINUTE, ())
            for sent in advertisements(self.seed, slot, devices):
                if begin <= sent.at < end and (heard := self._heard(sent) if self._heard else sent):
                    yield heard

    def people_at(self, at: datetime) -> int:
        """Truth: how many people are in the place at a moment, staff among them; passers-by are not."""
        now = at.timestamp()
        stays = self._day_at(now).stays
        return sum(stay.arrived <= now < stay.left and stay.role is not Role.PASSER_BY for stay in stays)

    def visits(self, from_at: datetime, to_at: datetime) -> tuple[TrueVisit, ...]:
        """Truth: the stays of people that lie wholly or partly between two moments, in the order of arrival."""
        begin, end = from_at.timestamp(), to_at.timestamp()
        first, last = self._local_date(begin), self._local_date(end)
        return tuple(
            self._true_visit(stay)
            for day in (first + timedelta(days=number) for number in range((last - first).days + 1))
            for stay in self._day_at_hand(day).stays
            if stay.arrived < end and stay.left > begin
        )

    def senders(self, radio: Radio, from_at: datetime, seconds: float) -> tuple[TrueSender, ...]:
        """Truth: whose each address is that is heard in a window, in the order first heard, outages aside."""
        heard = self.client_frames if radio is Radio.WIFI else self.advertisements
        return tuple(
            dict.fromkeys(TrueSender(radio, one.sender, one.gadget.name, one.role) for one in heard(from_at, seconds))
        )

    def tags(self) -> tuple[TrueTag, ...]:
        """Truth: the place's own tags, as they would be registered."""
        return true_tags(self.seed)

    def tag_position(self, device: str, at: datetime) -> float | None:
        """Truth: where in the house a tag is at a moment (`scans.simulated.tags`); None when it is out."""
        now = at.timestamp()
        for gadget, presence in self._day_at(now).bluetooth.get(int(now // _MINUTE), ()):
            if gadget.name == device and presence.from_seconds <= now < presence.to_seconds:
                return presence.position_at(now)
        return None

    def _true_visit(self, stay: Stay) -> TrueVisit:
        gadgets = gadgets_of(self.seed, stay.person, stay.role)
        return TrueVisit(
            person=stay.person,
            role=stay.role,
            arrived_at=datetime.fromtimestamp(stay.arrived, UTC),
            left_at=datetime.fromtimestamp(stay.left, UTC),
            wifi_devices=tuple(gadget.name for gadget in gadgets if isinstance(gadget, WifiGadget)),
            bluetooth_devices=tuple(gadget.name for gadget in gadgets if isinstance(gadget, BluetoothGadget)),
        )

    def _day_at(self, seconds: float) -> Day:
        return self._day_at_hand(self._local_date(seconds))

    def _local_date(self, seconds: float) -> date:
        return datetime.fromtimestamp(seconds, self._time_zone).date()

    def _make_day(self, day: date) -> Day:
        return day_of(self.seed, day, self._time_zone)


def _slots(begin: float, end: float) -> range:
    """The slots that a window touches."""
    return range(int(begin // SLOT_SECONDS), int(-(-end // SLOT_SECONDS)))


def _wifi_sighting(frame: ClientFrame) -> Sighting:
    is_probe = frame.kind is FrameKind.PROBE_REQUEST
    return Sighting(
        Radio.WIFI,
        frame.sender,
        AddressKind.RANDOMISED if int(frame.sender[1], 16) & 2 else AddressKind.GLOBAL,
        frame.rssi_dbm,
        frame.at,
        None if frame.ssid is None else _as_decoded(frame.ssid),
        None if frame.access_point is None else ACCESS_POINTS[frame.access_point].bssid,
        is_probe_request=is_probe,
        fingerprint=fingerprint_of(frame.gadget.model.elements) if is_probe else None,
        sequence=frame.sequence if is_probe else None,
    )


def _as_decoded(ssid: str) -> str | None:
    """A name as it comes out of a dissected frame (`scans.client_frames`): what cannot be shown is left out."""
    return "".join(filter(str.isprintable, ssid)).strip() or None


def _bluetooth_sighting(advertisement: Advertisement) -> Sighting:
    model = advertisement.gadget.model
    return Sighting(
        Radio.BLUETOOTH,
        advertisement.sender,
        model.address_kind,
        advertisement.rssi_dbm,
        advertisement.at,
        company_id=model.company_id,
        family=family_of_model(model),
    )
