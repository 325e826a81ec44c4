"""Erasing one worker: one person asks, a second agrees; and again after a restore.

The list beside the backups (backup/erasures.py) is written before the erasure: should anything fail in between, a
restore erases somebody of whom two persons had said so.
"""

import uuid
from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.backup import erasures as erasure_list
from qualadmin.backup.manifest import BackupError
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    Change,
    Erasure,
    Job,
    MessageRecipient,
    PreviewRow,
    Qualification,
    QualificationRequest,
    QualificationType,
    Worker,
)
from qualadmin.core.permissions import Permission, allowed, require

from .erasing import TARGET, erase
from .holds import holds_against
from .rows import locked, move
from .texts import clean_text
from .workers import about_visible_workers, workers_visible_to

REASON_LIMIT: Final = 500  # characters
WORDS_LIMIT: Final = 500
State = Erasure.State


def request_erasure(*, actor: Actor, worker: Worker, reason: str) -> Erasure:
    """Ask that the worker be erased. A second person decides.

    Raises ActionError where something keeps it from being done now, Conflict if it was asked or done already.
    """
    require(actor, Permission.ASK_ERASURE)
    reason = clean_text(reason, field="reason", label="The reason", limit=REASON_LIMIT)
    _refuse_id(reason, worker, "reason")
    try:
        with audit.transaction(actor.context) as tx:
            row = _not_erased(actor, worker.pk)
            _refuse_obstacles(row)
            if Erasure.objects.waiting().filter(worker=row).exists():
                raise _asked_already()
            erasure = Erasure(worker=row, reason=reason, asked_by_id=actor.person_id)
            erasure.audit_id = tx.record(
                "privacy.erasure.requested", subject=row.pk, target=_target(erasure), payload={"reason": reason}
            )
            erasure.save(force_insert=True)
    except IntegrityError:
        raise _asked_already() from None
    return erasure


def withdraw_erasure(*, actor: Actor, erasure_id: uuid.UUID) -> Erasure:
    """Take one's own wish back before anybody decided."""
    with audit.transaction(actor.context) as tx:
        row = _waiting(actor, erasure_id)
        if row.asked_by_id != actor.user_id:
            raise NotAllowed("Only who asked for it can withdraw it. Nothing was done.")
        entry = tx.record(
            "privacy.erasure.withdrawn", subject=row.worker_id, parent=row.audit_id, target=_target(row)
        )
        _decide(row, actor, entry, State.WITHDRAWN, "")
    return row


def decline_erasure(*, actor: Actor, erasure_id: uuid.UUID, words: str) -> Erasure:
    """Say no, with words for who asked."""
    words = clean_text(words, field="words", label="The text", limit=WORDS_LIMIT, required=False)
    if not words:
        raise ActionError("Say why: who asked must know what to do.", field="words")
    with audit.transaction(actor.context) as tx:
        row = _waiting(actor, erasure_id)
        _require_second(actor, row)
        _refuse_id(words, row.worker, "words")
        entry = tx.record(
            "privacy.erasure.declined",
            subject=row.worker_id,
            parent=row.audit_id,
            target=_target(row),
            payload={"words": words},
        )
        _decide(row, actor, entry, State.DECLINED, words)
    return row


def approve_erasure(*, actor: Actor, erasure_id: uuid.UUID) -> Erasure:
    """Agree, and erase the worker in the same transaction. It cannot be undone.

    Raises NotAllowed for who asked and for people who do not reach all accounts that know the worker, ActionError
    where something keeps it from being done or the list beside the backups cannot be written.
    """
    row = _waiting(actor, erasure_id)
    _require_second(actor, row)
    _refuse_obstacles(row.worker)
    try:
        erasure_list.add(settings.ERASURES_FILE, [row.worker_id])
    except BackupError as error:
        raise ActionError(f"{error} Nothing was erased. Tell whoever looks after the server.") from None
    with audit.transaction(actor.context) as tx:
        row = _waiting(actor, erasure_id, lock=True)
        worker = locked(Worker.objects.all(), row.worker_id)
        _refuse_obstacles(worker)
        entry = erase(
            tx,
            worker,
            action="privacy.erasure.executed",
            target=_target(row),
            parent=row.audit_id,
            changes={"asked_by": [None, str(row.asked_by_id)]},
        )
        _decide(row, actor, entry, State.DONE, "")
    return row


def replay_erasures(*, actor: Actor, workers: Iterable[uuid.UUID]) -> int:
    """Erase again whoever of these has an id in this database, which was put back. Returns how many that were.

    No hold and no open change keeps it: the worker was erased.
    """
    count = 0
    for key in sorted(set(workers)):
        with audit.transaction(actor.context) as tx:
            worker = Worker.objects.select_for_update(no_key=True).filter(pk=key, worker_id__isnull=False).first()
            if worker is None:
                continue
            entry = erase(
                tx, worker, action="privacy.erasure.replayed", target=Target("erasure", str(key), TARGET)
            )
            waiting = Erasure.objects.waiting().filter(worker=worker)
            waiting.update(state=State.WITHDRAWN, decided_at=timezone.now(), audit_id=entry)
            count += 1
    return count


def brought_back(workers: Iterable[uuid.UUID]) -> int:
    """How many of these erased workers have an id in this database all the same."""
    keys = sorted(set(workers))
    parts = (keys[start : start + 900] for start in range(0, len(keys), 900))
    return sum(Worker.objects.filter(pk__in=part, worker_id__isnull=False).count() for part in parts)


def erased_workers() -> "QuerySet[Worker, uuid.UUID]":
    """The numbers of all workers that were erased in this database."""
    return Worker.objects.filter(erased_at__isnull=False).order_by().values_list("pk", flat=True)


def waiting_erasures(actor: Actor) -> "QuerySet[Erasure]":
    """What this very person can decide on, the oldest first."""
    if actor.user_id is None or not allowed(actor, Permission.ERASE):
        return Erasure.objects.none()
    rows = Erasure.objects.waiting().exclude(asked_by=actor.user_id).order_by("asked_at")
    return about_visible_workers(rows, actor)


def may_decide(actor: Actor, erasure: Erasure) -> bool:
    """Whether the person can be the second one: not who asked, and in charge wherever the worker is known."""
    if erasure.asked_by_id == actor.user_id or not allowed(actor, Permission.ERASE):
        return False
    return all(allowed(actor, Permission.ERASE, str(key)) for key in _accounts_of(erasure.worker))


def obstacles(worker: Worker) -> list[str]:
    """Why the worker cannot be erased now, in sentences; empty if nothing keeps it."""
    found = [
        f"There is a hold on {f'the study “{one.study.title}”' if one.study else 'this worker'}, "
        f"set by {one.by.full_name}. It must be released first."
        for one in holds_against(worker)
    ]
    if Change.objects.filter(worker=worker, state__in=Change.OPEN).exists() or _is_being_prepared(worker):
        found.append("Changes of this worker are still to be sent or looked up. Wait for the job, or stop it.")
    if MessageRecipient.objects.filter(worker=worker, state=MessageRecipient.State.SENDING).exists():
        found.append("A message to this worker is being sent. Wait until it is.")
    return found


def still_held(worker: Worker) -> "QuerySet[Qualification]":
    """What the worker holds at Amazon, as far as we know. It stays there, and we cannot take it away later."""
    granted = Qualification.Status.GRANTED
    live = QualificationType.State.LIVE
    rows = Qualification.objects.filter(worker=worker, status=granted, type__state=live)
    return rows.select_related("type__account").order_by("type__account__name", "type__name")


def _is_being_prepared(worker: Worker) -> bool:
    """Whether a large job names the worker in a line that is no change yet."""
    preparing = Job.objects.filter(prepares=Job.Prepares.LIST, finished_at=None).exclude(state__in=Job.GIVEN_UP)
    lines = PreviewRow.objects.filter(preview__in=preparing.order_by().values("preview"))
    return bool(worker.worker_id) and lines.filter(worker_id=worker.worker_id).exists()


def _accounts_of(worker: Worker) -> set[uuid.UUID]:
    met = (Qualification.objects, Change.objects, QualificationRequest.objects)
    return {
        key
        for rows in met
        for key in rows.filter(worker=worker).order_by().values_list("type__account", flat=True).distinct()
    }


def _not_erased(actor: Actor, key: uuid.UUID) -> Worker:
    if not workers_visible_to(actor).filter(pk=key).exists():
        raise NotVisible
    row = locked(Worker.objects.all(), key)
    if row.worker_id is None:
        raise Conflict("This worker was erased already. Nothing was done.", code="erased")
    return row


def _waiting(actor: Actor, key: uuid.UUID, *, lock: bool = False) -> Erasure:
    rows = about_visible_workers(Erasure.objects.select_related("worker", "asked_by"), actor)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotVisible
    if row.state != State.ASKED:
        raise Conflict(
            f"Somebody was faster: this was {row.get_state_display().lower()} meanwhile. Nothing more was done.",
            code="decided_meanwhile",
        )
    return row


def _require_second(actor: Actor, row: Erasure) -> None:
    require(actor, Permission.ERASE)
    if row.asked_by_id == actor.user_id:
        raise NotAllowed(
            "You asked for this yourself, so somebody else must decide. Nothing was done.", code="oneself"
        )
    if not may_decide(actor, row):
        raise NotAllowed(
            "The worker is known in accounts that are not yours. Somebody who is responsible for all of them, "
            "such as a manager, must decide. Nothing was done.",
            code="other_accounts",
        )


def _refuse_obstacles(worker: Worker) -> None:
    if found := obstacles(worker):
        raise ActionError(f"{' '.join(found)} Nothing was erased.", code="kept")


def _refuse_id(text: str, worker: Worker, field: str) -> None:
    if worker.worker_id and worker.worker_id.lower() in text.lower():
        raise ActionError("Leave the worker ID out: this text is kept. Nothing was done.", field=field)


def _decide(row: Erasure, actor: Actor, entry: uuid.UUID, state: State, words: str) -> None:
    move(
        Erasure.objects.filter(pk=row.pk, state=State.ASKED),
        entry=entry,
        state=state,
        words=words,
        decided_by_id=actor.person_id,
        decided_at=timezone.now(),
    )
    row.refresh_from_db()


def _target(row: Erasure) -> Target:
    return Target("erasure", str(row.pk), TARGET)


def _asked_already() -> Conflict:
    return Conflict("Somebody asked for this already. It waits for a second person.", code="asked_already")
