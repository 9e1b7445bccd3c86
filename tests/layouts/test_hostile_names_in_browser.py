"""What strangers call their networks and devices, in a real browser, over every view."""

from __future__ import annotations

import random
from dataclasses import replace

from playwright.sync_api import expect

from scans.client_frames import FIELDS, ClientFrames
from scans.sighting import Sighting
from tests.layouts.fake_place import HOSTILE_NAME, FakePlace, made_up_rows
from tests.layouts.visit import Visit

VIEWS = ("/", "/people", "/devices", "/sensors", "/settings", "/about", "/nowhere")

# 32 bytes at most, as a frame may hold them: scripts, entities, attributes, addresses that are scripts, what turns text
# round or hides in it, half characters, templates.
NETWORKS = (
    b"<script>window.pwned=1</script>",
    b"<img src=x onerror=pwned=1>",
    b"&lt;b&gt;&#60;i&#62;&amp;nbsp;",
    b'" onmouseover="window.pwned=1',
    b"javascript:window.pwned=1//",
    b"</title></style></textarea><b>",
    "\u202egpj.exe\u2066\u200b\u200f\ufeff".encode(),
    "\u0336Z\u0351\u0352\u0489\u0489\u0489\u0489".encode(),
    b"\x00\x01\x07\x1b[31m\r\n\x7f\x80\xff\xfe",
    b"{{constructor.constructor('x')}}",
    b"${window.pwned=1}%3Cb%3E",
    random.Random(1).randbytes(32),
)

# What is in a page beside what its own server put there; and what no reader sees, or turns what they see.
STRANGE = """() => [
  ...[...document.querySelectorAll("img, iframe, object, embed, svg script, b, i, [onerror], [onmouseover]")]
    .filter(one => one.closest("#device-rows, #radio-states, main table, select")).map(one => one.outerHTML),
  ...(document.body.innerText.match(
    /[\\u0000-\\u0008\\u001b\\u007f\\u200b-\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]/g) || []),
  ...(window.pwned === undefined ? [] : ["a script ran"]),
]"""


def kept(network: bytes) -> str:
    """A network's name as it is kept when a frame asked for it."""
    values = dict.fromkeys(FIELDS[7::2], b"") | {
        "frame.time_epoch": b"1795003200.5",
        "wlan.fc.type_subtype": b"4",
        "wlan.ta": b"da:a1:19:04:05:06",
        "wlan.ssid": network.hex().encode(),
    }
    heard: list[Sighting] = []
    ClientFrames(heard.append, frozenset()).take([b"\t".join(values.values())])
    return heard[0].ssid or ""


def test_hostile_names_are_inert_in_every_view(visit: Visit, place: FakePlace) -> None:
    """Names of networks and makers make no element, run no script, and neither turn nor hide any text."""
    first = made_up_rows(2)[1]
    raw = [network.decode("utf-8", "replace") for network in NETWORKS]
    place.rows = [
        replace(first, device_hash=f"{number:064x}", manufacturer=name, ssids=(kept(network), name, HOSTILE_NAME))
        for number, (network, name) in enumerate(zip(NETWORKS, raw, strict=True))
    ]
    for view in VIEWS:
        page = visit.open(view)
        if view == "/devices":
            expect(page.locator("#device-rows")).to_contain_text("<script>window.pwned=1</script>")
            page.locator("#device-rows tr").first.hover()
        assert page.evaluate(STRANGE) == [], view
