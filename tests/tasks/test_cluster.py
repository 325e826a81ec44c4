"""The real cluster: `run_worker` with django-q2 and the database as broker, killed without warning.

QUALADMIN_TEST_CLUSTER_ROWS sets how many workers the big job has (1,500; the full size is 5,000).
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import psutil
import pytest
from django_q.brokers import get_broker
from django_q.models import Schedule
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.requests import take_back
from qualadmin.core.models import Change, QualificationRequest, QualificationType, User
from qualadmin.core.queue import SWEEP, ring
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.requests import read_requests_of
from tests.tasks.clusters import UNSWEPT, WATCHED, Cluster, closed, wait_for
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, worker_ids
from tests.tasks.processes import Processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ASSOCIATE = "AssociateQualificationWithWorker"
ROWS = int(os.environ.get("QUALADMIN_TEST_CLUSTER_ROWS", "1500"))


def sweep_rings() -> Callable[[], None]:
    """The minute's sweep, every second: tests have no minute."""
    last = [0.0]

    def ring_now_and_then() -> None:
        if time.monotonic() - last[0] > 1:
            last[0] = time.monotonic()
            ring(SWEEP)

    return ring_now_and_then


def test_f08_kill_9_in_the_middle_of_a_job_at_random_moments(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    emulator.configure(latency_ms=50)
    ids = worker_ids(ROWS)
    job = make_job(granter, live_type, ids)
    chance = random.Random(8)
    sweep = sweep_rings()
    cluster.start()
    kills = 0
    for share in (0.15, 0.4, 0.7):
        goal = int(ROWS * (share + chance.random() / 10))

        def far_enough(goal: int = goal) -> bool:
            sweep()
            return closed(job) >= goal

        wait_for(far_enough, cluster)
        cluster.kill()
        kills += closed(job) < ROWS
        cluster.start()

    def finished() -> bool:
        sweep()
        return closed(job) == ROWS

    wait_for(finished, cluster)
    assert kills == 3, "the job was over before the last kill"
    assert cluster.stop() == 0
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def test_f09_idle_task_processes_killed_are_noticed_and_work_goes_on(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    """Killed while it waits for a message, a process keeps the queue's lock: the cluster looks alive and is dead.

    Whether one waits at the moment of the kill is chance; where none does, the cluster itself starts others.
    """
    cluster.start(WATCHED)
    restarts = AuditEntry.objects.filter(action="system.worker.restarted")
    asked: list[str] = []
    for kill in range(10):
        wait_for(lambda: len(cluster.workers()) >= 2 and "heart beats" in cluster.log, cluster)
        for pid in cluster.workers():
            os.kill(pid, signal.SIGKILL)
        ids = worker_ids(20, prefix=f"AKILL{kill}")
        job = make_job(granter, live_type, ids)
        asked += ids
        wait_for(lambda job=job: closed(job) == 20, cluster)  # type: ignore[misc]
        if restarts.exists():
            break
    assert restarts.exists(), "no kill ever struck a process that waits"
    applied = {
        worker: sum(call["applied"] for call in calls) for worker, calls in calls_by_worker(emulator).items()
    }
    assert applied == dict.fromkeys(asked, 1)
    assert_log_tells_everything(emulator)


def test_f10_any_process_of_the_cluster_killed_and_work_goes_on(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    """Pusher, monitor, sentinel and master, one after the other; what the dead ones left behind goes as well."""
    cluster.start(WATCHED)
    wait_for(lambda: len(cluster.workers()) >= 2 and "heart beats" in cluster.log, cluster)
    seen: list[psutil.Process] = []
    for number, role in enumerate(("pusher", "monitor", "sentinel", "master")):
        wait_for(lambda: len(cluster.workers()) >= 2, cluster)
        seen += cluster.members()[1:]
        cluster.role(role).kill()
        ids = worker_ids(10, prefix=f"AROLE{number}")
        job = make_job(granter, live_type, ids)
        wait_for(lambda job=job: closed(job) == 10, cluster)  # type: ignore[misc]
        assert job.changes.filter(state=Change.State.DONE).count() == 10
    assert cluster.stop() == 0
    _, alive = psutil.wait_procs(seen, timeout=10)
    assert alive == [], "a process was left behind"
    assert_log_tells_everything(emulator)


def test_f35_messages_that_make_no_sense_are_dropped_and_others_run(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    broker = get_broker()
    for poison in ("not signed at all", SignedPackage.dumps("no task"), "x" * 2_000_000):
        broker.enqueue(poison)
    async_task("qualadmin.tasks.no_such_module.no_such_function", save=False)
    async_task("qualadmin.tasks.drain.drain", "no-such-account", save=False)
    ids = worker_ids(20)
    job = make_job(granter, live_type, ids)
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) == 20, cluster)
    wait_for(lambda: broker.queue_size() == 0, cluster)
    assert "Traceback" in cluster.log or "no_such_function" in cluster.log, "nobody was told"
    assert_every_worker_granted_once(emulator, job, ids)


@pytest.mark.parametrize("latency_ms", [50, 200])
def test_f13_sigterm_under_load_leaves_nothing_in_hand(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User, latency_ms: int
) -> None:
    """It ends within half of the 120 seconds a service manager gives it; the next start does the rest, once."""
    emulator.configure(latency_ms=latency_ms)
    ids = worker_ids(200_000 // latency_ms)
    job = make_job(granter, live_type, ids)
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) > 30, cluster)
    assert cluster.stop() == 0
    assert set(job.changes.values_list("state", flat=True)) == {Change.State.PLANNED, Change.State.DONE}
    emulator.configure(latency_ms=0)
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) == len(ids), cluster)
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def test_f13_sigterm_with_calls_that_hang_leaves_nothing_in_hand(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    """Amazon did them and answers after 30 seconds: their time is over after 15, and the next start looks."""
    ids = worker_ids(60)
    for hung in ids[:3]:
        emulator.fault("delay", when="after", delay_ms=30_000, worker_id=hung, operation=ASSOCIATE)
    job = make_job(granter, live_type, ids)
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) == 57, cluster)
    assert job.changes.filter(state=Change.State.SENDING).count() == 3
    began = time.monotonic()
    assert cluster.stop(seconds=120) == 0
    assert time.monotonic() - began < 60
    states = Counter(job.changes.values_list("state", flat=True))
    assert states == {Change.State.DONE: 57, Change.State.UNKNOWN: 3}
    emulator.clear_faults()
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) == 60, cluster)
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def test_f34_messages_that_vanish_are_rung_again(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(40)
    job = make_job(granter, live_type, ids)
    broker = get_broker()  # the database's table, or Redis
    assert broker.queue_size() > 0
    broker.purge_queue()
    assert broker.queue_size() == 0
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) == 40, cluster)
    assert_every_worker_granted_once(emulator, job, ids)


def test_an_answer_that_nobody_took_back_is_sent_although_who_took_it_died(
    processes: Processes, emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    """Ten seconds after the click the watchdog rings: no page and no sweep is needed for it."""
    for worker in ("AASKER1", "AASKER2"):
        emulator.ask(live_type.mturk_id or "", worker)
    read_requests_of(str(live_type.account_id))
    cluster.start(UNSWEPT)
    wait_for(lambda: "heart beats" in cluster.log, cluster)
    Schedule.objects.all().delete()  # the minute's sweep is one of them
    for one in QualificationRequest.objects.all():
        run = processes.run("accept", granter.pk, str(one.pk), killpoint="answered:1")
        assert run.code == -signal.SIGKILL
    kept, regretted = Change.objects.order_by("worker__worker_id")
    assert take_back(actor=granter.as_actor(), change_id=regretted.pk).code == "taken_back"

    def sent() -> bool:
        kept.refresh_from_db()
        return kept.state == Change.State.DONE

    wait_for(sent, cluster)
    assert kept.finished_at is not None
    assert kept.finished_at >= kept.created_at + timedelta(seconds=10)
    assert cluster.stop() == 0
    assert emulator.grant_map(live_type.mturk_id or "") == {"AASKER1": 80}
    assert_log_tells_everything(emulator)


def test_a_dead_cluster_leaves_no_process_behind(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    """Only the watchdog is killed: what it started finishes its task and ends, the calling process included."""
    emulator.configure(latency_ms=100)
    job = make_job(granter, live_type, worker_ids(1000))
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) > 20, cluster)
    members = cluster.members()
    assert len(members) >= 6
    members[0].kill()
    _, alive = psutil.wait_procs(members, timeout=60)
    assert alive == []
    assert Change.State.SENDING not in set(job.changes.values_list("state", flat=True))
    assert_log_tells_everything(emulator)
