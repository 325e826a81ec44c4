"""Access tokens on one's own page: made, shown once, revoked."""

import re

import pytest
from django.test import Client

from qualadmin.core.models import AccessToken, RequesterAccount
from tests.entries import new_entries, payload_of
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, filled_in, text_of

pytestmark = pytest.mark.django_db
PATH = "/profile/tokens/"


def answers(account: RequesterAccount | None = None) -> dict[str, object]:
    where = str(account.pk) if account else "all"
    return {"name": "nightly script", "scopes": ["read", "grant"], "account": where, "days": "90"}


def made(response: object) -> str:
    found = re.search(r'value="(qat_[\w-]{43})"', response.content.decode())  # type: ignore[attr-defined]
    assert found is not None
    return found.group(1)


def test_a_token_is_shown_once_and_kept_nowhere(granter: Someone, account: RequesterAccount) -> None:
    with new_entries() as entries:
        response = granter.send(PATH, **answers(account))
    assert response.status_code == 200
    assert_valid_page(response)
    assert "no-store" in response.headers["Cache-Control"]
    token = made(response)
    row = AccessToken.objects.get()
    assert (row.name, row.scopes, row.account) == ("nightly script", "read grant", account)
    assert token not in str(row.__dict__)
    entry = entries.only
    assert entry.action == "user.token.created"
    assert payload_of(entry)["name"] == "nightly script"
    assert token not in bytes(entry.core).decode()
    page = granter.get(PATH)
    assert_valid_page(page)
    assert token not in page.content.decode()
    assert "nightly script" in text_of(page)
    assert "Never" in text_of(page)


def test_the_form_sent_twice_makes_one_token_and_shows_it_no_second_time(granter: Someone) -> None:
    fields = filled_in(granter.get(PATH)) | answers()
    made(granter.client.post(PATH, fields))
    again = granter.client.post(PATH, fields)
    assert again.headers["Location"] == PATH
    assert AccessToken.objects.count() == 1


def test_a_revoked_token_stays_on_the_list(granter: Someone) -> None:
    granter.send(PATH, **answers())
    row = AccessToken.objects.get()
    path = f"{PATH}{row.pk}/revoke/"
    assert_valid_page(granter.get(path))
    with new_entries() as entries:
        assert granter.send(path).status_code == 302
        granter.send(path)  # again: nothing more happens
    assert entries.only.action == "user.token.revoked"
    assert "Revoked" in text_of(granter.get(PATH))


def test_nobody_sees_or_revokes_the_token_of_another(cast: Cast, granter: Someone) -> None:
    granter.send(PATH, **answers())
    row = AccessToken.objects.get()
    manager = Someone(Client(), cast.manager, cast.account)
    assert "nightly script" not in manager.get(PATH).content.decode()
    assert manager.get(f"{PATH}{row.pk}/revoke/").status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "What is it for?"),
        ("name", "a" * 81, "80"),
        ("name", "nul\0", "Null characters"),
        ("scopes", [], "Choose at least one thing"),
        ("scopes", ["write"], "write"),
        ("account", "nonsense", "nonsense"),
        ("days", "10000", "10000"),
    ],
)
def test_a_fault_is_named_and_nothing_made(granter: Someone, field: str, value: object, words: str) -> None:
    response = granter.send(PATH, **(answers() | {field: value}))
    assert response.status_code == 422
    assert words in text_of(response)
    assert not AccessToken.objects.exists()


def test_a_token_for_an_account_of_others_is_not_made(cast: Cast, client: Client) -> None:
    outsider = Someone(client, cast.outsider, cast.other_account)
    assert outsider.send(PATH, **answers(cast.account)).status_code == 422
    assert not AccessToken.objects.exists()
