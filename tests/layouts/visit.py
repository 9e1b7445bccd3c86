"""One open page, watched: what it complains about, and whom it asks."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Request, Response

# Generous: the machine may be busy with other tests.
PATIENCE_MS = 60_000


class Visit:
    """A page in a real browser.

    Attributes:
        page: The browser's page.
        address: The address of its server.
        complaints: Errors and warnings on its console, and errors nobody caught.
        strangers: Addresses asked for that are not its server's.
        responses: All that was answered.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.responses: list[Response] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._watch)
        page.on("response", self._keep)

    def open(self, path: str = "/") -> Page:
        """Open a path, and wait until its numbers are there."""
        self.page.goto(self.address + path)
        self.page.wait_for_function("() => document.querySelector('#radio-states article') !== null")
        if path == "/":
            self.wait_for_chart("chart => chart.data.length === 4")
        return self.page

    def wait_for_text(self, selector: str, text: str) -> None:
        """Wait until an element holds a text, its white space as a reader would see it."""
        self.page.wait_for_function(
            "([selector, text]) => document.querySelector(selector)?.innerText.replace(/\\s+/g, ' ').includes(text)",
            arg=[selector, text],
        )

    def wait_for_chart(self, condition: str) -> None:
        """Wait until the drawn combined chart meets a condition, a JavaScript function of it."""
        self.page.wait_for_function(
            f"() => {{ const chart = document.querySelector('#people-chart .js-plotly-plot'); "
            f"return chart && chart.data && chart.querySelector('.main-svg') && ({condition})(chart); }}"
        )

    def chart(self, expression: str) -> Any:  # noqa: ANN401 - whatever the expression gives
        """A value of the drawn combined chart, by a JavaScript function of it."""
        return self.page.evaluate(f"({expression})(document.querySelector('#people-chart .js-plotly-plot'))")

    def _keep(self, response: Response) -> None:
        self.responses.append(response)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.strangers.append(request.url)
