"""What it costs to bring in, and then to compare, who holds a type; Amazon's own time is left out.

    .venv/bin/python -m benchmarks.drift [--rows 100000] [--differences 1000]

A stand-in lists so many holders, 100 a page; the task reads them in its slices as it does in earnest. The second
reading finds so many scores changed elsewhere. Seconds on the wall and of CPU, and the peak of memory. Ends with
code 1 if comparing takes more than 60 s of CPU for a million holders, or memory reaches 200 MB. Set
QUALADMIN_TEST_DATABASE_URL for PostgreSQL; the default is a SQLite file.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.database import prepare as empty_database

PAGE = 100
LIMIT_SECONDS = 60 / 1_000_000  # a holder
LIMIT_MEGABYTES = 200


class Amazon:
    """Lists `rows` holders of one type, the first `changed` of them with another score."""

    def __init__(self, rows: int) -> None:
        self.rows, self.changed = rows, 0

    def holder_page(self, type_id: str, status: Any, token: str | None = None) -> Any:
        from benchmarks.lab import worker_name
        from qualadmin.mturk.pages import Page
        from qualadmin.mturk.types import RemoteQualification

        start = int(token or 0)
        if status.value != "Granted" or start >= self.rows:
            return Page((), None)
        numbers = range(start, min(start + PAGE, self.rows))
        found = (
            RemoteQualification(type_id, worker_name(n), status, 50 if n < self.changed else 100, None)
            for n in numbers
        )
        return Page(tuple(found), str(start + PAGE))


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        empty_database(Path(name))
        from django.db import connection

        from benchmarks.lab import open_lab
        from qualadmin.core.models import Drift, Qualification

        lab = open_lab(types=1)
        amazon = Amazon(given.rows)
        print(f"{connection.vendor}: {given.rows:,} holders, {given.differences:,} changed elsewhere")
        print(f"  {'reading':<10} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
        read("first", lab, amazon)
        amazon.changed = given.differences
        cpu = read("compared", lab, amazon)
        assert Qualification.objects.count() == given.rows
        assert Drift.objects.standing().count() == given.differences
        read("once more", lab, amazon)
        return int(cpu > LIMIT_SECONDS * max(given.rows, 100_000) or peak() > LIMIT_MEGABYTES)


def read(label: str, lab: Any, amazon: Amazon) -> float:
    """One whole reading. Returns its seconds of CPU."""
    from qualadmin.core.models import HolderReading
    from qualadmin.tasks import holders

    key = str(lab.types[0].pk)
    wall, cpu = time.perf_counter(), time.process_time()
    with patch.object(holders, "checked_gateway", lambda account: amazon), patch.object(holders, "ring"):
        holders.sync_type(key)
        while HolderReading.objects.filter(as_of__isnull=False).exists():
            holders.sync_type(key)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {label:<10} {wall:>8.1f} {cpu:>8.1f} {peak():>8.0f}", flush=True)
    return cpu


def peak() -> float:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--differences", type=int, default=1_000)
    sys.exit(main(parser.parse_args()))
