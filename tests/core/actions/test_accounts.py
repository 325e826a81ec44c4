"""Requester accounts."""

from typing import Any

import pytest

from qualadmin.core.actions.accounts import (
    add_account,
    archive_account,
    disable_account,
    enable_account,
    pause_account,
    resume_account,
    update_account,
)
from qualadmin.core.actions.connections import record_connection_test, request_connection_test
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import ConnectionTest, RequesterAccount
from qualadmin.core.queue import DRAIN, TEST_CONNECTION
from tests.entries import new_entries, payload_of
from tests.factories import AccountFactory, JobFactory, RoleFactory, UserFactory
from tests.people import Cast

SANDBOX = {
    "name": "Sandbox of the lab",
    "environment": "sandbox",
    "profile_name": "lab-sandbox",
    "role_arn": "arn:aws:iam::123456789012:role/research/qualadmin",
    "external_id": "lab:2026",
}
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SYSTEM = Actor.system("drain")


def add(cast: Cast, **changes: Any) -> RequesterAccount:
    return add_account(actor=cast.actor("manager"), **{**SANDBOX, **changes})


def test_a_new_account_is_switched_off_and_its_own_stream_begins(cast: Cast) -> None:
    with new_entries() as entries:
        account = add(cast)

    account = RequesterAccount.objects.get(pk=account.pk)
    assert not account.is_enabled
    assert account.slug == "sandbox-of-the-lab"
    assert account.aws_account_id == "123456789012"  # read from the role
    assert entries.only.action == "account.created"
    assert entries.only.stream == "account:sandbox-of-the-lab"
    assert entries.only.changes["role_arn"] == [None, SANDBOX["role_arn"]]
    assert entries.only.changes["environment"] == [None, "sandbox"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "AKIAIOSFODNN7EXAMPLE"),
        ("environment", "prod"),
        ("environment", ""),
        ("profile_name", "AKIAIOSFODNN7EXAMPLE"),
        ("profile_name", SECRET),
        ("profile_name", "http://169.254.169.254/latest/meta-data"),
        ("profile_name", "two words"),
        ("role_arn", "http://169.254.169.254/"),
        ("role_arn", "https://mturk.example.org"),
        ("role_arn", "arn:aws-cn:iam::123456789012:role/lab"),
        ("role_arn", "arn:aws:iam::123456789012:user/lab"),
        ("role_arn", "arn:aws:iam::12345678901:role/lab"),
        ("role_arn", "arn:aws:iam::123456789012:role/two words"),
        ("role_arn", "arn:aws:iam::123456789012:role/lab\narn:aws:iam::1:role/x"),
        ("role_arn", "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/lab"),
        ("role_arn", SECRET),
        ("external_id", "e" * 2000),
        ("external_id", "x"),
        ("external_id", SECRET),
        ("aws_account_id", "12345"),
        ("aws_account_id", "999999999999"),  # another than the role's
    ],
)
def test_it_refuses_an_account_with_a_bad_field(cast: Cast, field: str, value: str) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as error:
        add(cast, **{field: value})

    assert error.value.field == field
    assert SECRET not in str(error.value)
    assert entries == []
    assert RequesterAccount.objects.count() == 2


def test_an_external_id_needs_a_role(cast: Cast) -> None:
    with pytest.raises(ActionError) as error:
        add(cast, role_arn="")

    assert error.value.field == "external_id"


def test_an_emulator_account_takes_a_demo_key_and_no_role(cast: Cast) -> None:
    emulator = {"environment": "emulator", "role_arn": "", "external_id": ""}

    account = add(cast, **emulator, profile_name="AKIADEMOEMULATOR0001")

    assert account.profile_name == "AKIADEMOEMULATOR0001"
    for wrong, field in (
        ({"profile_name": ""}, "profile_name"),
        ({"profile_name": "AKIAIOSFODNN7EXAMPLE"}, "profile_name"),
        ({"role_arn": SANDBOX["role_arn"]}, "role_arn"),
    ):
        with pytest.raises(ActionError) as error:
            add(cast, name="Second", **{**emulator, "profile_name": "demo", **wrong})
        assert error.value.field == field
    with pytest.raises(ActionError):  # the exception is for the emulator alone
        add(cast, name="Third", profile_name="AKIADEMOEMULATOR0001")


def test_the_account_number_may_be_written_as_amazon_writes_it(cast: Cast) -> None:
    assert add(cast, aws_account_id="1234-5678-9012").aws_account_id == "123456789012"


def test_names_are_unique_and_slugs_made_so(cast: Cast) -> None:
    add(cast)

    with new_entries() as entries, pytest.raises(ActionError) as error:
        add(cast)
    assert (error.value.field, error.value.code) == ("name", "duplicate")
    assert entries == []
    assert add(cast, name="Sandbox-of the lab!").slug == "sandbox-of-the-lab-2"


def test_it_records_what_changed_about_an_account(cast: Cast) -> None:
    account = add(cast)
    same = {key: value for key, value in SANDBOX.items() if key != "environment"}
    same["aws_account_id"] = account.aws_account_id

    with new_entries() as entries:
        update_account(actor=cast.actor("manager"), account=account, **same)
    assert entries == []

    with new_entries() as entries:
        update_account(
            actor=cast.actor("manager"), account=account, **{**same, "reason_required": True, "name": "New name"}
        )
    assert entries.only.action == "account.updated"
    assert entries.only.changes == {
        "name": ["Sandbox of the lab", "New name"],
        "reason_required": [False, True],
    }
    assert account.slug == "sandbox-of-the-lab"  # it names the stream


def test_other_credentials_are_tested_again_and_close_production(
    cast: Cast, production_account: RequesterAccount
) -> None:
    ConnectionTest.objects.create(account=production_account, state="ok")

    with new_entries() as entries:
        update_account(
            actor=cast.actor("manager"),
            account=production_account,
            name=production_account.name,
            profile_name="another-profile",
        )

    assert entries.actions == ["account.updated", "account.disabled", "account.test.requested"]
    assert not production_account.is_enabled
    with pytest.raises(ActionError) as error:
        enable_account(actor=cast.actor("manager"), account=production_account)
    assert error.value.code == "not_tested"


def test_production_opens_only_after_a_test_that_worked(cast: Cast) -> None:
    account = add(cast, environment="production")
    manager = cast.actor("manager")

    with new_entries() as entries, pytest.raises(ActionError) as error:
        enable_account(actor=manager, account=account)
    assert error.value.code == "not_tested"
    assert entries == []

    test = request_connection_test(actor=manager, account=account)
    record_connection_test(actor=SYSTEM, test_id=test.pk, ok=True, balance="250.00", ms=80)
    with new_entries() as entries:
        enable_account(actor=manager, account=account)
        enable_account(actor=manager, account=account)
    assert account.is_enabled
    assert entries.only.action == "account.enabled"
    assert entries.only.severity == "warning"
    assert entries.only.changes == {"is_enabled": [False, True]}

    with new_entries() as entries:
        disable_account(actor=manager, account=account)
        disable_account(actor=manager, account=account)
    assert not account.is_enabled
    assert entries.only.action == "account.disabled"


def test_the_sandbox_opens_without_a_test(cast: Cast) -> None:
    account = add(cast)

    enable_account(actor=cast.actor("manager"), account=account)

    assert account.is_open


def test_the_system_pauses_and_a_manager_resumes(cast: Cast, rung: list[Any]) -> None:
    with new_entries() as entries:
        pause_account(actor=SYSTEM, account=cast.account, cause="Amazon refused the credentials.")
        pause_account(actor=SYSTEM, account=cast.account, cause="Again.")

    assert cast.account.paused_reason == "Amazon refused the credentials."
    assert not cast.account.is_open
    assert (entries.only.action, entries.only.severity) == ("account.paused", "critical")
    assert payload_of(entries.only) == {"detail": "Amazon refused the credentials."}

    with new_entries() as entries:
        resume_account(actor=cast.actor("manager"), account=cast.account)
        resume_account(actor=cast.actor("manager"), account=cast.account)
    assert cast.account.is_open
    assert entries.only.action == "account.resumed"
    assert rung == [(DRAIN, str(cast.account.pk))]  # what was planned goes on


def test_an_account_with_a_running_job_is_not_archived(cast: Cast) -> None:
    job = JobFactory(account=cast.account)

    with new_entries() as entries, pytest.raises(ActionError) as error:
        archive_account(actor=cast.actor("manager"), account=cast.account)

    assert error.value.code == "running"
    assert entries == []
    assert job.state == "running"


def test_an_archived_account_is_closed_for_good(cast: Cast) -> None:
    manager = cast.actor("manager")

    with new_entries() as entries:
        archive_account(actor=manager, account=cast.account)
        archive_account(actor=manager, account=cast.account)

    assert not cast.account.is_open
    assert entries.actions == ["account.disabled", "account.archived"]
    with new_entries() as entries:
        for attempt in (
            lambda: enable_account(actor=manager, account=cast.account),
            lambda: update_account(actor=manager, account=cast.account, name="X", profile_name="demo"),
            lambda: resume_account(actor=manager, account=cast.account),
            lambda: request_connection_test(actor=manager, account=cast.account),
        ):
            with pytest.raises(ActionError) as error:
                attempt()
            assert error.value.code == "archived"
    assert entries == []


@pytest.mark.parametrize("name", ["granter", "pi", "viewer", "outsider", "local manager"])
def test_only_managers_of_everything_touch_accounts(cast: Cast, name: str) -> None:
    if name == "local manager":
        local = UserFactory()
        RoleFactory(user=local, role="manager", account=cast.account)
        actor = local.as_actor()
    else:
        actor = cast.actor(name)
    before = RequesterAccount.objects.count()

    with new_entries() as entries:
        for attempt in (
            lambda: add_account(actor=actor, **SANDBOX),
            lambda: update_account(actor=actor, account=cast.account, name="Mine", profile_name="demo"),
            lambda: enable_account(actor=actor, account=cast.account),
            lambda: disable_account(actor=actor, account=cast.account),
            lambda: archive_account(actor=actor, account=cast.account),
            lambda: pause_account(actor=actor, account=cast.account, cause="x"),
            lambda: resume_account(actor=actor, account=cast.account),
            lambda: request_connection_test(actor=actor, account=cast.account),
        ):
            with pytest.raises(NotAllowed):
                attempt()

    assert entries == []
    assert RequesterAccount.objects.count() == before


def test_a_connection_test_is_asked_for_once_at_a_time(cast: Cast, rung: list[Any]) -> None:
    with new_entries() as entries:
        first = request_connection_test(actor=cast.actor("manager"), account=cast.account)
        assert request_connection_test(actor=cast.actor("manager"), account=cast.account) == first

    assert entries.only.action == "account.test.requested"
    assert first.asked_by == cast.manager
    assert rung == [(TEST_CONNECTION, first.pk)]


def test_the_first_answer_of_a_connection_test_counts(cast: Cast) -> None:
    test = request_connection_test(actor=cast.actor("manager"), account=cast.account)

    with new_entries() as entries:
        record_connection_test(
            actor=SYSTEM, test_id=test.pk, ok=False, answer="User is not authorized\x00", advice="Ask.", ms=12
        )
        record_connection_test(actor=SYSTEM, test_id=test.pk, ok=True, balance="10.00")

    test.refresh_from_db()
    assert (test.state, test.balance, test.advice, test.milliseconds) == ("failed", "", "Ask.", 12)
    assert test.answer == "User is not authorized\\x00"
    assert (entries.only.action, entries.only.outcome) == ("account.test.finished", "failed")
    assert payload_of(entries.only) == {"detail": "User is not authorized\\x00"}


def test_a_good_answer_carries_the_balance(cast: Cast) -> None:
    test = request_connection_test(actor=cast.actor("manager"), account=cast.account)

    with new_entries() as entries:
        record_connection_test(actor=SYSTEM, test_id=test.pk, ok=True, balance="10000.00", ms=80)

    assert entries.only.changes == {"balance": [None, "10000.00"]}
    assert entries.only.outcome == "ok"


def test_slugs_stay_apart_however_names_look(cast: Cast) -> None:
    AccountFactory(slug="x", name="x")

    assert add(cast, name="X!").slug == "x-2"
