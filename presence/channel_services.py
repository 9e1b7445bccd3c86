"""Channel services: to which kinds of address notifications may be handed over."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

# Of the services that apprise knows those that speak to somebody over the network, and nothing else. Left out is what
# stays on this machine (dbus, gnome, syslog, windows, macosx, blink1, glib), keeps files of its own (nostr, vapid,
# deltachat), reads a key from a file (fcm), or takes the place of another of these.
SERVICES = frozenset(
    {
        *("ntfy", "ntfys", "gotify", "gotifys", "json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"),
        *("tgram", "signal", "signals", "matrix", "matrixs", "threema", "whatsapp", "line", "mastodon", "mastodons"),
        *("slack", "discord", "mmost", "mmosts", "rocket", "rockets", "zulip", "gchat", "workflow", "workflows"),
        *("webex", "wxteams", "nctalk", "nctalks", "ncloud", "nclouds", "synology", "synologys", "hassio", "hassios"),
        *("pover", "pbul", "prowl", "bark", "barks", "pushdeer", "pushdeers", "simplepush", "join", "lametric"),
        *("ifttt", "opsgenie", "pagerduty", "splunk", "squadcast", "sendgrid", "mailgun", "brevo", "postmark", "ses"),
        *("sns", "twilio", "vonage", "nexmo", "clicksend", "d7sms", "msgbird", "seven", "plivo", "telnyx", "sinch"),
    }
)

# What may follow a "?" names a file of this machine with these: apprise would read it, and send what is in it.
_FILES = frozenset({"template", "attach", "attachment", "pgp", "pgpkey", "keyfile", "subfile", "key_file", "certfile"})

_ASKED_FOR = "The address of a channel looks like ntfys://ntfy.sh/topic: a service, ://, and no spaces."


def address_fault(url: str) -> str | None:
    """Why an address cannot be a channel's, and what to do; None when it can. It never quotes the address.

    Args:
        url: The address, as apprise writes it.
    """
    try:
        parts = urlsplit(url)
        asked = {name.lower().lstrip("+-:") for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        return _ASKED_FOR
    service = url.partition("://")[0].lower()
    if service not in SERVICES:
        return (
            "Notifications cannot be sent to this kind of address. Take one of these: "
            + ", ".join(sorted(SERVICES))
            + "."
        )
    if named := sorted(asked & _FILES):
        return f"“{named[0]}” in the address would read a file of this machine. Leave it away."
    return None
