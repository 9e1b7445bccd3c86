"""Records scans until it is killed: `python -m tests.db.writing URL FIRST`; says the number of each once committed."""

from __future__ import annotations

import sys
from itertools import count

from db.store import open_store
from tests.db.scanning import SETTINGS, minute, scan

if __name__ == "__main__":
    _, url, first = sys.argv
    store = open_store(url, SETTINGS)
    for number in count(int(first)):
        names = [str(name) for name in range(number % 7 * 20, number % 7 * 20 + 150)]
        store.recorder.record(scan(minute(number), names, names[:40]))
        print(number, flush=True)  # noqa: T201 - this is how it tells
