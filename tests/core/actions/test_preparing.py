"""Large jobs are written down part by part before any of it is sent."""

from typing import Any

import pytest
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.actions import parts
from qualadmin.core.actions.accounts import archive_account
from qualadmin.core.actions.approvals import approve_job, waiting_for
from qualadmin.core.actions.control import pause_job, resume_job, stop_job
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.preparing import jobs_to_prepare, prepare_job
from qualadmin.core.actions.restorations import ReadOnly, mark_restored
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import Change, Job, Preview, QualificationType, Restoration, User, Worker
from qualadmin.core.queue import DRAIN, PREPARE
from qualadmin.tasks.prepare import prepare
from qualadmin.tasks.sweep import sweep
from tests.approving import Second, another_pi
from tests.core.actions.test_claims import lose_role
from tests.entries import new_entries
from tests.factories import QualificationFactory, WorkerFactory
from tests.tasks.hands import finish, take
from tests.tasks.lists import make_preview, worker_ids

pytestmark = pytest.mark.django_db
PREPARER = Actor.system("prepare")
IDS = worker_ids(11)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four changes: eleven are a large job."""
    monkeypatch.setattr(parts, "AT_ONCE", 4)
    monkeypatch.setattr(parts, "PART", 4)


@pytest.fixture
def preview(wave: QualificationType, granter: User) -> Preview:
    """Eleven workers and a line that cannot be used, between them."""
    return make_preview(granter, wave, [*IDS[:5], "not an id!", *IDS[5:]])


def confirm(person: User, preview: Preview) -> Job:
    return confirm_preview(actor=person.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)


def test_confirming_a_large_list_only_notes_it_and_rings(
    preview: Preview, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    job = confirm(granter, preview)
    assert job.state == Job.State.PREPARING
    assert job.total == 11
    assert not job.changes.exists()
    assert rung == [(PREPARE, str(job.pk))]
    assert jobs_to_prepare() == [job.pk]


def test_a_small_list_runs_at_once(wave: QualificationType, granter: User, rung: list[tuple[Any, ...]]) -> None:
    job = confirm(granter, make_preview(granter, wave, IDS[:4]))
    assert job.state == Job.State.RUNNING
    assert job.changes.count() == job.planned == 4
    assert rung == [(DRAIN, str(job.account_id))]
    assert jobs_to_prepare() == []


def test_a_second_click_gets_the_same_job_while_it_is_prepared_and_after(preview: Preview, granter: User) -> None:
    job = confirm(granter, preview)
    assert confirm(granter, preview) == job
    prepare_job(actor=PREPARER, job_id=job.pk)
    assert confirm(granter, preview) == job
    prepare(str(job.pk))
    assert confirm(granter, preview) == job
    assert Job.objects.count() == 1
    assert job.changes.count() == 11


def test_part_by_part_until_it_runs(preview: Preview, granter: User, rung: list[tuple[Any, ...]]) -> None:
    job = confirm(granter, preview)
    written = []
    while prepare_job(actor=PREPARER, job_id=job.pk):
        job.refresh_from_db()
        assert job.state == Job.State.PREPARING
        assert job.planned == job.changes.count()
        written.append(job.planned)
    job.refresh_from_db()
    assert written == [4, 8, 11]
    assert job.state == Job.State.RUNNING
    assert list(job.changes.order_by("id").values_list("worker__worker_id", flat=True)) == IDS
    assert rung[-1] == (DRAIN, str(job.account_id))
    assert not prepare_job(actor=PREPARER, job_id=job.pk)
    assert job.changes.count() == 11


def test_nothing_is_sent_before_all_is_written(preview: Preview, granter: User) -> None:
    job = confirm(granter, preview)
    prepare_job(actor=PREPARER, job_id=job.pk)
    assert job.changes.count() == 4
    assert take(job.account) == []
    prepare(str(job.pk))
    assert len(take(job.account)) == 11


def test_the_log_names_each_part_and_who_asked(preview: Preview, granter: User) -> None:
    job = confirm(granter, preview)
    with new_entries() as entries:
        prepare(str(job.pk))
    assert [one.action for one in entries] == [*["job.part_prepared"] * 3, "job.prepared"]
    assert [one.changes for one in entries] == [
        {"prepared_to": [0, 4]},
        {"prepared_to": [4, 9]},  # the line that cannot be used is number 6
        {"prepared_to": [9, 12]},
        {"state": ["preparing", "running"]},
    ]
    assert {one.obo_id for one in entries} == {str(granter.pk)}


def test_what_came_true_before_its_part_was_written_is_already_so(
    wave: QualificationType, preview: Preview, granter: User
) -> None:
    job = confirm(granter, preview)
    prepare_job(actor=PREPARER, job_id=job.pk)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id=IDS[9]), value=100)
    prepare(str(job.pk))
    job.refresh_from_db()
    assert (job.planned, job.skipped) == (10, 1)
    assert job.changes.get(worker__worker_id=IDS[9]).state == Change.State.SKIPPED


def test_a_large_job_in_which_all_came_true_ends_at_once(
    wave: QualificationType, preview: Preview, granter: User
) -> None:
    job = confirm(granter, preview)
    for one in IDS:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=one), value=100)
    prepare(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.FINISHED
    assert (job.planned, job.skipped) == (0, 11)


def test_the_job_can_be_worked_to_its_end(preview: Preview, granter: User) -> None:
    job = confirm(granter, preview)
    prepare(str(job.pk))
    finish(job.account)
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.FINISHED, 11)
    assert Worker.objects.filter(worker_id__in=IDS).count() == 11


def test_paused_while_it_is_prepared_it_goes_on_where_it_was(
    preview: Preview, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    job = confirm(granter, preview)
    prepare_job(actor=PREPARER, job_id=job.pk)
    rung.clear()
    actor = granter.as_actor()
    with new_entries() as entries:
        assert pause_job(actor=actor, job_id=job.pk).state == Job.State.PAUSED
        prepare(str(job.pk))
    assert (entries.only.action, entries.only.changes) == ("job.paused", {"state": ["preparing", "paused"]})
    assert (job.changes.count(), jobs_to_prepare(), take(job.account)) == (4, [], [])
    with new_entries() as entries:
        assert resume_job(actor=actor, job_id=job.pk).state == Job.State.PREPARING
        assert resume_job(actor=actor, job_id=job.pk).state == Job.State.PREPARING
    assert entries.only.changes == {"state": ["paused", "preparing"]}
    assert rung == [(PREPARE, str(job.pk))]
    assert take(job.account) == []  # not a part of it before all is written
    prepare(str(job.pk))
    assert len(take(job.account)) == 11


def test_stopped_while_it_is_prepared_no_further_part_is_written(
    preview: Preview, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    job = confirm(granter, preview)
    prepare_job(actor=PREPARER, job_id=job.pk)
    with new_entries() as entries:
        stopped = stop_job(actor=granter.as_actor(), job_id=job.pk)
        prepare(str(job.pk))
    assert entries.actions == ["job.stopped", "change.cancelled", "job.finished"]
    assert entries[0].changes == {"state": ["preparing", "stopped"], "given_up": [None, 4]}
    assert (stopped.state, stopped.planned, stopped.cancelled) == (Job.State.STOPPED, 0, 4)
    assert stopped.finished_at is not None
    assert set(job.changes.values_list("state", "code")) == {("cancelled", "stopped")}
    assert job.changes.count() == 4
    assert jobs_to_prepare() == []
    with pytest.raises(Conflict, match="already stopped for good"):
        resume_job(actor=granter.as_actor(), job_id=job.pk)


def test_stopped_before_its_first_part_it_is_over(preview: Preview, granter: User) -> None:
    job = confirm(granter, preview)
    stopped = stop_job(actor=granter.as_actor(), job_id=job.pk)
    assert (stopped.state, stopped.cancelled, job.changes.count()) == (Job.State.STOPPED, 0, 0)
    assert stopped.finished_at is not None


def test_its_account_is_not_archived(preview: Preview, granter: User, manager: User) -> None:
    job = confirm(granter, preview)
    with pytest.raises(ActionError):
        archive_account(actor=manager.as_actor(), account=job.account)


def test_a_cluster_that_is_to_end_leaves_the_rest_to_the_next(
    preview: Preview, granter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = confirm(granter, preview)
    monkeypatch.setattr("qualadmin.tasks.prepare.stopping.asked", lambda: True)
    prepare(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.planned) == (Job.State.PREPARING, 4)


def test_the_sweep_rings_for_a_job_whose_doorbell_was_lost(
    preview: Preview, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    job = confirm(granter, preview)
    rung.clear()
    sweep()
    assert (PREPARE, str(job.pk)) in rung
    prepare(str(job.pk))
    rung.clear()
    sweep()
    assert rung == [(DRAIN, str(job.account_id))]


def test_a_large_job_above_a_limit_waits_for_approval_once_it_is_prepared(second: Second) -> None:
    job = second.waiting(11)
    assert job.state == Job.State.PREPARING
    prepare(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.planned) == (Job.State.WAITING, 11)
    assert take(job.account) == []
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    prepare(str(job.pk))
    assert len(take(job.account)) == 11


def test_paused_when_all_is_written_it_still_waits_for_approval_once_resumed(second: Second) -> None:
    job = second.waiting(11)
    for _ in range(3):
        prepare_job(actor=PREPARER, job_id=job.pk)
    assert job.changes.count() == 11
    pause_job(actor=second.granter.as_actor(), job_id=job.pk)
    resume_job(actor=second.granter.as_actor(), job_id=job.pk)
    prepare(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.WAITING
    assert take(job.account) == []


def test_a_job_whose_only_pi_lost_the_right_meanwhile_waits_until_there_is_another(
    second: Second, manager: User
) -> None:
    job = second.waiting(11)
    lose_role(manager, second.pi)
    with new_entries() as entries:
        prepare(str(job.pk))
    assert entries.actions[-2:] == ["job.prepared", "job.approval.requested"]
    job.refresh_from_db()
    assert (job.state, job.planned, job.letters.count()) == (Job.State.WAITING, 11, 0)
    assert (jobs_to_prepare(), take(job.account)) == ([], [])
    other = another_pi(second.study)
    assert list(waiting_for(other.as_actor())) == [job]
    approve_job(actor=other.as_actor(), job_id=job.pk)
    prepare(str(job.pk))
    assert len(take(job.account)) == 11


def test_after_a_restore_nothing_is_prepared_until_somebody_resumes_it(preview: Preview, granter: User) -> None:
    """Amazon may hold all of it already: the backup is older than what was done since."""
    job = confirm(granter, preview)
    prepare_job(actor=PREPARER, job_id=job.pk)
    restored = restore()
    job.refresh_from_db()
    assert (job.state, job.prepares) == (Job.State.PAUSED, Job.Prepares.LIST)
    with new_entries() as entries:
        prepare(str(job.pk))  # a doorbell of before
        sweep()
        with pytest.raises(ReadOnly):
            resume_job(actor=granter.as_actor(), job_id=job.pk)
    assert entries == []
    open_again(restored)
    sweep()
    prepare(str(job.pk))
    assert job.changes.count() == 4
    resume_job(actor=granter.as_actor(), job_id=job.pk)
    prepare(str(job.pk))
    assert len(take(job.account)) == 11


def test_a_doorbell_while_it_is_read_only_leaves_all_for_later(
    preview: Preview, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    job = confirm(granter, preview)
    restored = restore()
    with audit.transaction(Context.system("tests")) as tx:  # as if it had not been paused
        entry = tx.record("job.paused")
        Job.objects.filter(pk=job.pk).update(state=Job.State.PREPARING, audit_id=entry)
    with new_entries() as entries:
        prepare(str(job.pk))
        sweep()
    assert entries == []
    open_again(restored)
    rung.clear()
    sweep()
    assert (PREPARE, str(job.pk)) in rung
    prepare(str(job.pk))
    assert job.changes.count() == 11


def restore() -> Restoration:
    return mark_restored(
        actor=Actor.system("tests"), taken_at=timezone.now(), sha256="0" * 64, entries=1, root="x", put_aside=""
    )


def open_again(restored: Restoration) -> None:
    """As two persons would, once everything was compared."""
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("system.opened")
        Restoration.objects.filter(pk=restored.pk).update(ended_at=timezone.now(), audit_id=entry)
