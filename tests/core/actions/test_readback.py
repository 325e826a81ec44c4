"""Reading back: what is decided from what Amazon says, and what happens to leases that run out."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.audit.types import Who
from qualadmin.core.actions.claims import Claim, JobInHand
from qualadmin.core.actions.control import retry_failed
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.readback import (
    MAX_ATTEMPTS,
    MAX_CHECKS,
    Finding,
    claim_checks,
    decide,
    expire_leases,
    lease_holders,
    let_go_of_checks,
    record_findings,
)
from qualadmin.core.models import Change, Job, Qualification, QualificationType, User
from tests.entries import new_entries
from tests.tasks.hands import DRAIN, finish, give, outcome, take
from tests.tasks.lists import make_job, worker_ids

SETTLE = timedelta(seconds=60)
CLAIM = Claim(
    change_id=1,
    job=JobInHand(uuid.uuid4(), "t", "account:x", "emulator", Who("user", "1", "A"), False, ""),
    type_id=uuid.uuid4(),
    type_name="Wave",
    mturk_type_id="3X",
    worker=uuid.uuid4(),
    worker_id="AX",
    verb="grant",
    value=70,
    attempt=1,
    throttles=0,
)


@pytest.mark.parametrize(
    ("verb", "held", "value", "attempt", "throttles", "checks", "result"),
    [
        ("grant", True, 70, 1, 0, 0, Result.DONE),
        ("grant", True, 70, 9, 0, 4, Result.DONE),
        ("grant", True, 60, 1, 0, 0, Result.PUT_BACK),  # another score: ours was not applied
        ("grant", False, None, 1, 0, 0, Result.PUT_BACK),
        ("grant", False, None, MAX_ATTEMPTS - 1, 0, 0, Result.PUT_BACK),
        ("grant", False, None, MAX_ATTEMPTS, 0, 0, Result.NEEDS_PERSON),
        ("grant", False, None, MAX_ATTEMPTS + 4, 5, 0, Result.PUT_BACK),  # calls that never happened do not count
        ("grant", True, 60, MAX_ATTEMPTS, 0, 0, Result.NEEDS_PERSON),
        ("revoke", False, None, 1, 0, 0, Result.DONE),
        ("revoke", True, 70, 1, 0, 0, Result.PUT_BACK),
        ("revoke", True, 70, MAX_ATTEMPTS, 0, 0, Result.NEEDS_PERSON),
        ("grant", None, None, 1, 0, 0, Result.UNKNOWN),
        ("grant", None, None, 1, 0, MAX_CHECKS - 2, Result.UNKNOWN),
        ("grant", None, None, 1, 0, MAX_CHECKS - 1, Result.NEEDS_PERSON),
        ("revoke", None, None, 1, 0, MAX_CHECKS - 1, Result.NEEDS_PERSON),
    ],
)
def test_what_is_decided(
    verb: str, held: bool | None, value: int | None, attempt: int, throttles: int, checks: int, result: Result
) -> None:
    claim = replace(CLAIM, verb=verb, attempt=attempt, throttles=throttles, checks=checks)
    assert decide(Finding(claim, held, value, timezone.now())) is result


# --- with rows ----------------------------------------------------------------------------------------------


def unclear(wave: QualificationType) -> Claim:
    """One call without a clear answer, due for a look; as the reconciler takes it in hand."""
    [claim] = take(wave.account, 1)
    give([outcome(claim, Result.UNKNOWN, aws=None)])
    [check] = look(wave)
    return check


def look(wave: QualificationType, by: str = "here/1/1") -> list[Claim]:
    later = timezone.now() + timedelta(hours=1)
    return claim_checks(account_id=wave.account_id, limit=10, by=by, now=later, lease=SETTLE)


def found(claim: Claim, held: bool | None, value: int | None = None) -> None:
    record_findings(actor=DRAIN, findings=[Finding(claim, held, value, timezone.now())], settle=SETTLE)


@pytest.mark.django_db
class TestRows:
    @pytest.fixture
    def job(self, wave: QualificationType, granter: User) -> Job:
        return make_job(granter, wave, worker_ids(1), score=70)

    def test_applied_is_done(self, wave: QualificationType, job: Job) -> None:
        claim = unclear(wave)
        with new_entries() as entries:
            found(claim, True, 70)
        assert entries.actions == ["mturk.call.reconciled", "job.finished"]
        assert entries[0].outcome == "ok"
        assert entries[0].changes["found"] == [None, "granted, score 70"]
        change = Change.objects.get()
        assert (change.state, change.lease_until, change.audit_id) == ("done", None, entries[0].id)
        held = Qualification.objects.get()
        assert (held.status, held.value, held.audit_id) == ("Granted", 70, entries[0].id)
        job.refresh_from_db()
        assert (job.state, job.done, job.planned) == (Job.State.FINISHED, 1, 0)

    def test_not_applied_is_sent_again(self, wave: QualificationType, job: Job) -> None:
        claim = unclear(wave)
        with new_entries() as entries:
            found(claim, False)
        assert entries.actions == ["mturk.call.reconciled"]
        change = Change.objects.get()
        assert (change.state, change.finished_at, change.checks) == ("planned", None, 0)
        job.refresh_from_db()
        assert (job.state, job.planned) == (Job.State.RUNNING, 1)
        assert [one.attempt for one in take(wave.account)] == [2]

    def test_no_answer_rests_longer_each_time_without_an_entry(self, wave: QualificationType, job: Job) -> None:
        claim = unclear(wave)
        for number in range(MAX_CHECKS - 1):
            with new_entries() as entries:
                found(claim, None)
            assert entries == []
            change = Change.objects.get()
            assert (change.state, change.checks) == ("unknown", number + 1)
            wait = (change.due_at - timezone.now()).total_seconds()
            assert abs(wait - SETTLE.total_seconds() * 2**number) < 5
            Change.objects.update(due_at=timezone.now())
            [claim] = look(wave)
        with new_entries() as entries:
            found(claim, None)
        assert entries.actions == ["mturk.call.reconciled", "job.finished"]
        assert entries[0].outcome == "unknown"
        change = Change.objects.get()
        assert (change.state, change.code) == (Change.State.NEEDS_PERSON, "unclear")
        assert change.message
        job.refresh_from_db()
        assert (job.needs_person, job.planned) == (1, 0)

    def test_calls_that_never_left_do_not_use_up_the_attempts(self, wave: QualificationType, job: Job) -> None:
        for _ in range(MAX_ATTEMPTS):
            [claim] = take(wave.account)
            give([outcome(claim, Result.PUT_BACK, aws=None, cause="not sent")])
        found(unclear(wave), False)
        assert Change.objects.get().state == Change.State.PLANNED

    def test_a_person_who_retries_gets_new_attempts(
        self, wave: QualificationType, job: Job, granter: User
    ) -> None:
        for _ in range(MAX_ATTEMPTS):
            finish(wave.account, Result.FAILED)
            retry_failed(actor=granter.as_actor(), job_id=job.pk)
        found(unclear(wave), False)
        assert Change.objects.get().state == Change.State.PLANNED

    def test_a_look_is_taken_by_one_process_at_a_time(self, wave: QualificationType, job: Job) -> None:
        unclear(wave)
        assert look(wave) == []
        Change.objects.update(lease_until=timezone.now())
        assert len(look(wave)) == 1

    def test_two_looks_decide_once(self, wave: QualificationType, job: Job) -> None:
        claim = unclear(wave)
        found(claim, True, 70)
        with new_entries() as entries:
            found(claim, False)
        assert entries == []
        job.refresh_from_db()
        assert (job.done, job.planned) == (1, 0)

    def test_expired_leases_become_unclear_and_rest(self, wave: QualificationType, job: Job) -> None:
        [claim] = take(wave.account, by="here/5/1")
        assert lease_holders(account_id=wave.account_id) == ["here/5/1"]
        now = timezone.now()
        assert expire_leases(actor=DRAIN, account_id=wave.account_id, now=now, settle=SETTLE) == 0
        with new_entries() as entries:
            over = now + timedelta(seconds=61)
            assert expire_leases(actor=DRAIN, account_id=wave.account_id, now=over, settle=SETTLE) == 1
        assert (entries.only.action, entries.only.outcome) == ("mturk.call.unknown", "unknown")
        change = Change.objects.get()
        assert (change.state, change.code, change.lease_by) == ("unknown", "no_answer", "")
        assert change.due_at == over + SETTLE
        assert change.attempt == claim.attempt

    def test_leases_of_the_dead_need_not_run_out(self, wave: QualificationType, job: Job) -> None:
        take(wave.account, by="here/5/1")
        now = timezone.now()
        expired = expire_leases(
            actor=DRAIN, account_id=wave.account_id, now=now, settle=SETTLE, gone=["here/6/1", "here/5/1"]
        )
        assert expired == 1

    def test_looks_of_the_dead_are_taken_over_at_once(self, wave: QualificationType, job: Job) -> None:
        unclear(wave)
        holder = Change.objects.get().lease_by
        assert (bool(holder), look(wave)) == (True, [])
        account = wave.account_id
        assert let_go_of_checks(account_id=account, gone=lambda holders: []) == 0
        assert let_go_of_checks(account_id=account, gone=lambda holders: ["another", *holders]) == 1
        assert len(look(wave)) == 1
