"""How numbers, times and strangers' words are written, on the page and in the report alike."""

from __future__ import annotations

import unicodedata
from datetime import datetime, tzinfo

DASH = "—"
"""What stands for "not known": never a zero."""

# A network's name has at most 32 bytes (IEEE 802.11-2020, 9.4.2.2), and makers' names are rarely longer than this.
_LONGEST_NAME = 64

# What a part says about its fault is a line.
LONGEST_LINE = 200


def count_text(count: int | None) -> str:
    """A whole number with its thousands set apart; a dash for None."""
    return DASH if count is None else f"{count:,}"


def number_text(value: float | None) -> str:
    """A number with at most one decimal; a dash for None."""
    return DASH if value is None else f"{value:,.1f}".removesuffix(".0")


def minutes_text(minutes: float | None) -> str:
    """Minutes with their unit ("7.8 minutes"); a dash for None."""
    if minutes is None:
        return DASH
    number = number_text(minutes)
    return f"{number} minute" if number == "1" else f"{number} minutes"


def counted(count: int, noun: str) -> str:
    """A number of things, in words: "1 device", "2 devices"."""
    return f"{count_text(count)} {noun}" if count == 1 else f"{count_text(count)} {noun}s"


def share_text(share: float) -> str:
    """A share between 0 and 1 in per cent: "80 %"."""
    return f"{number_text(share * 100)} %"


def moment_text(at: datetime, zone: tzinfo) -> str:
    """A date and time of day where the box is: "12 May 2026, 14:05"."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M}"


def short_moment_text(at: datetime, now_at: datetime, zone: tzinfo) -> str:
    """A moment as short as it stays clear: "14:05" today, "12 May, 14:05" this year, else the whole date."""
    local, now = at.astimezone(zone), now_at.astimezone(zone)
    if local.date() == now.date():
        return f"{local:%H:%M}"
    if local.year == now.year:
        return f"{local.day} {local:%b, %H:%M}"
    return moment_text(at, zone)


def date_text(at: datetime, zone: tzinfo) -> str:
    """A date where the box is: "12 May 2026"."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def dbm_text(dbm: float) -> str:
    """Whole dBm, without the unit: "−60"."""
    return f"{dbm:.0f}".replace("-", "−")


def signal_text(mean_dbm: float | None, std_db: float | None) -> str:
    """A signal strength with its spread: "−61 ± 3 dBm"; a dash when there was no reading."""
    if mean_dbm is None:
        return DASH
    mean = dbm_text(mean_dbm)
    return f"{mean} dBm" if std_db is None else f"{mean} ± {number_text(std_db)} dBm"


def plain_words(words: str, longest: int = _LONGEST_NAME) -> str:
    """What a stranger broadcast, made harmless to read: one line, bounded, nothing unseen, nothing that turns the text.

    Markup is left as it is: whoever shows these words shows them as text.
    """
    shown = "".join(_seen(character) for character in words[:longest])
    return shown + "…" if len(words) > longest else shown


def _seen(character: str) -> str:
    # Control, format (these turn the direction of text), unassigned; line, paragraph and odd spaces.
    return "\N{REPLACEMENT CHARACTER}" if character != " " and unicodedata.category(character)[0] in "CZ" else character
