"""Selecting holders in Chromium: boxes, the bar below them, keys, and the way to the check page."""

import re

import pytest
from playwright.sync_api import expect

from qualadmin.core.models import Preview, QualificationType
from tests.browser.conftest import BOTH, sign_in
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory

HOLDERS = 57
in_both_looks = pytest.mark.parametrize("look", BOTH)


@pytest.fixture
def wave(granter_at_browser: Visitor) -> QualificationType:
    """A type that 57 workers hold, and one was taken away from."""
    granter_at_browser.open("/profile/")
    use_practice_lab(granter_at_browser.page)
    chosen: QualificationType = TypeFactory(account=granter_at_browser.people.account, name="Wave 7")
    QualificationFactory(type=chosen, worker=WorkerFactory(worker_id="AFORMER"), status="Revoked")
    for n in range(HOLDERS):
        QualificationFactory(type=chosen, worker=WorkerFactory(worker_id=f"AHOLDER{n:03}"), value=50)
    return chosen


@in_both_looks
def test_from_boxes_to_the_check_page(granter_at_browser: Visitor, wave: QualificationType, look: str) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/types/{wave.pk}/?status=Granted&size=25")
    bar, whole_page = page.locator("#selection"), page.get_by_label("Select all on this page")
    expect(bar).to_be_hidden()
    page.get_by_label("Select AHOLDER056").check()
    page.get_by_label("Select AHOLDER054").check()
    expect(bar).to_be_in_viewport()
    expect(bar).to_contain_text("2 selected")
    expect(page.locator("#say")).to_have_text("2 selected")
    assert whole_page.evaluate("box => box.indeterminate")
    expect(page.get_by_label(re.compile("that match"))).to_be_hidden()
    visitor.picture(f"select-two-{look}")
    visitor.assert_good_page()
    whole_page.check()
    expect(bar).to_contain_text("25 selected")
    page.get_by_label("Select all 57 that match").check()
    expect(bar).to_contain_text("All 57 selected")
    visitor.picture(f"select-all-{look}")
    visitor.assert_good_page()
    bar.get_by_role("button", name="Take away…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Selected workers")
    expect(page.get_by_text("Holders of “Wave 7”: all 57 with Status: Granted")).to_be_visible()
    visitor.picture(f"select-columns-{look}")
    visitor.assert_good_page()
    page.get_by_label(re.compile("Silently")).check()
    page.get_by_role("button", name="Check line by line").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check before taking away from 57 workers")
    expect(page.get_by_role("button", name="Take away from 57 workers in the emulator")).to_be_visible()
    visitor.picture(f"select-check-{look}")
    visitor.assert_good_page()


def test_one_row_less_is_no_longer_all_that_match(granter_at_browser: Visitor, wave: QualificationType) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/types/{wave.pk}/?size=25")
    page.get_by_label("Select all on this page").check()
    page.get_by_label("Select all 58 that match").check()
    page.get_by_label("Select AHOLDER055").uncheck()
    expect(page.locator("#selection")).to_contain_text("24 selected")
    page.locator("#selection").get_by_role("button", name="Grant or change score…").click()
    expect(page.get_by_text("Holders of “Wave 7”: 24 ticked")).to_be_visible()
    expect(page.get_by_label("Qualification type")).to_have_value(str(wave.pk))
    assert b"AHOLDER055" not in bytes(Preview.objects.get().content or b"")


def test_another_page_or_filter_starts_with_nothing_selected(
    granter_at_browser: Visitor, wave: QualificationType
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/types/{wave.pk}/?size=25")
    page.get_by_label("Select AHOLDER056").check()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_label("Select AHOLDER031", exact=True)).to_be_visible()
    expect(page.locator("#selection")).to_be_hidden()
    page.get_by_label("Status").select_option("Granted")
    expect(page.locator(".chip")).to_contain_text("Granted")
    page.get_by_label("Select all on this page").check()
    expect(page.get_by_label("Select all 57 that match")).to_be_visible()
    assert page.locator("#selection input[name=filter]").input_value() == "?status=Granted&size=25"


def test_the_key_x_selects_the_row_in_hand(granter_at_browser: Visitor, wave: QualificationType) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/types/{wave.pk}/?size=25")
    page.keyboard.press("x")  # no row in hand: nothing happens
    expect(page.locator("#selection")).to_be_hidden()
    for key in ("j", "x", "j", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_label("Select AHOLDER056")).to_be_checked()
    expect(page.get_by_label("Select AHOLDER055")).not_to_be_checked()
    expect(page.get_by_label("Select AHOLDER054")).to_be_checked()
    page.keyboard.press("x")
    expect(page.locator("#selection")).to_contain_text("1 selected")
    page.get_by_label("Select AHOLDER050").focus()
    page.locator("tr.current").evaluate("row => row.classList.remove('current')")
    page.keyboard.press("x")  # the row that holds the focus counts as well
    expect(page.get_by_label("Select AHOLDER050")).to_be_checked()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Select the row")


def test_the_bar_never_covers_the_row_that_is_in_focus(
    granter_at_browser: Visitor, wave: QualificationType
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/types/{wave.pk}/?size=50")
    page.get_by_label("Select AHOLDER056").check()
    for _ in range(30):
        page.keyboard.press("j")
        covered = page.evaluate(
            "document.activeElement.getBoundingClientRect().bottom"
            " > document.querySelector('#selection').getBoundingClientRect().top"
        )
        assert not covered


def test_switched_off_keys_do_nothing(granter_at_browser: Visitor, wave: QualificationType) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open("/profile/")
    page.get_by_role("checkbox", name=re.compile("Keyboard shortcuts")).uncheck()
    page.get_by_role("button", name="Save").first.click()
    visitor.open(f"/types/{wave.pk}/?size=25")
    page.get_by_label("Select AHOLDER056").focus()
    page.keyboard.press("x")
    expect(page.get_by_label("Select AHOLDER056")).not_to_be_checked()


def test_after_back_the_boxes_and_the_bar_agree(granter_at_browser: Visitor, wave: QualificationType) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/types/{wave.pk}/?size=25")
    page.get_by_label("Select AHOLDER056").check()
    page.locator("#selection").get_by_role("button", name="Take away…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Selected workers")
    page.go_back()
    ticked = page.locator("[data-row]:checked").count()
    bar = page.locator("#selection")
    if ticked:
        expect(bar).to_contain_text(f"{ticked} selected")
    else:
        expect(bar).to_be_hidden()


def test_a_viewer_sees_no_box(visitor: Visitor, wave: QualificationType) -> None:
    sign_in(visitor, visitor.people.viewer)
    visitor.open("/profile/")
    use_practice_lab(visitor.page)
    visitor.open(f"/types/{wave.pk}/")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Wave 7")
    assert visitor.page.locator("main input[type=checkbox]").count() == 0


class TestWithoutScripts:
    """The same, where the browser runs none."""

    @pytest.fixture
    def browser_context_args(self, browser_context_args: dict[str, object]) -> dict[str, object]:
        return {**browser_context_args, "java_script_enabled": False}

    def test_the_bar_is_there_and_works(self, granter_at_browser: Visitor, wave: QualificationType) -> None:
        visitor, page = granter_at_browser, granter_at_browser.page
        visitor.open(f"/types/{wave.pk}/?size=25")
        expect(page.get_by_label("Select all on this page")).to_be_hidden()
        expect(page.locator("#selection")).to_contain_text("Tick workers, then:")
        visitor.picture("select-no-script")
        page.get_by_label("Select AHOLDER056").check()
        page.get_by_role("button", name="Grant or change score…").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Selected workers")
        expect(page.get_by_text("Holders of “Wave 7”: 1 ticked")).to_be_visible()
