"""A session that ended never loses what somebody had typed."""

import pickle
import re

import pytest
from django.core import signing
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.response import HttpResponseBase
from django.test import Client

from qualadmin.core.models import User
from qualadmin.web import kept
from tests.factories import PASSWORD
from tests.people import Cast
from tests.web.html import assert_valid_page


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


def typed(user: User, **fields: str) -> dict[str, str]:
    return {"guard_account": "", "guard_environment": "", "guard_person": str(user.pk), **fields}


def sign_in(client: Client, user: User) -> HttpResponseBase:
    return client.post("/sign-in/", {"username": user.username, "password": PASSWORD})


def send_unsigned(client: Client, user: User) -> None:
    fields = typed(user, workers="A2EXAMPLE00001\nA2EXAMPLE00002", reason="<b>wave 3</b>", password="secret words")
    answer = client.post("/styleguide/", fields)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in/"


def test_it_is_offered_after_signing_in_and_sent_on(cast: Cast, client: Client) -> None:
    send_unsigned(client, cast.granter)
    assert sign_in(client, cast.granter).headers["Location"] == "/kept-form/"  # type: ignore[attr-defined]
    page = client.get("/kept-form/")
    assert_valid_page(page)
    text = page.content.decode()
    assert "A2EXAMPLE00001<br>A2EXAMPLE00002" in text
    assert "&lt;b&gt;wave 3&lt;/b&gt;" in text
    assert "secret words" not in text, "passwords are never kept"
    assert 'action="/styleguide/"' in text
    assert re.search(r'name="workers" value="A2EXAMPLE00001\s+A2EXAMPLE00002"', text)
    client.post("/styleguide/", typed(cast.granter, kept_form="sent"))
    assert client.get("/kept-form/").status_code == 302, "it was sent on, so it is offered no more"


def test_what_is_kept_can_be_read_with_the_key_of_the_browser_only(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worker ids may be among it, and an erasure does not look into the cache."""
    stored: list[bytes] = []
    put = cache.set
    monkeypatch.setattr(
        cache, "set", lambda key, value, *more: (stored.append(pickle.dumps((key, value))), put(key, value, *more))
    )
    send_unsigned(client, cast.granter)
    assert any(b"kept:" in one for one in stored)
    raw = b"".join(stored)
    assert b"A2EXAMPLE00001" not in raw
    assert signing.loads(client.cookies[kept.cookie_name()].value, salt=kept.SALT).encode() not in raw
    other = signing.dumps("another key", salt=kept.SALT)
    client.cookies[kept.cookie_name()] = other
    assert sign_in(client, cast.granter).headers["Location"] != "/kept-form/"  # type: ignore[attr-defined]


def test_a_file_is_asked_for_again_by_its_name(cast: Cast, client: Client) -> None:
    file = SimpleUploadedFile("wave <3>.csv", b"WorkerId\nA2EXAMPLE00001\n", "text/csv")
    client.post("/bulk/", {**typed(cast.granter, verb="grant"), "file": file})
    sign_in(client, cast.granter)
    page = client.get("/kept-form/")
    assert_valid_page(page)
    text = page.content.decode()
    assert "Choose the file again: wave &lt;3&gt;.csv" in text
    assert re.search(r'<form method="post" action="/bulk/" enctype="multipart/form-data"', text)
    assert re.search(r'<input type="file" name="file" id="[^"]+"', text)
    assert "A2EXAMPLE00001" not in text, "what is in a file is not kept"


def test_where_there_was_no_file_none_is_asked_for(cast: Cast, client: Client) -> None:
    send_unsigned(client, cast.granter)
    sign_in(client, cast.granter)
    text = client.get("/kept-form/").content.decode()
    assert 'type="file"' not in text
    assert "Choose the file again" not in text


def test_it_is_thrown_away_on_request(cast: Cast, client: Client) -> None:
    send_unsigned(client, cast.granter)
    sign_in(client, cast.granter)
    assert client.post("/kept-form/").status_code == 302
    assert client.get("/kept-form/").status_code == 302


def test_somebody_else_at_the_same_browser_gets_nothing(cast: Cast, client: Client) -> None:
    send_unsigned(client, cast.granter)
    assert sign_in(client, cast.pi).headers["Location"] == "/"  # type: ignore[attr-defined]
    assert client.get("/kept-form/").status_code == 302


def test_a_forged_cookie_opens_nothing(cast: Cast, client: Client) -> None:
    send_unsigned(client, cast.granter)
    client.cookies[kept.cookie_name()] = "forged:value:here"
    assert sign_in(client, cast.granter).headers["Location"] == "/"  # type: ignore[attr-defined]


def test_the_browser_holds_no_text_of_the_form(cast: Cast, client: Client) -> None:
    send_unsigned(client, cast.granter)
    cookie = client.cookies[kept.cookie_name()]
    assert "EXAMPLE" not in cookie.value
    assert cookie["httponly"]
    assert int(cookie["max-age"]) == 1800


def test_a_stranger_cannot_fill_the_cache(cast: Cast, client: Client) -> None:
    for _ in range(kept.KEEPS.times):
        send_unsigned(client, cast.granter)
    client.cookies.clear()
    send_unsigned(client, cast.granter)
    assert kept.cookie_name() not in client.cookies


def test_a_form_without_a_valid_token_is_not_kept(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/styleguide/", typed(cast.granter, reason="planted")).status_code == 403
    assert kept.cookie_name() not in client.cookies
