"""Writing outcomes down: states, what workers hold, counters, entries; late answers; the end of a job."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.control import retry_failed
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.readback import expire_leases
from qualadmin.core.models import Change, Job, Qualification, QualificationType, User, Verb
from qualadmin.tasks.prepare import prepare
from tests.entries import new_entries, payload_of
from tests.tasks.hands import AWS, DRAIN, finish, give, outcome, take
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db


def test_done_says_what_the_worker_holds_and_ends_the_job(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2), score=70)
    claims = take(wave.account)
    with new_entries() as entries:
        recorded = give(outcome(claim) for claim in claims)
    assert recorded.written == {Result.DONE: 2}
    assert recorded.finished == [job.pk]
    assert entries.actions == ["mturk.call.finished"] * 2 + ["job.finished"]
    first = entries[0]
    assert first.changes == {"state": ["sending", "done"], "status": [None, "Granted"], "value": [None, 70]}
    assert first.aws_request_id == AWS["request_id"]
    for change in job.changes.all():
        assert (change.state, change.code, change.message) == ("done", "", "")
        assert (change.lease_until, change.lease_by) == (None, "")
        assert change.finished_at is not None
    held = Qualification.objects.filter(type=wave)
    assert set(held.values_list("worker__worker_id", "status", "value")) == {
        (one, "Granted", 70) for one in worker_ids(2)
    }
    job.refresh_from_db()
    assert (job.state, job.planned, job.done) == (Job.State.FINISHED, 0, 2)
    assert job.finished_at is not None


def test_a_new_score_keeps_the_time_of_the_grant_and_a_revoke_keeps_the_score(
    wave: QualificationType, granter: User
) -> None:
    make_job(granter, wave, worker_ids(1), score=10)
    finish(wave.account)
    granted_at = Qualification.objects.get().grant_time
    make_job(granter, wave, worker_ids(1), score=20)
    finish(wave.account)
    held = Qualification.objects.get()
    assert (held.value, held.grant_time) == (20, granted_at)
    make_job(granter, wave, worker_ids(1), verb=Verb.REVOKE)
    finish(wave.account)
    held.refresh_from_db()
    assert (held.status, held.value, held.grant_time) == ("Revoked", 20, granted_at)
    make_job(granter, wave, worker_ids(1), score=30)
    finish(wave.account)
    held.refresh_from_db()
    assert (held.status, held.value) == ("Granted", 30)
    assert held.grant_time is not None
    assert granted_at is not None
    assert held.grant_time > granted_at


@pytest.mark.parametrize(
    ("result", "action", "end", "counter"),
    [
        (Result.DONE, "mturk.call.finished", "ok", "done"),
        (Result.SKIPPED, "mturk.call.finished", "ok", "skipped"),
        (Result.FAILED, "mturk.call.finished", "failed", "failed"),
        (Result.PUT_BACK, "mturk.call.put_back", "failed", None),
        (Result.UNKNOWN, "mturk.call.unknown", "unknown", None),
    ],
)
def test_every_result_has_its_entry_its_state_and_its_counter(
    wave: QualificationType, granter: User, result: Result, action: str, end: str, counter: str | None
) -> None:
    job = make_job(granter, wave, worker_ids(2))
    [claim] = take(wave.account, 1)
    sent = outcome(claim, result, code="SomeCode", message="Words.", detail="Amazon's own words", cause="a cause")
    with new_entries() as entries:
        give([sent])
    assert (entries.only.action, entries.only.outcome) == (action, end)
    assert payload_of(entries.only) == {"detail": "Amazon's own words"}
    change = Change.objects.get(pk=claim.change_id)
    assert (change.state, change.code, change.audit_id) == (result.value, "SomeCode", entries.only.id)
    job.refresh_from_db()
    counted = {name: getattr(job, name) for name in ("done", "skipped", "failed", "needs_person", "cancelled")}
    assert counted == dict.fromkeys(counted, 0) | ({counter: 1} if counter else {})
    assert job.planned == (1 if counter else 2)
    assert job.state == Job.State.RUNNING
    assert Qualification.objects.exists() is (result is Result.DONE)


def test_what_is_put_back_rests_and_goes_again_as_the_next_attempt(wave: QualificationType, granter: User) -> None:
    make_job(granter, wave, worker_ids(1))
    [claim] = take(wave.account)
    give([outcome(claim, Result.PUT_BACK, wait=timedelta(seconds=30), cause="throttled", throttled=True)])
    assert take(wave.account) == []
    [again] = take(wave.account, now=timezone.now() + timedelta(seconds=31))
    assert (again.change_id, again.attempt, again.throttles) == (claim.change_id, 2, 1)


def test_an_answer_that_comes_too_late_is_kept_as_evidence_only(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(1))
    [claim] = take(wave.account)
    over = timezone.now() + timedelta(seconds=61)
    expire_leases(actor=DRAIN, account_id=wave.account_id, now=over, settle=timedelta(seconds=60))
    with new_entries() as entries:
        recorded = give([outcome(claim)])
    assert (recorded.late, recorded.written) == (1, {})
    assert (entries.only.action, entries.only.outcome) == ("mturk.call.late_result", "ok")
    assert entries.only.aws_request_id == AWS["request_id"]
    change = Change.objects.get(pk=claim.change_id)
    assert change.state == Change.State.UNKNOWN
    assert not Qualification.objects.exists()
    job.refresh_from_db()
    assert (job.planned, job.done) == (1, 0)


def test_an_answer_to_an_earlier_attempt_does_not_speak_for_the_one_in_hand(
    wave: QualificationType, granter: User
) -> None:
    make_job(granter, wave, worker_ids(1))
    [first] = take(wave.account)
    give([outcome(first, Result.PUT_BACK)])
    [second] = take(wave.account)
    assert give([outcome(first)]).late == 1
    assert Change.objects.get().state == Change.State.SENDING
    assert give([outcome(second)]).late == 0
    assert give([outcome(second)]).late == 1
    assert Job.objects.get().done == 1


def test_many_outcomes_in_one_slice(wave: QualificationType, granter: User) -> None:
    ids = worker_ids(1100)
    job = make_job(granter, wave, ids)
    prepare(str(job.pk))
    claims = take(wave.account, 2000)
    assert len(claims) == 1100
    give(outcome(claim, Result.FAILED if number % 11 == 0 else Result.DONE) for number, claim in enumerate(claims))
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (Job.State.FINISHED, 1000, 100)
    assert Qualification.objects.count() == 1000


def test_a_job_ends_again_after_a_retry(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    finish(wave.account, Result.FAILED)
    with new_entries() as entries:
        retry_failed(actor=granter.as_actor(), job_id=job.pk)
        finish(wave.account)
    assert entries.actions[0] == "job.retried"
    assert entries.actions.count("job.finished") == 1
    job.refresh_from_db()
    assert (job.state, job.done, job.failed, job.planned) == (Job.State.FINISHED, 2, 0, 0)


def test_an_empty_slice_writes_nothing() -> None:
    with new_entries() as entries:
        assert give([]).written == {}
    assert entries == []
