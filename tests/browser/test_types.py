"""Types in Chromium: a test from the form editor to a score, one in XML, changing, deleting in two steps."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from qualadmin.core.models import QualificationType, TypeChange
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.accounts import gateway_for
from qualadmin.tasks.type_changes import change_type, look_for_hits
from qualadmin.tasks.types import create_type
from tests.browser.conftest import sign_in
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.tasks.conftest import make_live_type

WORKER = "A1BROWSERWORKER"


@pytest.fixture
def emulator(settings: Any) -> Iterator[Emulator]:
    with Emulator() as running:
        settings.EMULATOR_URL = running.url
        yield running


@pytest.fixture
def manager(visitor: Visitor) -> Visitor:
    sign_in(visitor, visitor.people.manager)
    return visitor


def write_test(visitor: Visitor, page: Page) -> None:
    """Two questions, the second added while the first is half written."""
    page.locator("#id_q0-text").fill("Which of these is a colour?")
    page.locator("#id_q0-c0-text").fill("Blue")
    page.locator("#id_q0-c0-points").fill("10")
    page.locator("#id_q0-c1-text").fill("Seven")
    page.get_by_role("button", name="Several answers").click()
    expect(page.locator("#id_q1-text")).to_be_visible()
    expect(page.locator("#id_q0-c0-text")).to_have_value("Blue")
    page.locator("#id_q1-text").fill("Which are even?")
    page.locator("#q1-add").click()
    expect(page.locator("#id_q1-c2-text")).to_be_visible()
    for place, text in enumerate(("One", "Two", "Four")):
        page.locator(f"#id_q1-c{place}-text").fill(text)
    page.locator("#id_q1-c1-is_right").check()
    page.locator("#id_q1-c2-is_right").check()
    page.get_by_role("button", name="Keep and preview").last.click()
    expect(page.get_by_role("alert")).to_contain_text("say how many points they earn")
    visitor.assert_good_page()
    page.locator("#id_q1-points").fill("5")
    page.get_by_role("button", name="Keep and preview").last.click()


def test_from_the_form_editor_to_the_score(manager: Visitor, emulator: Emulator, browser: Browser) -> None:
    visitor, page = manager, manager.page
    visitor.open("/types/create/")
    page.get_by_label("Name that workers read").fill("Colour quiz")
    page.get_by_label("Description").fill("Shows that you have read the instructions.")
    page.get_by_role("button", name="Write a test").click()
    write_test(visitor, page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Test of the new type")
    for choice in ("Blue", "Two", "Four"):
        page.get_by_label(choice).check()
    page.get_by_role("button", name="Score these answers").click()
    expect(page.get_by_text("Score 15.")).to_be_visible()
    visitor.picture("type-trial")
    visitor.assert_good_page()
    page.get_by_role("link", name="Create a type with this test").click()
    expect(page.get_by_label("Name that workers read")).to_have_value("Colour quiz")
    visitor.assert_good_page()
    page.get_by_role("button", name="Check your answers").last.click()
    expect(page.get_by_text("Can never be taken away")).to_be_visible()
    visitor.assert_good_page()
    page.get_by_role("button", name="Create this type in the emulator").click()
    expect(page.get_by_text("Amazon is being asked to create this type")).to_be_visible()
    row = QualificationType.objects.get(name="Colour quiz")
    create_type(str(row.pk))
    expect(page.get_by_text("Active", exact=True)).to_be_visible()  # the page asked again by itself

    assert taken_by_a_worker(browser, emulator) == "Your test is scored: 15."
    row.refresh_from_db()
    [held] = gateway_for(row.account).holders(row.mturk_id or "")
    assert (held.worker_id, held.value) == (WORKER, 15)

    delete(visitor, page, row)
    row.refresh_from_db()
    assert row.state == "deleting"


def taken_by_a_worker(browser: Browser, emulator: Emulator) -> str:
    """What the emulator's page says to a worker who answers all questions rightly."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{emulator.url}/_emulator/")
    page.get_by_label("Worker ID").fill(WORKER)
    page.get_by_role("button", name="Act as this worker").click()
    page.goto(f"{emulator.url}/_emulator/page/qualifications")
    page.get_by_role("region").locator("tr").filter(has_text="Colour quiz").get_by_role("button").click()
    for choice in ("Blue", "Two", "Four"):
        page.get_by_label(choice).check()
    page.get_by_role("button", name="Hand in").click()
    words = page.get_by_role("status").inner_text()
    context.close()
    return words


def delete(visitor: Visitor, page: Page, row: QualificationType) -> None:
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Ask Amazon which HITs require it").click()
    expect(page.get_by_text("Amazon is being asked which HITs require this type, since")).to_be_visible()
    look_for_hits(str(row.pk))
    expect(page.get_by_text("as Amazon said just now")).to_be_visible()
    visitor.picture("type-delete")
    visitor.assert_good_page()
    page.get_by_role("link", name="Go on to delete it…").click()
    page.get_by_label("Name of the type").fill("Colour quiz")
    visitor.assert_good_page()
    page.get_by_role("button", name=re.compile("Delete this type in the emulator")).click()
    expect(page.get_by_text("This type is being deleted")).to_be_visible()
    change_type(str(TypeChange.objects.get().pk))
    expect(page.get_by_text("Amazon has begun.")).to_be_visible()
    visitor.assert_good_page()


def test_change_make_inactive_and_write_a_test_in_xml(manager: Visitor, emulator: Emulator) -> None:
    visitor, page = manager, manager.page
    visitor.open("/profile/")
    use_practice_lab(page)
    one = make_live_type(visitor.people.account)
    gateway_for(one.account).update_type(one.mturk_id or "", description=one.description)  # as noted here
    visitor.open(f"/types/{one.pk}/")
    page.get_by_role("link", name="Change the type").click()
    page.get_by_label("Description").fill("Took part in the pilot.")
    page.get_by_role("button", name="Check the change").click()
    expect(page.get_by_text("Took part in the pilot.")).to_be_visible()
    visitor.assert_good_page()
    page.get_by_role("button", name="Change this type in the emulator").click()
    change_type(str(TypeChange.objects.get().pk))
    page.reload()
    page.get_by_role("link", name="Deactivate…").click()
    visitor.assert_good_page()
    page.get_by_role("button", name="Deactivate this type in the emulator").click()
    change_type(str(TypeChange.objects.latest("created_at").pk))
    page.reload()
    expect(page.get_by_role("link", name="Activate…")).to_be_visible()
    there = gateway_for(one.account).get_type(one.mturk_id or "")
    assert (there.description, there.status) == ("Took part in the pilot.", "Inactive")

    page.get_by_role("link", name="Give it a test").click()
    visitor.assert_good_page()
    page.get_by_role("button", name="Write a test").click()
    page.get_by_role("link", name="As XML", exact=True).click()
    page.get_by_label("QuestionForm").fill("<QuestionForm>\n  <Wrong>\n</QuestionForm>")
    page.get_by_role("button", name="Keep and preview").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"line \d+, column \d+", re.IGNORECASE))
    visitor.picture("type-xml-faults")
    visitor.assert_good_page()
