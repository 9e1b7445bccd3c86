"""The saved report: what the page knows, as a text that a manager can read."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import tzinfo

from layouts import cards
from layouts.formats import (
    DASH,
    LONGEST_LINE,
    count_text,
    minutes_text,
    moment_text,
    number_text,
    plain_words,
    share_text,
)
from layouts.needs import PageSettings
from layouts.people_words import people_text, range_text
from layouts.zones_now import reach_text
from presence.estimate import PeopleNow
from presence.faults import advice_for
from presence.overview import Gap, Overview, RadioTotals, Report
from presence.zones import Zone, ZoneThresholds

# Wide enough for a line of figures, narrow enough for every printer and mail programme.
_WIDTH = 74
_LABEL_WIDTH = 36

_HOW_TO_READ = (
    "People, estimated, is what was learned of how many people the devices stand for: the range in brackets holds the "
    "truth four times out of five, and narrows with each head count. All other figures are devices, not people. A "
    "visitor may carry two devices or none, and modern phones change their address often, so that one phone can be "
    "counted several times over a day. Read them as activity: compare hours with hours and weeks with weeks. The ratio "
    "allows for people who cannot be heard: it takes it that {share} can, and divides the number heard by that. A dash "
    "means not known. Not heard never means that nobody was there."
)


def report_text(report: Report, settings: PageSettings, thresholds: ZoneThresholds) -> str:
    """The whole report, in lines of at most 74 columns.

    Args:
        report: What is known.
        settings: The site's name, its time zone, and the settings to list.
        thresholds: Where zones end now.
    """
    zone = settings.time_zone
    blocks = (
        _title(report, settings),
        _section("Now", _now_lines(report.overview, report.people)),
        _section("In total", _total_lines(report.overview, zone)),
        _section("Stays", _stay_lines(report)),
        _section("Busiest hours of the day", _busy_lines(report)),
        _section("Manufacturers", _manufacturer_lines(report)),
        *(_section(totals.radio.label, _radio_lines(totals)) for totals in report.radios),
        _section("Times not heard", _gap_lines(report, zone)),
        _section("Settings used", _setting_lines(settings, thresholds)),
        _section("How to read this", _wrapped(_HOW_TO_READ.format(share=share_text(report.overview.visible_share)))),
    )
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _title(report: Report, settings: PageSettings) -> Iterator[str]:
    zone = settings.time_zone
    made_at = report.overview.as_of_at
    yield "=" * _WIDTH
    yield "WI-FI AND BLUETOOTH TRACKING: REPORT"
    yield "=" * _WIDTH
    if settings.demo:
        yield "Demonstration: simulated visitors, no radio is used."
    if settings.site_name:
        yield _line("Place", plain_words(settings.site_name))
    yield _line("Made", f"{moment_text(made_at, zone)} ({made_at.astimezone(zone):%Z})")
    yield _line("Range", f"{report.time_range.label}, from {moment_text(report.from_at, zone)}")


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield title
    yield "-" * _WIDTH
    yield from lines


def _now_lines(overview: Overview, people: PeopleNow | None) -> Iterator[str]:
    if people is not None:
        yield from _people_lines(people)
    yield _line("People currently around", count_text(overview.people_now))
    if overview.people_now is not None:
        yield _line("  heard by", cards.people_sources(overview))
    yield _line("  with the ratio", count_text(overview.people_now_with_ratio))
    yield _line(f"Present in the last {minutes_text(overview.hold_minutes)}", count_text(overview.present_count))
    for state in overview.radios:
        if state.fault is not None:
            yield from _wrapped(f"{state.radio.label}: {advice_for(state.radio, state.fault.reason).replace('`', '')}")
    if not overview.clock_is_right:
        yield from _wrapped("The clock of the box was not right, so the times in this report may be wrong.")


def _people_lines(people: PeopleNow) -> Iterator[str]:
    estimate = people.estimate
    if estimate is None:
        yield _line("People, estimated", DASH)
        return
    yield _line("People, estimated", f"{people_text(estimate.likely)} ({range_text(estimate.low, estimate.high)})")
    if people.usual is not None:
        yield _line("  usual at this hour", people_text(people.usual.people))
    if people.capacity is not None:
        yield _line("  of the capacity", share_text(estimate.likely / people.capacity))
    yield _line("  learned from head counts", count_text(estimate.head_counts))


def _total_lines(overview: Overview, zone: tzinfo) -> Iterator[str]:
    yield _line("Total of people detected", count_text(overview.people_total))
    yield _line("  by Wi-Fi", count_text(overview.wifi_total))
    yield _line("  by Bluetooth", count_text(overview.bluetooth_total))
    yield _line("Average time spent", minutes_text(overview.average_time_spent_minutes))
    since = overview.time_spent_since_at
    yield _line("  since", "the first scan" if since is None else moment_text(since, zone))


def _stay_lines(report: Report) -> Iterator[str]:
    stays = report.stays
    yield _line("Stays that ended", count_text(stays.count))
    yield _line("  on average", minutes_text(stays.average_minutes))
    yield _line("  the longest", minutes_text(stays.longest_minutes))
    yield _line("Still going on", count_text(stays.ongoing_count))


def _busy_lines(report: Report) -> Iterator[str]:
    if not report.busiest_hours:
        yield "Nothing was heard in this range."
    for busy in report.busiest_hours:
        yield _line(
            f"{busy.hour:02}:00 to {(busy.hour + 1) % 24:02}:00", f"{number_text(busy.mean_devices)} devices on average"
        )


def _manufacturer_lines(report: Report) -> Iterator[str]:
    if not report.manufacturers:
        yield "No device was heard in this range."
    for name, count in report.manufacturers:
        yield _line("Not told by the device" if name is None else plain_words(name), count_text(count))


def _radio_lines(totals: RadioTotals) -> Iterator[str]:
    yield _line("Scans heard", count_text(totals.scans_heard))
    yield _line("Scans not heard", count_text(totals.scans_unheard))
    yield _line("Devices in a scan, on average", number_text(totals.mean_devices))
    yield _line("New devices", count_text(totals.new_devices))


def _gap_lines(report: Report, zone: tzinfo) -> Iterator[str]:
    if not report.gaps:
        yield "None: both radios were heard throughout."
    for gap in report.gaps:
        end = "still not heard" if gap.to_at is None else f"to {moment_text(gap.to_at, zone)}"
        yield f"{gap.radio.label}: {moment_text(gap.from_at, zone)} {end}"
        yield from _wrapped(_why(gap), indent="  ")
    if report.gap_count > len(report.gaps):
        yield f"And {count_text(report.gap_count - len(report.gaps))} more before these."


def _why(gap: Gap) -> str:
    if gap.fault is None:
        return "There was no scan: the box was off."
    why = advice_for(gap.radio, gap.fault.reason).replace("`", "")
    return f"{why} ({plain_words(gap.fault.detail, LONGEST_LINE)})" if gap.fault.detail else why


def _setting_lines(settings: PageSettings, thresholds: ZoneThresholds) -> Iterator[str]:
    for name, value in settings.listed:
        yield _line(name, plain_words(value))
    for zone in Zone:
        yield _line(zone.value.capitalize(), reach_text(zone, thresholds))


def _line(label: str, value: str) -> str:
    # A name may be longer than its column, or the value than the rest: then both are cut, never the line's width.
    room = _WIDTH - _LABEL_WIDTH - 1
    return f"{_cut(label, _LABEL_WIDTH - 1):<{_LABEL_WIDTH}} {_cut(value or DASH, room)}"


def _cut(words: str, room: int) -> str:
    return words if len(words) <= room else words[: room - 1] + "…"


def _wrapped(words: str, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(words, _WIDTH, initial_indent=indent, subsequent_indent=indent)
