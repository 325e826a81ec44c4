"""Answers to workers' requests, from the inbox to the emulator and back: effects, entries, lost answers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.control import retry_failed
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.requests import answer_request, held_back_due, take_back
from qualadmin.core.actions.undo import prepare_undo
from qualadmin.core.errors import Conflict
from qualadmin.core.models import (
    AccountPace,
    Change,
    Job,
    Qualification,
    QualificationRequest,
    QualificationType,
    User,
    Verb,
)
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks.drain import drain
from qualadmin.tasks.requests import read_requests_of
from qualadmin.tasks.sweep import reconcile, sweep
from tests.tasks.hands import run_calls_here
from tests.tasks.invariants import assert_log_tells_everything
from tests.tasks.lists import make_job

pytestmark = pytest.mark.django_db(transaction=True)

ACCEPT, REJECT = "AcceptQualificationRequest", "RejectQualificationRequest"
State = QualificationRequest.State


@pytest.fixture(autouse=True)
def _calls_here(monkeypatch: pytest.MonkeyPatch) -> None:
    run_calls_here(monkeypatch)


def asked(emulator: Emulator, chosen: QualificationType, worker: str = "AASKER1") -> QualificationRequest:
    """A worker asks, and Amazon is asked who waits."""
    emulator.ask(chosen.mturk_id or "", worker)
    read_requests_of(str(chosen.account_id))
    return QualificationRequest.objects.get(type=chosen, worker__worker_id=worker)


def answer(person: User, one: QualificationRequest, verb: Verb = Verb.ACCEPT, **wishes: Any) -> Change:
    if verb == Verb.ACCEPT:
        wishes = {"score": 80, **wishes}
    return answer_request(actor=person.as_actor(), request_id=one.pk, verb=verb, wishes=Wishes(**wishes))


def send(change: Change) -> Change:
    """Let the ten seconds pass, and the drain do its work."""
    Change.objects.filter(pk=change.pk).update(due_at=timezone.now())
    drain(str(change.type.account_id))
    change.refresh_from_db()
    return change


def look_again(change: Change) -> Change:
    """What is unknown is looked up at Amazon, and sent again where that is right."""
    Change.objects.filter(pk=change.pk).update(due_at=timezone.now())
    AccountPace.objects.update(open_until=None)
    sweep()
    reconcile(str(change.type.account_id))
    AccountPace.objects.update(open_until=None)
    drain(str(change.type.account_id))
    change.refresh_from_db()
    return change


def state_of(one: QualificationRequest) -> str:
    one.refresh_from_db()
    return one.state


def test_an_accepted_request_grants_the_score_and_a_rejected_one_nothing(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    first, second = asked(emulator, live_type), asked(emulator, live_type, "AASKER2")
    accepted, rejected = (
        answer(granter, first),
        answer(granter, second, Verb.REJECT, revoke_reason="Too few HITs."),
    )
    drain(str(live_type.account_id))
    assert emulator.calls(operation=ACCEPT) == [], "nothing is sent within ten seconds"
    assert held_back_due(now=timezone.now()) == []
    assert held_back_due(now=accepted.due_at + timedelta(seconds=1)) == [str(live_type.account_id)]
    Change.objects.update(due_at=timezone.now())
    assert send(accepted).state == send(rejected).state == Change.State.DONE
    assert emulator.grant_map(live_type.mturk_id or "") == {"AASKER1": 80}
    assert (state_of(first), state_of(second)) == (State.ACCEPTED, State.REJECTED)
    held = Qualification.objects.get(type=live_type)
    assert (held.worker_id, held.value, held.audit_id) == (first.worker_id, 80, accepted.audit_id)
    jobs = set(Job.objects.values_list("state", "kind", "done", "planned", "source"))
    assert jobs == {("finished", "accept", 1, 0, "inbox"), ("finished", "reject", 1, 0, "inbox")}
    finished = AuditEntry.objects.get(action="mturk.call.finished", job=str(rejected.job_id))
    assert finished.changes["request"] == ["waiting", "rejected"]
    assert "status" not in finished.changes
    assert_log_tells_everything(emulator)
    read_requests_of(str(live_type.account_id))
    assert (state_of(first), state_of(second)) == (State.ACCEPTED, State.REJECTED)


def test_a_worker_who_holds_it_gets_the_new_score_or_keeps_the_old_one(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    make_job(granter, live_type, ["AASKER1", "AASKER2"], score=40)
    drain(str(live_type.account_id))
    accepted = send(answer(granter, asked(emulator, live_type)))
    rejected = send(answer(granter, asked(emulator, live_type, "AASKER2"), Verb.REJECT))
    assert (accepted.status_before, accepted.value_before, accepted.value) == ("Granted", 40, 80)
    assert (rejected.status_before, rejected.value_before, rejected.value) == ("Granted", 40, None)
    assert emulator.grant_map(live_type.mturk_id or "") == {"AASKER1": 80, "AASKER2": 40}
    assert dict(Qualification.objects.values_list("worker__worker_id", "value")) == {"AASKER1": 80, "AASKER2": 40}


@pytest.mark.parametrize("verb", [Verb.ACCEPT, Verb.REJECT])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_read_back_and_nothing_is_done_twice(
    emulator: Emulator, live_type: QualificationType, granter: User, verb: Verb, when: str
) -> None:
    one = asked(emulator, live_type)
    operation = ACCEPT if verb == Verb.ACCEPT else REJECT
    emulator.fault("reset", when=when, operation=operation, times=1)
    change = send(answer(granter, one, verb))
    assert change.state == Change.State.UNKNOWN
    assert state_of(one) == State.WAITING
    read_requests_of(str(live_type.account_id))
    assert state_of(one) == State.WAITING, "what became of it is for the answer to say"
    change = look_again(change)
    assert (change.state, change.job and Job.objects.get(pk=change.job.pk).state) == ("done", "finished")
    applied = [call["applied"] for call in emulator.calls(operation=operation)]
    assert applied == ([False, True] if when == "before" else [True])
    assert state_of(one) == (State.ACCEPTED if verb == Verb.ACCEPT else State.REJECTED)
    assert emulator.grant_map(live_type.mturk_id or "") == ({"AASKER1": 80} if verb == Verb.ACCEPT else {})
    assert_log_tells_everything(emulator)


def test_an_answer_whose_request_somebody_else_ended_while_nobody_knew(
    emulator: Emulator, gateway: QualificationGateway, live_type: QualificationType, granter: User
) -> None:
    one = asked(emulator, live_type)
    emulator.fault("reset", when="before", operation=ACCEPT, times=1)
    change = send(answer(granter, one))
    gateway.reject_request(one.mturk_id, None)
    change = look_again(change)
    assert (change.state, change.code) == (Change.State.FAILED, "request_ended")
    assert "somebody answered it elsewhere" in change.message
    assert state_of(one) == State.CLOSED
    assert emulator.grant_map(live_type.mturk_id or "") == {}


def test_a_request_that_ended_elsewhere_fails_in_plain_words_and_is_not_retried(
    emulator: Emulator, gateway: QualificationGateway, live_type: QualificationType, granter: User
) -> None:
    one = asked(emulator, live_type)
    change = answer(granter, one)
    gateway.accept_request(one.mturk_id, 7)
    change = send(change)
    assert change.state == Change.State.FAILED
    assert change.message == "This request is no longer waiting. It may have been answered elsewhere."
    assert state_of(one) == State.CLOSED
    assert emulator.grant_map(live_type.mturk_id or "") == {"AASKER1": 7}
    assert change.job is not None
    with pytest.raises(Conflict, match="No change of this job has failed"):
        retry_failed(actor=granter.as_actor(), job_id=change.job.pk)


def test_a_request_that_is_no_longer_listed_is_not_answered_any_more(
    emulator: Emulator, gateway: QualificationGateway, live_type: QualificationType, granter: User
) -> None:
    one = asked(emulator, live_type)
    change = answer(granter, one)
    gateway.reject_request(one.mturk_id, None)
    read_requests_of(str(live_type.account_id))
    assert state_of(one) == State.CLOSED
    change = send(change)
    assert (change.state, change.code) == (Change.State.CANCELLED, "request_ended")
    assert emulator.calls(operation=ACCEPT) == []
    with pytest.raises(Conflict, match="does not wait any more"):
        answer(granter, one)


def test_an_answer_taken_back_in_time_never_leaves_and_a_later_one_is_too_late(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    one = asked(emulator, live_type)
    change = answer(granter, one, Verb.REJECT)
    for _ in range(2):
        assert take_back(actor=granter.as_actor(), change_id=change.pk).code == "taken_back"
    send(change)
    assert emulator.calls(operation=REJECT) == []
    assert state_of(one) == State.WAITING
    second = send(answer(granter, one))
    assert second.state == Change.State.DONE
    with pytest.raises(Conflict, match="Too late"):
        take_back(actor=granter.as_actor(), change_id=second.pk)
    assert emulator.grant_map(live_type.mturk_id or "") == {"AASKER1": 80}
    assert_log_tells_everything(emulator)


def test_undoing_an_accepted_request_gives_back_what_was_held_and_a_rejection_stays(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    accepted = send(answer(granter, asked(emulator, live_type)))
    rejected = send(answer(granter, asked(emulator, live_type, "AASKER2"), Verb.REJECT))
    assert accepted.job
    assert rejected.job
    preview = prepare_undo(actor=granter.as_actor(), job_id=accepted.job.pk)
    confirm_preview(actor=granter.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    drain(str(live_type.account_id))
    assert emulator.grant_map(live_type.mturk_id or "") == {}
    with pytest.raises(Conflict, match="can’t be taken back"):
        prepare_undo(actor=granter.as_actor(), job_id=rejected.job.pk)
