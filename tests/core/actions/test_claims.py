"""Claiming: who gets which change, and that the intent is on record before anything else can happen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.types import Context
from qualadmin.core.actions.accounts import disable_account, pause_account
from qualadmin.core.actions.claims import due_accounts
from qualadmin.core.actions.control import pause_job, resume_job, stop_job
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.people import deactivate_user, end_role
from qualadmin.core.actor import Actor
from qualadmin.core.models import (
    AccountPace,
    Change,
    Job,
    QualificationType,
    RoleAssignment,
    User,
)
from tests.entries import new_entries
from tests.factories import RoleFactory
from tests.tasks.hands import LEASE, finish, give, outcome, take
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db


def test_a_claim_is_sending_leased_and_has_its_entry(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(3), score=70)
    now = timezone.now()
    with new_entries() as entries:
        claims = take(wave.account, now=now, by="host/7/1")
    assert entries.actions == ["mturk.call.started"] * 3
    assert {entry.outcome for entry in entries} == {"started"}
    assert {entry.obo_id for entry in entries} == {str(granter.pk)}
    assert {entry.actor_kind for entry in entries} == {"system"}
    assert {str(entry.subject) for entry in entries} == {str(claim.worker) for claim in claims}
    assert [entry.id for entry in entries] == [claim.entry for claim in claims]
    assert [claim.worker_id for claim in claims] == worker_ids(3)
    for change, claim in zip(job.changes.order_by("id"), claims, strict=True):
        assert (change.pk, change.state, change.attempt) == (claim.change_id, "sending", 1)
        assert (change.lease_by, change.lease_until, change.audit_id) == ("host/7/1", now + LEASE, claim.entry)
    job.refresh_from_db()
    assert job.started_at == now
    assert job.planned == 3


def test_nothing_is_claimed_twice_and_the_limit_holds(wave: QualificationType, granter: User) -> None:
    make_job(granter, wave, worker_ids(5))
    first, second = take(wave.account, 3), take(wave.account, 3)
    assert (len(first), len(second)) == (3, 2)
    assert not {one.change_id for one in first} & {one.change_id for one in second}
    assert take(wave.account) == []
    assert take(wave.account, 0) == []


def test_jobs_share_a_claim(wave: QualificationType, granter: User) -> None:
    big = make_job(granter, wave, worker_ids(50))
    small = make_job(granter, wave, worker_ids(3, prefix="ASMALL"))
    taken = [claim.job.job_id for claim in take(wave.account, 10)]
    assert taken.count(small.pk) == 3
    assert taken.count(big.pk) == 7


def test_the_second_job_for_the_same_worker_waits_for_the_first(wave: QualificationType, granter: User) -> None:
    first = make_job(granter, wave, worker_ids(2), score=10)
    second = make_job(granter, wave, worker_ids(2), score=20)
    claims = take(wave.account)
    assert {claim.job.job_id for claim in claims} == {first.pk}
    assert take(wave.account) == []
    give(outcome(claim) for claim in claims)
    assert {claim.job.job_id for claim in take(wave.account)} == {second.pk}


def test_an_unclear_call_holds_back_the_next_one(wave: QualificationType, granter: User) -> None:
    make_job(granter, wave, worker_ids(1), score=10)
    make_job(granter, wave, worker_ids(1), score=20)
    give(outcome(claim, Result.UNKNOWN) for claim in take(wave.account))
    assert take(wave.account) == []


def test_a_paused_job_keeps_its_place_before_the_second(wave: QualificationType, granter: User) -> None:
    first = make_job(granter, wave, worker_ids(2), score=10)
    second = make_job(granter, wave, worker_ids(2), score=20)
    pause_job(actor=granter.as_actor(), job_id=first.pk)
    assert take(wave.account) == []
    resume_job(actor=granter.as_actor(), job_id=first.pk)
    claims = take(wave.account)
    assert {claim.job.job_id for claim in claims} == {first.pk}
    give(outcome(claim) for claim in claims)
    assert {claim.job.job_id for claim in take(wave.account)} == {second.pk}


def test_a_stopped_job_holds_nobody_back_but_for_its_calls_in_hand(wave: QualificationType, granter: User) -> None:
    first = make_job(granter, wave, worker_ids(2), score=10)
    second = make_job(granter, wave, worker_ids(2), score=20)
    [in_hand] = take(wave.account, 1)
    stop_job(actor=granter.as_actor(), job_id=first.pk)
    [free] = take(wave.account)
    assert (free.job.job_id, free.worker) != (first.pk, in_hand.worker)
    give([outcome(in_hand), outcome(free)])
    assert [(claim.job.job_id, claim.worker) for claim in take(wave.account)] == [(second.pk, in_hand.worker)]


def test_a_change_remembers_what_the_worker_held_when_it_was_sent(wave: QualificationType, granter: User) -> None:
    make_job(granter, wave, worker_ids(1), score=10)
    second = make_job(granter, wave, worker_ids(1), score=20)
    assert second.changes.values_list("status_before", "value_before").get() == ("", None)
    finish(wave.account)
    assert second.changes.values_list("status_before", "value_before").get() == ("Granted", 10)


def test_changes_that_rest_are_left_alone(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    job.changes.filter(n=1).update(due_at=timezone.now() + timedelta(seconds=30))
    assert len(take(wave.account)) == 1
    assert len(take(wave.account, now=timezone.now() + timedelta(seconds=31))) == 1


def test_more_jobs_that_rest_than_fit_a_claim_do_not_hide_one_that_is_due(
    wave: QualificationType, granter: User
) -> None:
    for number in range(16):
        job = make_job(granter, wave, worker_ids(1, prefix=f"AREST{number}X"))
        job.changes.update(due_at=timezone.now() + timedelta(minutes=10))
    due = make_job(granter, wave, worker_ids(2, prefix="ADUE"))
    assert {claim.job.job_id for claim in take(wave.account)} == {due.pk}


@pytest.mark.parametrize("how", ["paused", "switched off", "breaker"])
def test_a_closed_account_and_an_open_breaker_claim_nothing(
    wave: QualificationType, granter: User, manager: User, how: str
) -> None:
    make_job(granter, wave, worker_ids(2))
    account = wave.account
    if how == "paused":
        pause_account(actor=Actor.system("drain"), account=account, cause="Amazon refused the credentials.")
    elif how == "switched off":
        disable_account(actor=manager.as_actor(), account=account)
    else:
        AccountPace.objects.create(account=account, open_until=timezone.now() + timedelta(seconds=30))
    with new_entries() as entries:
        assert take(account) == []
    assert entries == []


@pytest.mark.parametrize("how", ["role", "person"])
def test_f31_who_lost_the_right_loses_what_was_not_sent_yet(
    wave: QualificationType, granter: User, manager: User, how: str
) -> None:
    job = make_job(granter, wave, worker_ids(3))
    in_hand = take(wave.account, 1)
    if how == "role":
        lose_role(manager, granter)
    else:
        deactivate_user(actor=manager.as_actor(), user=granter)
    with new_entries() as entries:
        assert take(wave.account) == []
    assert entries.only.action == "change.cancelled"
    assert entries.only.changes["cause"] == [None, "authority lost"]
    assert entries.only.changes["count"] == [None, 2]
    cancelled = job.changes.filter(state=Change.State.CANCELLED)
    assert {(one.code, one.finished_at is not None) for one in cancelled} == {("authority_lost", True)}
    job.refresh_from_db()
    assert (job.state, job.planned, job.cancelled) == (Job.State.RUNNING, 1, 2)
    give(outcome(claim) for claim in in_hand)
    job.refresh_from_db()
    assert (job.state, job.planned, job.done, job.cancelled) == (Job.State.FINISHED, 0, 1, 2)


def test_f31_a_job_with_nothing_in_hand_ends_when_its_rest_is_cancelled(
    wave: QualificationType, granter: User, manager: User
) -> None:
    job = make_job(granter, wave, worker_ids(3))
    lose_role(manager, granter)
    with new_entries() as entries:
        assert take(wave.account) == []
    assert entries.actions == ["change.cancelled", "job.finished"]
    job.refresh_from_db()
    assert (job.state, job.planned, job.cancelled) == (Job.State.FINISHED, 0, 3)


def test_others_go_on_when_one_person_lost_the_right(
    wave: QualificationType, granter: User, manager: User, outsider: User
) -> None:
    RoleFactory(user=outsider, role="granter", account=wave.account)
    make_job(granter, wave, worker_ids(3))
    other = make_job(outsider, wave, worker_ids(3, prefix="AOTHER"))
    lose_role(manager, granter)
    assert {claim.job.job_id for claim in take(wave.account)} == {other.pk}


def test_no_entry_names_the_job_by_what_somebody_typed(
    wave: QualificationType, granter: User, manager: User
) -> None:
    for job in [make_job(granter, wave, worker_ids(1, prefix=f"AJOB{n}X")) for n in range(2)]:
        _retitle(job, "payments of ASECRETWORKER.csv")
    claims = take(wave.account, 1)
    lose_role(manager, granter)
    take(wave.account)
    give(outcome(claim) for claim in claims)
    entries = AuditEntry.objects.filter(action__in=["change.cancelled", "job.finished"])
    assert entries.count() == 3
    assert not [entry for entry in entries if b"ASECRETWORKER" in bytes(entry.core)]


def test_accounts_that_need_a_drain_or_a_look_are_named(wave: QualificationType, granter: User) -> None:
    now = timezone.now() + timedelta(seconds=1)
    assert due_accounts(now=now) == []
    make_job(granter, wave, worker_ids(2))
    assert due_accounts(now=now) == [(wave.account_id, "send")]
    [claim] = take(wave.account, 1)
    give([outcome(claim, Result.UNKNOWN, wait=timedelta(seconds=60))])
    assert due_accounts(now=now) == [(wave.account_id, "send")]
    finish(wave.account)
    assert due_accounts(now=now + timedelta(seconds=61)) == [(wave.account_id, "check")]


def lose_role(manager: User, person: User) -> None:
    """A manager takes every role away."""
    for role in RoleAssignment.objects.filter(user=person, ended_at=None):
        end_role(actor=manager.as_actor(), assignment=role)


def _retitle(job: Job, title: str) -> None:
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("job.resumed", changes={"state": ["running", "running"]})
        Job.objects.filter(pk=job.pk).update(title=title, audit_id=entry)
