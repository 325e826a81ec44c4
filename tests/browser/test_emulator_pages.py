"""The emulator's own pages in Chromium: a worker's whole way, in every look, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, Page, expect

from qualadmin.emulator.testing import Emulator
from tests.browser.conftest import BOTH
from tests.browser.visitor import Visitor
from tests.emulator.conftest import create_type, make_client
from tests.emulator.hit_forms import HTML, new_hit
from tests.people import Cast
from tests.questions.documents import form, key, question, scored, selections

WORKER = "A1BROWSERWORKER"
TITLE = "<Overview><Title>Colour words</Title><Text>Read each word.</Text></Overview>"
COLOUR = question("colour", selections("red", "green"), "<Text>Which colour is the word?</Text>")
TEST = form(TITLE, COLOUR.replace("<QuestionContent>", "<IsRequired>true</IsRequired><QuestionContent>"))
KEY = key(scored("colour", ("red", 70)))
PAGES = (
    "",
    *(f"page/{name}" for name in ("qualifications", "hits", "mail", "calls", "clock", "misbehave", "reset")),
)


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def market(running: Emulator) -> Emulator:
    """Two types, one with a test, and two HITs."""
    running.reset()
    client = make_client(running.url, "AKIADEMOFIRST")
    create_type(client, "Careful reader")
    create_type(client, "Colour test", Test=TEST, AnswerKey=KEY, TestDurationInSeconds=600)
    new_hit(client, Title="Name a colour", Question=TEST)
    new_hit(client, Title="Fill in a page", Question=HTML)
    return running


@pytest.fixture
def guest(page: Page, market: Emulator) -> Iterator[Visitor]:
    """Somebody at the emulator's pages; qualadmin's people do not matter there."""
    someone = Visitor(page, f"{market.url}/_emulator/", cast(Cast, None))
    yield someone
    someone.assert_nothing_went_wrong()


def become(page: Page) -> None:
    page.get_by_label("Worker ID").fill(WORKER)
    page.get_by_role("button", name="Act as this worker").click()
    expect(page.get_by_text(f"You act as {WORKER} now.")).to_be_visible()


def row(page: Page, text: str) -> Any:
    return page.get_by_role("region").locator("tr").filter(has_text=text)


@pytest.mark.parametrize("look", BOTH)
def test_axe_and_the_content_policy_find_no_fault(guest: Visitor, look: str) -> None:
    for path in PAGES:
        guest.open(path)
        guest.assert_good_page()
    guest.open("")
    become(guest.page)
    for path in PAGES:
        guest.open(path)
        guest.picture(f"emulator-{path.removeprefix('page/') or 'start'}-{look}")
        guest.assert_good_page()
    guest.open("page/qualifications")
    row(guest.page, "Colour test").get_by_role("button").click()
    guest.page.get_by_role("button", name="Hand in").click()
    expect(guest.page.get_by_role("alert")).to_contain_text("Nothing was handed in yet")
    guest.picture(f"emulator-test-fault-{look}")
    guest.assert_good_page()
    guest.open("page/hits")
    row(guest.page, "Fill in a page").get_by_role("button").click()
    guest.picture(f"emulator-work-{look}")
    guest.assert_good_page()


def test_it_fits_a_window_of_320_pixels(guest: Visitor) -> None:
    guest.page.set_viewport_size({"width": 320, "height": 800})
    guest.open("")
    become(guest.page)
    for path in PAGES:
        guest.open(path)
        assert guest.sticks_out() <= 0, path


def test_a_workers_way_without_a_script(browser: Browser, market: Emulator) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{market.url}/_emulator/")
    become(page)
    row(page, "Careful reader").get_by_role("button", name="Ask").click()
    expect(page.get_by_role("status")).to_have_text("You have asked. The requester decides.")
    row(page, "Colour test").get_by_role("button", name="Take the test").click()
    page.get_by_label("red").check()
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("status")).to_have_text("Your test is scored: 70.")
    page.get_by_role("link", name="HITs").click()
    row(page, "Name a colour").get_by_role("button", name="Accept").click()
    page.get_by_label("green").check()
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("status")).to_have_text("Handed in. The requester decides.")
    page.get_by_role("link", name="Misbehave").click()
    page.get_by_role("button", name="Lose the answer to the next grant").click()
    page.get_by_role("button", name="Remove rule").click()
    expect(page.get_by_text("No rule: every call gets the right answer.")).to_be_visible()
    page.get_by_role("link", name="Reset").click()
    page.get_by_label("Yes, forget everything").check()
    page.get_by_role("button", name="Reset this emulator").click()
    expect(page.get_by_role("status")).to_have_text("Everything is forgotten. The emulator is empty.")
    assert market.control("GET", "health")["qualification_types"] == 0
    context.close()


def test_a_form_of_another_site_changes_nothing(browser: Browser, market: Emulator) -> None:
    """A page elsewhere that posts to this port, as any page in the same browser could."""
    context = browser.new_context()
    page = context.new_page()
    target = f"{market.url}/_emulator/page/reset"
    fields = '<input name="do" value="reset"><input name="sure" value="yes">'
    html = f'<form method="post" action="{target}">{fields}<button>'
    page.route("http://evil.example/", lambda route: route.fulfill(content_type="text/html", body=html))
    page.goto("http://evil.example/")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_have_text("This form came from another page. Nothing was changed.")
    assert market.control("GET", "health")["qualification_types"] == 2
    context.close()
