"""The real cluster: `run_worker` with django-q2 and the database as broker, killed without warning.

QUALADMIN_TEST_CLUSTER_ROWS sets how many workers the big job has (1,500; the full size is 5,000).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django_q.brokers import get_broker

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Change, Job, QualificationType, User
from qualadmin.core.queue import SWEEP, ring
from qualadmin.emulator.testing import Emulator
from tests.audit.conftest import OwnDatabase
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything
from tests.tasks.lists import make_job, worker_ids

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
ROWS = int(os.environ.get("QUALADMIN_TEST_CLUSTER_ROWS", "1500"))
RUN_WORKER = ("manage.py", "run_worker")
WATCHED = ("-m", "tests.tasks.watched")


class Cluster:
    """`run_worker` as a service manager starts it, on the test's database and emulator."""

    def __init__(self, database: OwnDatabase, emulator: Emulator, folder: Path) -> None:
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "QUALADMIN_MODE": "test",
            "QUALADMIN_TEST_DATABASE_URL": database.url,
            "QUALADMIN_VAR_DIR": str(folder),
            "QUALADMIN_CLUSTER_NAME": "cluster-of-a-test",
            "QUALADMIN_EMULATOR_URL": emulator.url,
            "QUALADMIN_SETTLE_SECONDS": "1",
            "QUALADMIN_DRAIN_THREADS": "16",
        }
        for name in ("QUALADMIN_TEST_REDIS_URL", "QUALADMIN_TEST_CLUSTER_ROWS"):
            self._environment.pop(name, None)
        self._log = folder / "cluster.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self, how: tuple[str, ...] = RUN_WORKER) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *how], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def members(self) -> list[psutil.Process]:
        """The watchdog, the cluster and everything they started."""
        if self._process is None:
            return []
        try:
            watch = psutil.Process(self._process.pid)
            return [watch, *watch.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def workers(self) -> list[int]:
        """The task processes: django-q2's sentinel starts them first, then its monitor and its pusher."""
        for member in self.members():
            children = sorted(child.pid for child in member.children())
            if len(children) >= 4:
                return children[:2]
        return []

    def kill(self) -> None:
        """SIGKILL to all of it, as when the power fails."""
        members = self.members()
        for member in members:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        if self._process is not None:
            self._process.wait()
        _, alive = psutil.wait_procs(members, timeout=10)
        assert alive == []
        self._process = None

    def stop(self) -> int:
        """SIGTERM, and wait for the end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=60)
        self._process = None
        return code


@pytest.fixture
def cluster(emulator: Emulator, own_database: OwnDatabase, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(own_database, emulator, tmp_path)
    yield made
    made.kill()


def wait_for(happened: Callable[[], bool], cluster: Cluster, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, cluster.log
        time.sleep(0.1)


def sweep_rings() -> Callable[[], None]:
    """The minute's sweep, every second: tests have no minute."""
    last = [0.0]

    def ring_now_and_then() -> None:
        if time.monotonic() - last[0] > 1:
            last[0] = time.monotonic()
            ring(SWEEP)

    return ring_now_and_then


def closed(job: Job) -> int:
    job.refresh_from_db()
    return job.total - job.planned


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
    """Killed while they wait for a message they keep the queue's lock: the cluster looks alive and is dead."""
    cluster.start(WATCHED)
    wait_for(lambda: len(cluster.workers()) >= 2 and "heart beats" in cluster.log, cluster)
    for pid in cluster.workers():
        os.kill(pid, signal.SIGKILL)
    ids = worker_ids(50)
    job = make_job(granter, live_type, ids)
    wait_for(lambda: closed(job) == 50, cluster)
    assert AuditEntry.objects.filter(action="system.worker.restarted").exists()
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def test_f13_sigterm_under_load_leaves_nothing_in_hand(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    emulator.configure(latency_ms=200)
    job = make_job(granter, live_type, worker_ids(1000))
    cluster.start(WATCHED)
    wait_for(lambda: closed(job) > 30, cluster)
    assert cluster.stop() == 0
    assert set(job.changes.values_list("state", flat=True)) == {Change.State.PLANNED, Change.State.DONE}
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
