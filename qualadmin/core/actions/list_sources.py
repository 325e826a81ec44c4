"""Sources of a list: added and dropped. Drop one and its workers leave, unless another source names them too."""

import hashlib
import uuid
from datetime import date
from typing import Final

from django.conf import settings
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.days import day_of, start_of
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import ListSource, QualificationType, WorkerList
from qualadmin.csvio import InputRefused, Limits, Participants, participants, read_pasted, read_table

from .list_reading import keep_participants, purge_dropped, read_followers
from .lists import current_list, list_target
from .rows import locked, move

MOST_SOURCES: Final = 50
NAMED: Final = 10  # lines that could not be read, said one by one
NAMED_HITS: Final = 100  # in the entry, beside how many there are
Kind = ListSource.Kind
#: Statuses of assignments that do not count as having taken part: what people can choose.
UNWANTED: Final = {"rejected": frozenset({"rejected"}), "approved": frozenset({"rejected", "submitted"})}


def add_workers(
    *,
    actor: Actor,
    list_id: uuid.UUID,
    content: bytes,
    file_name: str = "",
    counted: str = "rejected",
    taken_on: date | None = None,
    leave_out: bool = False,
) -> ListSource:
    """Take the workers of a file (with a name) or of pasted text (without one) into a list, for as long as the
    source stays.

    `counted`: a key of UNWANTED, or "all". `taken_on`: the day they took part, where the file itself does not say.
    Raises ActionError for what can't be read; lines without a certain worker id too, unless `leave_out`.
    """
    found = read_participants(content, file_name, counted=counted, leave_out=leave_out)
    if not found.workers:
        raise ActionError("No worker is left in this list. Nothing was added.", field="list", code="nobody")
    if taken_on is not None:
        if taken_on > day_of(timezone.now()):
            raise ActionError("This day has not come yet. Nothing was added.", field="taken_on", code="future_day")
        day = start_of(taken_on)
        found.workers = {one: at or day for one, at in found.workers.items()}
    with audit.transaction(actor.context) as tx:
        one = current_list(actor, list_id)
        source = ListSource(
            list=one,
            kind=Kind.FILE if file_name else Kind.PASTE,
            label=_label(file_name, len(found.workers)),
            file_sha256=hashlib.sha256(content).hexdigest(),
        )
        add_source(
            tx,
            actor,
            source,
            rows=len(found.workers),
            left_out=len(found.unread) + found.left_out,
            taken_on=taken_on.isoformat() if taken_on else None,
        )
    keep_participants(actor=actor, source=source, found=found.workers)
    read_followers(actor=actor, list_id=one.pk)
    return source


def add_holders(*, actor: Actor, list_id: uuid.UUID, type: QualificationType) -> ListSource:
    """Let the list follow the holders of a type of its account. They took part when it was granted to them."""
    with audit.transaction(actor.context) as tx:
        one = current_list(actor, list_id)
        if type.account_id != one.account_id:
            raise ActionError(
                "This qualification type belongs to another account. Choose another one.",
                field="source",
                code="foreign_type",
            )
        source = ListSource(list=one, kind=Kind.HOLDERS, label=f"Holders of “{type.name}”"[:200], type=type)
        add_source(tx, actor, source, type=str(type.pk))
    read_followers(actor=actor, list_id=one.pk)
    return source


def add_list_source(*, actor: Actor, list_id: uuid.UUID, other: WorkerList) -> ListSource:
    """Let the list follow another one of its account. Raises ActionError where that would make a circle."""
    with audit.transaction(actor.context) as tx:
        # Whoever adds a list somewhere holds the account: two at once could close a circle together.
        locked(type(other.account).objects.all(), other.account_id)
        one = current_list(actor, list_id)
        if other.account_id != one.account_id or other.archived_at is not None:
            raise ActionError(
                "This list cannot be used here: it belongs to another account or was put away.",
                field="source",
                code="foreign_list",
            )
        way = _way(other, to=one.pk)
        if way:
            raise ActionError(_circle(one, way), field="source", code="circle")
        source = ListSource(list=one, kind=Kind.LIST, label=f"List “{other.name}”"[:200], other=other)
        add_source(tx, actor, source, other=str(other.pk))
    read_followers(actor=actor, list_id=one.pk)
    return source


def drop_source(*, actor: Actor, source_id: int) -> ListSource:
    """Drop a source: workers that no other source names leave the list. Dropping twice changes nothing."""
    with audit.transaction(actor.context) as tx:
        found = ListSource.objects.filter(pk=source_id).values_list("list", flat=True).first()
        if found is None:
            raise NotVisible
        one = current_list(actor, found)
        source = locked(ListSource.objects.all(), source_id)
        if source.dropped_at is not None:
            return source
        entry = tx.record(
            "workerlist.source.dropped",
            target=list_target(one),
            stream=one.stream,
            changes={"source": [source.pk, None], "kind": [source.kind, None], "members": [source.members, 0]},
            payload={"label": source.label},
        )
        move(ListSource.objects.filter(pk=source.pk, dropped_at=None), entry=entry, dropped_at=timezone.now())
    purge_dropped(one.pk)
    read_followers(actor=actor, list_id=one.pk)
    source.refresh_from_db()
    return source


def read_participants(
    content: bytes,
    file_name: str,
    *,
    counted: str = "all",
    leave_out: bool = False,
    deed: str = "nothing was added",
) -> Participants:
    """The workers of a file (with a name) or of pasted text. Raises ActionError for what can't be read; lines
    without a certain worker id too, unless `leave_out`. `deed` says what did not happen then.
    """
    found = _read(content, file_name, counted)
    if found.unread and not leave_out:
        raise ActionError(_unread(found, deed), field="list", code="unread_lines")
    return found


def _read(content: bytes, file_name: str, counted: str) -> Participants:
    limits = Limits(max_bytes=settings.UPLOAD_MAX_BYTES, max_rows=settings.UPLOAD_MAX_ROWS)
    try:
        if file_name:
            table = read_table(content, limits=limits)
        else:
            table = read_pasted(content.decode("utf-8"), limits=limits)
        return participants(table, unwanted=UNWANTED.get(counted, frozenset()))
    except InputRefused as refusal:
        raise ActionError(refusal.message, field="list", code=refusal.code) from refusal


def _label(file_name: str, count: int) -> str:
    return file_name[:200] if file_name else f"{count:,} pasted ID{'s' if count != 1 else ''}"


def _unread(found: Participants, deed: str) -> str:
    count = len(found.unread)
    lines = " ".join(f"Line {one.line}: {one.reason}" for one in found.unread[:NAMED])
    more = f" And {count - NAMED:,} more." if count > NAMED else ""
    return (
        f"{count:,} line{'s' if count != 1 else ''} could not be read, so {deed}. {lines}{more} "
        "Mend them, or tick that they are left out."
    )


def add_source(tx: Transaction, actor: Actor, source: ListSource, **told: object) -> None:
    """Write a source, with its entry. Raises ActionError if the list has too many, Conflict if it has this one."""
    one = source.list
    current = ListSource.objects.filter(list=one, dropped_at=None)
    if current.count() >= MOST_SOURCES:
        raise ActionError(
            f"A list has at most {MOST_SOURCES} sources. Nothing was added. Make a list of lists.",
            code="too_many_sources",
        )
    same = current.filter(
        kind=source.kind,
        type=source.type,
        other=source.other,
        file_sha256=source.file_sha256,
        hit_ids=source.hit_ids,
        statuses=source.statuses,
    )
    if same.exists():
        raise Conflict("This source is in the list already. Nothing was added.", code="source_twice")
    named = {"label": source.label}
    if source.hit_ids:
        named["hit_ids"] = " ".join(source.hit_ids[:NAMED_HITS])
    source.added_by_id = actor.person_id
    source.audit_id = tx.record(
        "workerlist.source.added",
        target=list_target(one),
        stream=one.stream,
        changes={
            "kind": [None, source.kind],
            "sha256": [None, source.file_sha256 or None],
            **{key: [None, value] for key, value in told.items()},
        },
        payload=named,
    )
    source.save(force_insert=True)


def _way(start: WorkerList, *, to: uuid.UUID) -> list[str]:
    """The names of the lists that lead from `start`, through its sources, to the list `to`; empty if none do."""
    if start.pk == to:
        return [start.name]
    seen: dict[uuid.UUID, tuple[str, uuid.UUID | None]] = {start.pk: (start.name, None)}
    edge = [start.pk]
    while edge:
        rows = ListSource.objects.filter(list__in=edge, dropped_at=None, other__isnull=False)
        edge = []
        for above, below, name in rows.values_list("list_id", "other_id", "other__name"):
            if below in seen:
                continue
            seen[below] = (name, above)
            edge.append(below)
            if below == to:
                return _names(seen, below)
    return []


def _names(seen: dict[uuid.UUID, tuple[str, uuid.UUID | None]], end: uuid.UUID) -> list[str]:
    names: list[str] = []
    at: uuid.UUID | None = end
    while at is not None:
        name, at = seen[at]
        names.append(name)
    return names[::-1]


def _circle(one: WorkerList, way: list[str]) -> str:
    if len(way) == 1:
        return "A list cannot be its own source. Nothing was added."
    chain = "”, which follows “".join(way)
    return f"“{one.name}” would follow itself: it would follow “{chain}”. Nothing was added."
