"""How long a rule over many workers takes to be worked out, and until its lines are kept as a preview.

    .venv/bin/python -m benchmarks.rule [--workers 100000] [--rounds 3]

A list of `--workers` follows a list of as many, which holds a file; nine of ten hold the type by an earlier run,
one of a hundred has left. Three stages: reading the lists anew, working out the run, and keeping its lines. Ends
with code 1 if reading and working out together take 5 s or more of the wall in the best round. Set
QUALADMIN_TEST_DATABASE_URL for PostgreSQL; the default is a SQLite file.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.database import analyze, prepare

BUDGET = 5.0  # seconds


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        rule = build(given.workers)
        rounds = [measured(rule) for _ in range(given.rounds)]
    from django.db import connection

    print(f"{connection.vendor}: a rule over {given.workers:,} workers, best of {given.rounds}")
    for stage in rounds[0]:
        print(f"  {stage:<34} {min(one[stage] for one in rounds):7.2f} s")
    best = min(one["read the lists"] + one["work out the run"] for one in rounds)
    print(f"  {'EVALUATED':<34} {best:7.2f} s   (budget {BUDGET} s)")
    return 0 if best < BUDGET else 1


def build(count: int) -> Any:
    """The lists, the rule, and what its first run gave."""
    from benchmarks.bulk import put
    from benchmarks.lab import CONTEXT, HELD_COLUMNS, add_workers, open_lab
    from qualadmin.audit import record as audit
    from qualadmin.core.actions.list_sources import add_list_source
    from qualadmin.core.actions.lists import add_list
    from qualadmin.core.actions.rules import add_rule
    from qualadmin.core.models import Job, ListRule, ListSource, Preview

    lab = open_lab(types=2)
    rule_owner = lab.people["granter"]
    actor, kind, now = rule_owner.as_actor(), lab.types[0], datetime.now(UTC)
    add_workers(lab, count)
    below, above = (add_list(actor=actor, account=lab.account, name=name) for name in ("File", "Everybody"))
    with audit.transaction(CONTEXT) as tx:
        source = ListSource(
            list=below, kind="file", label="batch.csv", added_by=lab.people["granter"], read_at=now
        )
        source.audit_id = tx.record("workerlist.source.added")
        source.save(force_insert=True)
    took_part = now - timedelta(days=30)
    staying = [*lab.workers[: count * 89 // 100], *lab.workers[count * 9 // 10 :]]
    put(
        "core_membership",
        ("list_id", "source_id", "worker_id", "since", "at"),
        [(below.pk, source.pk, pk, now, took_part) for pk in staying],
    )
    add_list_source(actor=actor, list_id=above.pk, other=below)
    rule = add_rule(actor=actor, type=kind, lists=[above], days=180, score=100)
    held = lab.workers[: count * 9 // 10]
    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("job.created")
        preview = Preview.objects.create(
            account=lab.account, created_by=rule_owner, source="rule", state="confirmed", rule=rule
        )
        job = Job.objects.create(
            account=lab.account, created_by=rule_owner, preview=preview, rule=rule, source="rule",
            kind="grant", title="First run", rows_sha256="0" * 64, total=len(held), done=len(held),
            state="finished", finished_at=now, audit_id=entry,
        )  # fmt: skip
        put("core_qualification", HELD_COLUMNS, [(kind.pk, pk, "Granted", 100, now, now, entry) for pk in held])
        put(
            "core_change",
            (
                "job_id", "n", "line", "type_id", "worker_id", "verb", "status_before", "value", "state",
                "attempt", "code", "message", "aws_request_id", "created_at", "finished_at", "due_at", "lease_by",
                "checks", "throttles", "audit_id",
            ),
            [
                (
                    job.pk, n, n, kind.pk, pk, "grant", "", 100, "done", 1, "", "", "", now, now, now, "", 0, 0,
                    entry,
                )
                for n, pk in enumerate(held, start=1)
            ],
        )  # fmt: skip
        ListRule.objects.filter(pk=rule.pk).update(
            state="active", started_at=now, audit_id=tx.record("rule.started")
        )
    analyze()
    rule.refresh_from_db()
    return rule


def measured(rule: Any) -> dict[str, float]:
    """Seconds of the wall by stage. The preview is given up again."""
    from django.utils import timezone

    from qualadmin.core.actions.list_reading import read_list
    from qualadmin.core.actions.previews import discard_preview
    from qualadmin.core.actions.rule_evaluation import evaluate
    from qualadmin.core.actions.rule_runs import prepare_run

    actor = rule.owner.as_actor()
    found: dict[str, float] = {}

    def timed(stage: str, act: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = act()
        found[stage] = time.perf_counter() - began
        return result

    for key in rule.lists.values_list("pk", flat=True):
        timed("read the lists", lambda key=key: read_list(actor=actor, list_id=key))
    run = timed("work out the run", lambda: evaluate(rule, timezone.now()))
    assert len(run.grants) + len(run.revokes) > 0
    preview = timed("all of it, with the lines kept", lambda: prepare_run(actor=actor, rule_id=rule.pk))
    discard_preview(actor=actor, preview_id=preview.pk)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
