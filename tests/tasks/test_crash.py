"""Killed at every moment of a change's life (K2 to K8): every worker is granted once, and the log knows why.

Real processes, a real database file or PostgreSQL, SIGKILL. "Once" is what the emulator's own call log says.
"""

import os
import signal

import pytest

from qualadmin.core.models import Change, Job, QualificationType, User
from qualadmin.emulator.testing import Emulator
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, worker_ids
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
    emulator.configure(latency_ms=300)
    [pid] = processes.start("drain", job.account_id)
    emulator.wait_for_calls(2)
    os.kill(pid, signal.SIGSTOP)
    try:
        in_hand = job.changes.filter(state=Change.State.SENDING)
        in_hand.update(lease_until=job.created_at)  # three minutes have passed
        emulator.configure(latency_ms=0)
        processes.run("recover", job.account_id)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert processes.wait(pid).code == 0
    assert_every_worker_granted_once(emulator, job, IDS)
    assert_log_tells_everything(emulator)
    from qualadmin.audit.models import AuditEntry

    assert AuditEntry.objects.filter(action="mturk.call.late_result").exists()
