from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from db.connect import Connections
from db.errors import DatabaseError
from db.forget import Forgotten, Known, forget_device
from db.outbox import Outbox, OutboxLimits
from db.people_schema import FIXTURES
from db.read_detections import DetectionReader
from db.schema import DEVICES, PRESENT, VISITS
from db.store import Store, open_store
from db.zone_sums import ZoneSums
from presence.detection import DetectionQuery
from presence.radio import Radio
from tests.db.scanning import SETTINGS, hash_of, minute, scan

LATER = 20_001
ROOT = Path(__file__).parents[2]


def known(name: str, key_period: int = 20_000, fixture_digests: frozenset[str] = frozenset()) -> Known:
    return Known(key_period, {radio: hash_of(name) for radio in Radio}, fixture_digests)


def as_it_is(body: bytes, hashes: Collection[str]) -> bytes:
    return body.replace(hash_of("a").encode(), b"") if hash_of("a") in hashes else body


def forget(store: Store, name: str) -> Forgotten:
    return forget_device(store.connections, known(name), as_it_is)


def devices_left(store: Store) -> dict[Radio, set[str]]:
    with store.connections.read() as connection:
        return {radio: set(connection.scalars(select(table.c.device_hash))) for radio, table in DEVICES.items()}


def detections_left(store: Store) -> list[tuple[str, str, int]]:
    query = DetectionQuery(minute(-1000), minute(1000), None, None, None)
    pieces = DetectionReader(store.connections).pieces(query)
    return sorted(
        (one.radio, one.device_hash, round((one.at - minute(0)) / timedelta(minutes=1)))
        for some in pieces
        for one in some
    )


def test_nothing_of_a_device_is_left(store: Store) -> None:
    """Its rows, its visits and its place in every scan go; the others stay as they were."""
    for number in (0, 1, 2, 30, 31):  # two visits, the second of which is open
        store.recorder.record(scan(minute(number), ["a", "b"], ["a"]))
    before = detections_left(store)
    told = forget(store, "a")
    assert told == Forgotten(device_count=2, visit_count=2, scan_count=10, fixture_count=0, unsent_count=0)
    assert devices_left(store) == {Radio.WIFI: {hash_of("b")}, Radio.BLUETOOTH: set()}
    assert detections_left(store) == [one for one in before if one[1] == hash_of("b")]
    with store.connections.read() as connection:
        assert {row.device_id for row in connection.execute(select(VISITS))} == set(
            connection.scalars(select(DEVICES[Radio.WIFI].c.id))
        )
        assert connection.scalar(select(func.count()).select_from(PRESENT[Radio.BLUETOOTH])) == 0


def test_a_device_of_another_day_is_not_found(store: Store) -> None:
    """Under a key that is gone, the same device has another hash, and is not touched."""
    store.recorder.record(scan(minute(0), ["a"]))
    store.recorder.record(scan(minute(1), ["b"], key_period=LATER))
    assert not forget_device(store.connections, known("a", LATER), as_it_is).is_anything
    assert devices_left(store)[Radio.WIFI] == {hash_of("a"), hash_of("b")}


def test_hours_that_were_added_up_lose_it_too(store: Store) -> None:
    """Of the devices of an hour, by which several hours are counted together, it is one less."""
    for number in range(3):
        store.recorder.record(scan(minute(number), ["a", "b"]))
    sums = ZoneSums(store.connections, SETTINGS)
    while sums.roll_up(minute(300)):
        pass
    forget(store, "a")
    hours = store.reader.statistics.between(minute(-60), minute(120))
    assert hours.total is not None
    assert hours.total.device_count == 1


def test_what_waits_to_be_sent_is_told_without_it(store: Store) -> None:
    """A scan in the outbox stays in its place and goes on waiting."""
    outbox = Outbox(store.connections, OutboxLimits(10_000, timedelta(days=1)))
    outbox.put("0" * 32, minute(0), f"[{hash_of('a')}]".encode())
    outbox.put("1" * 32, minute(0), f"[{hash_of('b')}]".encode())
    assert forget(store, "a").unsent_count == 1
    assert [one.body for one in outbox.oldest(10, 1000)] == [b"[]", f"[{hash_of('b')}]".encode()]


def test_it_is_counted_anew_by_a_programme_that_runs(any_url: str) -> None:
    """Whoever recorded it has it in memory; when it is heard again it is a new device, with nothing of the old one."""
    with (
        contextlib.closing(open_store(any_url, SETTINGS)) as running,
        contextlib.closing(Connections(any_url)) as other,
    ):
        for number in range(3):
            running.recorder.record(scan(minute(number), ["a", "b"]))
        assert forget_device(other, known("a"), as_it_is).device_count == 1
        running.recorder.record(scan(minute(3), ["a", "b"]))
        with running.connections.read() as connection:
            rows = {row.device_hash: row for row in connection.execute(select(DEVICES[Radio.WIFI]))}
        assert rows[hash_of("a")].first_seen_at == minute(3)
        assert rows[hash_of("b")].first_seen_at == minute(0)


def test_no_byte_of_it_is_left_in_the_files(url: str) -> None:
    """Neither the database's file nor its log holds the hash, while another programme has the database open."""
    path = Path(url.removeprefix("sqlite:///"))
    hashes = bytes.fromhex(hash_of("a")), hash_of("a").encode()

    def held() -> bool:
        content = b"".join(file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm"))
        return any(one in content for one in hashes)

    with (
        contextlib.closing(open_store(url, SETTINGS)) as running,
        contextlib.closing(open_store(url, SETTINGS)) as other,
    ):
        # Enough to be moved about between pages.
        for number in range(40):
            names = [str(name) for name in range(number * 20, number * 20 + 60)]
            running.recorder.record(scan(minute(number), [*names, "a"], names))
        assert held()
        forget(other, "a")
        other.connections.overwrite_deleted()
        assert not held()
        running.recorder.record(scan(minute(41), ["c"]))  # and it goes on
        assert len(devices_left(other)[Radio.WIFI]) > 100
    with contextlib.closing(open_store(url, SETTINGS)) as again:
        assert hash_of("c") in devices_left(again)[Radio.WIFI]
        with again.connections.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


OVERWRITE = """
import resource, sys
from db.connect import Connections
connections = Connections(sys.argv[1])
with connections.write() as connection:
    connection.exec_driver_sql("CREATE TABLE much (some BLOB)")
    connection.exec_driver_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) "
        "INSERT INTO much SELECT randomblob(1000000) FROM n")
def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = most()
connections.overwrite_deleted()
print(most() - before)
"""


def test_overwriting_takes_little_memory(url: str) -> None:
    """A database of 60 MB, which is copied on the way, takes a third of that in memory at most."""
    done = subprocess.run([sys.executable, "-c", OVERWRITE, url], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20


def test_a_database_in_memory_has_nothing_to_overwrite() -> None:
    """Where there is no file, forgetting is enough."""
    with contextlib.closing(open_store("sqlite://", SETTINGS)) as store:
        store.recorder.record(scan(minute(0), ["a"]))
        assert forget(store, "a").device_count == 1
        store.connections.overwrite_deleted()
        assert devices_left(store)[Radio.WIFI] == set()


def test_a_thing_that_stays_is_forgotten(store: Store) -> None:
    """It goes by its digest, with the name that it has under the registry key, and the past is estimated anew."""
    digests = [hash_of("printer"), hash_of("clock")]
    with store.connections.write() as connection:
        row = {"radio": Radio.WIFI, "first_heard_at": minute(0), "last_heard_at": minute(0), "days": 1, "nights": 1}
        connection.execute(insert(FIXTURES), [{**row, "digest": one, "decision": "learned"} for one in digests])
    assert (
        forget_device(store.connections, known("a", fixture_digests=frozenset(digests[:1])), as_it_is).fixture_count
        == 1
    )
    assert store.fixtures.digests() == {hash_of("clock")}


def test_what_is_old_is_overwritten_too(url: str) -> None:
    """Of devices that were kept for long enough no hash is left in the file, once the log was taken over."""
    path = Path(url.removeprefix("sqlite:///"))
    names = [str(number) for number in range(300)]
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        for number in range(30):
            store.recorder.record(scan(minute(number), names[number * 10 : number * 10 + 30], names[:5]))
        later_at = minute(60) + timedelta(days=SETTINGS.keep_days)
        store.recorder.record(scan(later_at, ["c"]))
        store.recorder.forget_due(later_at)
        assert devices_left(store)[Radio.WIFI] == {hash_of("c")}
    content = path.read_bytes()
    assert not [name for name in names if bytes.fromhex(hash_of(name)) in content]


def test_who_is_in_the_way_is_said_clearly(url: str) -> None:
    """While another programme writes, the file cannot be written anew; what is forgotten is, and one may try again."""
    with (
        contextlib.closing(open_store(url, SETTINGS)) as store,
        contextlib.closing(Connections(url)) as other,
    ):
        store.recorder.record(scan(minute(0), ["a"]))
        with store.connections.write() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")  # not to wait for five seconds
        with other.write(), pytest.raises(DatabaseError, match="It was deleted, but older copies may still lie"):
            store.connections.overwrite_deleted()
        store.connections.overwrite_deleted()
