"""What was stored, beside what was on the air: `python -m bench.compare_with_truth FOLDER`.

The folder is what a run of the programme among virtual radios leaves behind (docs/virtual-radios.md): `truth.csv`
written by whoever sent, `tracking.db` and `tracking.key` by the programme. Addresses of the truth are hashed with the
run's visitor key, so that each stored device can be told: one that was there, or a ghost.

When exactly within a scan a radio listened is not known from outside: it needs a moment to start. Its ten seconds
began no later than ten seconds before the scan's end, and ended no sooner than ten seconds after its start. So each
scan has two counts of the truth: `at_least`, who sent in the time that was listened to for certain, and `at_most`,
who sent between the scan's start and its end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from presence.radio import Radio
from scans.visitor_key import VisitorKey

# IEEE 802.11-2020, 9.2.4.1.3: association, reassociation and probe requests, authentication; data are 32 to 47.
_MANAGEMENT = (0, 2, 4, 11)
_DATA = range(32, 48)

_LISTENED_SECONDS = 10.0

_STORED_NAMES = {
    Radio.WIFI: "SELECT device_hash FROM wifi_devices",
    Radio.BLUETOOTH: "SELECT device_hash FROM bluetooth_devices",
}


# What the radios' side writes of each frame or advertisement (tests/radios/guest).
_COLUMNS = ("at", "radio", "address", "kind", "is_access_point", "is_audible")


@dataclass(frozen=True, slots=True)
class Truth:
    """What was on the air.

    Attributes:
        sent: One row for each frame or advertisement of a device that the programme's radio could hear: radio, address
            and at (seconds since 1970).
        access_points: Addresses that are nobody's.
    """

    sent: pd.DataFrame
    access_points: frozenset[str]


def read_truth(folder: Path) -> Truth:
    """Read what the radios' side wrote down."""
    # The last line may be half written: whoever sends goes on while this is read.
    told = pd.read_csv(folder / "truth.csv", names=list(_COLUMNS)).iloc[:-1]
    is_access_point = told["is_access_point"] == 1
    is_client = (told["radio"] == Radio.BLUETOOTH.value) | told["kind"].isin([*_MANAGEMENT, *_DATA])
    return Truth(
        sent=told[is_client & ~is_access_point & (told["is_audible"] == 1)],
        access_points=frozenset(told[is_access_point]["address"]),
    )


def compare_scans(folder: Path, truth: Truth) -> pd.DataFrame:
    """One row a scan and radio: what was stored, and the two counts of the truth; stored is missing when not heard."""
    rows = []
    for number, scan in enumerate(_stored(folder, "SELECT * FROM scans ORDER BY id").to_dict("records"), 1):
        start = scan["started_at"] / 1000  # both are kept in milliseconds
        end = start + scan["duration_seconds"] / 1000
        for radio in Radio:
            on_air = truth.sent[truth.sent["radio"] == radio.value]
            rows.append(
                {
                    "scan": number,
                    "radio": radio.value,
                    "at_least": len(_senders(on_air, end - _LISTENED_SECONDS, start + _LISTENED_SECONDS)),
                    "stored": scan[f"{radio.value}_device_count"],
                    "at_most": len(_senders(on_air, start, end)),
                    "fault": scan[f"{radio.value}_fault_reason"],
                }
            )
    return pd.DataFrame(rows)


def _senders(on_air: pd.DataFrame, from_: float, to: float) -> frozenset[str]:
    if from_ >= to:
        return frozenset()
    return frozenset(on_air[(on_air["at"] >= from_) & (on_air["at"] <= to)]["address"])


def compare_devices(folder: Path, truth: Truth) -> dict[str, dict[str, int]]:
    """For each radio: devices stored, those of them never on the air, and those certainly on the air and not stored."""
    key = _key(folder)
    everything = _stored(folder, "SELECT * FROM scans")
    compared = {}
    for radio in Radio:
        scans = everything[everything[f"{radio.value}_fault_reason"].isna()]  # what broke off was not heard for certain
        on_air = truth.sent[truth.sent["radio"] == radio.value]
        names = _stored(folder, _STORED_NAMES[radio])["device_hash"]
        stored = {bytes(name).hex() for name in names}
        real = {key.hash_of(radio, address) for address in on_air["address"]}
        certain = {
            key.hash_of(radio, address)
            for start, duration in zip(scans["started_at"] / 1000, scans["duration_seconds"] / 1000, strict=True)
            for address in _senders(on_air, start + duration - _LISTENED_SECONDS, start + _LISTENED_SECONDS)
        }
        nobody = {key.hash_of(radio, address) for address in truth.access_points}
        compared[radio.value] = {
            "stored": len(stored),
            "on_air": len(real),
            "never_on_air": len(stored - real),
            "access_points_stored": len(stored & nobody),
            "certain_and_missing": len(certain - stored),
        }
    return compared


def _stored(folder: Path, query: str) -> pd.DataFrame:
    with contextlib.closing(sqlite3.connect(folder / "tracking.db")) as connection:
        return pd.read_sql_query(query, connection)


def _key(folder: Path) -> VisitorKey:
    told = json.loads((folder / "tracking.key").read_text(encoding="ascii"))
    return VisitorKey(told["period"], bytes.fromhex(told["secret"]), told["site"])


def main() -> None:
    """Print the comparison: a table of scans, and one JSON object of sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    truth = read_truth(folder)
    scans = compare_scans(folder, truth)
    print(scans.to_string(index=False))
    heard = scans.dropna(subset="stored")
    within = heard[(heard["at_least"] <= heard["stored"]) & (heard["stored"] <= heard["at_most"])]
    print(
        json.dumps(
            {
                "scans": int(scans["scan"].max()),
                "hearings": len(heard),
                "not_heard": len(scans) - len(heard),
                "hearings_within_truth": len(within),
                "devices": compare_devices(folder, truth),
            }
        )
    )


if __name__ == "__main__":
    main()
