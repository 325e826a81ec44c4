"""Questions of programs put to Amazon: answered in its own words, and nothing of them stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from qualadmin.core.actions.relay import (
    AWAKE,
    ask_amazon,
    claim_calls,
    note_page,
    ring_again,
    take_answer,
)
from qualadmin.core.models import QualificationType, RelayedCall, RequesterAccount, User
from qualadmin.core.queue import RELAY
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks import relay as task
from tests.entries import new_entries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "STAYS", 0.1)
    cache.delete(AWAKE)


def ask(user: User, account: RequesterAccount, operation: str, **parameters: Any) -> int:
    return ask_amazon(
        actor=user.as_actor(), account=account, operation=operation, parameters=parameters, shows_ids=False
    )


def test_answers_have_amazons_words_and_are_forgotten_when_fetched(
    emulator: Emulator, account: RequesterAccount, live_type: QualificationType, granter: User
) -> None:
    known = ask(granter, account, "GetQualificationType", QualificationTypeId=live_type.mturk_id)
    unknown = ask(granter, account, "GetQualificationType", QualificationTypeId="3NONE")
    assert take_answer(call_id=known) is None
    task.relay()
    found = take_answer(call_id=known)
    assert found is not None
    assert found["content"]["QualificationType"]["Name"] == "Wave 3"
    assert isinstance(found["content"]["QualificationType"]["CreationTime"], float)
    error = (take_answer(call_id=unknown) or {})["error"]
    assert (error["code"], error["status"]) == ("RequestError", 400)
    assert error["turk_code"] == "AWS.MechanicalTurk.QualificationTypeDoesNotExist"
    assert error["message"].startswith("QualificationType [3NONE] does not exist. (")
    assert not RelayedCall.objects.exists()


def test_pages_of_one_reading_are_one_entry_and_reading_on_by_somebody_elses_token_is_another(
    account: RequesterAccount, granter: User, manager: User, rung: list[tuple[Any, ...]]
) -> None:
    with new_entries() as entries:
        ask(granter, account, "ListQualificationTypes")
        for token in ("second", "third"):
            note_page(actor=granter.as_actor(), account=account, content={"NextToken": token, "NumResults": 100})
            ask(granter, account, "ListQualificationTypes", NextToken=token)
    assert entries.actions == ["access.relayed"]
    with new_entries() as entries:
        ask(manager, account, "ListQualificationTypes", NextToken="second")
        ask(granter, account, "ListQualificationTypes", NextToken="of another day")
    assert entries.actions == ["access.relayed"] * 2
    assert {entry.actor_id for entry in entries} == {str(granter.pk), str(manager.pk)}


def test_no_answer_and_refused_credentials(emulator: Emulator, account: RequesterAccount, granter: User) -> None:
    emulator.fault("error", code="ServiceFault", operation="GetAccountBalance")
    first = ask(granter, account, "GetAccountBalance")
    task.relay()
    assert take_answer(call_id=first) == {"error": {}}
    emulator.clear_faults()
    emulator.fault("error", code="UnrecognizedClientException", operation="GetAccountBalance")
    second = ask(granter, account, "GetAccountBalance")
    task.relay()
    assert "credentials" in (take_answer(call_id=second) or {})["refused"]
    account.refresh_from_db()
    assert account.paused_reason


def test_a_question_is_put_once_and_rung_for_until_somebody_takes_it(
    account: RequesterAccount,
    granter: User,
    rung: list[tuple[Any, ...]],
) -> None:
    number = ask(granter, account, "GetAccountBalance")
    assert rung == [(RELAY,)] * 1
    ring_again(call_id=number)
    assert rung == [(RELAY,)] * 2
    assert [one.pk for one in claim_calls(limit=8)] == [number]
    assert claim_calls(limit=8) == []
    ring_again(call_id=number)
    assert rung == [(RELAY,)] * 2
    cache.set(AWAKE, 1)  # while a task listens nobody rings
    ask(granter, account, "GetAccountBalance")
    assert rung == [(RELAY,)] * 2


def test_answers_nobody_fetched_do_not_stay(account: RequesterAccount) -> None:
    old = RelayedCall.objects.create(account=account, operation="GetAccountBalance", parameters={})
    RelayedCall.objects.create(account=account, operation="GetAccountBalance", parameters={})
    RelayedCall.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    task.forget_unfetched()
    assert RelayedCall.objects.count() == 1


def test_the_gateway_passes_on_nothing_that_may_change_something(gateway: QualificationGateway) -> None:
    with pytest.raises(ValueError, match="may change something"):
        gateway.pass_on("DeleteQualificationType", {"QualificationTypeId": "3WAVE7"})
