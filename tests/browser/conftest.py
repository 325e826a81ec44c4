"""Real Chromium against a live server, in every look, listening for what must never happen."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.register_assert_rewrite("tests.browser.visitor")

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from playwright.sync_api import Page  # noqa: E402

from qualadmin.core.models import User  # noqa: E402
from tests.browser.visitor import Visitor  # noqa: E402
from tests.people import Cast, make_cast  # noqa: E402

LOOKS = {
    "light": ("light", 1366, 860),
    "dark": ("dark", 1366, 860),
    "phone": ("light", 390, 844),
    "phone-dark": ("dark", 390, 844),
}
#: Each colour scheme and each size once. What every page is made of is seen in all four (test_frame), and so is
#: the main job; the flows of single pages are made of the same.
BOTH = ("light", "phone-dark")


@pytest.fixture(scope="session")
def base_url() -> None:
    """Replaces the plugin's own, which is declared in a way that pytest 9 warns of. The live server names it."""


@pytest.fixture
def look() -> str:
    """The name of a look; tests that are about looks parametrize it over LOOKS."""
    return "light"


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], look: str) -> dict[str, Any]:
    """Colour scheme and size of the look; reduced motion, so that nothing is measured while it moves."""
    scheme, width, height = LOOKS[look]
    return {
        **browser_context_args,
        "color_scheme": scheme,
        "viewport": {"width": width, "height": height},
        "reduced_motion": "reduce",
        "locale": "en-GB",
    }


@pytest.fixture
def people(transactional_db: None) -> Cast:
    """The cast of tests.people, in the database the live server sees."""
    return make_cast()


@pytest.fixture
def visitor(page: Page, live_server: Any, people: Cast) -> Iterator[Visitor]:
    """Somebody at the browser, not signed in. Ends with the assertion that nothing went wrong in between."""
    someone = Visitor(page, live_server.url, people)
    yield someone
    someone.assert_nothing_went_wrong()


@pytest.fixture
def granter_at_browser(visitor: Visitor, people: Cast) -> Visitor:
    """The granter, signed in."""
    sign_in(visitor, people.granter)
    return visitor


def sign_in(visitor: Visitor, user: User) -> None:
    """Give the browser a session of `user`, without the form (tests of the form use the form)."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    visitor.page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": visitor.base}]
    )
