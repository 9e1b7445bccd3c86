from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.layouts.visit import PATIENCE_MS
from tests.system.programme import carry_out, started


def reset_time_spent(page: Page) -> None:
    page.get_by_role("button", name="Reset time").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Reset")).click()


def test_page_report_and_file_agree_and_reset_touches_time_only(chromium: Browser, tmp_path: Path) -> None:
    """What the page shows is what the saved report and the command say; after a reset only the time spent is new."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (apt: tshark)")
    with started(tmp_path, "--demo") as programme:
        scanned = programme.wait_until(lambda health: health["last_scan_at"] is not None)
        programme.wait_until(lambda health: health["last_scan_at"] != scanned["last_scan_at"])
        page = chromium.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(programme.url)
        expect(page).to_have_title("Wi-Fi and Bluetooth Tracking", timeout=PATIENCE_MS)
        expect(page.get_by_text("Demonstration: simulated visitors")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("#total-reading")).to_contain_text(re.compile(r"[1-9]"), timeout=PATIENCE_MS)
        total = " ".join(page.locator("#total-reading").inner_text().split())

        with page.expect_download() as download:
            page.get_by_role("button", name="Save data").click()
        expect(page.locator("#data-state-reading")).not_to_contain_text("Data not saved", timeout=PATIENCE_MS)
        (kept,) = (tmp_path / "reports").iterdir()
        downloaded = Path(download.value.path()).read_text(encoding="utf-8")
        assert kept.read_text(encoding="utf-8") == downloaded
        said = carry_out("report", "--demo", "--range", "day", "--db", f"sqlite:///{tmp_path}/tracking.db").stdout
        for report in (downloaded, said):
            counted = re.search(r"Total of people detected +([\d,]+)", report)
            assert counted is not None
            assert counted[1] in total

        reset_time_spent(page)
        expect(page.get_by_text("Nothing was changed: this asks for the admin password.")).to_be_visible()
        page.get_by_role("link", name="Log in", exact=True).click()
        page.get_by_label(re.compile("password", re.IGNORECASE)).fill(programme.admin_password)
        page.get_by_role("button", name="Log in").click()
        reset_time_spent(page)
        expect(page.locator("#time-spent-reading")).not_to_contain_text("Since the first scan", timeout=PATIENCE_MS)
        assert " ".join(page.locator("#total-reading").inner_text().split()) == total
        page.close()
        assert programme.stop() == 0
