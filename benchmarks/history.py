"""Years of jobs, requests and log entries for the lab of benchmarks/lab.py."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from benchmarks.bulk import put
from benchmarks.lab import CONTEXT, HELD_COLUMNS, SHARES, Clock, Lab
from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Context, RequestInfo, Target, TaskInfo, Who
from qualadmin.core.models import Preview, QualificationType, User

DAYS: Final = 90
SIZE: Final = 500  # changes in a large job
CHANGE_COLUMNS: Final = (
    "job_id", "n", "line", "type_id", "worker_id", "verb", "status_before", "value", "state", "attempt",
    "code", "message", "aws_request_id", "created_at", "finished_at", "due_at", "lease_by", "checks", "throttles",
    "audit_id",
)  # fmt: skip
JOB_COLUMNS: Final = (
    "id", "account_id", "study_id", "preview_id", "created_by_id", "created_at", "state", "kind", "title",
    "reason", "notify", "revoke_reason", "source", "file_name", "file_sha256", "file_size", "rows_sha256", "total",
    "planned", "done", "failed", "skipped", "cancelled", "needs_person", "started_at", "finished_at", "audit_id",
    "prepared_to", "prepares",
)  # fmt: skip
PREVIEW_COLUMNS: Final = (
    "id", "account_id", "created_by_id", "created_at", "state", "source", "file_name", "file_size", "file_sha256",
    "origin", "options", "verb",
    "type_id", "score", "reason", "notify", "revoke_reason", "counts", "notes", "rows_sha256", "emptying",
)  # fmt: skip
DRAIN: Final = Context(Who("task", "drain", "drain"), task=TaskInfo("t", "drain", "bench", 1))


@dataclass(frozen=True)
class Plan:
    """One job to be written."""

    number: int
    type: QualificationType
    workers: list[uuid.UUID]
    at: datetime
    title: str
    left: int = 0  # changes still to be sent
    pk: uuid.UUID = field(default_factory=uuid.uuid4)


def add_jobs(lab: Lab, changes: int) -> None:
    """`changes` in jobs of 500, spread over three months and the types; the busy worker is in each."""
    clock = Clock(datetime.now(UTC))
    taken = dict.fromkeys(range(len(SHARES)), 0)
    count = changes // SIZE
    with clock.set():
        for number in range(count):
            place = _type_of(number)
            first = (place * 11_000 + taken[place]) % len(lab.workers)
            taken[place] += SIZE
            others = [lab.workers[n % len(lab.workers)] for n in range(first + 1, first + SIZE)]
            # A type that has been round all workers is granted to them again: what they hold is there already.
            once = first + SIZE <= len(lab.workers) and taken[place] <= len(lab.workers)
            at = datetime.now(UTC) - timedelta(days=DAYS * (count - number) / count)
            plan = Plan(number, lab.types[place], [lab.workers[0], *others], at, f"wave-{number:03d}.csv")
            clock.now = at
            _write(lab, [plan], held=once)
            lab.jobs.append(plan.pk)


def _type_of(number: int) -> int:
    """Which type the job is about: by SHARES, mixed."""
    rest = number * 37 % 100
    for place, share in enumerate(SHARES):
        if rest < share:
            return place
        rest -= share
    return 0


def add_small_jobs(lab: Lab, count: int) -> None:
    """Grants of one worker each, as people make them all day; 500 to a transaction."""
    clock = Clock(datetime.now(UTC))
    with clock.set():
        for start in range(0, count, SIZE):
            clock.now = datetime.now(UTC) - timedelta(minutes=30)
            plans = []
            for number in range(start, min(start + SIZE, count)):
                worker = lab.workers[-1 - number % len(lab.workers)]
                chosen = lab.types[3 + number % 2]
                at = datetime.now(UTC) - timedelta(days=DAYS * (count - number) / count)
                plans.append(Plan(number, chosen, [worker], at, f"{chosen.name}, 1 worker"))
            _write(lab, plans, held=False)


def add_running_job(lab: Lab, total: int) -> None:
    """One job at work: a half done within the last minutes."""
    plan = Plan(
        0, lab.types[1], lab.workers[-total:], datetime.now(UTC) - timedelta(minutes=2), "now.csv", total // 2
    )
    _write(lab, [plan], held=False)
    lab.running = plan.pk


def _write(lab: Lab, plans: list[Plan], *, held: bool = True) -> None:
    """Jobs with their previews, changes, what came of them and the entries, in one transaction."""
    person = lab.people["granter"]
    with audit.transaction(DRAIN) as tx:
        jobs, previews, changes, holds = [], [], [], []
        for plan in plans:
            stream = lab.studies[plan.number % 2].stream if plan.number % 3 else lab.stream
            lines = list(_changes(tx, plan, stream, person))
            entry = _job_entries(tx, plan, stream, person)
            preview = uuid.uuid4()
            previews.append(_preview_row(lab, plan, preview, person))
            jobs.append(_job_row(lab, plan, preview, person, lines, entry))
            changes += lines
            holds += _held(plan, lines) if held else []
        put("core_preview", PREVIEW_COLUMNS, previews)
        put("core_job", JOB_COLUMNS, jobs)
        put("core_change", CHANGE_COLUMNS, changes)
        put("core_qualification", HELD_COLUMNS, holds)


def _changes(tx: Transaction, plan: Plan, stream: str, person: User) -> Iterator[tuple[Any, ...]]:
    """Most are done, one in fifty failed; each with its two entries."""
    who = Who("user", str(person.pk), person.full_name)
    target = Target("qtype", str(plan.type.pk), plan.type.name)
    waiting = tx.record("job.resumed", target=target, stream=stream) if plan.left else None
    for n, worker in enumerate(plan.workers):
        common = {"target": target, "stream": stream, "subject": worker, "job": plan.pk, "item": n, "attempt": 1}
        at = plan.at + timedelta(milliseconds=25 * n)
        if n >= len(plan.workers) - plan.left:
            yield (
                plan.pk, n, n + 1, plan.type.pk, worker, "grant", "", 100, "planned", 0, "", "", "", plan.at, None,
                plan.at, "", 0, 0, waiting,
            )  # fmt: skip
            continue
        state = "failed" if n % 50 == 49 else "done"
        started = tx.record(
            "mturk.call.started",
            outcome="started",
            on_behalf_of=who,
            changes={"state": ["planned", "sending"], "status": [None, "Granted"], "value": [None, 100]},
            **common,
        )
        request = uuid.uuid4().hex
        ended = tx.record(
            "mturk.call.finished",
            outcome="ok" if state == "done" else "failed",
            on_behalf_of=who,
            parent=started,
            changes={"state": ["sending", state]},
            aws={"env": "emulator", "op": "Associate", "request_id": request, "http": 200, "ms": 51},
            **common,
        )
        yield (
            plan.pk, n, n + 1, plan.type.pk, worker, "grant", "", 100 - n % 40, state, 1, "", "", request, plan.at,
            at, at, "", 0, 0, ended,
        )  # fmt: skip


def _job_entries(tx: Transaction, plan: Plan, stream: str, person: User) -> uuid.UUID:
    who = Who("user", str(person.pk), person.full_name)
    target = Target("job", str(plan.pk), f"Grant, {len(plan.workers)}")
    common = {"target": target, "stream": stream, "job": plan.pk, "on_behalf_of": who}
    created = tx.record("job.created", changes={"total": [None, len(plan.workers)]}, **common)
    return created if plan.left else tx.record("job.finished", **common)


def _preview_row(lab: Lab, plan: Plan, preview: uuid.UUID, person: User) -> tuple[Any, ...]:
    return (
        preview, lab.account.pk, person.pk, plan.at, Preview.State.CONFIRMED, "file", plan.title, 10_000, "0" * 64,
        "", {}, "grant", plan.type.pk, 100, "", False, "", {"new": len(plan.workers)}, [], "0" * 64, False,
    )  # fmt: skip


def _job_row(
    lab: Lab, plan: Plan, preview: uuid.UUID, person: User, lines: list[tuple[Any, ...]], entry: uuid.UUID
) -> tuple[Any, ...]:
    done, failed = (sum(line[8] == state for line in lines) for state in ("done", "failed"))
    study = lab.studies[plan.number % 2].pk if plan.number % 3 else None
    ended = None if plan.left else plan.at + timedelta(seconds=20)
    return (
        plan.pk, lab.account.pk, study, preview, person.pk, plan.at, "running" if plan.left else "finished",
        "grant", plan.title, "", False, "", "file", plan.title, "0" * 64, 10_000, "0" * 64, len(lines), plan.left,
        done, failed, 0, 0, 0, plan.at, ended, entry, len(lines), "",
    )  # fmt: skip


def _held(plan: Plan, lines: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """What the workers of a job hold now; the busy one was given each type before (see `add_busy`)."""
    for line in lines[1:]:
        if line[8] == "done":
            yield (plan.type.pk, line[4], "Granted", line[7], line[14], line[14], line[-1])


def add_busy(lab: Lab) -> None:
    """The worker who is in every job holds every type."""
    now = datetime.now(UTC)
    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("qtype.synced", target=Target("qtype", str(lab.types[0].pk)), stream=lab.stream)
        put(
            "core_qualification",
            HELD_COLUMNS,
            [(one.pk, lab.busy, "Granted", 90, now, now, entry) for one in lab.types[: len(SHARES)]],
        )


def add_requests(lab: Lab, count: int) -> None:
    """Workers who ask themselves and wait."""
    now = datetime.now(UTC)
    columns = ("id", "mturk_id", "type_id", "worker_id", "state", "submitted_at", "seen_at", "audit_id")
    with audit.transaction(CONTEXT) as tx:
        chosen = lab.types[2]
        entry = tx.record("request.seen", target=Target("qtype", str(chosen.pk)), stream=lab.stream)
        rows = []
        for number in range(count):
            asked = now - timedelta(seconds=40 * number)
            worker = lab.workers[number % len(lab.workers)]
            rows.append(
                (uuid.uuid4(), f"3REQ{number:010d}", chosen.pk, worker, "waiting", asked, now, entry)
            )  # fmt: skip
        put("core_qualificationrequest", columns, rows)


def add_visits(lab: Lab, count: int) -> None:
    """Sign-ins and readings of the log: entries of people themselves, through web requests."""
    clock = Clock(datetime.now(UTC))
    people = list(lab.people.values())
    with clock.set():
        for start in range(0, count, SIZE):
            person = people[start // SIZE % len(people)]
            request = RequestInfo(uuid.uuid4().hex, "192.0.2.7", "GET", "audit/")
            context = Context(Who("user", str(person.pk), person.full_name), request=request)
            with audit.transaction(context) as tx:
                for number in range(SIZE):
                    tx.record("auth.login.succeeded" if number % 2 else "audit.viewed")
