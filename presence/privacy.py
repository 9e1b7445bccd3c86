"""What visitors and the owner are told about privacy: a notice, a poster and a data-protection sheet.

Pure functions of the settings in force, so that what is told is what is done. Each promise is proved by a test, which
tests/presence/test_privacy.py names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Recognised(StrEnum):
    """How long a device keeps its name here; the values are those of the setting `scans.key_rotation`."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    NEVER = "never"


_WITHIN = {
    Recognised.DAILY: "within one day",
    Recognised.WEEKLY: "within one week",
    Recognised.MONTHLY: "within one month",
    Recognised.NEVER: "for ever",
}


@dataclass(frozen=True, slots=True)
class PrivacyFacts:
    """What is done with what is heard; from the settings in force.

    Attributes:
        place: Name of the place; empty when nobody gave one, as all words of the owner's here.
        responsible: Who answers for it.
        contact: How to reach them.
        purpose: What it is for.
        radios: Names of the radios that are listened to.
        listen_seconds: For how long at a time.
        interval_seconds: From the start of one such time to that of the next.
        is_continuous: Whether Bluetooth may be listened to all the time.
        keeps_networks: Whether the names of networks that devices ask for are kept.
        recognised: How long a device is recognised.
        rotation_hour: The hour, local time, at which its name changes.
        keep_days: Days that devices and visits are kept.
        keep_detections_days: Days that single detections are kept.
        keep_scans_days: Days that counts of scans are kept.
        backup_days: How much longer what was deleted is in a backup; 0 where none are made by themselves.
        is_on_lan: Whether the page can be read by others on the local network.
        login_required: Whether that asks for a login.
        sends_to: Where scans are sent as well, in words; None for nowhere.
        broker: The MQTT broker that is spoken to; None for none.
        is_site: Whether this machine may take what other sensors of the site hear.
        smallest_group: Counts below this are not told in what is handed to others; 0 for all are.
        address: The web address of the page.
    """

    place: str
    responsible: str
    contact: str
    purpose: str
    radios: tuple[str, ...]
    listen_seconds: float
    interval_seconds: float
    is_continuous: bool
    keeps_networks: bool
    recognised: Recognised
    rotation_hour: int
    keep_days: int
    keep_detections_days: int
    keep_scans_days: int
    backup_days: int
    is_on_lan: bool
    login_required: bool
    sends_to: str | None
    broker: str | None
    is_site: bool
    smallest_group: int
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and what stands under it: sentences, or names with what they are."""

    heading: str
    sentences: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """Something to read or to print.

    Attributes:
        name: "notice", "poster" or "sheet".
        title: Its title.
        lead: What it says in short.
        sections: The rest.
    """

    name: str
    title: str
    lead: str
    sections: tuple[Section, ...]


def notice(facts: PrivacyFacts) -> Document:
    """What visitors are told who want to know."""
    return Document(
        "notice",
        f"Privacy notice{_of(facts)}",
        f"Here it is counted how many devices are around, by {_radios(facts)}. Nobody is identified.",
        (
            Section("What happens", tuple(_happens(facts))),
            Section("What is kept, and for how long", rows=tuple(_kept(facts))),
            Section("What is not kept", tuple(_not_kept(facts))),
            Section("Who can see it", tuple(_seen(facts))),
            Section("If you do not want to be counted", tuple(_choices(facts))),
            Section("Who answers for it", tuple(_responsible(facts))),
        ),
    )


def poster(facts: PrivacyFacts) -> Document:
    """What hangs at the door."""
    points = (
        f"A box{_of(facts, ' at ')} listens for the signals that phones and other devices send by {_radios(facts)}.",
        f"It counts devices{f', for this: {facts.purpose}' if facts.purpose else ''}.",
        f"The address of your device is never stored. By a code, it is recognised {_WITHIN[facts.recognised]}.",
        "To stay out of the count, switch off Wi-Fi and Bluetooth.",
    )
    more = [f"More at {facts.address}/privacy" if facts.is_on_lan else "Ask for the privacy notice."]
    return Document(
        "poster",
        "Devices are counted here",
        "Nobody is identified.",
        (Section("", points), Section("", (*more, *_responsible(facts)))),
    )


def sheet(facts: PrivacyFacts) -> Document:
    """What the owner, or whoever looks after data protection there, needs for the records."""
    blank = "(to be filled in: privacy.{} in the settings)"
    rows = (
        ("Place", facts.place or "(to be filled in: layouts.site_name in the settings)"),
        ("Responsible", facts.responsible or blank.format("responsible")),
        ("Contact", facts.contact or blank.format("contact")),
        ("Purpose", facts.purpose or blank.format("purpose")),
        ("Whose data", "People near the box who carry devices that send."),
        ("Source", f"What devices send by {_radios(facts)} for anyone to hear; {_listening(facts)}. Nothing is sent."),
        ("Made into", "A code: HMAC-SHA-256 of the address under a secret key. The address itself is never stored."),
        ("Recognised", f"{_WITHIN[facts.recognised].capitalize()}. {_rotation(facts)}"),
        ("Recipients", " ".join(_seen(facts))),
        ("Handed to others", _handed_over(facts)),
        ("Access and erasure", "./run forget removes a device by its address while the key that names it is there."),
    )
    return Document(
        "sheet",
        f"Data-protection sheet{_of(facts)}",
        "Made from the settings in force. It says what the programme does, and is no legal advice.",
        (
            Section("In short", rows=rows),
            Section("What is kept, and for how long", rows=tuple(_kept(facts))),
            Section("Measures", tuple(_measures(facts))),
            Section("What remains", tuple(_remains(facts))),
        ),
    )


DOCUMENTS = {"notice": notice, "poster": poster, "sheet": sheet}
"""Each by its name."""


def _of(facts: PrivacyFacts, between: str = ": ") -> str:
    return f"{between}{facts.place}" if facts.place else ""


def _radios(facts: PrivacyFacts) -> str:
    return " and ".join(facts.radios) or "no radio"


def _listening(facts: PrivacyFacts) -> str:
    told = f"{facts.listen_seconds:g} seconds in every {facts.interval_seconds:g}"
    return f"{told}, and Bluetooth all the time where the place looks for its own tags" if facts.is_continuous else told


def _happens(facts: PrivacyFacts) -> Iterator[str]:
    yield (
        f"Phones, watches and computers call out by {_radios(facts)}, also when nobody uses them. A box hears that for "
        f"{_listening(facts)}, and counts the devices."
    )
    yield (
        "The address of a device is never stored. It is at once made into a code with a secret key, and is forgotten: "
        "it is in memory for some seconds, a minute at most where tags are looked for."
    )
    yield f"By the code a device is recognised {_WITHIN[facts.recognised]}. {_rotation(facts)}"
    if facts.purpose:
        yield f"It is done for this: {facts.purpose}."


def _rotation(facts: PrivacyFacts) -> str:
    if facts.recognised is Recognised.NEVER:
        return "The key stays, so a device that returns is always recognised."
    return (
        f"Then, at {facts.rotation_hour} o'clock, the key is destroyed, and with it anybody's chance to tell whose "
        "code it was."
    )


def _kept(facts: PrivacyFacts) -> Iterator[tuple[str, str]]:
    what = "code, strength of the signal, maker, kind of address, from when to when"
    yield "The address of a device", "a few seconds, in memory"
    yield f"Devices and their visits: {what}", _days(facts.keep_days)
    yield "In which scans a device was heard, and how strong", _days(facts.keep_detections_days)
    yield "Counts of each scan, which name nobody", _days(facts.keep_scans_days)
    if facts.backup_days:
        yield (
            "All of these, in backups that are made daily and hold no key",
            f"up to {_days(facts.backup_days)} longer",
        )
    if facts.keeps_networks:
        stays = facts.recognised is Recognised.NEVER
        until = _days(facts.keep_days) if stays else "until the device's code changes"
        yield "The names of networks that a device asked for, in no backup", until
    yield "Sums by hour, day and month, which name nobody", "for ever"
    yield (
        "Things that stay at the place, such as printers: a lasting code of each, never of what makes up its address",
        f"until not heard for {_days(facts.keep_scans_days)}",
    )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _not_kept(facts: PrivacyFacts) -> Iterator[str]:
    yield "No address of a device, no name, no telephone number, nothing of what is sent or read on the device."
    if not facts.keeps_networks:
        yield "Nor the names of networks that devices ask for."


def _seen(facts: PrivacyFacts) -> Iterator[str]:
    if not facts.is_on_lan:
        yield "Only who works at the box itself sees the counts."
    elif facts.login_required:
        yield "Who has a login sees the counts, on the local network."
    else:
        yield "Anybody on the local network sees the counts; single devices only who has a login or a key."
    if facts.is_site:
        yield "Other boxes of the same place may send what they hear to this one."
    if facts.sends_to is not None:
        yield f"What is heard is sent, with the codes, to {facts.sends_to}."
    if facts.broker is not None:
        yield f"Counts go to programs of the place through the MQTT broker {facts.broker}."
    if facts.sends_to is None and facts.broker is None:
        yield "Nothing that is heard of a device is sent anywhere else."


def _handed_over(facts: PrivacyFacts) -> str:
    if facts.smallest_group < 2:
        return "Counts are not hidden in what is handed to others (privacy.smallest_group is off)."
    return (
        f"Counts below {facts.smallest_group} are told as “fewer than {facts.smallest_group}”, and no single devices."
    )


def _choices(facts: PrivacyFacts) -> Iterator[str]:
    yield "Switch off Wi-Fi and Bluetooth, or leave the device switched off: what does not send cannot be heard."
    recognised = "" if facts.recognised is Recognised.NEVER else ", as long as its key is there"
    yield (
        f"Ask that your device be forgotten{recognised}. For that its address is needed, which you find in its "
        "settings; it is not written down."
    )


def _responsible(facts: PrivacyFacts) -> Iterator[str]:
    if facts.responsible:
        yield f"Responsible: {facts.responsible}"
    if facts.contact:
        yield f"Contact: {facts.contact}"
    if not (facts.responsible or facts.contact):
        yield "Please ask the people who work here."


def _measures(facts: PrivacyFacts) -> Iterator[str]:
    yield "Addresses exist in memory alone. Captured frames lie in memory while they are read, never on the card."
    yield "Keys lie in files of their own, readable by their owner only; an old key is overwritten when it is replaced."
    yield "No log holds an address, and no core dump is written."
    if facts.recognised is not Recognised.NEVER:
        yield (
            "Who takes the card, keys included, cannot tell whose code one of an earlier period is: its key is nowhere."
        )
    yield "What changes, deletes or lists single devices asks for a password or a key."


def _remains(facts: PrivacyFacts) -> Iterator[str]:
    yield "Under the key in force, whoever holds the key and an address can find that device's code."
    if facts.keeps_networks:
        yield (
            "A name of a network can tell where somebody lives or works. It is kept while the device has the same "
            "code, and not at all with scans.wifi_ssids = false."
        )
    if facts.recognised is Recognised.NEVER:
        yield "A code that never changes is a lasting identifier. Most privacy laws ask for consent to one."
    yield "Devices of staff who sleep or work at night at the place can be taken for things that stay."
