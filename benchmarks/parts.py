"""How long other people's saves wait while a large job is confirmed, prepared, approved, retried and stopped.

    .venv/bin/python -m benchmarks.parts [--rows 100000] [--whole]

One job of so many rows; beside each deed another process writes small audited entries. Seconds of the click, of
all that follows from it, and milliseconds of the neighbour's writes. `--whole` does each deed at once, to compare.
Ends with code 1 if more than 5 of 100 of the neighbour's writes took longer than 200 ms. Set
QUALADMIN_TEST_DATABASE_URL for PostgreSQL; the default is a SQLite file.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.database import prepare as empty_database
from benchmarks.preview import ROOT, WAIT, percentile


def main(given: argparse.Namespace) -> int:
    os.environ["QUALADMIN_APPROVAL_REHEARSE"] = "true"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty_database(folder)
        from django.db import connection

        print(f"{connection.vendor}: {given.rows} rows, {'whole' if given.whole else 'in parts'}")
        print(f"  {'deed':<10} {'click s':>8} {'whole s':>8}   a neighbour's write: median / p95 / max ms (count)")
        return max([measured(folder, *deed) for deed in deeds(given)])


def deeds(given: argparse.Namespace) -> list[tuple[str, Callable[[], Any], Callable[[Any], None]]]:
    """Name, click, and what tasks do after it; in the order in which one job meets them."""
    from benchmarks.lab import open_lab, worker_name
    from qualadmin.core.actions import parts
    from qualadmin.core.actions.approvals import approve_job
    from qualadmin.core.actions.control import retry_failed, stop_job
    from qualadmin.core.actions.jobs import confirm_preview
    from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
    from qualadmin.core.models import Job, Preview
    from qualadmin.core.reading import Plan
    from qualadmin.tasks.prepare import give_up, prepare

    if given.whole:
        parts.AT_ONCE = parts.PART = 10**8  # type: ignore[misc]
    lab = open_lab(types=1)
    granter, pi = lab.people["granter"].as_actor(), lab.people["pi"].as_actor()
    ids = "\n".join(worker_name(number) for number in range(given.rows)).encode()
    preview = start_preview(actor=granter, account=lab.account, source=Preview.Source.PASTE, content=ids)
    plan = Plan(types={"": str(lab.types[0].pk)})
    plan_preview(actor=granter, preview=preview, plan=plan, wishes=Wishes(score=100, study=lab.studies[0]))

    def job() -> Job:
        return Job.objects.get(preview=preview)

    def until_prepared(_: Any) -> None:
        while job().state == Job.State.PREPARING:
            prepare(str(job().pk))

    def until_given_up(_: Any) -> None:
        while job().finished_at is None:
            give_up(str(job().pk))

    def confirm() -> Job:
        return confirm_preview(actor=granter, preview_id=preview.pk, rows_sha256=preview.rows_sha256)

    return [
        ("confirm", confirm, until_prepared),
        ("approve", lambda: approve_job(actor=pi, job_id=job().pk), until_prepared),
        ("(failing)", lambda: None, lambda _: fail(job())),
        ("retry", lambda: retry_failed(actor=granter, job_id=job().pk), until_prepared),
        ("stop", lambda: stop_job(actor=granter, job_id=job().pk), until_given_up),
    ]


def fail(job: Any) -> None:
    """As if Amazon had refused every change."""
    from benchmarks.lab import CONTEXT
    from qualadmin.audit import record as audit

    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("job.finished", job=str(job.pk))
        job.changes.update(state="failed", audit_id=entry)
        moved = {"planned": 0, "failed": job.planned, "state": "finished", "finished_at": job.created_at}
        type(job).objects.filter(pk=job.pk).update(audit_id=entry, **moved)


def measured(folder: Path, name: str, click: Callable[[], Any], follow: Callable[[Any], None]) -> int:
    """Do it beside a writer and say how it went: 1 if the neighbour waited too long."""
    if name.startswith("("):
        follow(click())
        return 0
    command = [sys.executable, "-m", "benchmarks.preview_round", "write", str(folder)]
    pipe = subprocess.PIPE
    neighbour = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdin=pipe, stdout=pipe)
    assert neighbour.stdout is not None
    neighbour.stdout.readline()  # it writes now
    began = time.perf_counter()
    done = click()
    clicked = time.perf_counter() - began
    follow(done)
    whole = time.perf_counter() - began
    out, _ = neighbour.communicate(b"\n")
    if neighbour.returncode:
        print(f"  {name:<10} {clicked:8.2f} {whole:8.2f}   the neighbour's write failed: it waited too long")
        return 1
    waits = sorted(json.loads(out))
    print(
        f"  {name:<10} {clicked:8.2f} {whole:8.2f}   "
        f"{statistics.median(waits):.1f} / {percentile(waits):.1f} / {waits[-1]:.0f} ({len(waits)})",
        flush=True,
    )
    return int(percentile(waits) >= WAIT)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--whole", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
