"""The frame of all pages, in every look."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LOOKS, sign_in
from tests.browser.visitor import Visitor
from tests.factories import PASSWORD, AccountFactory

in_every_look = pytest.mark.parametrize("look", list(LOOKS))


@in_every_look
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("styleguide", "/styleguide/"),
        ("list", "/styleguide/list/?q=person&active=True"),
        ("list-empty", "/styleguide/list/?q=nobody-like-that"),
        ("profile", "/profile/"),
        ("error-404", "/styleguide/problem/404/"),
        ("error-500", "/styleguide/problem/500/"),
    ],
)
def test_it_has_no_fault_that_axe_or_the_content_policy_finds(
    granter_at_browser: Visitor, look: str, name: str, path: str
) -> None:
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


@pytest.mark.parametrize("environment", ["emulator", "sandbox", "production"])
@in_every_look
def test_the_environment_is_readable_in_every_colour(visitor: Visitor, environment: str, look: str) -> None:
    AccountFactory(name="A lab", slug="a-lab", environment=environment)
    for account in (visitor.people.account, visitor.people.other_account):
        type(account).objects.filter(pk=account.pk)
    sign_in(visitor, visitor.people.viewer)
    visitor.open("/profile/")
    visitor.page.locator("details.fold > summary").first.click() if look.startswith("phone") else None
    visitor.page.locator("details.switch > summary").click()
    visitor.page.get_by_role("button", name="A lab").click()
    expect(visitor.page.locator(".env")).to_contain_text("A lab")
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
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page.get_by_text("You are signed out.")).to_be_visible()
