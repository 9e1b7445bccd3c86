"""The ear for tags: reports, what is near, and what a stranger can do to it."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from presence.scan import AddressKind
from presence.tags import IdentityKind, Measure, MeasureKind, TagError, TagReading, Watched
from scans.broadcast import Broadcast
from scans.clock import Clock
from scans.payloads.telling import measures_of
from scans.registry_key import RegistryKey
from scans.tag_ear import TagEar
from tests.scans.broadcasts import ADDRESS, AT, BTHOME, EDDYSTONE, IBEACON, UID_FRAME, a_broadcast, watched

KEY = RegistryKey(None)


class Hand:
    """Clocks that a test sets by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(lambda: datetime.fromtimestamp(AT + self.seconds, UTC), lambda: self.seconds, lambda: True)


def told(broadcast: Broadcast) -> tuple[Measure, ...]:
    """Battery and presses out of the first BTHome objects, as far as these tests need them."""
    data = broadcast.service_data.get(BTHOME, b"")
    at = 3 if data[1:2] == b"\x00" else 1
    said = dict(zip(data[at::2], data[at + 1 :: 2], strict=False))
    names = {0x01: MeasureKind.BATTERY_PERCENT, 0x3A: MeasureKind.BUTTON_PRESSES}
    return tuple(Measure(names[number], float(value)) for number, value in said.items() if number in names)


def an_ear(hand: Hand, *, listening: bool = True) -> TagEar:
    """An ear that watches one tag, number 7."""
    ear = TagEar("box", KEY, hand.clock, told)
    ear.watch(watched(KEY, (7, IdentityKind.ADDRESS, ADDRESS)))
    if listening:
        ear.begin_listening()
    return ear


def bthome(hex_data: str) -> Broadcast:
    """An advertisement of the tag with this BTHome data."""
    return a_broadcast(service={BTHOME: bytes.fromhex(hex_data)})


def measures(ear: TagEar) -> dict[MeasureKind, float]:
    """What the next report tells of the tag."""
    readings = ear.report().readings
    return {measure.kind: measure.value for reading in readings for measure in reading.measures}


def test_a_report_sums_up_what_was_heard_of_a_tag() -> None:
    """Each tag heard has its mean strength, the number of its advertisements and when it was heard last."""
    hand = Hand()
    ear = an_ear(hand)
    for rssi, at in ((-60, 1.0), (-70, 3.0), (None, 2.0)):
        ear.hear(a_broadcast(rssi_dbm=rssi, at=AT + at))
    ear.hear(a_broadcast("c4:7c:8d:6a:12:35"))
    assert ear.report().readings == (TagReading(7, datetime.fromtimestamp(AT + 3, UTC), -65.0, 3),)


def test_a_report_begins_where_the_last_one_ended() -> None:
    """What was reported is not reported again, and silence is a report without readings."""
    hand = Hand()
    ear = an_ear(hand)
    hand.seconds = 5
    ear.hear(a_broadcast())
    first = ear.report()
    hand.seconds = 12
    second = ear.report()
    assert first.is_listening
    assert second.is_listening
    assert second.readings == ()
    assert second.from_at == first.to_at
    assert (second.to_at - second.from_at).total_seconds() == 7


def test_a_tag_without_any_reading_has_no_mean() -> None:
    """An advertisement without signal strength says that the tag is there, and no more."""
    ear = an_ear(Hand())
    ear.hear(a_broadcast(rssi_dbm=None))
    [reading] = ear.report().readings
    assert reading.rssi_mean_dbm is None


def test_without_listening_nothing_is_claimed() -> None:
    """A report of a time in which the radio did not listen says so."""
    hand = Hand()
    ear = an_ear(hand, listening=False)
    hand.seconds = 60
    report = ear.report()
    assert not report.is_listening
    assert (report.to_at - report.from_at).total_seconds() == 60


def test_a_report_claims_no_more_than_was_listened() -> None:
    """Where the radio listened for ten seconds of the minute, the report is of those."""
    hand = Hand()
    ear = an_ear(hand, listening=False)
    hand.seconds = 20
    ear.begin_listening()
    hand.seconds = 30
    ear.end_listening()
    hand.seconds = 60
    report = ear.report()
    assert report.is_listening
    assert (report.from_at.timestamp() - AT, report.to_at.timestamp() - AT) == (20, 30)
    assert not ear.report().is_listening


def test_a_radio_that_failed_once_is_believed_again_when_it_listens() -> None:
    """After a stretch of deafness, a report is of the time since it listens again."""
    hand = Hand()
    ear = an_ear(hand)
    hand.seconds = 2
    ear.end_listening()
    hand.seconds = 6
    ear.begin_listening()
    hand.seconds = 10
    report = ear.report()
    assert report.is_listening
    assert (report.to_at - report.from_at).total_seconds() == 4


def test_a_measure_lasts_and_a_press_does_not() -> None:
    """The same packet, repeated, tells the battery in each report, and the press of a button once."""
    ear = an_ear(Hand())
    for _ in range(5):
        ear.hear(bthome("44000901613a01"))
    assert measures(ear) == {MeasureKind.BATTERY_PERCENT: 97, MeasureKind.BUTTON_PRESSES: 1}
    ear.hear(bthome("44000901613a01"))
    assert measures(ear) == {MeasureKind.BATTERY_PERCENT: 97}


def test_a_packet_with_another_number_is_another_press() -> None:
    """Presses that are alike differ by the numbers of their packets; a new battery level in one packet is none."""
    ear = an_ear(Hand())
    ear.hear(bthome("44000901613a01"))
    measures(ear)
    ear.hear(bthome("44000901603a01"))
    assert MeasureKind.BUTTON_PRESSES not in measures(ear)
    ear.hear(bthome("44000a01603a01"))
    assert measures(ear)[MeasureKind.BUTTON_PRESSES] == 1


def test_without_a_packet_number_another_payload_is_another_press() -> None:
    """Where packets have no number, a press is new when anything in the payload is."""
    ear = an_ear(Hand())
    ear.hear(bthome("443a01"))
    measures(ear)
    ear.hear(bthome("443a01"))
    assert MeasureKind.BUTTON_PRESSES not in measures(ear)
    ear.hear(bthome("443a02"))
    assert measures(ear)[MeasureKind.BUTTON_PRESSES] == 2


def test_a_change_of_the_register_repeats_no_press() -> None:
    """Registering another tag does not make an old press of this one new."""
    ear = an_ear(Hand())
    ear.hear(bthome("443a01"))
    measures(ear)
    ear.watch(watched(KEY, (7, IdentityKind.ADDRESS, ADDRESS), (8, IdentityKind.NAME, "new")))
    ear.hear(bthome("443a01"))
    assert MeasureKind.BUTTON_PRESSES not in measures(ear)


def test_a_deleted_tag_is_not_reported() -> None:
    """What was heard of a tag that is no longer watched is forgotten."""
    ear = an_ear(Hand())
    ear.hear(a_broadcast())
    ear.watch(())
    assert ear.report().readings == ()
    assert not ear.wants_all


def test_a_tag_that_cannot_be_told_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A secret under another registry key is told of, with what to do."""
    ear = an_ear(Hand())
    with caplog.at_level(logging.WARNING):
        ear.watch(watched(RegistryKey(None), (5, IdentityKind.IRK, "00" * 16)))
    assert "tag 5" in caplog.text


# What is near


def test_what_is_held_near_is_shown_strongest_first() -> None:
    """Transmitters at −55 dBm and more are shown, tags and weaker ones are not."""
    ear = an_ear(Hand())
    for rssi, address in ((-50, "c0:00:00:00:00:01"), (-40, "c0:00:00:00:00:02"), (-60, "c0:00:00:00:00:03")):
        ear.hear(a_broadcast(address, AddressKind.RANDOM_STATIC, rssi_dbm=rssi))
    ear.hear(a_broadcast(rssi_dbm=-30))
    assert [one.rssi_dbm for one in ear.nearby()] == [-40, -50]


def test_one_strong_reading_is_not_near() -> None:
    """Strength is smoothed: a single spike of something far is not taken for near for long."""
    ear = an_ear(Hand())
    for rssi in (-54, -70, -70, -70):
        ear.hear(a_broadcast("c0:00:00:00:00:01", AddressKind.RANDOM_STATIC, rssi_dbm=rssi))
    assert ear.nearby() == ()


def test_at_most_twelve_are_shown() -> None:
    """A crowd on the desk is cut to its strongest."""
    ear = an_ear(Hand())
    for number in range(30):
        ear.hear(a_broadcast(f"c0:00:00:00:00:{number:02x}", AddressKind.RANDOM_STATIC, rssi_dbm=-30 - number // 2))
    shown = ear.nearby()
    assert len(shown) == 12
    assert shown[0].rssi_dbm == -30


def test_what_is_shown_tells_no_address() -> None:
    """Neither the text of it nor its name holds an address, not even the half that makers put into names."""
    ear = an_ear(Hand())
    for name in ("ATC_6A1235", "c4:7c:8d:6a:12:35", "3512 6A8D7CC4 tag"):
        ear.hear(a_broadcast("c4:7c:8d:6a:12:35", rssi_dbm=-40, name=name, maker={0x4C: IBEACON}))
        [one] = ear.nearby()
        shown = repr(one).lower()
        assert "6a1235" not in shown
        assert "6a:12" not in shown
        assert "6a8d7c" not in shown
        assert "iBeacon e2c56db5…, 1, 4" in one.says


def test_the_steadiest_identity_comes_first() -> None:
    """What its owner set is offered before its maker's address, and that before its name."""
    ear = an_ear(Hand())
    broadcast = a_broadcast(
        "c4:7c:8d:6a:12:35", rssi_dbm=-40, name="Tile", maker={0x4C: IBEACON}, service={EDDYSTONE: UID_FRAME}
    )
    ear.hear(broadcast)
    [one] = ear.nearby()
    assert one.kinds == (
        IdentityKind.IBEACON,
        IdentityKind.EDDYSTONE_UID,
        IdentityKind.ADDRESS,
        IdentityKind.NAME,
    )


def test_a_phone_that_tells_nothing_that_stays_is_not_shown() -> None:
    """A device with a private address and no name cannot be registered, and so is not offered."""
    ear = an_ear(Hand())
    ear.hear(a_broadcast("40:00:00:00:00:01", AddressKind.RESOLVABLE, rssi_dbm=-40, maker={0x4C: b"\x10\x05"}))
    assert ear.nearby() == ()


@pytest.mark.parametrize("kind", [IdentityKind.ADDRESS, IdentityKind.IBEACON, IdentityKind.NAME])
def test_what_was_shown_can_be_registered_and_is_then_heard(kind: IdentityKind) -> None:
    """By each of its identities, a transmitter that was held near becomes a tag, and is no longer shown."""
    ear = an_ear(Hand())
    broadcast = a_broadcast("c4:7c:8d:6a:12:35", rssi_dbm=-40, name="Tile", maker={0x4C: IBEACON})
    ear.hear(broadcast)
    record = ear.identify(ear.nearby()[0].token, kind)
    ear.watch([Watched(9, record)])
    ear.hear(broadcast)
    assert [reading.tag_id for reading in ear.report().readings] == [9]
    assert ear.nearby() == ()


def test_what_was_not_heard_for_five_minutes_is_forgotten() -> None:
    """A token is good for five minutes; after ten seconds of silence it is not shown any more."""
    hand = Hand()
    ear = an_ear(hand)
    ear.hear(a_broadcast("c4:7c:8d:6a:12:35", rssi_dbm=-40))
    [one] = ear.nearby()
    hand.seconds = 11
    assert ear.nearby() == ()
    assert ear.identify(one.token, IdentityKind.ADDRESS)
    hand.seconds = 301
    with pytest.raises(TagError, match="Hold it near once more"):
        ear.identify(one.token, IdentityKind.ADDRESS)


def test_an_identity_that_it_does_not_have_is_refused() -> None:
    """A device without a name cannot be registered by one."""
    ear = an_ear(Hand())
    ear.hear(a_broadcast("c4:7c:8d:6a:12:35", rssi_dbm=-40))
    with pytest.raises(TagError, match="Choose another"):
        ear.identify(ear.nearby()[0].token, IdentityKind.NAME)


def test_a_flood_of_near_transmitters_drives_out_the_oldest() -> None:
    """Thousands of made-up addresses held near do not grow without bound, and what is heard last is still there."""
    ear = an_ear(Hand())
    for number in range(3_000):
        ear.hear(a_broadcast(number.to_bytes(6, "big").hex(":"), rssi_dbm=-40))
    ear.hear(a_broadcast("c4:7c:8d:6a:12:35", rssi_dbm=-20))
    assert ear.nearby()[0].rssi_dbm == -20
    assert len(ear._nearby._known) <= 256  # noqa: SLF001 - the bound is the behaviour, and shows nowhere else


def test_looking_at_what_is_near_asks_for_all_to_be_heard() -> None:
    """For two minutes after somebody looked, the radio is to listen all the time, though there is no tag."""
    hand = Hand()
    ear = an_ear(hand)
    ear.watch(())
    assert not ear.wants_all
    ear.nearby()
    assert ear.wants_all
    hand.seconds = 121
    assert not ear.wants_all


def test_threads_do_not_lose_an_advertisement() -> None:
    """While one thread hears and another reports, each advertisement is in one report."""
    ear = an_ear(Hand())
    count = 2_000

    def hear_all() -> None:
        for _ in range(count):
            ear.hear(a_broadcast())

    hearing = threading.Thread(target=hear_all)
    hearing.start()
    reports = []
    while hearing.is_alive():
        reports.append(ear.report())
    hearing.join()
    reports.append(ear.report())
    assert sum(reading.sighting_count for report in reports for reading in report.readings) == count


def test_what_is_sent_encrypted_is_told_by_its_key() -> None:
    """A wrong key is told as one; with the right one, entered later, the same packet is read, and its press is told."""
    hand = Hand()
    ear = TagEar("box", KEY, hand.clock, measures_of)
    ear.begin_listening()
    # Made with AES-CCM of `cryptography`: packet 9, 97 per cent, one press.
    key = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
    counter = bytes(4)
    nonce = bytes.fromhex(ADDRESS.replace(":", "")) + bytes.fromhex("d2fc41") + counter
    sealed = AESCCM(key, tag_length=4).encrypt(nonce, bytes.fromhex("000901613a01"), None)
    sent = bthome(f"41{sealed[:-4].hex()}{counter.hex()}{sealed[-4:].hex()}")
    for text, expected in (
        (ADDRESS, {}),
        (f"{ADDRESS}, {'00' * 16}", {MeasureKind.KEY_FITS: 0.0}),
        (
            f"{ADDRESS}, {key.hex()}",
            {MeasureKind.BATTERY_PERCENT: 97.0, MeasureKind.BUTTON_PRESSES: 1.0, MeasureKind.KEY_FITS: 1.0},
        ),
    ):
        ear.watch(watched(KEY, (7, IdentityKind.ADDRESS, text)))
        ear.hear(sent)
        assert measures(ear) == expected
    ear.hear(sent)
    assert measures(ear) == {MeasureKind.BATTERY_PERCENT: 97.0, MeasureKind.KEY_FITS: 1.0}
