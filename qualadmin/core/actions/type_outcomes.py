"""How a change or deletion of a type goes on: claim, one call, and what became of it.

The intent was committed with the wish. Whoever claims one that was tried before asks Amazon how the type stands.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationRequest, QualificationType, TypeChange

from .creation import facts_of
from .restorations import is_read_only
from .rows import differences, locked, move
from .seen import SeenType
from .texts import escaped
from .type_changes import TOLD
from .type_tests import keep_test
from .types import type_target
from .wishes import DETAIL_KEPT, LEASE, detail, free, wait

Kind, State = TypeChange.Kind, TypeChange.State
TypeState = QualificationType.State


@dataclass(frozen=True, slots=True)
class ChangeInHand:
    """A change that this process may send now. `tried_before`: an earlier call may have reached Amazon."""

    change: TypeChange
    tried_before: bool


def claim_type_change(*, change_id: uuid.UUID, now: datetime | None = None) -> ChangeInHand | None:
    """Take a change in hand for two minutes. None if there is nothing to do, or not now."""
    moment = now or timezone.now()
    row = TypeChange.objects.select_related("type__account", "created_by").get(pk=change_id)
    if not row.type.account.is_open or is_read_only():
        return None
    mine = _due(moment).filter(pk=change_id).update(lease_until=moment + LEASE, checks=F("checks") + 1)
    if not mine:
        return None
    row.refresh_from_db(fields=["checks", "lease_until", "state"])
    return ChangeInHand(row, tried_before=row.checks > 1)


def due_type_changes(now: datetime) -> list[uuid.UUID]:
    """Changes that wait for their call or the next look, or whose process died."""
    rows = _due(now).filter(type__account__archived_at=None, type__account__is_enabled=True)
    return list(rows.order_by("created_at").values_list("pk", flat=True))


def record_type_updated(
    *, actor: Actor, change_id: uuid.UUID, seen: SeenType, aws: Mapping[str, Any] | None = None
) -> TypeChange:
    """Amazon changed the type; `seen` is how it stands there now. Without `aws` it was found to be so."""
    with audit.transaction(actor.context) as tx:
        change, row = _both(change_id)
        if not change.is_open:
            return change  # the task ran twice
        wanted = facts_of(seen)
        changed = differences(row, wanted)
        entry = tx.record(
            "qtype.change.finished",
            target=type_target(row),
            stream=row.account.stream,
            changes={field: changed[field] for field in TOLD if field in changed},
            payload={"description": seen.description} if "description" in changed else None,
            aws=aws,
        )
        move(QualificationType.objects.filter(pk=row.pk), entry=entry, **wanted)
        if "test_digest" in changed:
            keep_test(row, seen.test, entry=entry)
        _end(change, State.DONE, entry)
    return TypeChange.objects.get(pk=change_id)


def record_type_change_refused(
    *, actor: Actor, change_id: uuid.UUID, message: str, words: str = "", aws: Mapping[str, Any] | None = None
) -> TypeChange:
    """Nothing was changed, for good. `message` is for people, `words` are Amazon's own. A deletion that was
    refused leaves the type as it was."""
    with audit.transaction(actor.context) as tx:
        change, row = _both(change_id)
        if not change.is_open:
            return change
        is_deletion = change.kind == Kind.DELETE and row.state == TypeState.DELETING
        entry = tx.record(
            "qtype.delete.finished" if change.kind == Kind.DELETE else "qtype.change.finished",
            target=type_target(row),
            stream=row.account.stream,
            outcome="failed",
            changes={"state": [row.state, str(TypeState.LIVE)]} if is_deletion else {},
            payload=detail(words),
            aws=aws,
        )
        if is_deletion:
            move(QualificationType.objects.filter(pk=row.pk), entry=entry, state=TypeState.LIVE)
        _end(change, State.REFUSED, entry, failure=message, detail=escaped(words, DETAIL_KEPT))
    return TypeChange.objects.get(pk=change_id)


def record_type_change_unknown(
    *, actor: Actor, change_id: uuid.UUID, message: str, words: str = "", aws: Mapping[str, Any] | None = None
) -> TypeChange:
    """No clear answer. The next try asks Amazon how the type stands before anything else."""
    with audit.transaction(actor.context) as tx:
        change, row = _both(change_id)
        if not change.is_open:
            return change
        entry = tx.record(
            "qtype.delete.accepted" if change.kind == Kind.DELETE else "qtype.change.finished",
            target=type_target(row),
            stream=row.account.stream,
            outcome="unknown",
            payload=detail(words),
            aws=aws,
        )
        move(
            TypeChange.objects.filter(pk=change.pk, state__in=TypeChange.OPEN),
            entry=entry,
            failure=message,
            lease_until=timezone.now() + wait(change.checks),
        )
    return TypeChange.objects.get(pk=change_id)


def record_deletion_accepted(
    *, actor: Actor, change_id: uuid.UUID, aws: Mapping[str, Any] | None = None
) -> TypeChange:
    """Amazon has begun to delete the type. From now on it is asked whether it still knows it.

    It turns the requests that wait down by itself, so they wait no longer here either.
    """
    now = timezone.now()
    with audit.transaction(actor.context) as tx:
        change, row = _both(change_id)
        if change.state != State.ASKED:
            return change
        entry = tx.record("qtype.delete.accepted", target=type_target(row), stream=row.account.stream, aws=aws)
        QualificationType.objects.filter(pk=row.pk).update(audit_id=entry, deleted_at=now)
        waiting = QualificationRequest.objects.filter(type=row, state=QualificationRequest.State.WAITING)
        count = waiting.count()
        if count:
            closing = tx.record(
                "request.closed",
                target=type_target(row),
                stream=row.account.stream,
                changes={"count": [count, 0]},
            )
            waiting.update(audit_id=closing, state=QualificationRequest.State.CLOSED, closed_at=now)
        move(
            TypeChange.objects.filter(pk=change.pk, state=State.ASKED),
            entry=entry,
            state=State.ACCEPTED,
            failure="",
            checks=0,
            lease_until=now + wait(1),
        )
    return TypeChange.objects.get(pk=change_id)


def record_type_deleted(*, actor: Actor, change_id: uuid.UUID, aws: Mapping[str, Any] | None = None) -> TypeChange:
    """Amazon no longer knows the type. Who held it is kept here as it was last seen."""
    with audit.transaction(actor.context) as tx:
        change, row = _both(change_id)
        if not change.is_open:
            return change
        entry = tx.record(
            "qtype.delete.finished",
            target=type_target(row),
            stream=row.account.stream,
            changes={"state": [row.state, str(TypeState.GONE)]},
            aws=aws,
        )
        QualificationType.objects.filter(pk=row.pk).update(
            audit_id=entry, state=TypeState.GONE, deleted_at=row.deleted_at or timezone.now()
        )
        _end(change, State.DONE, entry, failure="")
    return TypeChange.objects.get(pk=change_id)


def put_type_change_back(*, change_id: uuid.UUID, reached: bool) -> None:
    """Nothing happened at Amazon this time: try again later. `reached` says if an earlier call may have.

    Nothing changed that anybody else could see, so there is no entry.
    """
    row = TypeChange.objects.get(pk=change_id)
    TypeChange.objects.filter(pk=change_id, state__in=TypeChange.OPEN).update(
        lease_until=timezone.now() + wait(max(row.checks, 1)), checks=row.checks if reached else 0
    )


def _due(now: datetime) -> "QuerySet[TypeChange]":
    return TypeChange.objects.filter(free(now), state__in=TypeChange.OPEN)


def _both(change_id: uuid.UUID) -> tuple[TypeChange, QualificationType]:
    """The change and its type, both locked: always the type first, as whoever asks for a change does."""
    type_id = TypeChange.objects.values_list("type", flat=True).get(pk=change_id)
    row = locked(QualificationType.objects.select_related("account"), type_id)
    return locked(TypeChange.objects.all(), change_id), row


def _end(change: TypeChange, state: TypeChange.State, entry: uuid.UUID, **fields: Any) -> None:
    move(
        TypeChange.objects.filter(pk=change.pk, state__in=TypeChange.OPEN),
        entry=entry,
        state=state,
        ended_at=timezone.now(),
        lease_until=None,
        **fields,
    )
