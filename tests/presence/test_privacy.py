from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from presence.privacy import DOCUMENTS, Document, PrivacyFacts, Recognised, notice, poster, sheet

ROOT = Path(__file__).parents[2]
FACTS = PrivacyFacts(
    place="City library",
    responsible="Jana Nováková",
    contact="data@library.example",
    purpose="to plan opening hours",
    radios=("Wi-Fi", "Bluetooth"),
    listen_seconds=10,
    interval_seconds=60,
    is_continuous=False,
    keeps_networks=True,
    recognised=Recognised.DAILY,
    rotation_hour=4,
    keep_days=30,
    keep_detections_days=7,
    keep_scans_days=400,
    backup_days=28,
    is_on_lan=True,
    login_required=False,
    sends_to=None,
    broker=None,
    is_site=True,
    smallest_group=5,
    address="http://192.0.2.7:8050",
)

# What is promised, and the test that holds the programme to it.
PROVED = {
    "The address of a device is never stored": "tests/system/test_stolen_card.py::test_no_address_is_on_the_card",
    "the key is destroyed": "tests/scans/test_visitor_key.py::test_yesterdays_key_is_destroyed",
    "anybody's chance to tell whose code it was": (
        "tests/system/test_stolen_card.py::test_yesterdays_hashes_cannot_be_matched"
    ),
    "an old key is overwritten when it is replaced": (
        "tests/scans/test_private_file.py::test_what_is_replaced_is_overwritten_where_it_lay"
    ),
    "readable by their owner only": "tests/scans/test_visitor_key.py::test_the_file_is_for_its_owner_only",
    "single devices only who has a login or a key": (
        "tests/links/test_guard.py::test_single_devices_sending_and_changing_ask_for_a_key"
    ),
    "Ask that your device be forgotten": "tests/db/test_forget.py::test_nothing_of_a_device_is_left",
    "it is not written down": "tests/commands/test_forget.py::test_a_device_is_forgotten_without_being_named",
    "no core dump is written": "tests/system/test_no_core_dump.py::test_a_crash_leaves_nothing_behind",
    "never of what makes up its address": "tests/scans/test_fixtures.py::test_a_made_up_address_gets_no_lasting_name",
}


def text_of(document: Document) -> str:
    """All that a document says, in one line."""
    said = [document.title, document.lead]
    for section in document.sections:
        said += [section.heading, *section.sentences, *(f"{name}: {value}" for name, value in section.rows)]
    return " ".join(said)


def everything(facts: PrivacyFacts) -> str:
    return " ".join(text_of(make(facts)) for make in DOCUMENTS.values())


@pytest.mark.parametrize(("promise", "proof"), PROVED.items(), ids=list(PROVED))
def test_what_is_promised_is_proved(promise: str, proof: str) -> None:
    """Each promise is made in words, and there is a test of the programme that fails when it is broken."""
    assert promise in everything(FACTS)
    path, name = proof.split("::")
    found = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    tests = {node.name for node in found if isinstance(node, ast.FunctionDef)}
    assert name in tests


def test_retention_is_that_of_the_settings() -> None:
    """The days that are told are those after which it is deleted."""
    told = text_of(notice(replace(FACTS, keep_days=3, keep_detections_days=1, keep_scans_days=99)))
    assert "from when to when: 3 days" in told
    assert "how strong: 1 day " in f"{told} "
    assert "which name nobody: 99 days" in told
    assert "until not heard for 99 days" in told
    assert "in backups that are made daily and hold no key: up to 28 days longer" in told
    assert "backups" not in text_of(notice(replace(FACTS, backup_days=0)))


@pytest.mark.parametrize(
    ("recognised", "told"),
    [
        (Recognised.DAILY, "recognised within one day. Then, at 4 o'clock, the key is destroyed"),
        (Recognised.WEEKLY, "recognised within one week. Then"),
        (Recognised.MONTHLY, "recognised within one month. Then"),
        (Recognised.NEVER, "recognised for ever. The key stays"),
    ],
)
def test_how_long_one_is_recognised_is_told(recognised: Recognised, told: str) -> None:
    """The notice says for how long a code stands for the same device, and a lasting one is called what it is."""
    facts = replace(FACTS, recognised=recognised)
    assert told in text_of(notice(facts))
    assert ("the key is destroyed" in everything(facts)) is (recognised is not Recognised.NEVER)
    assert ("ask for consent" in text_of(sheet(facts))) is (recognised is Recognised.NEVER)


def test_names_of_networks_are_told_only_where_they_are_kept() -> None:
    """With `scans.wifi_ssids` off the notice promises that they are not kept, and not otherwise."""
    assert "names of networks that a device asked for" in text_of(notice(FACTS))
    without = text_of(notice(replace(FACTS, keeps_networks=False)))
    assert "that a device asked for" not in without
    assert "Nor the names of networks" in without
    told_again = "can tell where somebody lives or works"
    assert told_again in text_of(sheet(FACTS))
    assert told_again not in text_of(sheet(replace(FACTS, keeps_networks=False)))


def test_where_it_is_sent_is_told() -> None:
    """A hub and a broker are named; where there is neither, that nothing is sent is promised, and only there."""
    nowhere = "is sent anywhere else"
    assert nowhere in text_of(notice(FACTS))
    sent = text_of(notice(replace(FACTS, sends_to="the hub https://hub.example", broker="broker.example")))
    assert "the hub https://hub.example" in sent
    assert "broker.example" in sent
    assert nowhere not in sent


def test_only_the_radios_that_listen_are_named() -> None:
    """A box that has Wi-Fi switched off does not say that it listens to it."""
    documents = [make(replace(FACTS, radios=("Bluetooth",))) for make in (notice, poster)]
    assert all("send by Bluetooth" in text_of(one) or "by Bluetooth" in text_of(one) for one in documents)


def test_the_poster_fits_the_door() -> None:
    """It is short, says how to stay out of the count, whom to ask, and where there is more."""
    said = text_of(poster(FACTS))
    assert len(said.split()) < 90
    for told in ("switch off Wi-Fi and Bluetooth", "data@library.example", "http://192.0.2.7:8050/privacy"):
        assert told in said


def test_what_the_owner_did_not_fill_in_is_said() -> None:
    """The sheet names the setting; a visitor is sent to the people there instead."""
    facts = replace(FACTS, place="", responsible="", contact="", purpose="")
    for setting in ("privacy.responsible", "privacy.contact", "privacy.purpose", "layouts.site_name"):
        assert setting in text_of(sheet(facts))
        assert setting not in text_of(notice(facts)) + text_of(poster(facts))
    assert "ask the people who work here" in text_of(notice(facts))


def test_that_it_is_no_legal_advice_is_said_once() -> None:
    """To the owner, on the sheet; to visitors it would mean nothing."""
    assert everything(FACTS).count("legal advice") == 1
