"""Undoing: one at a time, who may and until when, what is refused, and what the log says."""

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Target
from qualadmin.core.actions.control import pause_job, retry_failed, stop_job
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.preparing import prepare_job
from qualadmin.core.actions.undo import may_undo, prepare_undo
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    Change,
    Job,
    Preview,
    QualificationType,
    RequesterAccount,
    Study,
    User,
    Worker,
)
from tests.core.actions.undoing import confirm, held, prepare, undo
from tests.entries import new_entries
from tests.factories import JobFactory, QualificationFactory, RoleFactory, TypeFactory, UserFactory, WorkerFactory
from tests.tasks.hands import finish, give, outcome, take
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db


# --- once at a time -----------------------------------------------------------------------------------------


def test_a_second_click_gets_the_open_preview_with_the_newer_words(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(3))
    finish(wave.account)
    first = prepare(granter, job, "one")
    with new_entries() as entries:
        second = prepare(granter, job, "two")
    assert entries == []
    assert (second.pk, second.reason, Preview.objects.get(pk=first.pk).reason) == (first.pk, "two", "two")


def test_a_preview_that_no_longer_holds_is_replaced(
    wave: QualificationType, granter: User, colleague: User
) -> None:
    job = make_job(granter, wave, worker_ids(3))
    finish(wave.account)
    first = prepare(granter, job)
    make_job(colleague, wave, worker_ids(1), score=5)
    finish(wave.account)
    second = prepare(granter, job)
    first.refresh_from_db()
    assert (first.state, second.counts["left"]) == (Preview.State.DISCARDED, 1)


def test_of_two_people_one_undoes(wave: QualificationType, granter: User, colleague: User) -> None:
    job = make_job(granter, wave, worker_ids(3))
    finish(wave.account)
    mine, theirs = prepare(granter, job), prepare(colleague, job)
    assert mine.pk != theirs.pk
    undone = confirm(colleague, theirs)
    assert confirm(colleague, theirs) == undone
    with new_entries() as entries, pytest.raises(Conflict, match="Cora Colleague is undoing this job already"):
        confirm(granter, mine)
    assert entries == []
    with pytest.raises(Conflict):
        prepare(granter, job)
    finish(wave.account)
    with pytest.raises(ActionError):  # all of it is as it was before
        confirm(granter, prepare(granter, job))


def test_the_database_too_allows_one_undo_at_a_time(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(1))
    finish(wave.account)
    confirm(granter, prepare(granter, job))
    with pytest.raises(IntegrityError), transaction.atomic():
        JobFactory(account=wave.account, created_by=granter, undoes=job)


def test_what_an_interrupted_undo_left_is_undone_by_the_next(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(4))
    finish(wave.account)
    first = confirm(granter, prepare(granter, job))
    give(outcome(claim) for claim in take(wave.account, 1))
    stop_job(actor=granter.as_actor(), job_id=first.pk)
    second = undo(granter, job)
    assert (second.total, second.done) == (3, 3)
    assert {status for status, _ in held(wave).values()} == {"Revoked"}


# --- who, when, and what is refused -------------------------------------------------------------------------


def test_a_job_that_has_not_ended_is_not_undone(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    give(outcome(claim) for claim in take(wave.account, 1))
    for _ in range(2):
        job.refresh_from_db()
        assert not may_undo(granter.as_actor(), job)
        with pytest.raises(Conflict, match="has not ended"):
            prepare(granter, job)
        pause_job(actor=granter.as_actor(), job_id=job.pk)


def test_a_job_retried_after_the_preview_is_not_undone(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    claims = take(wave.account)
    give([outcome(claims[0]), outcome(claims[1], Result.FAILED)])
    preview = prepare(granter, job)
    retry_failed(actor=granter.as_actor(), job_id=job.pk)
    with pytest.raises(Conflict, match="has not ended"):
        confirm(granter, preview)


def test_a_job_that_changed_nothing_has_nothing_to_undo(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    finish(wave.account, Result.FAILED)
    job.refresh_from_db()
    assert not may_undo(granter.as_actor(), job)
    with pytest.raises(Conflict, match="nothing to undo"):
        prepare(granter, job)


def test_after_thirty_days_it_is_too_late(
    wave: QualificationType, granter: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(granter, wave, worker_ids(2))
    finish(wave.account)
    job.refresh_from_db()
    actor, now = granter.as_actor(), timezone.now()
    monkeypatch.setattr("qualadmin.core.actions.undo.timezone.now", lambda: now + timedelta(days=29, hours=23))
    assert may_undo(actor, job)
    preview = prepare(granter, job)
    monkeypatch.setattr("qualadmin.core.actions.undo.timezone.now", lambda: now + timedelta(days=30, hours=1))
    assert not may_undo(actor, job)
    for act in (lambda: prepare(granter, job), lambda: confirm(granter, preview)):
        with pytest.raises(Conflict, match="30 days"):
            act()
    settings.UNDO_DAYS = 60
    assert may_undo(actor, job)


@pytest.mark.parametrize(
    ("name", "may"), [("granter", True), ("colleague", True), ("pi", False), ("manager", False), ("viewer", False)]
)
def test_every_granter_may_undo_and_nobody_else(
    wave: QualificationType, granter: User, request: pytest.FixtureRequest, name: str, may: bool
) -> None:
    job = make_job(granter, wave, worker_ids(2))
    finish(wave.account)
    job.refresh_from_db()
    person = request.getfixturevalue(name)
    assert may_undo(person.as_actor(), job) is may
    if may:
        assert prepare(person, job).created_by == person
        return
    with new_entries() as entries, pytest.raises(NotAllowed):
        prepare(person, job)
    assert entries == []


def test_a_job_out_of_scope_does_not_exist(wave: QualificationType, granter: User, outsider: User) -> None:
    job = make_job(granter, wave, worker_ids(1))
    finish(wave.account)
    for pk in (job.pk, uuid.uuid4()):
        with pytest.raises(NotVisible):
            prepare_undo(actor=outsider.as_actor(), job_id=pk)


def test_in_production_it_needs_a_study_and_the_right_to_reach_real_workers(
    production_account: RequesterAccount, granter: User, study: Study
) -> None:
    wave = TypeFactory(account=production_account)
    job = make_job(granter, wave, worker_ids(2), study=study)
    finish(production_account)
    practice = UserFactory()
    RoleFactory(user=practice, role="granter", can_production=False)
    with pytest.raises(NotAllowed, match="real workers"):
        prepare(practice, job)
    with pytest.raises(ActionError) as refusal:
        prepare(granter, job)
    assert refusal.value.field == "study"
    assert not Preview.objects.filter(undoes=job).exists()
    preview = prepare_undo(actor=granter.as_actor(), job_id=job.pk, study=study)
    assert confirm(granter, preview).study == study


def test_erased_workers_and_types_that_are_gone_cannot_be_restored(
    account: RequesterAccount, granter: User
) -> None:
    wave = TypeFactory(account=account)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AHOLDER"), value=30)
    job = make_job(granter, wave, ["AGONE", "AHOLDER"], score=90)
    finish(account)
    worker = Worker.objects.get(worker_id="AGONE")
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("qtype.seen_changed", target=Target("qtype", str(wave.pk), wave.name))
        Worker.objects.filter(pk=worker.pk).update(worker_id=None, audit_id=entry)
        QualificationType.objects.filter(pk=wave.pk).update(status="Inactive", audit_id=entry)
    preview = prepare(granter, job)
    whys = {row.code: row for row in preview.rows.all()}
    assert set(whys) == {"erased", "type"}
    assert whys["erased"].given == worker.pseudonym_in(job.stream)
    assert "inactive" in whys["type"].why
    with pytest.raises(ActionError) as refusal:
        confirm(granter, preview)
    assert refusal.value.code == "nothing_to_do"


# --- what the log says, and how long it takes ---------------------------------------------------------------


def test_both_jobs_say_so_in_the_log(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    finish(wave.account)
    with new_entries() as entries:
        preview = prepare(granter, job)
    assert (entries.only.action, entries.only.job) == ("job.undo.prepared", str(job.pk))
    assert entries.only.changes == {"rows": [None, 2], "left": [None, 0]}
    with new_entries() as entries:
        undone = confirm(granter, preview)
    created, said = entries
    assert (created.action, created.job) == ("job.created", str(undone.pk))
    assert created.changes["undoes"] == [None, str(job.pk)]
    assert (said.action, said.job, said.target_id) == ("job.undone", str(job.pk), str(job.pk))
    assert said.changes == {"undo_job": [None, str(undone.pk)], "total": [None, 2]}
    assert b"ADRAIN" not in bytes(created.core) + bytes(said.core)


def write_down(job: Job) -> None:
    """What the task does with a job too large to be written down in one go."""
    while prepare_job(actor=Actor.system("prepare"), job_id=job.pk):
        pass


@pytest.mark.slow
@pytest.mark.django_db(transaction=connection.vendor == "postgresql")  # whose statistics count what is committed
def test_ten_thousand_rows_are_worked_out_and_confirmed_in_time(wave: QualificationType, granter: User) -> None:
    """CPU time, as other tests run beside this one."""
    job = make_job(granter, wave, worker_ids(10_000))
    write_down(job)
    while claims := take(wave.account, 2_000):
        give(outcome(claim) for claim in claims)
    began = time.process_time()
    preview = prepare(granter, job)
    worked_out = time.process_time() - began
    undone = confirm(granter, preview)
    write_down(undone)
    confirmed = time.process_time() - began - worked_out
    assert Change.objects.filter(job=undone, state="planned").count() == 10_000
    assert worked_out < 3
    assert confirmed < 3
