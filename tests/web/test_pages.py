"""What holds for every page, now and later: headers, valid HTML."""

import pytest
from django.test import Client

from tests.factories import UserFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page

PATHS = ["/styleguide/", "/styleguide/list/", "/profile/", "/profile/password/", "/sign-in/"]
STATUSES = [400, 403, 404, 409, 413, 414, 422, 429, 500, 503]


@pytest.mark.parametrize("path", PATHS)
def test_it_is_valid_html(cast: Cast, client: Client, path: str) -> None:
    if path != "/sign-in/":
        client.force_login(cast.manager)
    assert_valid_page(client.get(path))


@pytest.mark.parametrize("status", STATUSES)
def test_error_pages_are_valid_and_name_a_reference(cast: Cast, client: Client, status: int) -> None:
    client.force_login(cast.viewer)
    response = client.get(f"/styleguide/problem/{status}/")
    assert response.status_code == status
    assert_valid_page(response)
    assert response.headers["X-Request-ID"][:12] in response.content.decode()


@pytest.mark.parametrize("path", [*PATHS, "/no-such-page", "/healthz"])
def test_every_answer_carries_the_safety_headers(cast: Cast, client: Client, path: str) -> None:
    client.force_login(cast.granter)
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"].split(",")[0] in {"no-store", "max-age=0"}
    assert "no-store" in headers["Cache-Control"]
    assert "camera=()" in headers["Permissions-Policy"]


def test_the_environment_stands_in_bar_title_and_on_paper(cast: Cast, client: Client) -> None:
    client.force_login(cast.granter)
    text = client.get("/profile/").content.decode()
    assert "<title>Profile · Emulator · qualadmin</title>" in text
    assert "<strong>Emulator</strong> — practice data, nothing real" in text
    assert "Printed by Granter Person" in text
    assert "(Emulator — practice data, nothing real)" in text


def test_a_fragment_is_no_page_and_caches_keep_them_apart(cast: Cast, client: Client) -> None:
    client.force_login(cast.granter)
    page = client.get("/styleguide/list/")
    part = client.get("/styleguide/list/?q=pi", headers={"HX-Request": "true"})
    assert_valid_page(page)
    assert_valid_fragment(part)
    assert 'id="results"' in part.content.decode()
    for response in (page, part):
        assert "HX-Request" in response.headers["Vary"]


def test_going_back_in_the_history_gets_the_whole_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.granter)
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert_valid_page(client.get("/styleguide/list/", headers=headers))


def test_somebody_without_any_account_is_told_so(db: None, client: Client) -> None:
    client.force_login(UserFactory())
    response = client.get("/profile/")
    assert_valid_page(response)
    assert "nothing can be sent to Amazon" in response.content.decode()
