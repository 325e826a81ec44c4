"""Workers: looking one up, asking Amazon about one, notes, and rows for those met for the first time."""

import uuid
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Final

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import (
    WORKER_ID,
    Change,
    Qualification,
    QualificationRequest,
    QualificationType,
    Worker,
    WorkerNote,
)
from qualadmin.core.models.qualifications import new_salt
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import CHECK_WORKER, ring

from ._sql import db_time, db_uuid, insert_rows
from .texts import clean_text
from .types import type_target

NOTE_LIMIT: Final = 2000  # characters
IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999


def add_note(*, actor: Actor, worker: Worker, text: str) -> WorkerNote:
    """Write a note about a worker. Notes are personal data: the text is kept in the erasable part of the entry."""
    require(actor, Permission.WRITE_NOTES)
    if not workers_visible_to(actor).filter(pk=worker.pk).exists():
        raise NotVisible
    note = WorkerNote(
        worker=worker,
        author_id=actor.user_id or 0,
        text=clean_text(text, field="text", label="The note", limit=NOTE_LIMIT),
    )
    with audit.transaction(actor.context) as tx:
        note.audit_id = tx.record("worker.note.added", subject=worker.pk, payload={"note": note.text})
        note.save(force_insert=True)
    return note


def find_worker(*, actor: Actor, text: str) -> Worker | None:
    """The worker with this id, if an account in scope has met them.

    The entry says that somebody looked; it never holds the id, and where nobody was found nothing about it.
    """
    require(actor, Permission.FIND_WORKERS)
    wanted = text.strip().upper()
    worker = workers_visible_to(actor).filter(worker_id=wanted).first() if WORKER_ID.fullmatch(wanted) else None
    with audit.transaction(actor.context) as tx:
        tx.record(
            "worker.searched",
            subject=worker.pk if worker else None,
            changes={"found": [None, worker is not None]},
        )
    return worker


def request_worker_check(*, actor: Actor, worker: Worker, type: QualificationType) -> None:
    """Ask Amazon what this worker holds of this type now."""
    _check_may_ask(actor, type)
    with audit.transaction(actor.context) as tx:
        _record_check(tx, worker.pk, type)


def look_up_worker(*, actor: Actor, worker_id: str, type: QualificationType) -> Worker:
    """Ask Amazon about a worker id that nobody here has met. The worker gets a row to hold the answer.

    Raises ActionError (field `worker_id`) for text that cannot be a worker id.
    """
    _check_may_ask(actor, type)
    require(actor, Permission.FIND_WORKERS, str(type.account_id))
    wanted = worker_id.strip()
    if not WORKER_ID.fullmatch(wanted):
        raise ActionError(
            "This is not a worker ID. Worker IDs begin with A and have capital letters and digits only. "
            "Nothing was asked.",
            field="worker_id",
        )
    known = Worker.objects.filter(worker_id=wanted).first()
    if known is not None:
        request_worker_check(actor=actor, worker=known, type=type)
        return known
    new = uuid.uuid4()
    try:
        with audit.transaction(actor.context) as tx:
            entry = _record_check(tx, new, type)
            insert_workers({wanted: new}, {new: entry})
    except IntegrityError:  # somebody else met the worker at this very moment
        return look_up_worker(actor=actor, worker_id=wanted, type=type)
    return Worker.objects.get(pk=new)


def _record_check(tx: Transaction, worker: uuid.UUID, type: QualificationType) -> uuid.UUID:
    ring(CHECK_WORKER, str(worker), str(type.pk))
    return tx.record(
        "worker.check.requested", target=type_target(type), stream=type.account.stream, subject=worker
    )


def _check_may_ask(actor: Actor, type: QualificationType) -> None:
    require(actor, Permission.SYNC, str(type.account_id))
    if type.state != QualificationType.State.LIVE or type.account.archived_at is not None:
        raise ActionError(
            f"Amazon can't be asked about the type {type.name} now. Nothing was asked.", code="not_live"
        )


def workers_visible_to(actor: Actor) -> "QuerySet[Worker]":
    """Workers that an account in scope has met: they hold, held or asked for something, or a change names them."""
    if any(grant.account_id is None for grant in actor.roles):
        return Worker.objects.all()
    types = QualificationType.objects.visible_to(actor)
    met = (Qualification.objects, QualificationRequest.objects, Change.objects)
    return Worker.objects.filter(
        reduce(or_, (Q(pk__in=rows.filter(type__in=types).values("worker")) for rows in met))
    )


def known_workers(worker_ids: Iterable[str]) -> dict[str, uuid.UUID]:
    """Our ids of those workers we have met."""
    wanted = list(worker_ids)
    found: dict[str, uuid.UUID] = {}
    for start in range(0, len(wanted), IN_LIST):
        rows = Worker.objects.filter(worker_id__in=wanted[start : start + IN_LIST]).order_by()
        found.update((worker_id, pk) for worker_id, pk in rows.values_list("worker_id", "pk") if worker_id)
    return found


def insert_workers(new: Mapping[str, uuid.UUID], entries: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Rows for workers met for the first time: worker id to our id, our id to the entry that explains it.

    Call inside the transaction of the entries. Raises IntegrityError if somebody else was faster with one of them.
    """
    now = db_time(timezone.now())
    insert_rows(
        "core_worker",
        "id, worker_id, salt, created_at, audit_id",
        ((db_uuid(pk), worker_id, new_salt(), now, db_uuid(entries[pk])) for worker_id, pk in new.items()),
    )
