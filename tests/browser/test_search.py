"""The search box in Chromium, by keyboard alone: from any page to what was looked for, in every look."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import BOTH, sign_in
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.factories import JobFactory, QualificationFactory, StudyFactory, TypeFactory, UserFactory, WorkerFactory


@pytest.mark.parametrize("look", BOTH)
def test_from_any_page_to_a_study_by_keyboard(visitor: Visitor, look: str) -> None:
    page, account = visitor.page, visitor.people.account
    sign_in(visitor, visitor.people.manager)
    for n in range(11):
        TypeFactory(account=account, name=f"Amedlar wave {n}")
    QualificationFactory(type=TypeFactory(account=account), worker=WorkerFactory(worker_id="AMEDLAR12"))
    QualificationFactory(type=TypeFactory(account=account), worker=WorkerFactory(worker_id="AMEDLAR13"))
    JobFactory(account=account, title="amedlar-wave-7-with-everybody-who-took-part-in-the-pilot.csv")
    study = StudyFactory(title="Amedlar and attention", protocol_number="IRB-2026-077")
    UserFactory(full_name="Ada Amedlar", username="ada")
    visitor.open("/profile/")
    use_practice_lab(page)
    page.keyboard.press("/")
    page.keyboard.type("amedlar")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Found for “amedlar”")
    expect(page.get_by_text("The first 10. Enter more of the name to see fewer.")).to_be_visible()
    visitor.picture(f"search-{look}")
    visitor.assert_good_page()
    page.keyboard.press("/")
    page.keyboard.type("amedlar and")  # in place of what stands there
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Found for “amedlar and”")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{visitor.base}/studies/{study.pk}/")
    page.keyboard.press("/")
    page.keyboard.type("nothing is called like this")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is called so")).to_be_visible()
    visitor.picture(f"search-empty-{look}")
    visitor.assert_good_page()
