"""Somebody at the browser: opens pages, signs in, and remembers everything that should not have happened."""

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

from tests.factories import PASSWORD
from tests.people import Cast

LISTEN = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
#: Set to a folder to get a picture of every page that `picture` is called for.
PICTURES = os.environ.get("PICTURES", "")


class Visitor:
    """Wraps a Playwright page. `page` is there for everything that has no method here."""

    def __init__(self, page: Page, base: str, people: Cast) -> None:
        self.page, self.base, self.people = page, base, people
        self.troubles: list[str] = []
        page.add_init_script(LISTEN)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that is meant to be an error page logs its status; statuses are what tests assert themselves.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.troubles.append(f"foreign address: {request.url}")

    def open(self, path: str) -> Response:
        """Go to a path of this site; returns the answer."""
        response = self.page.goto(self.base + path)
        assert response is not None
        return response

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Through the form, as people do."""
        self.open("/sign-in/")
        self.page.get_by_label("User name or e-mail").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def axe_faults(self) -> list[str]:
        """What axe finds on this page, one line for each rule and place."""
        found = Axe().run(self.page)
        return [
            f"{rule['id']} ({rule['impact']}): {node['target']} {node['html'][:160]}"
            for rule in found.response["violations"]
            for node in rule["nodes"]
        ]

    def sticks_out(self) -> int:
        """By how many pixels the page is wider than the window. Tables scroll inside their own region."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )

    def assert_good_page(self) -> None:
        """No axe fault, no sideways scrolling, nothing heard that should not be."""
        assert self.axe_faults() == []
        assert self.sticks_out() <= 0
        self.assert_nothing_went_wrong()

    def assert_nothing_went_wrong(self) -> None:
        """No violation of the content policy, no script error, no console error, no foreign address."""
        assert self.troubles == []

    def picture(self, name: str) -> None:
        """Save the window as PNG where the environment variable PICTURES names a folder."""
        if PICTURES:
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)
