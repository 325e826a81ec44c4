"""The connection test against the emulator."""

from typing import Any

import pytest

from qualadmin.core.actions.connections import request_connection_test
from qualadmin.core.models import ConnectionTest, RequesterAccount
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk import errors
from qualadmin.mturk.types import CallRecord, Identity
from qualadmin.tasks import identity
from qualadmin.tasks.connection import ADVICE, OTHERWISE, advice_for
from qualadmin.tasks.connection import test_connection as run
from tests.entries import new_entries
from tests.factories import AccountFactory
from tests.people import Cast

CALL = CallRecord(None, None, None, None, 0, 0)


@pytest.fixture
def asked(cast: Cast, rung: list[Any]) -> ConnectionTest:
    return request_connection_test(actor=cast.actor("manager"), account=cast.account)


def test_amazons_balance_is_the_proof(emulator: Emulator, asked: ConnectionTest) -> None:
    with new_entries() as entries:
        run(asked.pk)
        run(asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.balance) == ("ok", "10000.00")
    assert asked.milliseconds is not None
    assert entries.only.action == "account.test.finished"
    assert entries.only.obo_label == "Manager Person"
    assert len(emulator.calls()) == 1


def test_a_refusal_is_shown_in_amazons_words_with_advice(emulator: Emulator, asked: ConnectionTest) -> None:
    emulator.fault("error", code="AccessDeniedException", status=400, times=9)

    with new_entries() as entries:
        run(asked.pk)

    asked.refresh_from_db()
    assert asked.state == "failed"
    assert "is not authorized to perform" in asked.answer
    assert "may use Mechanical Turk" in asked.advice
    assert entries.only.outcome == "failed"


def test_an_account_that_is_not_linked(
    emulator: Emulator, asked: ConnectionTest, account: RequesterAccount
) -> None:
    emulator.configure(unlinked_accounts=[account.profile_name])

    run(asked.pk)

    asked.refresh_from_db()
    assert "must be linked" in asked.answer
    assert "link this AWS account" in asked.advice


def test_nobody_answers(asked: ConnectionTest, settings: Any) -> None:
    settings.EMULATOR_URL = "http://127.0.0.1:9"  # nobody listens on the discard port

    run(asked.pk)

    asked.refresh_from_db()
    assert asked.state == "failed"
    assert asked.answer
    assert "network" in asked.advice


def test_a_profile_that_this_machine_does_not_have(cast: Cast, rung: list[Any]) -> None:
    account = AccountFactory(environment="sandbox", profile_name="no-such-profile-here")
    test = request_connection_test(actor=cast.actor("manager"), account=account)

    run(test.pk)

    test.refresh_from_db()
    assert test.state == "failed"
    assert "profile" in test.advice


def test_credentials_of_another_account(cast: Cast, rung: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Sts:
        def identity(self) -> Identity:
            return Identity("999988887777", "arn:aws:iam::x:user/y", CALL)

    monkeypatch.setattr(identity, "gateway_for", lambda account: Sts())
    account = AccountFactory(environment="sandbox", profile_name="lab", aws_account_id="111122223333")
    test = request_connection_test(actor=cast.actor("manager"), account=account)

    run(test.pk)

    test.refresh_from_db()
    assert test.state == "failed"
    assert "belong to AWS account 999988887777, not to 111122223333" in test.answer
    assert "Correct the number" in test.advice


@pytest.mark.parametrize("kind", [kind for kind, _ in ADVICE])
def test_every_failure_has_advice(kind: type[errors.MTurkError]) -> None:
    whose = Identity("999988887777", "arn:aws:iam::x:user/y", CALL)
    wrong = errors.WrongAccount(whose, expected="111122223333")
    assert advice_for(wrong if kind is errors.WrongAccount else kind(CALL)) == dict(ADVICE)[kind]


def test_any_other_failure_has_advice_too() -> None:
    assert advice_for(errors.NoAnswer(CALL)) == OTHERWISE
