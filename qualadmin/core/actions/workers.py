"""Workers: looking one up, asking Amazon about one, notes, and rows for those met for the first time."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from django.db import IntegrityError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import (
    WORKER_ID,
    Change,
    ErasedId,
    Qualification,
    QualificationRequest,
    QualificationType,
    Worker,
    WorkerNote,
    WorkerTag,
)
from qualadmin.core.models.byte_order import Compared, Ordered
from qualadmin.core.models.qualifications import new_salt
from qualadmin.core.permissions import Permission, require
from qualadmin.core.pseudonyms import erased_digest
from qualadmin.core.queue import CHECK_WORKER, ring

from ._sql import db_time, db_uuid, insert_rows
from .rows import Row
from .texts import clean_text
from .types import type_target

NOTE_LIMIT: Final = 2000  # characters
PAGE: Final = 50  # workers that a search shows at once
LOOKED_AT: Final = 500  # and looks at
IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999


def add_note(*, actor: Actor, worker: Worker, text: str) -> WorkerNote:
    """Write a note about a worker. Notes are personal data: the text is kept in the erasable part of the entry."""
    require(actor, Permission.WRITE_NOTES)
    if not workers_visible_to(actor).filter(pk=worker.pk).exists():
        raise NotVisible
    refuse_erased(worker)
    note = WorkerNote(
        worker=worker,
        author_id=actor.user_id or 0,
        text=clean_text(text, field="text", label="The note", limit=NOTE_LIMIT),
    )
    with audit.transaction(actor.context) as tx:
        note.audit_id = tx.record("worker.note.added", subject=worker.pk, payload={"note": note.text})
        note.save(force_insert=True)
    return note


@dataclass(frozen=True, slots=True)
class Found:
    """Workers whose id begins with what was typed, or who are tagged so, in the order of their ids.

    `before` and `after`: where one who goes on reading begins, a worker's number; None at either end.
    """

    workers: list[Worker]
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None

    @property
    def only(self) -> Worker | None:
        """The one worker there is."""
        alone = self.before is None and self.after is None and len(self.workers) == 1
        return self.workers[0] if alone else None


def sought(*, text: str, tag: str = "") -> "QuerySet[Worker]":
    """Workers with this tag, in whatever capitals, or else those whose id begins with `text`; by their ids."""
    if not tag:
        return Worker.objects.with_prefix(text.strip().upper()) if can_begin(text) else Worker.objects.none()
    # Tags are typed by hand, one at a time: all there are is few. SQLite lowers the letters of ASCII only.
    there = WorkerTag.objects.filter(removed_at=None).order_by()
    spelt = [
        one for one in there.values_list("text", flat=True).distinct() if one.casefold() == tag.strip().casefold()
    ]
    tagged = there.filter(text__in=spelt).values("worker")
    return Worker.objects.filter(pk__in=tagged).order_by(Ordered("worker_id"))


def find_workers(
    *, actor: Actor, text: str, tag: str = "", after: uuid.UUID | None = None, before: uuid.UUID | None = None
) -> Found:
    """Workers that an account in scope has met and whose id begins with the text, or who have the tag: a page.

    The entry says that somebody looked; it never holds the text, and where nobody was found nothing about it.
    """
    require(actor, Permission.FIND_WORKERS)
    found = _page(actor, sought(text=text, tag=tag), after, before)
    _note_search(actor, found.only, found=bool(found.workers))
    return found


def find_workers_at_once(*, actor: Actor, text: str) -> Found:
    """The worker with exactly this id and nobody else, or the first page of those whose id begins so."""
    require(actor, Permission.FIND_WORKERS)
    wanted = text.strip().upper()
    found = _page(actor, sought(text=text), None, None)
    exact = [worker for worker in found.workers[:1] if worker.worker_id == wanted]  # the shortest comes first
    found = Found(exact) if exact else found
    _note_search(actor, found.only, found=bool(found.workers))
    return found


def _note_search(actor: Actor, worker: Worker | None, *, found: bool) -> None:
    """That somebody looked, never for what; and whom, where it was one."""
    with audit.transaction(actor.context) as tx:
        tx.record("worker.searched", subject=worker.pk if worker else None, changes={"found": [None, found]})


def can_begin(text: str) -> bool:
    """Whether a worker id can begin so, in capital letters or not."""
    wanted = text.strip().upper()
    return wanted == "A" or bool(WORKER_ID.fullmatch(wanted))


def find_worker(*, actor: Actor, text: str) -> Worker | None:
    """The worker with exactly this id, with the same entry."""
    require(actor, Permission.FIND_WORKERS)
    wanted = text.strip().upper()
    worker = workers_visible_to(actor).filter(worker_id=wanted).first() if WORKER_ID.fullmatch(wanted) else None
    _note_search(actor, worker, found=worker is not None)
    return worker


def _page(actor: Actor, rows: "QuerySet[Worker]", after: uuid.UUID | None, before: uuid.UUID | None) -> Found:
    """Entered at the last worker seen, by the index of the ids.

    No more than LOOKED_AT workers are looked at: few of those that begin so may be the actor's to see, and then a
    page is short and says how to go on.
    """
    edge, backwards = after or before, after is None and before is not None
    edge_id = Worker.objects.filter(pk=edge).values_list("worker_id", flat=True).first() if edge else None
    if edge_id is None:
        backwards = False  # gone, or erased: the first page
    else:
        rows = rows.filter(Compared("worker_id", "<" if backwards else ">", edge_id))
    looked_at = list(
        rows.order_by(Ordered("worker_id", descending=backwards)).values_list("pk", flat=True)[: LOOKED_AT + 1]
    )
    # Not in an order: to save the sorting, SQLite would read all ids in theirs.
    visible = set(
        workers_visible_to(actor).filter(pk__in=looked_at[:LOOKED_AT]).order_by().values_list("pk", flat=True)
    )
    shown = Worker.objects.in_bulk([pk for pk in looked_at if pk in visible][: PAGE + 1])
    workers = [shown[pk] for pk in looked_at if pk in shown]
    onward = None
    if len(workers) > PAGE:
        workers = workers[:PAGE]
        onward = workers[-1].pk
    elif len(looked_at) > LOOKED_AT:
        onward = looked_at[LOOKED_AT - 1]
    came_from = (workers[0].pk if workers else looked_at[0] if looked_at else None) if edge_id else None
    if backwards:
        return Found(workers[::-1], before=onward, after=came_from)
    return Found(workers, before=came_from, after=onward)


def request_worker_check(*, actor: Actor, worker: Worker, type: QualificationType) -> None:
    """Ask Amazon what this worker holds of this type now."""
    _check_may_ask(actor, type)
    refuse_erased(worker)
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


def refuse_erased(worker: Worker) -> None:
    """Raises ActionError for a worker who was erased."""
    if worker.erased_at is not None:
        raise ActionError("This worker was erased, so there is no ID to go by. Nothing was done.", code="erased")


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
    return Worker.objects.filter(_met(actor, OuterRef("pk")))


def about_visible_workers(rows: "QuerySet[Row]", actor: Actor) -> "QuerySet[Row]":
    """Those of `rows` whose `worker` is one of `workers_visible_to`.

    Asked of each row by itself: "worker in (…)" has SQLite go through all workers there are.
    """
    if any(grant.account_id is None for grant in actor.roles):
        return rows
    return rows.filter(_met(actor, OuterRef("worker")))


def _met(actor: Actor, worker: OuterRef) -> Q:
    """Whether a type in scope is held or asked for by the worker, or a change names them."""
    types = QualificationType.objects.visible_to(actor).order_by().values("pk")
    met = (Qualification.objects, QualificationRequest.objects, Change.objects)
    # Asked about each worker by itself: "one of those that hold …" has the database collect all of these first.
    return reduce(or_, (Q(Exists(rows.filter(worker=worker, type__in=types))) for rows in met))


def known_workers(worker_ids: Iterable[str]) -> dict[str, uuid.UUID]:
    """Our ids of those workers we have met."""
    wanted = list(worker_ids)
    found: dict[str, uuid.UUID] = {}
    for start in range(0, len(wanted), IN_LIST):
        rows = Worker.objects.filter(worker_id__in=wanted[start : start + IN_LIST]).order_by()
        found.update((worker_id, pk) for worker_id, pk in rows.values_list("worker_id", "pk") if worker_id)
    return found


def any_erased() -> bool:
    """Whether anybody was ever erased here."""
    return ErasedId.objects.exists()


def erased_among(worker_ids: Iterable[str]) -> list[str]:
    """Those of the ids that were erased here and did not come to be known again."""
    digests = {erased_digest(one): one for one in worker_ids}
    keys, found = list(digests), list[str]()
    for start in range(0, len(keys), IN_LIST):
        rows = ErasedId.objects.filter(pk__in=keys[start : start + IN_LIST])
        found += [digests[key] for key in rows.values_list("pk", flat=True)]
    again = known_workers(found)
    return [one for one in found if one not in again]


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
