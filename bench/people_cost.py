"""What estimating people costs: `python -m bench.people_cost [--days N]`.

A box hears 500 devices a minute, for so many days; twelve things stay. Measured is what a minute adds (the counts that
are packed and stored, the estimate, the answer of now), how quickly a page is answered from all of it, and how long it
takes to learn from head counts and to estimate the past anew. Printed as one JSON object; times are of one core, and
whatever else runs does not count.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from statistics import median, quantiles

from sqlalchemy import insert

from bench.ordinary import ordinary_settings
from db.connect import Connections
from db.packed_counts import pack
from db.people_schema import SCAN_COUNTS
from db.refit import fit
from db.schema import SCANS
from db.store import Store, open_store
from presence.counts import COUNTED_NAMES, Counted, FixtureHeard, RadioCounts
from presence.ranges import TimeRange
from presence.scan import Heard, Scan

_DEVICES = 500
_FIXTURES = 12
_BEGIN_AT = datetime(2027, 3, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_SETTINGS = ordinary_settings("Europe/Prague")
# What of the devices is heard at each cut.
_SHARES = (1.0, 0.9, 0.75, 0.6, 0.4, 0.25, 0.1, 0.05)
# Different counts; the minutes take turns with them.
_KINDS = 64
_ROWS_AT_ONCE = 10_000
_MEASURED = 100
_HEAD_COUNTS = 30


def _counted(rng: random.Random, devices: float) -> Counted:
    every = [rng.uniform(0.3, 2.0) * devices for _ in COUNTED_NAMES]
    return Counted(*(tuple(int(number * share) for share in _SHARES) for number in every))


def crowd_counts(rng: random.Random, fixture_count: int = _FIXTURES) -> RadioCounts:
    """What one of two radios counts among 500 devices, of which so many are known to stay."""
    fixtures = tuple(
        FixtureHeard(f"{number:064x}", "Brother", 4, 2, 40, 20, 10, number % len(_SHARES), is_carried=False)
        for number in range(1, fixture_count + 1)
    )
    return RadioCounts(_counted(rng, _DEVICES * 0.2), _counted(rng, _DEVICES * 0.5), 10, fixtures)


def _scan(at: datetime, wifi: RadioCounts, bluetooth: RadioCounts) -> Scan:
    """A scan that counted. What its devices cost, `bench.write_size` and others measure."""
    return Scan(
        sensor="box",
        started_at=at,
        duration_seconds=10.0,
        elapsed_seconds=60.0,
        key_period=_BEGIN_AT.date().toordinal(),
        clock_is_right=True,
        wifi=Heard((), counts=wifi),
        bluetooth=Heard((), counts=bluetooth),
    )


def _fill(connections: Connections, days: int, packed: list[bytes]) -> None:
    """Write down the counts of so many days, with the last of their scans, beyond which scans are numbered."""
    rows = (
        {
            "scan_id": number,
            "sensor": "box",
            "started_at": _BEGIN_AT + number * _MINUTE,
            "wifi": packed[number % _KINDS],
            "bluetooth": packed[(number + 7) % _KINDS],
        }
        for number in range(days * 1440)
    )
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        with connections.write() as connection:
            connection.execute(insert(SCAN_COUNTS), some)
    last: dict[str, object] = {
        "id": days * 1440,
        "sensor": "box",
        "started_at": _BEGIN_AT,
        "duration_seconds": 10.0,
        "key_period": 0,
        "clock_is_right": True,
    }
    with connections.write() as connection:
        connection.execute(insert(SCANS), last)


def _cpu_seconds(do: Callable[[], object]) -> float:
    """What is done until there is nothing left to do."""
    began = time.process_time()
    while do():
        pass
    return round(time.process_time() - began, 2)


def _cpu_milliseconds(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return 1000 * (time.process_time() - began)


def _told(milliseconds: Sequence[float]) -> dict[str, float]:
    return {"p50_cpu_ms": round(median(milliseconds), 2), "p95_cpu_ms": round(quantiles(milliseconds, n=20)[-1], 2)}


def _asked(ask: Callable[[], object], times: int = _MEASURED) -> dict[str, float]:
    return _told([_cpu_milliseconds(ask) for _ in range(times)])


def _minutes(store: Store, kinds: list[RadioCounts], now_at: datetime) -> dict[str, float]:
    """What minutes of scans cost, one by one: taken in, estimated, told."""

    def minute(scan: Scan) -> None:
        store.recorder.record(scan)
        store.people_sums.roll_up(scan.started_at)
        store.people.people_now(scan.started_at)

    scans = [
        _scan(now_at + number * _MINUTE, kinds[number % _KINDS], kinds[(number + 7) % _KINDS])
        for number in range(_MEASURED)
    ]
    return _told([_cpu_milliseconds(partial(minute, scan)) for scan in scans])


def _answers(store: Store, now_at: datetime) -> dict[str, dict[str, float]]:
    """How quickly each question is answered."""
    people = store.people
    histories = {
        f"history {time_range.value}": partial(people.people_history, time_range, now_at) for time_range in TimeRange
    }
    told = {name: _asked(ask) for name, ask in histories.items()}
    return {
        **told,
        "now": _asked(partial(people.people_now, now_at)),
        "busy week": _asked(partial(people.busy_week, now_at)),
        "calibration": _asked(people.calibration),
        "what-if week": _asked(partial(people.what_if, 0.5, None, TimeRange.WEEK, now_at), 20),
    }


def measure(days: int) -> dict[str, object]:
    """What it costs."""
    rng = random.Random(1)  # noqa: S311 - the same each time
    kinds = [crowd_counts(rng) for _ in range(_KINDS)]
    packed = [pack(one, {f"{number:064x}": number for number in range(1, _FIXTURES + 1)}) for one in kinds]
    now_at = _BEGIN_AT + days * 1440 * _MINUTE
    figures: dict[str, object] = {
        "days": days,
        "devices": _DEVICES,
        "bytes_a_scan": round(2 * sum(map(len, packed)) / _KINDS),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(open_store(f"sqlite:///{folder}/tracking.db", _SETTINGS)) as store,
    ):
        _fill(store.connections, days, packed)
        figures["estimate_past_cpu_seconds"] = _cpu_seconds(partial(store.people_sums.roll_up, now_at))
        for number in range(1, _HEAD_COUNTS + 1):
            store.head_counts.add(20 + number, now_at - number * timedelta(hours=1), "bench")
        figures["learn_cpu_seconds"] = _cpu_seconds(partial(fit, store.connections, _SETTINGS, now_at))
        figures["estimate_anew_cpu_seconds"] = _cpu_seconds(partial(store.people_sums.restate, now_at))
        figures["a_minute"] = _minutes(store, kinds, now_at)
        figures["answers"] = _answers(store, now_at + _MEASURED * _MINUTE)
    return figures


def main() -> None:
    """Print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365, help="days of history (default: 365)")
    json.dump(measure(parser.parse_args().days), sys.stdout)
    print()


if __name__ == "__main__":
    main()
