"""Several processes at the same thing at the same moment: one effect, exact counters, one winner."""

import uuid
from itertools import pairwise

import pytest

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import AccountPace, Change, Job, QualificationType, RoleAssignment, User
from qualadmin.emulator.testing import Emulator
from tests.factories import RoleFactory, TypeFactory
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, make_preview, worker_ids
from tests.tasks.processes import Processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_f33_the_same_doorbell_five_times_at_once(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    emulator.configure(latency_ms=20)
    ids = worker_ids(150)
    job = make_job(granter, live_type, ids)
    processes.together("drain", job.account_id, times=5)
    assert {len(calls) for calls in calls_by_worker(emulator).values()} == {1}
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def test_f27_a_message_delivered_again_after_its_work_calls_nobody(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    """As when the queue could not take its message back: the drain had ended, and everything was written down."""
    ids = worker_ids(40)
    job = make_job(granter, live_type, ids)
    processes.run("recover", job.account_id)
    before, entries = len(emulator.calls()), AuditEntry.objects.count()
    processes.run("drain", job.account_id)
    processes.together("drain", job.account_id, times=3)
    assert len(emulator.calls()) == before
    assert AuditEntry.objects.count() == entries
    assert_every_worker_granted_once(emulator, job, ids)


def test_f33_the_same_look_three_times_at_once(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(20)
    emulator.fault("reset", when="after", operation="AssociateQualificationWithWorker")
    job = make_job(granter, live_type, ids)
    processes.run("drain", job.account_id)
    assert job.changes.filter(state=Change.State.UNKNOWN).exists()
    emulator.clear_faults()
    AccountPace.objects.update(open_until=None)
    job.changes.filter(state=Change.State.UNKNOWN).update(due_at=job.created_at)
    processes.together("reconcile", job.account_id, times=3)
    AccountPace.objects.update(open_until=None)
    processes.run("recover", job.account_id)
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def test_f36_five_clicks_at_once_make_one_job(
    processes: Processes, live_type: QualificationType, granter: User
) -> None:
    preview = make_preview(granter, live_type, worker_ids(300))
    found = processes.together("confirm", granter.pk, preview.pk, preview.rows_sha256, times=5)
    job = Job.objects.get()
    assert found == [str(job.pk)] * 5
    assert (job.total, job.planned, job.changes.count()) == (300, 300, 300)
    assert AuditEntry.objects.filter(action="job.created").count() == 1


def test_f36_a_large_list_confirmed_and_prepared_by_several_at_once(
    processes: Processes, live_type: QualificationType, granter: User
) -> None:
    preview = make_preview(granter, live_type, worker_ids(3_300))
    found = processes.together("confirm", granter.pk, preview.pk, preview.rows_sha256, times=3)
    job = Job.objects.get()
    assert found == [str(job.pk)] * 3
    processes.together("prepare", job.pk, times=3)
    job.refresh_from_db()
    assert (job.state, job.planned, job.changes.count()) == (Job.State.RUNNING, 3_300, 3_300)
    assert set(job.changes.values_list("n", flat=True)) == set(range(1, 3_301))
    assert AuditEntry.objects.filter(action="job.prepared").count() == 1


def test_f37_two_granters_with_the_same_workers(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User, outsider: User
) -> None:
    RoleFactory(user=outsider, role="granter", account=live_type.account)
    ids = worker_ids(40)
    wishes = ((granter, 10), (outsider, 20))
    previews = [make_preview(person, live_type, ids, score=score) for person, score in wishes]
    started = [
        processes.start("confirm", person.pk, preview.pk, preview.rows_sha256)[0]
        for person, preview in zip((granter, outsider), previews, strict=True)
    ]
    assert {processes.wait(pid).code for pid in started} == {0}, processes.log
    assert Change.objects.count() == 80
    processes.together("drain", live_type.account_id, times=3)
    processes.run("recover", live_type.account_id)
    assert set(Job.objects.values_list("state", "done")) == {(Job.State.FINISHED, 40)}
    newest = Change.objects.filter(worker__worker_id=ids[0]).latest("id").value
    assert emulator.grant_map(live_type.mturk_id or "") == dict.fromkeys(ids, newest)
    assert_log_tells_everything(emulator)


def test_two_claimers_never_get_the_same_change(
    processes: Processes, live_type: QualificationType, granter: User
) -> None:
    job = make_job(granter, live_type, worker_ids(200))
    found = processes.together("claim", job.account_id, 7, times=4)
    claimed = [change for part in found for change in part]
    assert len(claimed) == len(set(claimed)) <= 200
    left = processes.together("claim", job.account_id, 500, times=1)[0]
    assert len(claimed) + len(left) == 200
    assert set(job.changes.values_list("state", "attempt")) == {("sending", 1)}
    assert AuditEntry.objects.filter(action="mturk.call.started").count() == 200


def test_two_processes_that_cancel_at_once_count_once(
    processes: Processes, live_type: QualificationType, granter: User, manager: User
) -> None:
    from tests.core.actions.test_claims import lose_role

    job = make_job(granter, live_type, worker_ids(100))
    lose_role(manager, granter)
    assert not RoleAssignment.objects.filter(user=granter, ended_at=None).exists()
    processes.together("claim", job.account_id, 50, times=4)
    job.refresh_from_db()
    assert (job.state, job.planned, job.cancelled) == (Job.State.FINISHED, 0, 100)
    assert AuditEntry.objects.filter(action="change.cancelled").count() == 1
    assert AuditEntry.objects.filter(action="job.finished").count() == 1


@pytest.mark.parametrize("how", ["pause", "stop", "resume", "retry"])
def test_of_several_who_move_a_job_at_once_one_does_it(
    processes: Processes, live_type: QualificationType, granter: User, how: str
) -> None:
    from qualadmin.core.actions.control import pause_job
    from qualadmin.core.actions.outcomes import Result
    from tests.tasks.hands import finish

    job = make_job(granter, live_type, worker_ids(3))
    if how == "resume":
        pause_job(actor=granter.as_actor(), job_id=job.pk)
    if how == "retry":
        finish(live_type.account, Result.FAILED)
    answers = processes.together("move_job", granter.pk, job.pk, how, times=4)
    action = {"pause": "job.paused", "stop": "job.stopped", "resume": "job.resumed", "retry": "job.retried"}[how]
    assert AuditEntry.objects.filter(action=action).count() == 1
    if how == "retry":
        assert sorted(answers) == ["Conflict"] * 3 + ["running"]
        job.refresh_from_db()
        assert (job.planned, job.failed) == (3, 0)
    else:
        assert set(answers) == {{"pause": "paused", "stop": "stopped", "resume": "running"}[how]}


def test_of_two_who_pause_and_stop_at_once_the_stop_counts(
    processes: Processes, live_type: QualificationType, granter: User, pi: User
) -> None:
    job = make_job(granter, live_type, worker_ids(300))
    started = [
        processes.start("move_job", person.pk, job.pk, how)[0]
        for person, how in ((granter, "pause"), (pi, "stop"), (granter, "resume"))
    ]
    answers = [processes.wait(pid).answer for pid in started]
    assert answers[1] == "stopped"
    assert set(answers) <= {"paused", "stopped", "running", "Conflict"}
    job.refresh_from_db()
    assert (job.state, job.planned, job.cancelled) == (Job.State.STOPPED, 0, 300)
    assert AuditEntry.objects.filter(action="job.stopped").count() == 1
    assert AuditEntry.objects.filter(action="job.finished").count() == 1


def test_no_call_is_started_after_a_job_was_stopped(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    emulator.configure(latency_ms=30)
    job = make_job(granter, live_type, worker_ids(400))
    [pid] = processes.start("drain", job.account_id)
    emulator.wait_for_calls(30)
    assert processes.run("move_job", granter.pk, job.pk, "stop").answer == "stopped"
    assert processes.wait(pid).code == 0
    stopped = AuditEntry.objects.get(action="job.stopped").seq
    assert not AuditEntry.objects.filter(action="mturk.call.started", seq__gt=stopped).exists()
    states = set(job.changes.values_list("state", flat=True))
    assert states == {Change.State.DONE, Change.State.CANCELLED}
    job.refresh_from_db()
    assert (job.state, job.planned) == (Job.State.STOPPED, 0)
    assert job.finished_at is not None
    assert_log_tells_everything(emulator)


def test_processes_share_the_pace_of_their_account(processes: Processes, account_of_pace: str) -> None:
    parts = processes.together("reserve", account_of_pace, 10, times=3)
    times = sorted(moment for part in parts for moment in part)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == 30
    assert min(gaps) > 0.045, "two processes took the same slot"  # 20 a second


@pytest.fixture
def account_of_pace(processes: Processes, db: None) -> str:
    from tests.tasks.conftest import let_it_run

    chosen = TypeFactory()
    let_it_run(chosen.account, rate=20.0)
    assert isinstance(chosen.account.pk, uuid.UUID)
    return str(chosen.account.pk)
