"""The real cluster as a service manager runs it, on the test's own database and emulator."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from qualadmin.core.models import Job
from qualadmin.emulator.testing import Emulator
from tests.audit.conftest import OwnDatabase
from tests.tasks.cluster_process import ClusterProcess

WATCHED = ("-m", "tests.tasks.watched")
#: The watchdog never rings for a sweep.
UNSWEPT = (*WATCHED, "100000")


class Cluster(ClusterProcess):
    """`run_worker` on the test's database and emulator."""

    def __init__(self, database: OwnDatabase, emulator: Emulator, folder: Path, **settings: str) -> None:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "QUALADMIN_MODE": "test",
            "QUALADMIN_TEST_DATABASE_URL": database.url,
            "QUALADMIN_VAR_DIR": str(folder),
            "QUALADMIN_CLUSTER_NAME": "cluster-of-a-test",
            "QUALADMIN_EMULATOR_URL": emulator.url,
            "QUALADMIN_SETTLE_SECONDS": "1",
            "QUALADMIN_DRAIN_THREADS": "16",
            **{f"QUALADMIN_{name.upper()}": value for name, value in settings.items()},
        }
        environment.pop("QUALADMIN_TEST_CLUSTER_ROWS", None)
        super().__init__(environment, folder / "cluster.log")


def wait_for(happened: Callable[[], bool], cluster: Cluster, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, cluster.log
        time.sleep(0.1)


def closed(job: Job) -> int:
    job.refresh_from_db()
    return 0 if job.state == Job.State.PREPARING else job.total - job.planned
