"""Retrying, approving, stopping and refusing a large job: noted at once, carried out part by part."""

from typing import Any

import pytest

from qualadmin.core.actions import parts
from qualadmin.core.actions.approvals import approve_job, send_back_job, withdraw_job
from qualadmin.core.actions.control import pause_job, resume_job, retry_failed, stop_job
from qualadmin.core.actions.giving_up import give_up_part, jobs_to_give_up
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.preparing import prepare_job
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict
from qualadmin.core.models import Change, Job, QualificationType, User
from qualadmin.core.queue import DRAIN, GIVE_UP, PREPARE
from qualadmin.tasks.prepare import give_up, prepare
from qualadmin.tasks.sweep import sweep
from tests.approving import Second
from tests.core.actions.test_claims import lose_role
from tests.entries import new_entries
from tests.factories import QualificationFactory
from tests.tasks.hands import finish, give, outcome, take
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db
TASK = Actor.system("prepare")
IDS = worker_ids(11)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four changes: eleven are a large job from here on."""
    monkeypatch.setattr(parts, "AT_ONCE", 4)
    monkeypatch.setattr(parts, "PART", 4)


def counts(job: Job) -> dict[str, int]:
    """The job's counters, which must say what its changes say."""
    job.refresh_from_db()
    names = {"planned": ["planned", "sending", "unknown"], "done": ["done"], "failed": ["failed"],
             "skipped": ["skipped"], "cancelled": ["cancelled"]}  # fmt: skip
    found = {name: job.changes.filter(state__in=states).count() for name, states in names.items()}
    assert {name: getattr(job, name) for name in names} == found
    return {name: number for name, number in found.items() if number}


# --- retrying -----------------------------------------------------------------------------------------------


@pytest.fixture
def failed(wave: QualificationType, granter: User, request: pytest.FixtureRequest) -> Job:
    """Eleven changes: one was done, ten failed."""
    job = make_job(granter, wave, IDS)
    give([outcome(take(wave.account, 1)[0])])
    finish(wave.account, Result.FAILED)
    request.getfixturevalue("small_parts")
    job.refresh_from_db()
    return job


def test_much_that_failed_is_planned_again_in_parts_and_only_then_sent(
    failed: Job, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    with new_entries() as entries:
        retried = retry_failed(actor=granter.as_actor(), job_id=failed.pk)
    assert (entries.only.action, entries.only.changes) == (
        "job.retried", {"state": ["finished", "preparing"], "retried": [None, 10]},
    )  # fmt: skip
    assert (retried.state, retried.finished_at) == (Job.State.PREPARING, None)
    assert rung == [(PREPARE, str(failed.pk))]
    with pytest.raises(Conflict, match="being prepared"):
        retry_failed(actor=granter.as_actor(), job_id=failed.pk)
    assert prepare_job(actor=TASK, job_id=failed.pk)
    assert counts(failed) == {"planned": 4, "done": 1, "failed": 6}
    assert take(failed.account) == []
    with new_entries() as entries:
        prepare(str(failed.pk))
    assert entries.actions == ["job.part_prepared", "job.part_prepared", "job.prepared"]
    assert [one.changes.get("retried") for one in entries] == [[None, 4], [None, 2], None]
    assert {one.obo_id for one in entries} == {str(granter.pk)}
    assert rung[-1] == (DRAIN, str(failed.account_id))
    assert len(take(failed.account)) == 10
    assert set(failed.changes.filter(state="sending").values_list("attempt", "code")) == {(2, "")}


def test_a_retry_that_is_paused_goes_on_and_one_that_is_stopped_does_not(failed: Job, granter: User) -> None:
    actor = granter.as_actor()
    retry_failed(actor=actor, job_id=failed.pk)
    prepare_job(actor=TASK, job_id=failed.pk)
    pause_job(actor=actor, job_id=failed.pk)
    prepare(str(failed.pk))
    assert counts(failed) == {"planned": 4, "done": 1, "failed": 6}
    resume_job(actor=actor, job_id=failed.pk)
    prepare_job(actor=TASK, job_id=failed.pk)
    stop_job(actor=actor, job_id=failed.pk)
    give_up(str(failed.pk))
    prepare(str(failed.pk))
    assert counts(failed) == {"done": 1, "failed": 2, "cancelled": 8}
    assert (failed.state, failed.prepares) == (Job.State.STOPPED, "")
    assert failed.finished_at is not None
    retry_failed(actor=actor, job_id=failed.pk)  # the two that are left, and nothing that was given up
    finish(failed.account)
    assert counts(failed) == {"done": 3, "cancelled": 8}


def test_a_job_that_is_still_being_stopped_is_not_retried(failed: Job, granter: User) -> None:
    """What is about to be given up must not come back to life."""
    actor = granter.as_actor()
    retry_failed(actor=actor, job_id=failed.pk)
    for _ in range(2):
        prepare_job(actor=TASK, job_id=failed.pk)
    stop_job(actor=actor, job_id=failed.pk)
    assert counts(failed) == {"planned": 4, "done": 1, "failed": 2, "cancelled": 4}
    with new_entries() as entries, pytest.raises(Conflict, match="has not ended yet"):
        retry_failed(actor=actor, job_id=failed.pk)
    assert entries == []


# --- stopping, refusing, withdrawing ------------------------------------------------------------------------


def test_a_large_job_is_stopped_at_once_and_its_rest_given_up_in_parts(
    wave: QualificationType, granter: User, small_parts: None, rung: list[tuple[Any, ...]]
) -> None:
    job = make_job(granter, wave, IDS)
    prepare(str(job.pk))
    in_hand = take(wave.account, 2)
    rung.clear()
    with new_entries() as entries:
        stopped = stop_job(actor=granter.as_actor(), job_id=job.pk)
    assert entries.actions == ["job.stopped", "change.cancelled"]
    assert entries[0].changes == {"state": ["running", "stopped"], "given_up": [None, 9]}
    assert (stopped.state, stopped.finished_at) == (Job.State.STOPPED, None)
    assert set(rung) == {(GIVE_UP, str(job.pk)), (DRAIN, str(wave.account_id))}
    assert take(wave.account) == []
    assert jobs_to_give_up() == [job.pk]
    rung.clear()
    sweep()  # the doorbell was lost
    assert (GIVE_UP, str(job.pk)) in rung
    with new_entries() as entries:
        give_up(str(job.pk))
    assert [one.changes["count"] for one in entries] == [[None, 4], [None, 1]]
    assert {one.obo_id for one in entries} == {str(granter.pk)}
    assert counts(job) == {"planned": 2, "cancelled": 9}
    assert jobs_to_give_up() == []
    give(outcome(claim) for claim in in_hand)
    assert counts(job) == {"done": 2, "cancelled": 9}
    assert job.finished_at is not None


def test_calls_that_come_back_while_the_rest_is_given_up_do_not_end_the_job_early(
    wave: QualificationType, granter: User, small_parts: None
) -> None:
    job = make_job(granter, wave, IDS)
    prepare(str(job.pk))
    in_hand = take(wave.account, 1)
    stop_job(actor=granter.as_actor(), job_id=job.pk)
    give(outcome(claim, Result.PUT_BACK) for claim in in_hand)
    job.refresh_from_db()
    assert job.finished_at is None
    give_up(str(job.pk))
    assert counts(job) == {"cancelled": 11}
    assert job.finished_at is not None


@pytest.mark.parametrize("how", ["sent back", "withdrawn"])
def test_a_large_job_that_is_refused_is_given_up_in_parts(
    second: Second, small_parts: None, rung: list[tuple[Any, ...]], how: str
) -> None:
    job = second.waiting(11)
    prepare(str(job.pk))
    with new_entries() as entries:
        if how == "sent back":
            send_back_job(actor=second.pi.as_actor(), job_id=job.pk, words="No.")
        else:
            withdraw_job(actor=second.granter.as_actor(), job_id=job.pk)
    assert entries.only.changes["given_up"] == [None, 11]
    assert (GIVE_UP, str(job.pk)) in rung
    assert jobs_to_give_up() == [job.pk]
    assert take(second.account) == []
    assert give_up_part(actor=TASK, job_id=job.pk)
    assert counts(job) == {"planned": 7, "cancelled": 4}
    with new_entries() as entries:
        give_up(str(job.pk))
    assert entries.actions == ["change.cancelled"] * 2
    assert counts(job) == {"cancelled": 11}
    assert set(job.changes.values_list("code", flat=True)) == {how.replace(" ", "_")}
    assert job.state == {"sent back": Job.State.DECLINED, "withdrawn": Job.State.WITHDRAWN}[how]
    assert not give_up_part(actor=TASK, job_id=job.pk)


def test_who_lost_the_right_loses_a_large_rest_in_parts(
    wave: QualificationType, granter: User, manager: User, small_parts: None, rung: list[tuple[Any, ...]]
) -> None:
    job = make_job(granter, wave, IDS)
    prepare(str(job.pk))
    lose_role(manager, granter)
    rung.clear()
    for left in (7, 3, 0):
        assert take(wave.account) == []
        job.refresh_from_db()
        assert (job.planned, job.finished_at is None) == (left, left > 0)
    assert rung == [(DRAIN, str(wave.account_id))] * 2
    assert counts(job) == {"cancelled": 11}


# --- approving ----------------------------------------------------------------------------------------------


def test_a_large_job_is_gone_through_in_parts_once_it_is_approved(
    second: Second, small_parts: None, rung: list[tuple[Any, ...]]
) -> None:
    job = second.waiting(11, score=50)
    prepare(str(job.pk))
    for number, value in ((2, 50), (7, 30)):
        QualificationFactory(type=second.type, worker=job.changes.get(n=number).worker, value=value)
    rung.clear()
    with new_entries() as entries:
        approved = approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    assert entries.only.changes == {"state": ["approval", "preparing"]}
    assert approved.state == Job.State.PREPARING
    assert (PREPARE, str(job.pk)) in rung
    assert prepare_job(actor=TASK, job_id=job.pk)
    assert counts(job) == {"planned": 10, "skipped": 1}
    assert take(second.account) == []
    prepare(str(job.pk))
    assert (counts(job), job.state) == ({"planned": 10, "skipped": 1}, Job.State.RUNNING)
    assert job.changes.get(n=7).value_before == 30
    assert rung[-1] == (DRAIN, str(job.account_id))
    assert len(take(second.account)) == 10


def test_a_large_job_that_came_true_altogether_is_over_once_it_was_gone_through(
    second: Second, small_parts: None
) -> None:
    job = second.waiting(11)
    prepare(str(job.pk))
    for change in Change.objects.filter(job=job):
        QualificationFactory(type=second.type, worker=change.worker)
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    prepare(str(job.pk))
    assert (counts(job), job.state) == ({"skipped": 11}, Job.State.FINISHED)
