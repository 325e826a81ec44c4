"""What was granted for a time ends: taken away silently, by an ordinary job in the name of whoever granted it.

What a worker holds carries the time of its end, and only as long as it is what that grant made of it: any newer
change of it clears or replaces the end. The change that set it is named in the line that takes it back, so that a
newer grant wins also between planning and sending, as for undoing.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target, TaskInfo
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import (
    Change,
    Job,
    Preview,
    PreviewRow,
    Qualification,
    QualificationType,
    RequesterAccount,
    Study,
    User,
    Verb,
)
from qualadmin.core.permissions import Permission, allowed, require
from qualadmin.core.reading import Plan

from ._sql import db_time, db_uuid, from_uuid
from .diff import Row
from .jobs import actionable, confirm_preview
from .previews import discard_preview, keep_rows

A_NIGHT: Final = timedelta(hours=25)  # after so long the nightly round has come by, whatever the time zone
OWNER_LOST: Final = "Whoever granted this may no longer grant here. Somebody who may can take it away."
WHY: Final = "Its time is over."


@dataclass(frozen=True, slots=True)
class Due:
    """What is over in one account, by who granted it and for which study. `count` is in qualifications."""

    account_id: uuid.UUID
    person_id: int
    study_id: uuid.UUID | None
    count: int


_OVER: Final = """
  FROM core_qualification q
  JOIN core_change c ON c.worker_id = q.worker_id AND c.type_id = q.type_id AND c.audit_id = q.audit_id
  JOIN core_job j ON j.id = c.job_id
  JOIN core_qualificationtype t ON t.id = q.type_id
  JOIN core_worker w ON w.id = q.worker_id
 WHERE q.expires_at <= %s AND q.status = 'Granted' AND c.expires_at IS NOT NULL
   AND t.state = 'live' AND w.worker_id IS NOT NULL
   AND NOT EXISTS (
       SELECT 1 FROM core_change o JOIN core_job i ON i.id = o.job_id
        WHERE o.worker_id = q.worker_id AND o.type_id = q.type_id AND o.state IN ('planned', 'sending', 'unknown')
          AND i.state NOT IN ('stopped', 'declined', 'recalled'))"""
_GROUPS: Final = f"""
SELECT t.account_id, j.created_by_id, j.study_id, COUNT(*) {_OVER}{{more}}
 GROUP BY t.account_id, j.created_by_id, j.study_id
 ORDER BY t.account_id, j.created_by_id"""
_ROWS: Final = f"""
SELECT w.worker_id, w.id, q.type_id, q.value, c.id {_OVER}
   AND t.account_id = %s AND COALESCE(CAST(j.study_id AS varchar(36)), '') = %s{{more}}
 ORDER BY q.expires_at, q.id"""


def due_ends(*, now: datetime, account: RequesterAccount | None = None) -> list[Due]:
    """What is over and nobody is about to change, in one account or in all."""
    more = " AND t.account_id = %s" if account else ""
    values = [db_time(now), *([db_uuid(account.pk)] if account else [])]
    return [
        Due(from_uuid(place), person, from_uuid(study) if study else None, count)
        for place, person, study, count in _ask(_GROUPS.format(more=more), values)
    ]


def overdue_ends(*, now: datetime, account: RequesterAccount) -> QuerySet[Qualification]:
    """What is over since before the last night, still held, and nobody is about to change: the night could not."""
    given_up = (Job.State.STOPPED, Job.State.DECLINED, Job.State.WITHDRAWN)
    under_way = Change.objects.filter(
        ~Q(job__state__in=given_up),
        worker=OuterRef("worker"),
        type=OuterRef("type"),
        state__in=Change.OPEN,
    )
    return Qualification.objects.filter(
        ~Exists(under_way),
        type__account=account,
        type__state=QualificationType.State.LIVE,
        status=Qualification.Status.GRANTED,
        worker__erased_at=None,
        expires_at__lte=now - A_NIGHT,
    )


def end_grants(*, actor: Actor, due: Due, task: TaskInfo, now: datetime | None = None) -> Job | None:
    """Take away at night what is over, in the name of whoever granted it. None if it could not be.

    Why it could not stands in the log and, as what is overdue, on the page of what expires. `actor` is the clock.
    """
    now = now or timezone.now()
    account = RequesterAccount.objects.get(pk=due.account_id)
    person = User.objects.get(pk=due.person_id)
    if not account.is_open:
        return None
    owner = person.as_actor()
    if not person.is_active or not allowed(
        owner, Permission.GRANT, str(account.pk), production=account.is_production
    ):
        _note_failure(actor, account, OWNER_LOST)
        return None
    rows = _rows(account, due.study_id, now, person_id=due.person_id)
    if not rows:
        return None
    preview: Preview | None = None
    owner = owner.as_task(task)
    try:
        preview = _preview(owner, account, due.study_id, rows)
        return confirm_preview(
            actor=owner,
            preview_id=preview.pk,
            rows_sha256=preview.rows_sha256,
            typed_count=actionable(preview),  # typing it is for people
        )
    except ActionError as error:
        if preview is not None:
            discard_preview(actor=owner, preview_id=preview.pk)
        _note_failure(actor, account, error.message)
        return None


def prepare_ends(*, actor: Actor, account: RequesterAccount, study_id: uuid.UUID | None) -> Preview:
    """What is over for a study, whoever granted it, as a check page. Raises ActionError if nothing is."""
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    rows = _rows(account, study_id, timezone.now())
    if not rows:
        raise ActionError("Nothing is over that nobody is about to change. Nothing was done.", code="nothing_over")
    return _preview(actor, account, study_id, rows)


def _ask(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))
        return list(cursor.fetchall())


def _rows(
    account: RequesterAccount, study_id: uuid.UUID | None, now: datetime, *, person_id: int | None = None
) -> list[Row]:
    more = "" if person_id is None else " AND j.created_by_id = %s"
    # As the database writes an id when it is cast to text.
    study = "" if study_id is None else str(db_uuid(study_id))
    values = [db_time(now), db_uuid(account.pk), study, *([] if person_id is None else [person_id])]
    return [
        Row(
            n=number,
            line=number,
            given=worker_id,
            worker_id=worker_id,
            known_id=key,
            verb=Verb.REVOKE,
            group=PreviewRow.Group.REVOKE,
            type_id=from_uuid(type_id),
            status_before="Granted",
            value_before=value,
            undoes_id=change,
            why=WHY,
        )
        for number, (worker_id, key, type_id, value, change) in enumerate(
            _ask(_ROWS.format(more=more), values), start=1
        )
    ]


def _preview(actor: Actor, account: RequesterAccount, study_id: uuid.UUID | None, rows: Sequence[Row]) -> Preview:
    types = list(dict.fromkeys(row.type_id for row in rows if row.type_id))
    preview = Preview(
        account=account,
        created_by_id=actor.person_id,
        source=Preview.Source.ENDS,
        origin="Grants whose time is over",
        study=Study.objects.get(pk=study_id) if study_id else None,
        type_id=types[0] if len(types) == 1 else None,
        verb=Verb.REVOKE,
        reason="Granted for a time that is over.",
        options=Plan(
            types={"" if len(types) == 1 else str(key): str(key) for key in types}, mapped=True
        ).as_json(),
    )
    with audit.transaction(actor.context) as tx:
        tx.record(
            "list.ended",
            target=_target(account),
            stream=preview.study.stream if preview.study else account.stream,
            changes={"rows": [None, len(rows)]},
        )
        preview.save(force_insert=True)
    keep_rows(preview, rows)
    return preview


def _note_failure(actor: Actor, account: RequesterAccount, why: str) -> None:
    with audit.transaction(actor.context) as tx:
        tx.record(
            "list.ended.failed",
            outcome="failed",
            target=_target(account),
            stream=account.stream,
            payload={"detail": why},
        )


def _target(account: RequesterAccount) -> Target:
    return Target("account", str(account.pk), account.name)
