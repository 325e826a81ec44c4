"""Does everything hold when everything goes wrong for an hour?

    .venv/bin/python -m benchmarks.soak [--minutes 60] [--seed 1] [--check 240]

Real processes: an emulator over HTTP that keeps its state, and a task cluster (two with PostgreSQL and Redis).
People begin, pause, resume, stop, retry and undo jobs without end; the emulator misbehaves in every way it
knows, its limit moves, and emulator, clusters and single processes are killed without warning.
Every `--check` seconds and
at the end the emulator's own record is compared with ours: what each worker holds is what was asked for last, no
effect twice, no mail twice, no call before its entry, a log without gaps, no process left behind.

Ends with code 0 where all of it holds, 1 where something does not. SQLite by default; PostgreSQL where
QUALADMIN_TEST_DATABASE_URL names it (**its tables are dropped**), with Redis where QUALADMIN_TEST_REDIS_URL does.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.database import prepare
from benchmarks.soak.stage import SETTINGS, Stage

CALM_SECONDS: Final = 240.0  # what was begun has ended by then
SHOWN: Final = 40  # faults of the verdict


def main(given: argparse.Namespace) -> int:
    redis = os.environ.get("QUALADMIN_TEST_REDIS_URL", "")
    os.environ["QUALADMIN_BROKER"] = "redis" if redis else "orm"
    if redis:
        os.environ["QUALADMIN_REDIS_URL"] = redis
    with tempfile.TemporaryDirectory() as name:
        folder = Path(given.keep or name)
        folder.mkdir(parents=True, exist_ok=True)
        mark = f"soak-{os.getpid()}"
        os.environ["SOAK"] = mark
        prepare(folder, SETTINGS)
        with Stage(folder, mark, clusters=2 if redis else 1) as stage:
            return soak(stage, given)


def soak(stage: Stage, given: argparse.Namespace) -> int:
    """Run it and print the verdict. Returns the exit code."""
    from django.conf import settings
    from django.db import connection

    from benchmarks.soak.evidence import Evidence
    from benchmarks.soak.people import People
    from benchmarks.soak.trouble import Trouble

    settings.EMULATOR_URL = stage.emulator.url
    people = People(random.Random(given.seed))
    evidence = Evidence(stage.emulator, people)
    for cluster in stage.clusters:
        cluster.start()
    print(f"{connection.vendor}, {len(stage.clusters)} cluster(s), seed {given.seed}, {given.minutes:g} minutes")
    began = time.monotonic()
    end, check_due = began + given.minutes * 60, began + given.check
    kill_every = min(20.0, max(8.0, given.minutes * 12))
    trouble = Trouble(stage, random.Random(given.seed + 1), end=end, kill_every=kill_every)
    found: list[str] = []
    pause = random.Random(given.seed + 2)
    while time.monotonic() < end and not found:
        people.step()
        trouble.step()
        if time.monotonic() >= check_due:
            check_due = time.monotonic() + given.check
            found += evidence.faults(ended=False) + stage.overdue()
            tell(time.monotonic() - began, evidence.effects, found)
        time.sleep(pause.uniform(0.02, 0.3))
    trouble.end()
    found += calm_down(stage, people) + stage.stop() + evidence.faults(ended=True)
    tell(time.monotonic() - began, evidence.effects, found)
    return verdict(people.did, trouble.done, found, stage)


def calm_down(stage: Stage, people: "People") -> list[str]:  # type: ignore[name-defined]  # noqa: F821
    """Wait until nothing is open. Clusters run, and people have everything resumed."""
    from qualadmin.core.models import Change, Job

    end = time.monotonic() + CALM_SECONDS
    while time.monotonic() < end:
        for cluster in stage.clusters:
            if cluster.code is not None:
                cluster.start()
        people.resume_accounts()
        people.resume_jobs()
        waiting = Job.objects.filter(state__in=(*Job.ALIVE, Job.State.PREPARING)).exists()
        if not waiting and not Change.objects.filter(state__in=Change.OPEN).exists():
            return []
        time.sleep(0.3)
    states = Counter(Change.objects.filter(state__in=Change.OPEN).values_list("state", flat=True))
    return [f"not over after {CALM_SECONDS:.0f} calm seconds: {dict(states)}"]


def tell(seconds: float, effects: int, found: list[str]) -> None:
    from qualadmin.audit.models import AuditEntry
    from qualadmin.core.models import Change, Job

    counted = Counter(Change.objects.values_list("state", flat=True))
    print(
        f"{seconds:6.0f} s  {Job.objects.count():>6} jobs  {counted.total():>7} changes  {effects:>7} effects  "
        f"{AuditEntry.objects.count():>8} entries  {len(found)} faults  {dict(counted)}",
        flush=True,
    )


def verdict(did: Mapping[str, int], happened: Mapping[str, int], found: list[str], stage: Stage) -> int:
    """Print what was done, what went wrong and what does not hold."""
    for title, counts in (("people", did), ("trouble", happened)):
        print(f"{title}: " + ", ".join(f"{words} {number}" for words, number in sorted(counts.items())))
    for fault in found[:SHOWN]:
        print(f"DOES NOT HOLD  {fault}")
    if len(found) > SHOWN:
        print(f"… and {len(found) - SHOWN} more")
    if found:
        for cluster in stage.clusters:
            print(cluster.log[-6000:])
    print("verdict: " + ("does not hold" if found else "everything holds"))
    return 1 if found else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", type=float, default=240, help="seconds between two looks")
    parser.add_argument("--keep", default="", help="folder for the database and the logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
