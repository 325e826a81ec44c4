"""Undoing a job: a new job that gives every worker back what was held before, with its own preview.

What somebody changed since is left alone. Whether that is so is exact: what a worker holds carries the entry of
the change that made it so, and undoing takes back only a change whose entry is still the newest. It is looked at
again when the preview is confirmed and when each change is claimed.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import Change, Job, Preview, PreviewRow, QualificationType, Study, Verb
from qualadmin.core.permissions import Permission, allowed, require
from qualadmin.core.pseudonyms import pseudonym
from qualadmin.core.reading import Plan

from ._sql import db_uuid, from_uuid
from .diff import Row
from .endings import job_target
from .previews import Sum, Wishes, check_type, discard_preview, keep_rows, take_wishes

IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999
GRANTED: Final = "Granted"
UNCLEAR: Final = "Nobody knows whether Amazon did this. Look at the worker and decide."
ERASED: Final = "This worker was erased. The ID is no longer known, so nothing can be sent."
NO_SCORE: Final = "The score before is not known. Grant it by hand."
Group = PreviewRow.Group


def may_undo(actor: Actor, job: Job) -> bool:
    """Whether the person may undo the job now, save for another undo of it under way."""
    account = job.account
    may = allowed(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    can_be = job.kind != Job.Kind.REJECT and job.done > 0 and job.finished_at is not None
    return may and can_be and not _too_old(job)


def _too_old(job: Job) -> bool:
    return job.finished_at is not None and timezone.now() - job.finished_at > timedelta(days=settings.UNDO_DAYS)


def open_undo(job: Job) -> Job | None:
    """The job that is undoing this one at the moment."""
    return Job.objects.filter(undoes=job, finished_at=None).select_related("created_by").first()


def check_undoable(job: Job) -> None:
    """Raise Conflict that says why, if the job can't be undone now: not ended, nothing done, too long ago."""
    if job.finished_at is None:
        raise Conflict(
            "The job has not ended. Stop it or let it finish, then undo it. Nothing was done.", code="not_ended"
        )
    if job.kind == Job.Kind.REJECT:
        raise Conflict(
            "A rejected request can’t be taken back: Amazon has closed it. Nothing was done. The worker may ask "
            "again, or you grant the qualification.",
            code="rejected",
        )
    if job.done == 0:
        raise Conflict("This job changed nothing, so there is nothing to undo.", code="nothing_done")
    if _too_old(job):
        raise Conflict(
            f"A job can be undone for {settings.UNDO_DAYS} days after its end. Nothing was done. "
            "Take the qualifications away or change the scores with a new list.",
            code="too_old",
        )


def require_undoable(actor: Actor, job_id: uuid.UUID) -> Job:
    """The job, locked. Raises NotVisible, NotAllowed, or Conflict that says why it can't be undone now.

    Call in a transaction.
    """
    jobs = (
        Job.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("account", "study")
    )
    job = jobs.filter(pk=job_id).first()
    if job is None:
        raise NotVisible
    account = job.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    check_undoable(job)
    other = open_undo(job)
    if other is not None:
        raise Conflict(
            f"{other.created_by.full_name} is undoing this job already. Nothing more was done.",
            code="undo_running",
        )
    return job


def prepare_undo(*, actor: Actor, job_id: uuid.UUID, study: Study | None = None, reason: str = "") -> Preview:
    """Work out what undoing the job would do, for the check page. Nothing of it reaches Amazon.

    Asked for again by the same person, the open preview is given back if it still says the same; else a new one
    takes its place. Raises ActionError for wishes that can't be, and what `require_undoable` raises.
    """
    with audit.transaction(actor.context):
        job = require_undoable(actor, job_id)
    types = {one.pk: one for one in QualificationType.objects.filter(changes__job=job).distinct()}
    preview = Preview(
        account=job.account,
        created_by_id=actor.person_id,
        source=Preview.Source.UNDO,
        origin=_origin(job),
        undoes=job,
        options=plan_of(types.values()).as_json(),
        type=next(iter(types.values())) if len(types) == 1 else None,
    )
    take_wishes(preview, {}, Wishes(study=study, reason=reason))
    rows = list(_rows(job, types))
    if any(row.verb == Verb.REVOKE for row in rows) and not any(row.verb == Verb.GRANT for row in rows):
        preview.verb = Verb.REVOKE
    return _same_or_new(actor, job, preview, rows)


def _origin(job: Job) -> str:
    """`Undo of “wave 2.csv”`, `Undo of “Undo of “wave 2.csv””`."""
    return f"Undo of “{job.title[:180]}”"


def plan_of(types: Iterable[QualificationType]) -> Plan:
    """The types, as pages look for them in a preview."""
    found = list(types)
    return Plan(types={"" if len(found) == 1 else str(one.pk): str(one.pk) for one in found}, mapped=True)


def _same_or_new(actor: Actor, job: Job, preview: Preview, rows: list[Row]) -> Preview:
    """One open undo of a job for each person. A second click gets the first one's preview."""
    total = Sum.of(rows)
    mine = Preview.objects.filter(undoes=job, created_by=actor.person_id, state=Preview.State.READY)
    for old in mine.select_related("account").order_by("-created_at"):
        if old.rows_sha256 == total.digest and old.counts == total.counts:
            moved = mine.filter(pk=old.pk).update(study=preview.study, reason=preview.reason)
            if moved == 1:  # not confirmed meanwhile
                old.study, old.reason = preview.study, preview.reason
                return old
        else:
            discard_preview(actor=actor, preview_id=old.pk)
    with audit.transaction(actor.context) as tx:
        left = sum(row.group == Group.LEFT for row in rows)
        tx.record(
            "job.undo.prepared",
            target=job_target(job),
            stream=job.stream,
            job=str(job.pk),
            changes={"rows": [None, len(rows)], "left": [None, left]},
        )
        preview.save(force_insert=True)
    keep_rows(preview, rows)
    return preview


def record_undone(tx: Transaction, job: Job, *, by: Job) -> None:
    """Say at the job that was undone what undoes it; the other direction stands in `job.created`."""
    tx.record(
        "job.undone",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={"undo_job": [None, str(by.pk)], "total": [None, by.total]},
    )


# --- what would be done -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Done:
    """What the job did to one worker and type: what was held before its first change and after its last."""

    change_id: int
    n: int
    line: int
    type_id: uuid.UUID
    worker: uuid.UUID
    worker_id: str | None
    status_before: str
    value_before: int | None
    status_now: str
    value_now: int | None
    newest: uuid.UUID | None  # the entry of what the worker holds now
    is_newest: bool  # nobody changed it since
    is_clear: bool = field(default=True)

    @property
    def wants_grant(self) -> bool:
        return self.status_before == GRANTED

    @property
    def is_so(self) -> bool:
        """Whether what was before is so already."""
        if not self.wants_grant:
            return self.status_now != GRANTED
        return self.status_now == GRANTED and self.value_now == self.value_before


_SELECT: Final = """
SELECT c.id, c.n, c.line, c.type_id, c.worker_id, w.worker_id, c.status_before, c.value_before,
       COALESCE(q.status, ''), q.value, q.audit_id, q.audit_id = c.audit_id, c.state
  FROM core_change c
  JOIN core_worker w ON w.id = c.worker_id
  LEFT JOIN core_qualification q ON q.type_id = c.type_id AND q.worker_id = c.worker_id
 WHERE c.job_id = %s AND c.state IN ('done', 'person')
 ORDER BY c.finished_at, c.id"""


def _done(job: Job) -> list[_Done]:
    """One for each worker and type, in the order of the job's list."""
    found: dict[tuple[Any, Any], _Done] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, [db_uuid(job.pk)])
        for row in cursor.fetchall():
            key = (row[3], row[4])
            first = found.get(key)
            before = (first.status_before, first.value_before) if first else (row[6], row[7])
            found[key] = _Done(
                row[0], row[1], row[2], from_uuid(row[3]), from_uuid(row[4]), row[5],
                before[0], before[1], row[8], row[9],
                from_uuid(row[10]) if row[10] else None, bool(row[11]),
                is_clear=row[12] == Change.State.DONE and (first is None or first.is_clear),
            )  # fmt: skip
    return sorted(found.values(), key=lambda one: one.n)


def _rows(job: Job, types: dict[uuid.UUID, QualificationType]) -> Iterator[Row]:
    """The lines of the check page, unsaved."""
    done = _done(job)
    changed = [one for one in done if one.is_clear and not one.is_newest and not one.is_so]
    since = _changed_since(changed)
    refusals = {(pk, verb): _refusal(one, verb) for pk, one in types.items() for verb in Verb}
    for number, one in enumerate(done, start=1):
        verb = Verb.GRANT if one.wants_grant else Verb.REVOKE
        row = Row(
            n=number,
            line=one.line,
            type_id=one.type_id,
            given=one.worker_id or pseudonym(one.worker, job.stream),
            worker_id=one.worker_id or "",
            known_id=one.worker,
            verb=verb,
            status_before=one.status_now,
            value_before=one.value_now,
            value=one.value_before if one.wants_grant else None,
            undoes_id=one.change_id,
        )
        row.group, row.code, row.why = _group(one, refusals[one.type_id, verb], since.get(one.change_id, ""))
        yield row


def _group(one: _Done, refusal: str, since: str) -> tuple[PreviewRow.Group, str, str]:
    """The group, a code, and why in plain words."""
    if one.worker_id is None:
        return Group.PROBLEM, "erased", ERASED
    if not one.is_clear:
        return Group.PROBLEM, "unclear", UNCLEAR
    if one.is_so:
        return Group.SAME, "", "As it was before, already."
    if not one.is_newest:
        return Group.LEFT, "changed_since", since
    if refusal:
        return Group.PROBLEM, "type", refusal
    if not one.wants_grant:
        return Group.REVOKE, "", "Did not hold it before."
    if one.value_before is None:
        return Group.PROBLEM, "no_score", NO_SCORE
    if one.status_now == GRANTED:
        return Group.SCORE, "", "Back to the score before."
    return Group.NEW, "", "Held it before."


def _refusal(qualification_type: QualificationType, verb: Verb) -> str:
    try:
        check_type(qualification_type, verb)
    except ActionError as error:
        return error.message
    return ""


def _changed_since(changed: list[_Done]) -> dict[int, str]:
    """For each of these, who changed it since and when, by the change of our change: its entry is the newest."""
    found: dict[uuid.UUID | None, str] = {}
    for start in range(0, len(changed), IN_LIST // 2):
        part = changed[start : start + IN_LIST // 2]
        rows = Change.objects.filter(
            worker__in=[one.worker for one in part], audit_id__in=[one.newest for one in part if one.newest]
        )
        for change in rows.select_related("job__created_by").order_by("pk"):
            found[change.audit_id] = _since(change)
    return {one.change_id: found.get(one.newest, "Changed since. Left alone.") for one in changed}


def _since(change: Change) -> str:
    who = f"by {change.job.created_by.full_name}" if change.job else "outside qualadmin"
    when = f"{(change.finished_at or change.created_at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"Changed since {who}, {when}. Left alone."
