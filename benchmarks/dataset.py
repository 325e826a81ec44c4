"""The data set of benchmarks/pages.py, and a look at what building it took."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.database import analyze
from benchmarks.history import DAYS, add_busy, add_jobs, add_requests, add_running_job, add_small_jobs, add_visits
from benchmarks.lab import Clock, Lab, add_holders, add_workers, open_lab
from benchmarks.quick import indexes_afterwards

WORKERS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Scale:
    """How many of each. One large job has 500 changes and a thousand entries."""

    workers: int = 100_000
    changes: int = 100_000
    small_jobs: int = 2_000
    requests: int = 100_000
    visits: int = 4_000
    running: int = 4_000
    extra_holders: int = 10_000

    @classmethod
    def of(cls, size: int) -> "Scale":
        return cls(size, size, size // 50, size, size // 25, min(4_000, size // 4), size // 10)


def build(scale: Scale) -> Lab:
    """Fill an empty database and say how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    with indexes_afterwards():
        # The log never goes back in time: what comes first must be the oldest, or all would be of one moment.
        with Clock(datetime.now(UTC) - timedelta(days=DAYS + 1)).set():
            lab = open_lab(people=200, studies=120)
            for start in range(0, scale.workers, WORKERS_AT_ONCE):
                add_workers(lab, min(WORKERS_AT_ONCE, scale.workers - start))
            add_busy(lab)
        add_jobs(lab, scale.changes)
        add_holders(lab, lab.types[7], scale.workers // 2, scale.extra_holders)
        add_small_jobs(lab, scale.small_jobs)
        add_requests(lab, scale.requests)
        add_visits(lab, scale.visits)
        add_running_job(lab, scale.running)
    analyze()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"built in {wall:.0f} s ({cpu:.0f} s of CPU): {contents()}")
    return lab


def contents() -> str:
    """The number of rows of each large table."""
    from qualadmin.audit.models import AuditEntry
    from qualadmin.core.models import Change, Job, Qualification, QualificationRequest, Worker

    tables = (Worker, Qualification, Change, Job, QualificationRequest, AuditEntry)
    return ", ".join(f"{one._meta.verbose_name_plural} {one.objects.count():,}" for one in tables)
