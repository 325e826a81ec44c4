"""What people need for their programs, in both looks: tokens, keys, each shown once, the page of the API."""

import re

import pytest
from playwright.sync_api import expect

from qualadmin.core.models import AccessKey, AccessToken
from tests.browser.conftest import BOTH
from tests.browser.visitor import Visitor

PAGES = {"tokens": "/profile/tokens/", "keys": "/profile/keys/", "api": "/help/api/"}


@pytest.mark.parametrize("look", BOTH)
def test_the_pages_and_what_is_shown_once(granter_at_browser: Visitor, look: str) -> None:
    visitor = granter_at_browser
    make_token(visitor, look)
    make_key(visitor, look)
    for name, path in PAGES.items():
        assert visitor.open(path).status == 200
        if name != "api":
            expect(visitor.page.get_by_role("rowheader", name="Nightly script")).to_be_visible()
        visitor.picture(f"programs-{name}-{look}")
        visitor.assert_good_page()


def make(visitor: Visitor, path: str, may: str, button: str) -> None:
    page = visitor.page
    visitor.open(path)
    page.get_by_label("What is it for?").fill("Nightly script")
    page.get_by_label(may).check()
    page.get_by_role("button", name=button).click()


def make_token(visitor: Visitor, look: str) -> None:
    make(visitor, PAGES["tokens"], "Read: types", "Make the token")
    token = visitor.page.get_by_label("Token for").input_value()
    assert re.fullmatch(r"qat_[\w-]{43}", token)
    visitor.picture(f"programs-token-made-{look}")
    visitor.assert_good_page()
    assert token.startswith(AccessToken.objects.get().hint)
    gone(visitor, PAGES["tokens"], token)


def make_key(visitor: Visitor, look: str) -> None:
    make(visitor, PAGES["keys"], "Read, grant", "Make the key")
    secret = visitor.page.get_by_label("Secret access key").input_value()
    assert len(secret) == 40
    expect(visitor.page.get_by_label("Access key ID")).to_have_value(AccessKey.objects.get().key_id)
    expect(visitor.page.get_by_label("Endpoint URL")).to_have_value(f"{visitor.base}/mturk/")
    visitor.picture(f"programs-key-made-{look}")
    visitor.assert_good_page()
    gone(visitor, PAGES["keys"], secret)


def gone(visitor: Visitor, path: str, secret: str) -> None:
    """Neither on the list nor on the way back: browsers keep pages, this one they must not."""
    visitor.open(path)
    assert secret not in visitor.page.content()
    visitor.page.go_back()
    assert secret not in visitor.page.content()
    assert AccessKey.objects.count() + AccessToken.objects.count() <= 2
