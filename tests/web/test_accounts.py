"""Requester accounts in a browser."""

import pytest
from django.test import Client

from qualadmin.core.actions.connections import record_connection_test
from qualadmin.core.actor import Actor
from qualadmin.core.models import ConnectionTest, Environment, RequesterAccount
from tests.entries import new_entries
from tests.factories import AccountFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, text_of, went_on

pytestmark = pytest.mark.django_db
ROLE = "arn:aws:iam::123456789012:role/mturk/granting"


@pytest.fixture
def manager(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.manager, cast.account)


@pytest.fixture
def real(cast: Cast) -> RequesterAccount:
    account: RequesterAccount = AccountFactory(
        name="Real lab", environment=Environment.PRODUCTION, profile_name="lab", is_enabled=False
    )
    return account


def answered(account: RequesterAccount, *, ok: bool, **answer: str) -> ConnectionTest:
    test = ConnectionTest.objects.create(account=account)
    return record_connection_test(actor=Actor.system("tests"), test_id=test.pk, ok=ok, **answer)


def test_an_account_is_added_switched_off(manager: Someone) -> None:
    with new_entries() as entries:
        page = went_on(
            manager.send(
                "/accounts/add/", name="Panel", environment="production", role_arn=ROLE, external_id="abc"
            )
        )
    account = RequesterAccount.objects.get(name="Panel")
    assert (account.environment, account.role_arn, account.is_enabled) == ("production", ROLE, False)
    assert entries.actions == ["account.created"]
    text = text_of(manager.get(page))
    assert "was added, switched off. Test the connection next." in text
    assert "Production can be switched on once a connection test has worked." in text


def test_sending_the_form_twice_adds_one_account(manager: Someone) -> None:
    fields = manager.hidden("/accounts/add/") | {"name": "Twice", "environment": "sandbox", "profile_name": "lab"}
    first, second = (went_on(manager.client.post("/accounts/add/", fields)) for _ in range(2))
    assert first == second
    assert RequesterAccount.objects.filter(name="Twice").count() == 1


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws-cn:iam::123456789012:role/x",
        "arn:aws:iam::123456789012:role/with blank",
        "arn:aws:iam::123456789012:role/x\nInjected: yes",
        "arn:aws:iam::12345678901:role/x",
        "arn:aws:iam::123456789012:user/x",
        "http://169.254.169.254/latest",
        "x" * 3_000,
    ],
)
def test_bi_39_only_a_role_is_taken_for_a_role(manager: Someone, arn: str) -> None:
    response = manager.send("/accounts/add/", name="Panel", environment="sandbox", role_arn=arn)
    assert response.status_code == 422
    assert_valid_page(response)
    assert not RequesterAccount.objects.filter(name="Panel").exists()


def test_bi_39_there_is_no_field_for_an_address_and_one_that_is_sent_is_ignored(manager: Someone) -> None:
    assert "url" not in "".join(manager.get("/accounts/add/").context["form"].fields)
    went_on(
        manager.send(
            "/accounts/add/",
            name="Panel",
            environment="sandbox",
            profile_name="lab",
            endpoint_url="http://169.254.169.254",
            is_enabled="on",
            slug="system",
        )
    )
    account = RequesterAccount.objects.get(name="Panel")
    assert (account.is_enabled, account.slug) == (False, "panel")


@pytest.mark.parametrize("field", ["name", "profile_name", "role_arn", "external_id", "aws_account_id"])
@pytest.mark.parametrize("secret", ["AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"])
def test_bi_40_a_credential_is_refused_and_kept_nowhere(manager: Someone, field: str, secret: str) -> None:
    answers = {"name": "Panel", "environment": "sandbox"} | {field: secret}
    with new_entries() as entries:
        response = manager.send("/accounts/add/", **answers)
    assert response.status_code == 422
    assert not RequesterAccount.objects.filter(name="Panel").exists()
    assert entries == []


def test_the_environment_can_not_be_changed(manager: Someone, cast: Cast) -> None:
    path = f"/accounts/{cast.account.pk}/edit/"
    assert "environment" not in manager.get(path).context["form"].fields
    went_on(manager.send(path, name="New name", profile_name="AKIADEMO000000000042", environment="production"))
    cast.account.refresh_from_db()
    assert (cast.account.name, cast.account.environment) == ("New name", "emulator")


def test_a_connection_test_shows_the_true_answer(manager: Someone, cast: Cast) -> None:
    path = f"/accounts/{cast.account.pk}/"
    went_on(manager.send(path, to=f"{path}test/"))
    test = ConnectionTest.objects.get()
    assert "Amazon is being asked" in text_of(manager.get(path))
    part = manager.fragment(path)
    assert_valid_fragment(part)
    assert "data-poll" in part.content.decode()
    record_connection_test(actor=Actor.system("tests"), test_id=test.pk, ok=True, balance="10000.00", ms=47)
    done = manager.fragment(path)
    assert_valid_fragment(done)
    assert "data-poll" not in done.content.decode()
    text = text_of(done)
    assert "within 47 ms" in text
    assert "$10000.00" in text


def test_a_refusal_is_said_in_plain_words_and_in_amazons_own(manager: Someone, cast: Cast) -> None:
    answered(cast.account, ok=False, answer="UnrecognizedClientException: <b>", advice="The key does not exist.")
    page = manager.get(f"/accounts/{cast.account.pk}/")
    assert_valid_page(page)
    assert "The key does not exist." in text_of(page)
    assert "UnrecognizedClientException: &lt;b&gt;" in page.content.decode()


def test_production_is_switched_on_after_a_test_that_worked(manager: Someone, real: RequesterAccount) -> None:
    path = f"/accounts/{real.pk}/enable/"
    back = went_on(manager.send(path))
    real.refresh_from_db()
    assert not real.is_enabled
    assert "Test the connection first." in text_of(manager.get(back))
    answered(real, ok=True, balance="12.50")
    page = manager.get(path)
    assert_valid_page(page)
    for words in ("Switch on production", "us-east-1", "$12.50", "real workers"):
        assert words in text_of(page)
    with new_entries() as entries:
        went_on(manager.send(path))
    real.refresh_from_db()
    assert real.is_enabled
    assert entries.actions == ["account.enabled"]


def test_an_account_is_paused_with_a_reason_and_goes_on(manager: Someone, cast: Cast) -> None:
    path = f"/accounts/{cast.account.pk}/"
    assert manager.send(f"{path}pause/", cause="").status_code == 422
    went_on(manager.send(f"{path}pause/", cause="Moving house"))
    assert "Moving house" in text_of(manager.get(path))
    assert "Practice lab is paused: Moving house" in text_of(manager.get("/"))
    went_on(manager.send(path, to=f"{path}resume/"))
    cast.account.refresh_from_db()
    assert cast.account.is_open


def test_off_and_away(manager: Someone, cast: Cast) -> None:
    path = f"/accounts/{cast.account.pk}/"
    went_on(manager.send(f"{path}disable/"))
    cast.account.refresh_from_db()
    assert not cast.account.is_enabled
    assert "Practice lab is switched off." in text_of(manager.get("/"))
    went_on(manager.send(f"{path}archive/"))
    cast.account.refresh_from_db()
    assert cast.account.archived_at is not None
    page = manager.get(path)
    assert_valid_page(page)
    assert "Archive…" not in text_of(page)


def test_a_form_opened_for_another_account_is_refused(manager: Someone, cast: Cast) -> None:
    path = f"/accounts/{cast.account.pk}/disable/"
    fields = manager.hidden(path)
    manager.use(cast.other_account)
    assert manager.client.post(path, fields).status_code == 409
    cast.account.refresh_from_db()
    assert cast.account.is_enabled


def test_the_page_leads_into_an_account(manager: Someone, cast: Cast) -> None:
    page = manager.get(f"/accounts/{cast.other_account.pk}/")
    assert "Work in this account" in text_of(page)
    went_on(manager.client.post("/accounts/use/", {"account": str(cast.other_account.pk), "next": "/"}))
    assert manager.get("/").context["account"] == cast.other_account
