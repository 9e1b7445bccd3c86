"""Examining: what works, what does not, and how to mend it."""

from __future__ import annotations

from db.examine import examine_database
from hearing import wifi_source
from links.examine import examine_server
from place import Place
from presence.findings import Finding


def doctor(place: Place) -> int:
    """Say of each part whether it is fine, and what to type to mend it."""
    findings = findings_of(place)
    for finding in findings:
        print("\n".join(lines_of(finding)))
    return 0 if all(finding.is_fine for finding in findings) else 1


def findings_of(place: Place) -> tuple[Finding, ...]:
    """How each part is."""
    # What examines the radios takes memory that nothing else need spend.
    from scans.bluez_store import examine_bluez_store  # noqa: PLC0415 - see above
    from scans.examine import examine_hearing  # noqa: PLC0415 - see above
    from scans.swap import examine_swap  # noqa: PLC0415 - see above

    scans, links = place.config.scans, place.config.links
    return (
        *examine_hearing(
            wifi=wifi_source(place) if scans.wifi_enabled and not place.is_demo else None,
            has_bluetooth=scans.bluetooth_enabled and not place.is_demo,
            adapter=scans.bluetooth_adapter or None,
            key_path=place.key_path,
            clock=place.clock,
        ),
        *examine_database(place.database_url),
        *examine_server(links.host, links.port, is_https=bool(links.tls_certificate_file)),
        examine_swap(),
        *([examine_bluez_store()] if scans.bluetooth_enabled and not place.is_demo else []),
    )


def lines_of(finding: Finding) -> list[str]:
    """A finding as it is printed."""
    found = f"{'fine' if finding.is_fine else 'NOT FINE':>8}  {finding.part}: {finding.says}"
    return [found, f"{'':>10}{finding.remedy}"] if finding.remedy else [found]
