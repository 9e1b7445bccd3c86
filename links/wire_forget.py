"""Leaving devices out of a scan that waits to be sent."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import DecodeError, json

from links.wire_forms import HeardForm, MessageForm


def without_devices(body: bytes, hashes: Collection[str]) -> bytes:
    """A message as `links.wire.encode_message` made it, without the devices of some hashes.

    One that holds none of them is given back as it was, and so is one that cannot be read: it names nobody by these
    hashes, or is of another version, and the hub refuses it.
    """
    if not any(device_hash.encode() in body for device_hash in hashes):
        return body
    try:
        message = json.decode(body, type=MessageForm)
    except (DecodeError, UnicodeDecodeError):
        return body
    for hearing in (message.wifi, message.bluetooth):
        if isinstance(hearing, HeardForm):
            hearing.devices = [device for device in hearing.devices if device.device_hash not in hashes]
    return json.encode(message)
