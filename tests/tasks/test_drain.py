"""The drain against a real emulator over HTTP: outcomes, entries, what workers hold, counters."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.audit.sentences import sentence
from qualadmin.core.actions.claims import claim_changes
from qualadmin.core.actions.control import resume_job, retry_failed, stop_job
from qualadmin.core.actions.endings import WRONG_FROM_THE_START
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Job, Qualification, QualificationType, RequesterAccount, User, Verb
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.drain import drain
from qualadmin.tasks.sweep import reconcile, sweep
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db(transaction=True)

ASSOCIATE = "AssociateQualificationWithWorker"


def entries_of(job: Job, action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(job=str(job.pk), action=action).order_by("seq"))


def test_every_worker_is_granted_once_with_an_entry_before_and_after(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(60)
    job = make_job(granter, live_type, ids, score=70, reason="wave 3 begins")
    drain(str(job.account_id))

    job.refresh_from_db()
    assert (job.state, job.done, job.planned, job.failed) == (Job.State.FINISHED, 60, 0, 0)
    assert emulator.grant_map(live_type.mturk_id or "") == dict.fromkeys(ids, 70)
    calls = emulator.calls(operation=ASSOCIATE)
    assert sorted(call["worker_id"] for call in calls) == sorted(ids)
    assert {call["send_notification"] for call in calls} == {False}
    assert emulator.outbox() == []
    held = Qualification.objects.filter(type=live_type)
    assert set(held.values_list("worker__worker_id", "value", "status")) == {(one, 70, "Granted") for one in ids}
    started, finished = entries_of(job, "mturk.call.started"), entries_of(job, "mturk.call.finished")
    assert len(started) == len(finished) == 60
    assert {entry.parent for entry in finished} == {entry.seq for entry in started}
    assert {entry.obo_id for entry in started} == {str(granter.pk)}
    assert all(entry.aws_request_id for entry in finished)
    assert [entry.outcome for entry in entries_of(job, "job.finished")] == ["ok"]


def test_no_worker_id_stands_in_any_entry(emulator: Emulator, live_type: QualificationType, granter: User) -> None:
    ids = worker_ids(3, prefix="ASECRET")
    job = make_job(granter, live_type, ids)
    drain(str(job.account_id))
    cores = b"".join(bytes(core) for core in AuditEntry.objects.values_list("core", flat=True))
    assert b"mturk.call.finished" in cores
    assert b"ASECRET" not in cores


def test_a_second_drain_and_a_second_job_with_the_same_list_call_nobody(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(5)
    first = make_job(granter, live_type, ids)
    second_preview_is_made_before_the_first_runs = make_job(granter, live_type, ids)
    drain(str(first.account_id))
    drain(str(first.account_id))
    assert len(emulator.calls(operation=ASSOCIATE)) == 10
    for job in (first, second_preview_is_made_before_the_first_runs):
        job.refresh_from_db()
        assert (job.state, job.done) == (Job.State.FINISHED, 5)


def test_refused_workers_fail_with_amazons_code_and_can_be_retried(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(4)
    emulator.configure(unknown_workers="reject")
    emulator.register_workers(*ids[:3])
    job = make_job(granter, live_type, ids)
    drain(str(job.account_id))
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (Job.State.FINISHED, 3, 1)
    failed = Change.objects.get(job=job, state=Change.State.FAILED)
    assert failed.worker.worker_id == ids[3]
    assert failed.code == "ParameterValidationError"
    assert ids[3] not in failed.message

    emulator.register_workers(ids[3])
    retry_failed(actor=granter.as_actor(), job_id=job.pk)
    drain(str(job.account_id))
    job.refresh_from_db()
    failed.refresh_from_db()
    assert (job.state, job.done, job.failed, failed.attempt) == (Job.State.FINISHED, 4, 0, 2)


def test_bi_14_a_list_of_unknown_workers_is_left_for_a_person_to_look_at(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    """BI-14: after the first 50 failures without one success the job is paused; resumed, it goes to the end."""
    emulator.configure(unknown_workers="reject", latency_ms=5)
    job = make_job(granter, live_type, worker_ids(400))
    drain(str(job.account_id))
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.PAUSED, 0)
    assert WRONG_FROM_THE_START <= job.failed < 400
    assert job.failed + job.planned == 400
    assert emulator.grant_map(live_type.mturk_id or "") == {}
    (paused,) = entries_of(job, "job.paused")
    assert paused.actor_kind == "system"
    drain(str(job.account_id))
    job.refresh_from_db()
    assert job.state == Job.State.PAUSED
    resume_job(actor=granter.as_actor(), job_id=job.pk)
    while job.planned:
        drain(str(job.account_id))
        job.refresh_from_db()
        assert job.state != Job.State.PAUSED
    assert (job.state, job.failed) == (Job.State.FINISHED, 400)


def test_a_job_of_which_one_worked_is_not_paused_by_failures(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    emulator.configure(unknown_workers="reject")
    emulator.register_workers("A1GOODWORKER")
    first = make_job(granter, live_type, ["A1GOODWORKER", *worker_ids(WRONG_FROM_THE_START - 1)])
    drain(str(first.account_id))
    job = make_job(granter, live_type, worker_ids(WRONG_FROM_THE_START, "AWRONG"))
    drain(str(job.account_id))
    for one in (first, job):  # with nothing left to send there is nothing to pause
        one.refresh_from_db()
        assert one.state == Job.State.FINISHED


def test_revoking_takes_away_silently_unless_a_reason_is_given(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(4)
    drain(str(make_job(granter, live_type, ids).account_id))
    silent = make_job(granter, live_type, ids[:2], verb=Verb.REVOKE)
    told = make_job(granter, live_type, ids[2:3], verb=Verb.REVOKE, revoke_reason="The study is over.")
    drain(str(silent.account_id))
    assert set(emulator.revoked_map(live_type.mturk_id or "")) == set(ids[:3])
    assert [mail["worker_id"] for mail in emulator.outbox()] == [ids[2]]
    assert Qualification.objects.get(type=live_type, worker__worker_id=ids[0]).status == "Revoked"
    told.refresh_from_db()
    assert told.state == Job.State.FINISHED


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_read_back_and_never_repeated_blindly(
    emulator: Emulator, live_type: QualificationType, granter: User, when: str
) -> None:
    ids = worker_ids(2)
    emulator.fault("reset", when=when, operation=ASSOCIATE, worker_id=ids[0], times=1)
    job = make_job(granter, live_type, ids, score=55)
    drain(str(job.account_id))
    unclear = Change.objects.get(job=job, worker__worker_id=ids[0])
    assert unclear.state == Change.State.UNKNOWN
    Change.objects.filter(pk=unclear.pk).update(due_at=timezone.now())
    reconcile(str(job.account_id))
    drain(str(job.account_id))
    unclear.refresh_from_db()
    job.refresh_from_db()
    assert (unclear.state, job.state, job.done) == (Change.State.DONE, Job.State.FINISHED, 2)
    sent = [call for call in emulator.calls(operation=ASSOCIATE) if call["worker_id"] == ids[0]]
    assert sum(call["applied"] for call in sent) == 1
    assert len(sent) == (1 if when == "after" else 2)
    assert len(entries_of(job, "mturk.call.reconciled")) == 1


def test_credentials_refused_pauses_the_account_and_loses_nothing(
    emulator: Emulator, live_type: QualificationType, granter: User, account: RequesterAccount
) -> None:
    emulator.fault("error", code="AccessDeniedException", operation=ASSOCIATE)
    job = make_job(granter, live_type, worker_ids(3))
    drain(str(job.account_id))
    account.refresh_from_db()
    job.refresh_from_db()
    assert account.paused_reason
    assert (job.state, job.planned, job.failed) == (Job.State.RUNNING, 3, 0)
    assert emulator.grant_map(live_type.mturk_id or "") == {}


def test_throttled_calls_are_sent_again_and_none_fails(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    emulator.configure(rate=30, burst=5)
    job = make_job(granter, live_type, worker_ids(40))
    for _ in range(5):
        drain(str(job.account_id))
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (Job.State.FINISHED, 40, 0)


def test_a_job_stopped_by_a_pi_sends_nothing(
    emulator: Emulator, live_type: QualificationType, granter: User, pi: User
) -> None:
    job = make_job(granter, live_type, worker_ids(3))
    stop_job(actor=pi.as_actor(), job_id=job.pk)
    drain(str(job.account_id))
    assert emulator.calls(operation=ASSOCIATE) == []
    assert Change.objects.filter(job=job, state=Change.State.CANCELLED, code="stopped").count() == 3


def test_the_sweep_takes_over_what_a_dead_process_had_in_hand(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    job = make_job(granter, live_type, worker_ids(3))
    Change.objects.filter(job=job).update(due_at=timezone.now() - timedelta(minutes=10))
    claims = claim_changes(
        actor=Actor.system("drain"),
        account_id=job.account_id,
        limit=3,
        by="elsewhere/1/1",
        now=timezone.now() - timedelta(minutes=5),
        lease=timedelta(seconds=60),
    )
    assert len(claims) == 3
    sweep()
    assert set(Change.objects.filter(job=job).values_list("state", flat=True)) == {Change.State.UNKNOWN}
    Change.objects.filter(job=job).update(due_at=timezone.now())
    reconcile(str(job.account_id))
    drain(str(job.account_id))
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.FINISHED, 3)
    assert len(emulator.calls(operation=ASSOCIATE)) == 3


def test_entries_tell_what_was_held_before_and_after_in_words(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(1, prefix="ABEFORE")
    drain(str(make_job(granter, live_type, ids, score=60).account_id))
    raised = make_job(granter, live_type, ids, score=90)
    drain(str(raised.account_id))
    taken = make_job(granter, live_type, ids, verb=Verb.REVOKE)
    drain(str(taken.account_id))
    (entry,) = entries_of(raised, "mturk.call.finished")
    assert entry.changes["value"] == [60, 90]
    assert sentence(entry) == "Amazon answered Granter Person: Wave 3 granted, score 60 → 90, done"
    (entry,) = entries_of(taken, "mturk.call.finished")
    assert (entry.changes["status"], entry.changes["value"]) == (["Granted", "Revoked"], [90, None])
    assert sentence(entry) == "Amazon answered Granter Person: Wave 3 taken away, done"
