"""Answering workers' own requests: one at once, many through the check page, and taking an answer back.

An answer is a change like any other; a single one is a job of one that rests for ten seconds before it is sent.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    ANSWERS,
    Change,
    Job,
    Preview,
    PreviewRow,
    QualificationRequest,
    QualificationType,
    RequesterAccount,
    Verb,
)
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import SYNC_REQUESTS, ring
from qualadmin.core.reading import Plan

from .accounts import account_target
from .answering import Rule, rows_for
from .approvals import withdraw_job
from .control import may_stop
from .endings import cancel, finish_job
from .jobs import confirm_preview
from .previews import DEALT_WITH, Wishes, insert_ready, keep_rows, take_wishes
from .rows import locked

NOBODY: Final = "No request was selected, so nothing was done. Tick at least one, or all that match."
TAKEN_BACK: Final = ("taken back", "taken_back", "Taken back before it was sent.")
RUNG_FOR: Final = timedelta(seconds=15)
ID_BYTES: Final = 16
PART: Final = 500  # requests named in one question to the database
TOO_LATE: Final = "Too late: the answer is on its way to Amazon, or there already. It was not taken back."


def answer_request(
    *,
    actor: Actor,
    request_id: uuid.UUID,
    verb: Verb,
    wishes: Wishes,
    source: Preview.Source = Preview.Source.INBOX,
) -> Change:
    """Accept with `wishes.score`, or reject with `wishes.revoke_reason` for the worker to read.

    It is sent ten seconds later; the job of one waits for approval where a rule asks for it. Raises NotVisible,
    NotAllowed, ActionError with the field at fault, and Conflict where the request ended or somebody else is
    answering it: nothing was done then.
    """
    with audit.transaction(actor.context, durable=False):
        one = _locked(actor, request_id)
        account = one.type.account
        require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
        preview = Preview(
            account=account,
            created_by_id=actor.person_id,
            source=source,
            verb=verb,
            type=one.type,
            options=Plan(types={"": str(one.type_id)}).as_json(),
        )
        take_wishes(preview, {"": one.type} if verb == Verb.ACCEPT else {}, wishes)
        (row,) = rows_for([one], verb, Rule(wishes.score))
        if row.group == PreviewRow.Group.PROBLEM:
            raise _refused(row.code, row.why)
        insert_ready(preview, [row])
        job = confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)
        return Change.objects.select_related("job", "type").get(job=job)


def _refused(code: str, why: str) -> ActionError:
    if code in ("request_ended", "being_answered"):
        return Conflict(f"{why} Nothing more was done.", code=code)
    if code == "no_score":
        return ActionError("Give a score. Nothing was done.", field="score", code=code)
    return ActionError(f"{why} Nothing was done.", field="score" if code == "score_range" else None, code=code)


def _locked(actor: Actor, request_id: uuid.UUID) -> QualificationRequest:
    rows = QualificationRequest.objects.filter(
        type__in=QualificationType.objects.visible_to(actor)
    ).select_related("type__account", "worker")
    try:
        return locked(rows, request_id)
    except QualificationRequest.DoesNotExist:
        raise NotVisible from None


def take_back(*, actor: Actor, change_id: int) -> Change:
    """Give up an answer that is not sent yet; the request waits again. Taking it back twice changes nothing.

    Raises NotVisible, NotAllowed, and Conflict once it is too late.
    """
    change = Change.objects.select_related("job").filter(pk=change_id, request__isnull=False).first()
    if change is None or change.job is None:
        raise NotVisible
    if change.job.state == Job.State.WAITING:
        withdraw_job(actor=actor, job_id=change.job.pk)
        change.refresh_from_db()
        return change
    with audit.transaction(actor.context) as tx:
        try:
            job = locked(Job.objects.visible_to(actor).select_related("account", "study"), change.job.pk)
        except Job.DoesNotExist:
            raise NotVisible from None
        if not may_stop(actor, job):
            raise NotAllowed("Who gave the answer, a PI or a manager can take it back. Nothing was done.")
        change.refresh_from_db()
        cause, code, message = TAKEN_BACK
        if change.state == Change.State.CANCELLED and change.code in (code, "withdrawn"):
            return change
        planned = Change.objects.select_for_update(no_key=True).filter(pk=change.pk, state=Change.State.PLANNED)
        if not planned.filter(attempt=0).values_list("pk", flat=True).first():
            raise Conflict(TOO_LATE, code="too_late")
        cancel(tx, job, [change.pk], cause=cause, code=code, message=message)
        finish_job(tx, job.pk)
    change.refresh_from_db()
    return change


def held_back_due(*, now: datetime) -> list[str]:
    """Accounts with a single answer that could be taken back until this moment (one query).

    Whoever asks rings for them. What is not sent soon after waits for something, and is the sweep's business.
    """
    since = now - RUNG_FOR
    due = Change.objects.filter(
        state=Change.State.PLANNED, request__isnull=False, due_at__lte=now, due_at__gt=since
    )
    running = due.filter(job__state=Job.State.RUNNING, job__source=Preview.Source.INBOX, attempt=0)
    return [str(one) for one in running.order_by().values_list("job__account_id", flat=True).distinct()]


# --- many at once -------------------------------------------------------------------------------------------


def select_requests(
    *,
    actor: Actor,
    account: RequesterAccount,
    rows: "QuerySet[QualificationRequest]",
    verb: Verb,
    matching: bool = False,
    filter: str = "",
) -> Preview:
    """Take in the selected requests, oldest first; how they are answered is asked next. Nothing reaches Amazon.

    `rows` belong to the account. `matching` and `filter`: as in selections.Selection. Raises ActionError if
    none was selected, or more than one job takes.
    """
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    if verb not in ANSWERS:
        raise ActionError("Requests are accepted or rejected. Nothing was done.", code="verb")
    limit = settings.UPLOAD_MAX_ROWS
    found = list(rows.order_by("submitted_at", "pk").values_list("pk", flat=True)[: limit + 1])
    if not found:
        raise ActionError(NOBODY, code="nobody")
    if len(found) > limit:
        raise ActionError(
            f"More than {limit:,} requests were selected. One job takes at most {limit:,}. Nothing was done. "
            "Choose a type, or tick single requests.",
            code="too_many_rows",
        )
    which = f"all {len(found):,}" if matching else f"{len(found):,} ticked"
    preview = Preview(
        account=account,
        created_by_id=actor.person_id,
        source=Preview.Source.LIST,
        origin=f"Requests: {which}{f' with {filter}' if matching and filter else ''}"[:400],
        content=b"".join(one.bytes for one in found),
        verb=verb,
    )
    with audit.transaction(actor.context) as tx:
        tx.record(
            "request.selected",
            target=account_target(account),
            stream=account.stream,
            changes={"rows": [None, len(found)], "matching": [None, matching], "verb": [None, verb.value]},
            payload={"origin": preview.origin},
        )
        preview.save(force_insert=True)
    return preview


def selected_requests(preview: Preview) -> "Iterator[QuerySet[QualificationRequest]]":
    """Those that were selected, as they are now, oldest first: in parts, as databases take only so many names."""
    content = bytes(preview.content or b"")
    for start in range(0, len(content), ID_BYTES * PART):
        part = content[start : start + ID_BYTES * PART]
        ids = [uuid.UUID(bytes=part[at : at + ID_BYTES]) for at in range(0, len(part), ID_BYTES)]
        rows = QualificationRequest.objects.filter(pk__in=ids, type__account=preview.account_id)
        yield rows.order_by("submitted_at", "pk")


def plan_answers(*, actor: Actor, preview: Preview, wishes: Wishes, rule: Rule) -> Preview:
    """Work out, request by request, what answering would do. May be done again until it is confirmed.

    Raises NotVisible, Conflict once dealt with, ActionError for wishes that can't be.
    """
    account = preview.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    if preview.created_by_id != actor.user_id or preview.verb not in ANSWERS:
        raise NotVisible
    if preview.state not in (Preview.State.UPLOADED, Preview.State.READY) or preview.content is None:
        raise Conflict(DEALT_WITH)
    if preview.verb == Verb.ACCEPT and not rule.by_key and rule.score is None:
        raise ActionError("Give a score, or take the score of the key.", field="score", code="no_score")
    ids = {pk for part in selected_requests(preview) for pk in part.values_list("type", flat=True)}
    types = {"" if len(ids) == 1 else str(pk): str(pk) for pk in sorted(ids)}
    take_wishes(preview, {}, wishes)
    preview.score = None if rule.by_key else rule.score
    preview.type_id = next(iter(ids)) if len(ids) == 1 else None
    preview.options = {**Plan(types=types, mapped=True).as_json(), "by_key": rule.by_key}
    requests = (
        one for part in selected_requests(preview) for one in part.select_related("type__account", "worker")
    )
    keep_rows(preview, rows_for(requests, Verb(preview.verb), rule))
    return preview


# --- asking Amazon ------------------------------------------------------------------------------------------


def request_reading(*, actor: Actor, account: RequesterAccount) -> None:
    """Ask Amazon which requests wait, now."""
    require(actor, Permission.SYNC, str(account.pk))
    with audit.transaction(actor.context) as tx:
        tx.record("account.requests.asked", target=account_target(account), stream=account.stream)
        ring(SYNC_REQUESTS, str(account.pk))


def note_requests_read(*, account: RequesterAccount, at: datetime | None = None) -> None:
    """Amazon's list of waiting requests was read as of `at`."""
    RequesterAccount.objects.filter(pk=account.pk).update(requests_read_at=at or timezone.now())
