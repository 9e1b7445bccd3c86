from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from db.commands import Commands
from db.connect import Connections
from db.errors import DatabaseError
from db.followed import FollowedDevices
from db.kept import KeptDevices, keep, take_kept
from db.reader import Reader
from db.recorder import Recorder, record_scans
from db.rounds import standing
from db.schema import METADATA
from presence.radio import Radio
from presence.scan import Scan
from tests.db.scanning import HUNG, SETTINGS, device, hash_of, minute, scan
from tests.postgresql import Cluster
from tests.sqlite import passing_database

END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()"
)
NAMES = "abcd"
KEY_PERIODS = (20_000, 20_001)
# No scan is without a length: the ledger refuses it, when what other scans did to devices in memory is done.
REFUSED = replace(scan(minute(0), ["z"]), duration_seconds=None)  # type: ignore[arg-type] # what the ledger refuses
PROBE = [scan(minute(0), NAMES, NAMES, key_period=key_period) for key_period in KEY_PERIODS]


Failure = Literal["half way", "after all"]


class CutShortError(Exception):
    """Stands for whatever goes wrong in a transaction after its scans were taken in."""


@dataclass(frozen=True, slots=True)
class Written:
    """One transaction.

    Attributes:
        writer: Which of two processes it is of.
        groups: What is taken in, one group after the other; nothing for a reset of time spent and some forgetting.
        failure: The error that undoes it, when its last group is half taken in or after all; None for none.
    """

    writer: int
    groups: tuple[tuple[Scan, ...], ...]
    failure: Failure | None


def write(connections: Connections, written: Written) -> None:
    """Let it happen."""
    if not written.groups:
        Commands(connections).reset_time_spent(minute(0))
        Recorder(connections, SETTINGS).forget_some(minute(60 * 24 * 30 + 30))
    with contextlib.suppress(CutShortError, DatabaseError), connections.write() as connection:
        for group in written.groups:
            is_refused = written.failure == "half way" and group is written.groups[-1]
            record_scans(connection, [*group, REFUSED] if is_refused else group, SETTINGS)
        if written.failure:
            raise CutShortError


def rows(connections: Connections) -> dict[str, list[tuple[object, ...]]]:
    """All that a database holds."""
    with connections.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in METADATA.sorted_tables
        }


def check_kept(connection: Connection) -> None:
    """What is kept is what the database says."""
    stand = standing(connection)
    newest_scan_id = stand.newest_scan_id
    kept = take_kept(connection, stand)
    read = KeptDevices(kept.mark)
    for one in PROBE:
        FollowedDevices(connection, [one], SETTINGS.visit_gap, read).write([])
        for radio in Radio:
            found = kept.find(radio, one.key_period, map(hash_of, NAMES))
            assert found == read.find(radio, one.key_period, [device.device.device_hash for device in found])
    if newest_scan_id is not None:
        keep(connection, kept, newest_scan_id)


def check(happened: Sequence[Written], url: str, other_url: str) -> None:
    """Two processes that keep what they know leave the same behind as one that starts again for each transaction."""
    with contextlib.closing(Connections(url)) as one, contextlib.closing(Connections(url)) as two:
        for written in happened:
            writer = (one, two)[written.writer]
            write(writer, written)
            if not written.failure:  # what was undone must be noticed by whoever writes next, not by the test
                with writer.write() as connection:
                    check_kept(connection)
            with contextlib.closing(Connections(other_url)) as forgetful:
                write(forgetful, written)
        with contextlib.closing(Connections(other_url)) as forgetful:
            assert rows(one) == rows(forgetful)


seen = st.builds(
    device,
    st.sampled_from(NAMES),
    rssi_dbm=st.sampled_from([None, -50.0, -57.004, -57.006, -63.12345]),
    manufacturer=st.sampled_from([None, "Garmin"]),
)
heard = st.lists(seen, max_size=4).map(tuple)
both = st.one_of(heard, heard, st.just(HUNG))
steps = st.sampled_from([0.0, 20.0004, 60.0, 60.0, 75.123456, 599.9, 600.1, 1800.0, -59.5, -900.0, 90_000.0])
failures: st.SearchStrategy[Failure | None] = st.sampled_from([None, None, None, None, None, "half way", "after all"])


@st.composite
def transactions(draw: st.DrawFn) -> list[Written]:
    """Transactions of two processes in turns: scans of two sensors, late ones and repeats, two keys, and errors."""
    at, happened = minute(0), list[Written]()
    for _ in range(draw(st.integers(1, 12))):
        groups = []
        for _ in range(draw(st.integers(0, 2))):
            group = []
            for _ in range(draw(st.integers(1, 3))):
                at += timedelta(seconds=draw(steps))
                one = scan(
                    at,
                    draw(both),
                    (),
                    elapsed_seconds=draw(st.sampled_from([None, 0.0, 45.0005, 60.0])),
                    clock_is_right=draw(st.integers(0, 9)) > 0,
                    sensor=draw(st.sampled_from(["stairs", "café"])),
                    key_period=draw(st.sampled_from(KEY_PERIODS[:1] * 5 + KEY_PERIODS[1:])),
                )
                group.append(one)
            groups.append(tuple(group))
        happened.append(Written(draw(st.integers(0, 1)), tuple(groups), draw(failures)))
    return happened


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(transactions())
def test_what_is_kept_never_shows(happened: list[Written]) -> None:
    """Whoever writes, and whatever is undone, memory says what the database says, and the rows are the same."""
    with passing_database() as url, passing_database() as other_url:
        check(happened, url, other_url)


# What may change of a device that stays, besides when and how loud it was heard last: by how it comes about.
CHANGES = {
    "it moves to another sensor": [scan(minute(1), [device("a", rssi_dbm=-30.0)], sensor="café")],
    "another sensor hears it too": [scan(minute(1), [device("a", rssi_dbm=-80.0)], sensor="café")],
    "its own alone hears it again": [
        scan(minute(1), [device("a", rssi_dbm=-80.0)], sensor="café"),
        scan(minute(2), [device("a")]),
    ],
    "it asks for a network": [scan(minute(1), [device("a", ssids=("home",))])],
    "a scan stands for less": [scan(minute(1), [device("a")], elapsed_seconds=45.0)],
    "a late scan tells that it came earlier": [scan(minute(-1), [device("a")])],
    "a round begins": [],
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_of_a_device_that_stays_is_written(connections: Connections, change: str) -> None:
    """What nearly never changes of a device that is present is written too when it does."""
    Recorder(connections, SETTINGS).record(scan(minute(0), [device("a")]))
    if not CHANGES[change]:
        Commands(connections).reset_time_spent(minute(0))
    for one in CHANGES[change] or [scan(minute(1), [device("a")])]:
        Recorder(connections, SETTINGS).record(one)
    with connections.write() as connection:
        assert connection.info
        check_kept(connection)


# Each step of making a failing example smaller would take two databases more.
@settings(max_examples=8, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(happened=transactions())
def test_what_is_kept_never_shows_on_postgresql(postgresql: Cluster, upgraded: str, happened: list[Written]) -> None:
    """The same holds where a server keeps the database."""
    with postgresql.passing_database(like=upgraded) as url, postgresql.passing_database(like=upgraded) as other_url:
        check(happened, url, other_url)


def test_a_row_whose_number_another_process_took_is_not_mistaken(url: str) -> None:
    """What an undone transaction kept is not trusted, though SQLite gave its scan's number to somebody else's."""
    with contextlib.closing(Connections(url)) as one, contextlib.closing(Connections(url)) as other:
        Recorder(one, SETTINGS).record(scan(minute(0), ["a"]))
        write(one, Written(0, ((scan(minute(1), ["b"]),),), "after all"))
        Recorder(other, SETTINGS).record(scan(minute(1), ["c"]))
        Recorder(one, SETTINGS).record(scan(minute(2), ["b"]))
        assert Reader(one, SETTINGS).overview(minute(2)).wifi_total == len("abc")


def test_what_is_kept_goes_with_the_connection(postgresql: Cluster, upgraded: str) -> None:
    """When the server was away, nothing is trusted that was kept before."""
    url = postgresql.new_database(like=upgraded)
    with contextlib.closing(Connections(url)) as one, contextlib.closing(Connections(url)) as other:
        Recorder(one, SETTINGS).record(scan(minute(0), NAMES))
        with one.write() as connection:
            assert connection.info
        with other.write() as connection:
            connection.execute(text(END_OTHERS))
        with one.write() as connection:
            assert not connection.info


def test_no_more_is_kept_than_there_is_room_for(url: str) -> None:
    """Where more are present than are kept, all are forgotten, to be read again as they are needed."""
    with contextlib.closing(Connections(url)) as connections:
        Recorder(connections, SETTINGS).record(scan(minute(0), NAMES))
        for most, is_kept in ((len(NAMES), True), (len(NAMES) - 1, False)):
            with connections.write() as connection:
                stand = standing(connection)
                assert stand.newest_scan_id is not None
                keep(connection, take_kept(connection, stand), stand.newest_scan_id, most)
                assert bool(connection.info) is is_kept
