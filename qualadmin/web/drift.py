"""What the page of differences shows beside each: the job that wrote last, entries of the log, what is coming."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Drift, Job


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row. `wrote`: the job that last wrote what was held, if the person may see it; `by_job`: there was one.

    `held` and `seen` are the numbers of entries in the log. `coming`: a job that is about to change this.
    """

    drift: Drift
    held: int | None
    seen: int | None
    by_job: bool
    wrote: Job | None
    coming: Job | None


def evidence_of(actor: Actor, rows: Sequence[Drift]) -> list[Evidence]:
    """For the rows of one page: three questions in all."""
    wanted = {entry for one in rows for entry in (one.held_entry, one.seen_entry) if entry}
    found = AuditEntry.objects.filter(id__in=wanted).values_list("id", "seq", "job")
    entries: dict[UUID | None, tuple[int, str | None]] = {key: (seq, job) for key, seq, job in found}
    coming = _coming(rows)
    keys = {_job(job) for _, job in entries.values()} | set(coming.values())
    jobs = Job.objects.visible_to(actor).in_bulk([key for key in keys if key])
    nothing: tuple[None, None] = (None, None)
    return [
        Evidence(
            drift=one,
            held=entries.get(one.held_entry, nothing)[0],
            seen=entries.get(one.seen_entry, nothing)[0],
            by_job=bool(entries.get(one.held_entry, nothing)[1]),
            wrote=jobs.get(_job(entries.get(one.held_entry, nothing)[1])),
            coming=jobs.get(coming.get((one.type_id, one.worker_id))),
        )
        for one in rows
    ]


def _job(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _coming(rows: Sequence[Drift]) -> dict[tuple[UUID, UUID | None], UUID | None]:
    """The newest job that is about to change each of these workers and types."""
    workers = {one.worker_id for one in rows if one.worker_id and one.closed_at is None}
    if not workers:
        return {}
    changes = Change.objects.filter(
        state__in=Change.OPEN, worker__in=workers, type__in={one.type_id for one in rows}
    )
    found = changes.order_by("pk").values_list("type_id", "worker_id", "job_id")
    return {(type_id, worker): job for type_id, worker, job in found}
