"""The frame of all pages, in every look."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import LOOKS, sign_in
from tests.browser.visitor import Visitor
from tests.factories import PASSWORD, AccountFactory

in_every_look = pytest.mark.parametrize("look", list(LOOKS))


PAGES = {
    "styleguide": "/styleguide/",
    "list": "/styleguide/list/?q=person&active=True",
    "list-empty": "/styleguide/list/?q=nobody-like-that",
    "profile": "/profile/",
    "error-404": "/styleguide/problem/404/",
    "error-500": "/styleguide/problem/500/",
}


@in_every_look
def test_axe_and_the_content_policy_find_no_fault(granter_at_browser: Visitor, look: str) -> None:
    for name, path in PAGES.items():
        granter_at_browser.open(path)
        granter_at_browser.picture(f"{name}-{look}")
        granter_at_browser.assert_good_page()


@in_every_look
def test_the_sign_in_page_is_good_with_and_without_a_fault(visitor: Visitor, look: str) -> None:
    visitor.open("/sign-in/")
    visitor.picture(f"sign-in-{look}")
    visitor.assert_good_page()
    visitor.page.get_by_role("button", name="Sign in").click()
    expect(visitor.page.locator("#error-summary")).to_be_focused()
    visitor.picture(f"sign-in-fault-{look}")
    visitor.assert_good_page()


@in_every_look
def test_a_form_with_faults_is_good(granter_at_browser: Visitor, look: str) -> None:
    granter_at_browser.open("/styleguide/")
    granter_at_browser.page.get_by_role("button", name="Check your answers").click()
    expect(granter_at_browser.page.locator("#error-summary")).to_be_focused()
    granter_at_browser.picture(f"form-fault-{look}")
    granter_at_browser.assert_good_page()


@in_every_look
def test_the_environment_is_readable_in_every_colour(visitor: Visitor, look: str) -> None:
    sign_in(visitor, visitor.people.viewer)
    for environment in ("emulator", "sandbox", "production"):
        name = f"The {environment} lab"
        AccountFactory(name=name, environment=environment)
        visitor.open("/profile/")
        if look.startswith("phone"):
            visitor.page.get_by_text("Menu", exact=True).click()
        visitor.page.locator("details.switch > summary").click()
        visitor.page.get_by_role("button", name=name).click()
        expect(visitor.page.locator(".env")).to_contain_text(name)
        assert environment.capitalize() in visitor.page.title()
        visitor.picture(f"environment-{environment}-{look}")
        visitor.assert_good_page()


def test_somebody_signs_in_and_out_through_the_forms(visitor: Visitor) -> None:
    visitor.open("/profile/")
    expect(visitor.page).to_have_title("Sign in · qualadmin")
    visitor.page.get_by_label("User name or e-mail").fill("granter")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name="Profile", exact=True)).to_be_visible()
    visitor.page.locator("details.menu > summary").click()
    visitor.page.locator("details.menu").get_by_role("button", name="Sign out").click()
    expect(visitor.page.get_by_text("You are signed out.")).to_be_visible()


def test_it_fits_a_window_of_320_pixels(granter_at_browser: Visitor) -> None:
    granter_at_browser.page.set_viewport_size({"width": 320, "height": 800})
    for path in PAGES.values():
        granter_at_browser.open(path)
        assert granter_at_browser.sticks_out() <= 0, path


def test_every_control_is_large_enough_to_hit(granter_at_browser: Visitor) -> None:
    """24 pixels, except links within a line of text."""
    granter_at_browser.open("/styleguide/")
    small = granter_at_browser.page.evaluate(
        """() => [...document.querySelectorAll("button, summary, select, input, .btn, nav a, .chip")]
            .filter((one) => one.checkVisibility())
            .filter((one) => !one.matches(".sr, .skip, [type=hidden], [type=checkbox], [type=radio]"))
            .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([html]) => html)"""
    )
    assert small == []


def test_the_keyboard_reaches_the_content_and_the_ring_is_seen(granter_at_browser: Visitor) -> None:
    page = granter_at_browser.page
    granter_at_browser.open("/styleguide/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert width == "3px"


def test_shortcuts_act_unless_typing_or_switched_off(granter_at_browser: Visitor) -> None:
    page = granter_at_browser.page
    granter_at_browser.open("/profile/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    granter_at_browser.assert_good_page()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    page.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    page.keyboard.press("?")
    assert page.locator("#keys").count() == 0


def test_a_filter_changes_rows_and_address_without_losing_focus(granter_at_browser: Visitor) -> None:
    page = granter_at_browser.page
    granter_at_browser.open("/styleguide/list/")
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_label("Search", exact=True).press_sequentially("outs", delay=20)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(f"{granter_at_browser.base}/styleguide/list/?q=outs")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_theme_switch_holds_after_a_reload(granter_at_browser: Visitor) -> None:
    page = granter_at_browser.page
    granter_at_browser.open("/profile/")
    with page.expect_response(lambda answer: answer.url.endswith("/profile/theme/")) as answer:
        page.get_by_role("button", name="Switch between light and dark").click()
    assert answer.value.status == 204
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 20, 24)"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_it_works_without_a_script(visitor: Visitor, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{visitor.base}/styleguide/list/")
    page.get_by_label("User name or e-mail").fill("granter")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Search", exact=True).fill("outs")
    page.get_by_role("button", name="Apply").click()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.locator("details.menu > summary").click()
    page.locator("details.menu").get_by_role("button", name="Sign out").click()
    assert "Sign in" in page.title()
    context.close()
