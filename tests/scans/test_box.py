from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from presence.faults import Fault
from presence.overview import Phase
from presence.radio import Radio
from presence.scan import Scan
from presence.zones import ZoneThresholds
from scans.box import Box
from scans.clock import machine_clock
from scans.folding import ObservationRules
from scans.patience import PatientRadio
from scans.sensor import Sensor
from scans.sighting import HearSighting
from scans.visitor_key import KeyRotation, VisitorKeys

# Generous: what is waited for comes within milliseconds on a machine that is not busy.
WAIT_SECONDS = 60


class NotRememberedError(Exception):
    """What remembering raises when it cannot."""


class Quiet:
    """A radio that hears nobody, and tells when it is closed."""

    radio = Radio.WIFI

    def __init__(self) -> None:
        self.closed = threading.Event()

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        del seconds, hear
        return None

    def recover(self, fault: Fault) -> str:
        del fault
        return ""

    def close(self) -> None:
        self.closed.set()


def box(remember: Callable[[Scan], None], *radios: PatientRadio) -> Box:
    clock = machine_clock()
    sensor = Sensor(
        name="box",
        radios=radios,
        keys=VisitorKeys(None, KeyRotation.DAILY, 4, ZoneInfo("UTC")),
        rules=ObservationRules(lambda *_: None, ZoneThresholds()),
        listen_seconds=0,
        clock=clock,
        newest_at=None,
    )
    return Box(
        sensor=sensor,
        remember=remember,
        not_remembered=NotRememberedError,
        interval_seconds=0.05,
        jitter_seconds=0,
        clock=clock,
        rng=random.Random(1),
    )


def test_every_scan_is_handed_over() -> None:
    """From start to stop, one scan after the other is remembered, and the box knows how many it made."""
    remembered = threading.Semaphore(0)
    running = box(lambda scan: remembered.release())  # noqa: ARG005 - the shape of remembering
    assert running.activity().phase is Phase.STARTING
    running.start()
    for _ in range(3):
        assert remembered.acquire(timeout=WAIT_SECONDS)
    running.stop()
    activity = running.activity()
    assert activity.phase is Phase.WAITING
    assert activity.scan_count >= 3


def test_what_cannot_be_remembered_is_logged_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """Three failures and what follows make two lines, and the scans go on meanwhile."""
    caplog.set_level(logging.INFO, "scans.box")
    done = threading.Semaphore(0)
    failures = [True, True, True]

    def remember(scan: Scan) -> None:
        del scan
        done.release()
        if failures and failures.pop():
            raise NotRememberedError("There is no room left.")

    running = box(remember)
    running.start()
    for _ in range(5):
        assert done.acquire(timeout=WAIT_SECONDS)
    running.stop()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["Scans are not recorded. There is no room left.", "Scans are recorded again."]


def test_while_a_scan_goes_on_it_says_so_and_a_stop_drops_it() -> None:
    """During a scan the phase is scanning; one that ends after the stop began is not remembered."""
    scanning, go_on, remembered = threading.Event(), threading.Event(), []

    def remember(scan: Scan) -> None:
        remembered.append(scan)
        scanning.set()
        go_on.wait(WAIT_SECONDS)

    quiet = Quiet()
    running = box(remember, PatientRadio(Radio.WIFI, lambda: quiet, WAIT_SECONDS))
    running.start()
    assert scanning.wait(WAIT_SECONDS)
    assert running.activity().phase is Phase.SCANNING
    assert running.activity().next_scan_in is None
    stopping = threading.Thread(target=running.stop)
    stopping.start()
    assert quiet.closed.wait(WAIT_SECONDS)
    go_on.set()
    stopping.join(WAIT_SECONDS)
    assert not stopping.is_alive()
    assert len(remembered) == 1
