"""Two hosts against one: calls a second of two task clusters and of one, where Amazon sets no limit.

    QUALADMIN_TEST_DATABASE_URL=postgres://… QUALADMIN_TEST_REDIS_URL=redis://… \\
        .venv/bin/python -m benchmarks.clusters [--seconds 20] [--latency 400] [--threads 8]

Needs PostgreSQL (**the tables of the named database are dropped**) and Redis. Each cluster is a `run_worker` of
its own, with its own name and state folder, as on a host of its own. All share this machine, so Amazon takes so
long to answer (`--latency`, in ms) that few calls at once leave the processors idle; how idle is printed.

What counts is the steady rate, by the emulator's own record: from the moment all task processes are at work,
`--seconds` long. How long it took until all helped is printed too: one ring wakes one process, and the minute's
sweep the rest. Ends with code 1 where two clusters bring less than 1.8 times of one, or anything was done
twice.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from benchmarks.database import prepare

if TYPE_CHECKING:
    from tests.tasks.cluster_process import ClusterProcess

GOAL: Final = 1.8
TASK_PROCESSES: Final = 2  # of each cluster
PATIENCE: Final = 180.0
ASSOCIATE: Final = "AssociateQualificationWithWorker"


@dataclass(frozen=True)
class Run:
    """What one job came to."""

    clusters: int
    rate: float  # calls a second while all task processes were at work
    all_at_work: float  # seconds from the confirmation
    idle: float  # share of the processors' time
    twice: int  # effects beyond one for each worker


def main() -> int:
    given = arguments()
    redis = os.environ.get("QUALADMIN_TEST_REDIS_URL", "")
    if not redis or not os.environ.get("QUALADMIN_TEST_DATABASE_URL", "").startswith("postgres"):
        print("Set QUALADMIN_TEST_DATABASE_URL (PostgreSQL) and QUALADMIN_TEST_REDIS_URL.", file=sys.stderr)
        return 2
    os.environ |= {"QUALADMIN_BROKER": "redis", "QUALADMIN_REDIS_URL": redis, "SOAK": f"clusters-{os.getpid()}"}
    os.environ |= {"QUALADMIN_DRAIN_THREADS": str(given.threads), "QUALADMIN_DRAIN_PROCESSES": "1"}
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name), "benchmarks.soak.settings")
        runs = [measure(count, given, Path(name), number) for number, count in enumerate((1, 2))]
    return report(runs, given)


def measure(count: int, given: argparse.Namespace, folder: Path, number: int) -> Run:
    """One job with so many clusters."""
    from django.conf import settings

    from benchmarks.remote import begin_job, create_type, hire, know_the_pace, open_account
    from qualadmin.core.actions.control import stop_job
    from qualadmin.core.actions.previews import Wishes
    from qualadmin.core.models import Change
    from qualadmin.emulator.testing import Emulator

    with Emulator(latency_ms=given.latency) as emulator:
        settings.EMULATOR_URL = os.environ["QUALADMIN_EMULATOR_URL"] = emulator.url
        clusters = [cluster_of(folder, f"host-{number}-{one}") for one in range(count)]
        try:
            for cluster in clusters:
                cluster.start()
            wait_until(lambda: all("heart beats" in cluster.log for cluster in clusters))
            account, person = (
                open_account(f"Lab {number}", "AKIADEMOCLUSTERS"),
                hire(f"Granter {number}", "granter"),
            )
            chosen = create_type(account, f"Wave {number}")
            know_the_pace(account)
            at_once = count * TASK_PROCESSES * given.threads
            ids = [
                f"ACLUSTER{one:07d}" for one in range(int(at_once * 1000 / given.latency * (given.seconds + 60)))
            ]
            began = time.monotonic()
            job = begin_job(person, chosen, ids, wishes=Wishes(score=1))
            sending = Change.objects.filter(job=job, state=Change.State.SENDING).order_by()
            wait_until(
                lambda: sending.values("lease_by").distinct().count() == count * TASK_PROCESSES,
                f"{count * TASK_PROCESSES} task processes at work",
            )
            all_at_work = time.monotonic() - began
            psutil.cpu_times_percent()
            first = len(emulator.calls(operation=ASSOCIATE))
            measured = time.monotonic()
            time.sleep(given.seconds)
            last, seconds = len(emulator.calls(operation=ASSOCIATE)), time.monotonic() - measured
            idle = psutil.cpu_times_percent().idle / 100
            stop_job(actor=person.as_actor(), job_id=job.pk)
            wait_until(lambda: not Change.objects.filter(job=job, state__in=Change.OPEN).exists(), "the end")
            effects = Counter(call["worker_id"] for call in emulator.calls(operation=ASSOCIATE) if call["applied"])
            twice = effects.total() - len(effects)
        finally:
            for cluster in clusters:
                cluster.kill()
    return Run(count, (last - first) / seconds, all_at_work, idle, twice)


def cluster_of(folder: Path, name: str) -> "ClusterProcess":
    """One host: a name and a state folder of its own."""
    from tests.tasks.cluster_process import ClusterProcess

    home = folder / name
    home.mkdir()
    environment = {**os.environ, "QUALADMIN_VAR_DIR": str(home), "QUALADMIN_CLUSTER_NAME": name}
    return ClusterProcess(environment, home / "log")


def wait_until(happened: Callable[[], bool], what: str = "a heart that beats") -> None:
    """Raises TimeoutError that says what did not happen."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE:.0f} s: {what}")
        time.sleep(0.1)


def report(runs: list[Run], given: argparse.Namespace) -> int:
    most = TASK_PROCESSES * given.threads * 1000 / given.latency
    print(f"{given.latency} ms, {given.threads} threads in each of {TASK_PROCESSES} task processes of a cluster")
    print(f"{'clusters':>8} {'calls/s':>8} {'possible':>9} {'CPU idle':>9} {'all at work after':>18} {'twice':>6}")
    for run in runs:
        print(
            f"{run.clusters:>8} {run.rate:>8.1f} {run.clusters * most:>9.1f} {run.idle:>9.0%} "
            f"{run.all_at_work:>16.1f} s {run.twice:>6}"
        )
    ratio = runs[1].rate / runs[0].rate
    print(f"two clusters / one: {ratio:.2f} (goal: {GOAL})")
    return int(ratio < GOAL or any(run.twice for run in runs))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--latency", type=int, default=400)
    parser.add_argument("--threads", type=int, default=8)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
