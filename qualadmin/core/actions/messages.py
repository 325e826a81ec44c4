"""Messages to workers: begun, written, discarded, confirmed. What is sent of them: message_calls.py.

What was shown on the check page is what is sent: a message that was confirmed never changes.
"""

import uuid
from datetime import datetime
from typing import Final

from django.db import IntegrityError
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Letter, Message, MessageRecipient, RequesterAccount, Study
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import SEND_MESSAGE, ring

from .approvals import refuse_without_approver
from .letters import write_letters
from .message_recipients import Recipients
from .rows import locked, locked_unchanged, move
from .texts import clean_line, clean_text
from .thresholds import asks_for_approval
from .types import check_open
from .workers import insert_workers, known_workers

SUBJECT_LIMIT: Final = 200  # characters, as NotifyWorkers takes them
TEXT_LIMIT: Final = 4096
State = Message.State


def message_target(message: Message) -> Target:
    """How entries name a message: by its number and size, never by what somebody typed."""
    workers = "1 worker" if message.total == 1 else f"{message.total:,} workers"
    return Target("message", str(message.pk), f"a message to {workers}")


def draft_message(*, actor: Actor, account: RequesterAccount, recipients: Recipients) -> Message:
    """Begin a message: its recipients are kept as they are now, its text comes next. Nothing is sent.

    Ids that nobody here has met become known.
    """
    _require(actor, account)
    try:
        return _draft(actor, account, recipients)
    except IntegrityError:  # somebody else met one of the workers at this very moment
        return _draft(actor, account, recipients)


def _draft(actor: Actor, account: RequesterAccount, recipients: Recipients) -> Message:
    known = known_workers(recipients.strangers)
    new = {one: uuid.uuid4() for one in recipients.strangers if one not in known}
    workers = [*recipients.workers, *known.values(), *new.values()]
    message = Message(
        account=account,
        created_by_id=actor.person_id,
        origin=recipients.origin[:400],
        notes=recipients.notes,
        total=len(workers),
        planned=len(workers),
    )
    with audit.transaction(actor.context) as tx:
        entry = tx.record(
            "message.drafted",
            target=message_target(message),
            stream=account.stream,
            changes={"recipients": [None, len(workers)], "met": [None, len(new)]},
            payload={"origin": message.origin},
        )
        insert_workers(new, dict.fromkeys(new.values(), entry))
        message.audit_id = entry
        message.save(force_insert=True)
        MessageRecipient.objects.bulk_create(
            MessageRecipient(message=message, worker_id=pk, n=n, audit_id=entry)
            for n, pk in enumerate(workers, start=1)
        )
    return message


def write_message(
    *, actor: Actor, message: Message, subject: str, text: str, study: Study | None = None
) -> Message:
    """Set subject, text and study of a draft. Raises Conflict if it changed since `message` was read."""
    subject = clean_line(subject, field="subject", label="The subject", limit=SUBJECT_LIMIT)
    text = clean_text(text, field="text", label="The text", limit=TEXT_LIMIT)
    _check_study(message.account, study)
    with audit.transaction(actor.context) as tx:
        row = locked_unchanged(Message.objects.select_related("account", "study"), message)
        _require_own_draft(actor, row)
        entry = tx.record(
            "message.written",
            target=message_target(row),
            stream=study.stream if study else row.stream,
            changes={"study": [str(row.study_id or "") or None, str(study.pk) if study else None]},
            payload={"subject": subject, "text": text},
        )
        move(
            Message.objects.filter(pk=row.pk, state=State.DRAFT),
            entry=entry,
            subject=subject,
            text=text,
            study=study,
        )
    return _fresh(message.pk)


def discard_message(*, actor: Actor, message_id: uuid.UUID) -> None:
    """Give a draft up. Nothing of it was sent. Discarding twice changes nothing."""
    with audit.transaction(actor.context) as tx:
        row = locked_message(actor, message_id)
        if row.state == State.DISCARDED and row.created_by_id == actor.user_id:
            return
        _require_own_draft(actor, row)
        _discard(tx, row)


def discard_old_drafts(*, actor: Actor, before: datetime) -> int:
    """Give up drafts that nobody touched since then, as whoever wrote them could. Returns how many there were.

    They name workers, so they stay no longer than they are of use. `actor` is the clock.
    """
    touched = AuditEntry.objects.filter(id=OuterRef("audit_id"), recorded_at__gte=before)
    old = Message.objects.filter(~Exists(touched), state=State.DRAFT, created_at__lt=before).order_by()
    count = 0
    for key in list(old.values_list("pk", flat=True)):
        with audit.transaction(actor.context) as tx:
            row = (
                old.select_related("account", "study").select_for_update(of=("self",), no_key=True).filter(pk=key)
            )
            if draft := row.first():  # not touched meanwhile
                _discard(tx, draft)
                count += 1
    return count


def _discard(tx: Transaction, row: Message) -> None:
    """Call with the draft locked. What was written stays in the texts of the log, where it can be erased."""
    entry = tx.record(
        "message.discarded",
        target=message_target(row),
        stream=row.stream,
        changes={"state": [row.state, str(State.DISCARDED)]},
    )
    give_up_planned(row, entry, code="discarded")
    move(
        Message.objects.filter(pk=row.pk, state=State.DRAFT),
        entry=entry,
        state=State.DISCARDED,
        subject="",
        text="",
        finished_at=timezone.now(),
    )
    recount(row.pk)


def confirm_message(*, actor: Actor, message_id: uuid.UUID, seen: str) -> Message:
    """Send the message as the check page showed it; `seen` is the entry it showed. Where messages need a second
    person, it waits for one.

    Raises Conflict if the draft changed since, was confirmed already, or the account is closed.
    """
    with audit.transaction(actor.context) as tx:
        row = locked_message(actor, message_id)
        _require_own_draft(actor, row)
        if str(row.audit_id) != seen:
            raise Conflict(
                "The message was changed since you opened this page. Nothing was sent. Look at it again.",
                code="stale_row",
            )
        _check_complete(row)
        waits = needs_second(row.account)
        people = refuse_without_approver(row.account, row.study, asked_by=row.created_by_id) if waits else []
        state = State.WAITING if waits else State.RUNNING
        entry = tx.record(
            "message.confirmed",
            target=message_target(row),
            stream=row.stream,
            changes={
                "state": [row.state, str(state)],
                "recipients": [None, row.total],
                "study": [None, str(row.study_id) if row.study_id else None],
            },
            payload={"subject": row.subject, "text": row.text, "origin": row.origin},
        )
        move(
            Message.objects.filter(pk=row.pk, state=State.DRAFT),
            entry=entry,
            state=state,
            confirmed_at=timezone.now(),
        )
        if waits:
            write_letters(row, people, Letter.Kind.ASKED)
        else:
            ring(SEND_MESSAGE, str(row.pk))
    return _fresh(message_id)


def needs_second(account: RequesterAccount) -> bool:
    """Whether a message of this account waits for a second person: any does where real workers read it."""
    return asks_for_approval(account)


def record_message_downloaded(*, actor: Actor, message: Message) -> None:
    """Results hold worker ids: who took them away is on record."""
    require(actor, Permission.EXPORT_RESULTS, str(message.account_id))
    with audit.transaction(actor.context) as tx:
        tx.record(
            "message.exported",
            target=message_target(message),
            stream=message.stream,
            changes={"rows": [None, message.total]},
        )


def give_up_planned(message: Message, entry: uuid.UUID, *, code: str) -> int:
    """What was not sent never is. Call with the message locked. Returns how many recipients that were."""
    planned = MessageRecipient.objects.filter(message=message, state=MessageRecipient.State.PLANNED)
    return planned.update(
        state=MessageRecipient.State.CANCELLED, code=code, finished_at=timezone.now(), audit_id=entry
    )


def recount(message_id: uuid.UUID) -> dict[str, int]:
    """Bring the numbers of a message in line with its recipients; returns them."""
    rows = MessageRecipient.objects.filter(message=message_id)
    counts = dict.fromkeys(("planned", "done", "failed", "unknown", "cancelled"), 0)
    for state, number in rows.order_by().values_list("state").annotate(Count("pk")):
        counts["planned" if state in MessageRecipient.OPEN else state] += number
    Message.objects.filter(pk=message_id).update(**counts)
    return counts


def finish_message(tx: Transaction, message: Message) -> None:
    """Close a message of which nothing is open any more. Call with the message locked."""
    counts = recount(message.pk)
    row = Message.objects.select_related("account", "study").get(pk=message.pk)
    if counts["planned"] or row.finished_at is not None or row.state not in (State.RUNNING, State.STOPPED):
        return
    to = State.STOPPED if row.state == State.STOPPED else State.FINISHED
    told = {name: [None, counts[name]] for name in ("done", "failed", "unknown", "cancelled")}
    entry = tx.record(
        "message.finished",
        target=message_target(row),
        stream=row.stream,
        changes={"state": [row.state, str(to)], **told},
    )
    move(Message.objects.filter(pk=row.pk), entry=entry, state=to, finished_at=timezone.now())


def _fresh(pk: uuid.UUID) -> Message:
    return Message.objects.select_related("account", "study", "created_by").get(pk=pk)


def locked_message(actor: Actor, message_id: uuid.UUID) -> Message:
    """The message, locked until the commit. Raises NotVisible for one that is not the actor's to see."""
    try:
        rows = Message.objects.visible_to(actor).select_related("account", "study", "created_by")
        return locked(rows, message_id)
    except Message.DoesNotExist:
        raise NotVisible from None


def _require(actor: Actor, account: RequesterAccount) -> None:
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)


def _require_own_draft(actor: Actor, row: Message) -> None:
    _require(actor, row.account)
    if row.created_by_id != actor.user_id:
        raise NotAllowed("Only who began this message can write and send it. Nothing was done.")
    if row.state != State.DRAFT:
        raise Conflict(
            f"This message is no draft any more: {row.get_state_display().lower()}. Nothing was done.",
            code="no_draft",
        )


def _check_study(account: RequesterAccount, study: Study | None) -> None:
    if account.is_production and study is None:
        raise ActionError(
            "Name the study this is for. Every message to real workers belongs to one.",
            field="study",
            code="no_study",
        )
    if study is not None and not study.is_open:
        raise ActionError("This study is closed. Choose another one.", field="study", code="closed_study")


def _check_complete(row: Message) -> None:
    check_open(row.account)
    if not row.subject or not row.text:
        raise ActionError("The message has no text yet. Nothing was sent. Write it first.", code="no_text")
    _check_study(row.account, row.study)
    if not MessageRecipient.objects.filter(message=row, worker__erased_at=None).exists():
        raise ActionError("There is nobody left to write to. Nothing was sent.", code="nobody")
