"""Workers' own requests, as Amazon lists those that wait for an answer."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.models import WORKER_ID, Change, QualificationRequest, QualificationType, RequesterAccount

from .answers import keep_answers
from .seen import SeenRequest
from .types import type_target
from .workers import insert_workers, known_workers

IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999
State = QualificationRequest.State


@dataclass(slots=True)
class RequestCounts:
    """What a comparison came to. `unknown_type`: requests for types that were not imported yet."""

    new: int = 0
    closed: int = 0
    unchanged: int = 0
    unknown_type: int = 0


def apply_requests(
    *,
    actor: Actor,
    account: RequesterAccount,
    requests: Iterable[SeenRequest],
    as_of: datetime | None = None,
    complete: bool = True,
) -> RequestCounts:
    """Bring our rows in line with Amazon's list of waiting requests, read at `as_of`.

    With `complete`, what waits here and is not in the list no longer waits: it was answered, or its type deleted.
    One entry per type for those that are new, and one for those that are closed.
    """
    moment = as_of or timezone.now()
    listed = {one.mturk_id: one for one in requests if WORKER_ID.fullmatch(one.worker_id)}
    counts = RequestCounts()
    with audit.transaction(actor.context) as tx:
        types = {
            row.mturk_id: row
            for row in QualificationType.objects.select_related("account").filter(account=account)
            if row.mturk_id
        }
        ours = _ours(account, listed)
        new: dict[str, list[SeenRequest]] = {}
        again: list[QualificationRequest] = []
        for one in listed.values():
            row = ours.get(one.mturk_id)
            if one.type_id not in types:
                counts.unknown_type += 1
            elif row is None:
                new.setdefault(one.type_id, []).append(one)
            elif row.state == State.CLOSED:
                again.append(row)
            else:
                counts.unchanged += 1
        for type_id, seen in new.items():
            _add(tx, types[type_id], seen, moment)
            counts.new += len(seen)
        counts.new += _move(tx, again, State.WAITING, "request.seen", None)
        keep_answers(listed.values(), ours.values())
        if complete:
            in_hand = _in_hand(account)
            ended = [
                row
                for row in ours.values()
                if row.state == State.WAITING
                and row.mturk_id not in listed
                and row.seen_at < moment
                and row.pk not in in_hand
            ]
            counts.closed = _move(tx, ended, State.CLOSED, "request.closed", moment)
    return counts


def _ours(account: RequesterAccount, listed: Collection[str]) -> dict[str, QualificationRequest]:
    """Those that wait, and whatever else is listed, locked in one order. What ended long ago is not looked at."""
    rows = QualificationRequest.objects.filter(type__account=account)
    ids = set(rows.filter(state=State.WAITING).order_by().values_list("pk", flat=True))
    names = list(listed)
    for start in range(0, len(names), IN_LIST):
        part = rows.filter(mturk_id__in=names[start : start + IN_LIST])
        ids |= set(part.order_by().values_list("pk", flat=True))
    found: dict[str, QualificationRequest] = {}
    keys = sorted(ids)
    for start in range(0, len(keys), IN_LIST):
        held = rows.filter(pk__in=keys[start : start + IN_LIST]).select_related("type__account").order_by("pk")
        found |= {row.mturk_id: row for row in held.select_for_update(of=("self",), no_key=True)}
    return found


def _in_hand(account: RequesterAccount) -> set[uuid.UUID | None]:
    """Requests whose answers are on their way: what becomes of those is for Amazon's reply to say."""
    rows = Change.objects.in_flight().filter(request__isnull=False, job__account=account)
    return set(rows.values_list("request", flat=True))


def _add(tx: Transaction, type: QualificationType, seen: list[SeenRequest], moment: datetime) -> None:
    entry = tx.record(
        "request.seen",
        target=type_target(type),
        stream=type.account.stream,
        changes={"count": [None, len(seen)]},
    )
    workers = known_workers({one.worker_id for one in seen})
    new = {one.worker_id: uuid.uuid4() for one in seen if one.worker_id not in workers}
    insert_workers(new, dict.fromkeys(new.values(), entry))
    workers |= new
    rows = QualificationRequest.objects.bulk_create(
        QualificationRequest(
            mturk_id=one.mturk_id,
            type=type,
            worker_id=workers[one.worker_id],
            submitted_at=one.submitted_at or moment,
            audit_id=entry,
        )
        for one in seen
    )
    keep_answers(seen, rows)


def _move(
    tx: Transaction, rows: list[QualificationRequest], state: str, event: str, closed_at: datetime | None
) -> int:
    """Set the state of these rows, one entry for each type."""
    by_type: dict[uuid.UUID, list[QualificationRequest]] = {}
    for row in rows:
        by_type.setdefault(row.type_id, []).append(row)
    for group in by_type.values():
        type = group[0].type
        entry = tx.record(
            event, target=type_target(type), stream=type.account.stream, changes={"count": [None, len(group)]}
        )
        for start in range(0, len(group), IN_LIST):
            ids = [row.pk for row in group[start : start + IN_LIST]]
            QualificationRequest.objects.filter(pk__in=ids).update(
                audit_id=entry, state=state, closed_at=closed_at
            )
    return len(rows)
