"""Enrolment: how a sensor becomes one of a site. A hub prints a code, the sensor is told it, and that is all."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scans.private_file import write_privately
from scans.registry_key import RegistryKey
from scans.visitor_key import VisitorKey, VisitorKeys

# What a code begins with: a person sees what it is, and another version of it would begin otherwise.
_MARK = "site1-"
# A code holds under 2 kB; whatever unpacks to more is none.
_MOST_BYTES = 16_384
# Settings that a code may bring: those that say how to reach the hub, and how the site's days and keys go.
_SETTINGS = re.compile(
    r"TRACKING_(LINKS_(UPLINK|BROKER)\w*|SCANS_(SENSOR_NAME|SENSOR_PLACE|KEY_\w+)|PRESENCE_TIME_ZONE)"
)


class EnrolmentError(Exception):
    """A code cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a sensor is told of its site.

    Attributes:
        key: The site's visitor key as it is now. From here on sensor and hub step it forward each by itself.
        settings: Settings by the names of their environment variables, for example TRACKING_LINKS_UPLINK_URL.
        files: What settings that name files are to hold: keys, passwords, certificates to trust; never shown.
        registry: The key under which the site's tags are recognised; None in a code of a hub that knew no tags.
    """

    key: VisitorKey
    settings: Mapping[str, str]
    files: Mapping[str, str] = field(repr=False)
    registry: bytes | None = field(repr=False, default=None)


def as_code(enrolment: Enrolment) -> str:
    """The enrolment as one word to be copied.

    Whoever has it can name today's devices, recognise the site's tags, and send as this sensor.
    """
    said: dict[str, object] = {
        "period": enrolment.key.period,
        "secret": enrolment.key.secret.hex(),
        "site": enrolment.key.site,
        "settings": dict(enrolment.settings),
        "files": dict(enrolment.files),
    }
    if enrolment.registry is not None:
        said["registry"] = enrolment.registry.hex()
    packed = zlib.compress(json.dumps(said, separators=(",", ":")).encode(), 9)
    return _MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_code(code: str) -> Enrolment:
    """The enrolment that a code stands for.

    Raises:
        EnrolmentError: It is none, was cut off while it was copied, or asks for settings that are not its business.
    """
    word = "".join(code.split())  # a terminal may have broken it over lines
    if not word.startswith(_MARK):
        raise EnrolmentError(
            f"This is no code of a hub. It begins with {_MARK}; print one there with `./run enrol NAME`."
        )
    try:
        packed = base64.b64decode(word.removeprefix(_MARK) + "==", altchars=b"-_")
        unpacking = zlib.decompressobj()
        said = json.loads(unpacking.decompress(packed, _MOST_BYTES))
        if not unpacking.eof:
            raise EnrolmentError(_DAMAGED)
        settings = {str(name): str(value) for name, value in said["settings"].items()}
        key = VisitorKey(int(said["period"]), bytes.fromhex(said["secret"]), str(said["site"]))
        files = {str(name): str(content) for name, content in said["files"].items()}
        registry = bytes.fromhex(said["registry"]) if "registry" in said else None
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EnrolmentError(_DAMAGED) from error
    if not all(map(_SETTINGS.fullmatch, settings)) or not files.keys() <= _FILES.keys():
        raise EnrolmentError("This code would change settings that are not its business, so it is not used.")
    return Enrolment(key, settings, files, registry)


_DAMAGED = "This code was cut off or changed on its way. Copy the whole of it, from the mark to the last character."


# What a sensor that has joined keeps beside its database.
_JOINED = "joined.json"
# The key of the site's tags. A file of its own: this machine may have tags too, and a key for them.
_SITE_REGISTRY = "site-registry.key"
_FILES = {
    "TRACKING_LINKS_UPLINK_KEY_FILE": "uplink.key",
    "TRACKING_LINKS_UPLINK_CA_FILE": "hub-ca.pem",
    "TRACKING_LINKS_BROKER_PASSWORD_FILE": "broker.password",
    "TRACKING_LINKS_BROKER_CA_FILE": "broker-ca.pem",
}


def join(enrolment: Enrolment, folder: Path, keys: VisitorKeys) -> None:
    """Become one of a site: keep its settings and secrets in a folder, and take its visitor key.

    Raises:
        EnrolmentError: The folder cannot be written.
        KeyFileError: The key file cannot be.
    """
    settings = dict(enrolment.settings)
    try:
        for name, content in enrolment.files.items():
            settings[name] = str(folder / _FILES[name])
            write_privately(folder / _FILES[name], content)
        if enrolment.registry is not None:
            write_privately(folder / _SITE_REGISTRY, enrolment.registry.hex())
        keys.adopt(enrolment.key)
        write_privately(folder / _JOINED, json.dumps(settings, indent=1))  # last: with it the sensor has joined
    except OSError as error:
        raise EnrolmentError(f"{folder} cannot be written ({error.strerror}), so nothing was joined.") from error


def joined_settings(folder: Path) -> dict[str, str]:
    """The settings that a sensor has from its site; empty when it has joined none.

    Raises:
        EnrolmentError: What was kept cannot be read.
    """
    try:
        said = json.loads((folder / _JOINED).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in said.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as error:
        raise EnrolmentError(f"This user may not look into {folder}. Start as the user who owns it.") from error
    except (OSError, ValueError, AttributeError) as error:
        raise EnrolmentError(
            f"What this sensor knows of its site cannot be read ({folder / _JOINED}). Join again: `./run join CODE`."
        ) from error


def site_registry(folder: Path) -> RegistryKey | None:
    """The key under which the tags of the site are recognised; None when the code that was joined with had none."""
    path = folder / _SITE_REGISTRY
    return RegistryKey(path) if path.exists() else None


def leave(folder: Path) -> bool:
    """Be no sensor of a site any more; tells whether it was one. What waits to be sent stays where it is."""
    was_joined = (folder / _JOINED).exists()
    for name in (_JOINED, _SITE_REGISTRY, *_FILES.values()):
        (folder / name).unlink(missing_ok=True)
    return was_joined
