"""Access keys on one's own page: made, their secret shown once, revoked."""

import re

import pytest
from django.test import Client

from qualadmin.core.actions.access_keys import AT_MOST, create_access_key, secret_of
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import AccessKey, RequesterAccount, Study
from tests.entries import new_entries, payload_of
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, filled_in, text_of

pytestmark = pytest.mark.django_db
PATH = "/profile/keys/"


def answers(account: RequesterAccount, study: Study | None = None) -> dict[str, object]:
    return {
        "name": "nightly script", "account": str(account.pk), "may": "change", "days": "90",
        "study": str(study.pk) if study else "", "reason": "Nightly sync",
    }  # fmt: skip


def test_a_secret_is_shown_once_and_kept_nowhere(
    granter: Someone, account: RequesterAccount, study: Study
) -> None:
    with new_entries() as entries:
        response = granter.send(PATH, **answers(account, study))
    assert response.status_code == 200
    assert_valid_page(response)
    assert "no-store" in response.headers["Cache-Control"]
    row = AccessKey.objects.get()
    assert (row.name, row.account, row.study, row.may_change) == ("nightly script", account, study, True)
    page = response.content.decode()
    found = re.search(r'id="secret"[^>]* value="([^"]+)"', page)
    assert found is not None
    secret = found.group(1)
    assert secret == secret_of(row.key_id)
    assert row.key_id in page
    assert "/mturk/" in page
    assert secret not in str(row.__dict__)
    entry = entries.only
    assert entry.action == "user.key.created"
    assert payload_of(entry) == {"name": "nightly script", "reason": "Nightly sync"}
    assert secret not in bytes(entry.core).decode()
    shown = granter.get(PATH)
    assert_valid_page(shown)
    assert secret not in shown.content.decode()
    assert row.key_id in text_of(shown)
    assert "Never" in text_of(shown)


def test_the_form_sent_twice_makes_one_key_and_shows_it_no_second_time(
    granter: Someone, account: RequesterAccount
) -> None:
    fields = filled_in(granter.get(PATH)) | answers(account)
    assert granter.client.post(PATH, fields).status_code == 200
    assert granter.client.post(PATH, fields).headers["Location"] == PATH
    assert AccessKey.objects.count() == 1


def test_a_revoked_key_stays_on_the_list(granter: Someone, account: RequesterAccount) -> None:
    granter.send(PATH, **answers(account))
    path = f"{PATH}{AccessKey.objects.get().pk}/revoke/"
    assert_valid_page(granter.get(path))
    with new_entries() as entries:
        assert granter.send(path).status_code == 302
        granter.send(path)  # again: nothing more happens
    assert entries.only.action == "user.key.revoked"
    assert "Revoked" in text_of(granter.get(PATH))


def test_nobody_sees_or_revokes_the_key_of_another(cast: Cast, granter: Someone) -> None:
    granter.send(PATH, **answers(cast.account))
    row = AccessKey.objects.get()
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
        ("may", "", "Choose what the key may do"),
        ("account", "nonsense", "nonsense"),
        ("study", "nonsense", "nonsense"),
        ("days", "10000", "10000"),
        ("reason", "AKIAABCDEFGHIJKLMNOP", "looks like a credential"),
    ],
)
def test_a_fault_is_named_and_nothing_made(
    granter: Someone, account: RequesterAccount, field: str, value: object, words: str
) -> None:
    response = granter.send(PATH, **(answers(account) | {field: value}))
    assert response.status_code == 422
    assert words in text_of(response)
    assert not AccessKey.objects.exists()


def test_no_key_for_an_account_of_others_and_no_more_than_a_person_needs(cast: Cast) -> None:
    wanted = {"name": "script", "may_change": False, "days": 30}
    with pytest.raises(NotVisible):
        create_access_key(actor=cast.actor("outsider"), account=cast.account, **wanted)  # type: ignore[arg-type]
    for _ in range(AT_MOST):
        create_access_key(actor=cast.actor("granter"), account=cast.account, **wanted)  # type: ignore[arg-type]
    with pytest.raises(ActionError, match="keys that work"):
        create_access_key(actor=cast.actor("granter"), account=cast.account, **wanted)  # type: ignore[arg-type]
