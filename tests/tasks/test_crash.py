"""Killed at every moment of a change's life (K2 to K8): every worker is granted once, and the log knows why.

Real processes, a real database file or PostgreSQL, SIGKILL. "Once" is what the emulator's own call log says.
"""

import os
import signal

import pytest
from django_q.models import OrmQ

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.preparing import jobs_to_prepare
from qualadmin.core.models import Change, Job, QualificationType, User
from qualadmin.emulator.testing import Emulator
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, make_preview, worker_ids
from tests.tasks.processes import Processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ASSOCIATE = "AssociateQualificationWithWorker"
IDS = worker_ids(60)


@pytest.fixture
def job(processes: Processes, live_type: QualificationType, granter: User) -> Job:
    """Sixty grants, planned."""
    return make_job(granter, live_type, IDS)


def states(job: Job) -> set[str]:
    return set(job.changes.values_list("state", flat=True))


def recover_and_check(emulator: Emulator, processes: Processes, job: Job) -> None:
    processes.run("recover", job.account_id)
    assert_every_worker_granted_once(emulator, job, IDS)
    assert_log_tells_everything(emulator)


def kill_at(processes: Processes, job: Job, killpoint: str) -> None:
    assert processes.run("drain", job.account_id, killpoint=killpoint).code == -signal.SIGKILL


def test_k0_f01_killed_before_a_job_is_committed_and_nothing_was_asked_for(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    preview = make_preview(granter, live_type, IDS)
    wish = ("confirm", granter.pk, preview.pk, preview.rows_sha256)
    assert processes.run(*wish, killpoint="confirming:1").code == -signal.SIGKILL
    assert not Job.objects.exists()
    assert not AuditEntry.objects.filter(action="job.created").exists()
    assert not OrmQ.objects.exists()
    job = Job.objects.get(pk=processes.run(*wish).answer)
    recover_and_check(emulator, processes, job)


def test_k1_f02_killed_after_the_commit_and_the_same_form_leads_to_the_same_job(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    preview = make_preview(granter, live_type, IDS)
    wish = ("confirm", granter.pk, preview.pk, preview.rows_sha256)
    assert processes.run(*wish, killpoint="confirmed:1").code == -signal.SIGKILL
    job = Job.objects.get()
    assert {processes.run(*wish).answer for _ in range(2)} == {str(job.pk)}
    assert AuditEntry.objects.filter(action="job.created").count() == 1
    recover_and_check(emulator, processes, job)


@pytest.mark.parametrize("killpoint", ["preparing:1", "prepared_part:1", "preparing:2", "prepared_part:3"])
def test_k1_while_a_large_job_is_prepared(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User, killpoint: str
) -> None:
    large = make_job(granter, live_type, worker_ids(2_200))
    assert processes.run("prepare", large.pk, killpoint=killpoint).code == -signal.SIGKILL
    large.refresh_from_db()
    assert large.state == Job.State.PREPARING
    written = {"preparing:1": 0, "prepared_part:1": 250, "preparing:2": 250, "prepared_part:3": 750}[killpoint]
    assert large.changes.count() == large.planned == written  # whole parts or nothing
    processes.run("drain", large.account_id)
    assert calls_by_worker(emulator) == {}
    assert jobs_to_prepare() == [large.pk]  # the sweep rings for it
    processes.run("prepare", large.pk)
    large.refresh_from_db()
    assert (large.state, large.planned) == (Job.State.RUNNING, 2_200)
    assert list(large.changes.order_by("id").values_list("n", flat=True)) == list(range(1, 2_201))


@pytest.mark.parametrize("nth", [1, 3])
def test_k2_inside_the_claim(emulator: Emulator, processes: Processes, job: Job, nth: int) -> None:
    kill_at(processes, job, f"claiming:{nth}")
    if nth == 1:
        assert states(job) == {Change.State.PLANNED}
        assert calls_by_worker(emulator) == {}
    recover_and_check(emulator, processes, job)


def test_k3_after_the_claim_before_the_call(emulator: Emulator, processes: Processes, job: Job) -> None:
    kill_at(processes, job, "claimed:1")
    assert Change.State.SENDING in states(job)
    assert calls_by_worker(emulator) == {}
    recover_and_check(emulator, processes, job)


def test_k4_after_the_call_before_the_answer(emulator: Emulator, processes: Processes, job: Job) -> None:
    emulator.fault("delay", when="after", delay_ms=20_000, operation=ASSOCIATE)
    [pid] = processes.start("drain", job.account_id)
    emulator.wait_for_calls(2)
    os.kill(pid, signal.SIGKILL)
    assert processes.wait(pid).code == -signal.SIGKILL
    in_hand = set(job.changes.filter(state="sending").values_list("worker__worker_id", flat=True))
    sent = set(calls_by_worker(emulator))
    assert sent
    assert sent <= in_hand
    emulator.clear_faults()
    recover_and_check(emulator, processes, job)
    assert {worker: len(calls) for worker, calls in calls_by_worker(emulator).items() if worker in sent} == (
        dict.fromkeys(sent, 1)
    )


@pytest.mark.parametrize("killpoint", ["answered:1", "answered:2", "recording:1", "recording:2", "recorded:1"])
def test_k5_k6_k7_around_writing_the_answer_down(
    emulator: Emulator, processes: Processes, job: Job, killpoint: str
) -> None:
    kill_at(processes, job, killpoint)
    sent = set(calls_by_worker(emulator))
    assert sent
    if killpoint in ("answered:1", "recording:1"):  # either all of it or nothing
        assert states(job) <= {Change.State.PLANNED, Change.State.SENDING}
    if killpoint == "recorded:1":
        assert Change.State.DONE in states(job)
    recover_and_check(emulator, processes, job)
    assert {len(calls_by_worker(emulator)[worker]) for worker in sent} == {1}


def test_k8_while_reading_back(emulator: Emulator, processes: Processes, job: Job) -> None:
    kill_at(processes, job, "answered:1")
    processes.run("sweep")
    unknown = job.changes.filter(state=Change.State.UNKNOWN)
    assert unknown.count() > 0
    unknown.update(due_at=job.created_at)
    ended = processes.run("reconcile", job.account_id, killpoint="reading_back:1")
    assert ended.code == -signal.SIGKILL
    assert Change.State.UNKNOWN in states(job)
    unknown.update(lease_until=job.created_at)  # the process is gone; its lease runs out
    recover_and_check(emulator, processes, job)


def test_killed_again_and_again(emulator: Emulator, processes: Processes, job: Job) -> None:
    for killpoint in ("claimed:2", "recording:1", "answered:1", "claiming:1", "recorded:1", "claimed:1"):
        processes.run("drain", job.account_id, killpoint=killpoint)
        processes.run("sweep")
    recover_and_check(emulator, processes, job)


def test_f11_a_process_that_sleeps_through_its_lease_changes_nothing_when_it_wakes(
    emulator: Emulator, processes: Processes, job: Job
) -> None:
    # Not in the middle of a transaction: PostgreSQL ends such a session after idle_in_transaction_session_timeout.
    [pid] = processes.start("drain", job.account_id, killpoint="answered:1:stop")
    processes.wait_until_asleep(pid)
    try:
        in_hand = job.changes.filter(state=Change.State.SENDING)
        assert in_hand.update(lease_until=job.created_at) > 0  # three minutes have passed
        processes.run("recover", job.account_id)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert processes.wait(pid).code == 0
    assert_every_worker_granted_once(emulator, job, IDS)
    assert_log_tells_everything(emulator)
    assert AuditEntry.objects.filter(action="mturk.call.late_result").exists()


def test_f12_without_memory_nothing_is_lost(emulator: Emulator, processes: Processes, job: Job) -> None:
    ended = processes.wait(processes.start("starved", job.account_id)[0])
    assert ended.code == 1
    assert "MemoryError" in processes.log
    recover_and_check(emulator, processes, job)
