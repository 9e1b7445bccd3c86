from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.layouts.visit import PATIENCE_MS, Visit
from tests.system.programme import started

# Text of a script, and an attribute with one: each would be run if the page only relied on escaping.
SLIPPED_IN = """() => {
  const script = document.createElement("script");
  script.textContent = "window.pwned = 1";
  document.body.append(script);
  document.body.insertAdjacentHTML("beforeend", '<img src="x" onerror="window.pwned = 1">');
}"""

VIEWS = ("/", "/people", "/tags", "/alerts", "/sensors", "/settings", "/about", "/login", "/api")


def test_every_view_works_under_a_strict_policy_that_runs_no_strange_script(chromium: Browser, tmp_path: Path) -> None:
    """No view complains of what it may not do, and a script that somebody slips into one is not run."""
    with started(tmp_path, "--demo", extra={"TRACKING_LAYOUTS_SITE_NAME": "Library"}) as demo:
        demo.wait_until(lambda health: health["parts"]["database"]["is_fine"])
        context = chromium.new_context()
        visit = Visit(context.new_page(), demo.url)
        visit.open()
        for view in VIEWS:
            visit.page.goto(demo.url + view, wait_until="networkidle", timeout=PATIENCE_MS)
            assert visit.complaints == [], view
        assert visit.strangers == []
        visit.open()
        with visit.page.expect_console_message(lambda said: "Content Security Policy" in said.text):
            visit.page.evaluate(SLIPPED_IN)
        assert visit.page.evaluate("window.pwned") is None
        context.close()
