"""How a wished-for qualification type comes into being: claim, one call, and what became of it.

CreateQualificationType can't be repeated blindly. Whoever claims a type that was tried before looks for it at
Amazon first; Amazon itself refuses a second type of the same name, so there is never more than one.
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
from qualadmin.core.models import QualificationType

from .restorations import is_read_only
from .rows import locked, move
from .seen import SeenType
from .texts import escaped
from .type_tests import digest_of, keep_test
from .types import type_target
from .wishes import DETAIL_KEPT, LEASE, detail, free, wait

State = QualificationType.State


@dataclass(frozen=True, slots=True)
class CreationInHand:
    """A type that this process may create now. `tried_before`: an earlier call may have reached Amazon."""

    type: QualificationType
    tried_before: bool


def claim_type_creation(*, type_id: uuid.UUID, now: datetime | None = None) -> CreationInHand | None:
    """Take a wished-for type in hand for two minutes. None if there is nothing to do, or not now.

    The entry of the intent was committed with the wish itself.
    """
    moment = now or timezone.now()
    row = QualificationType.objects.select_related("account", "created_by").get(pk=type_id)
    if not row.account.is_open or is_read_only():
        return None
    mine = _due(moment).filter(pk=type_id).update(lease_until=moment + LEASE, checks=F("checks") + 1)
    if not mine:
        return None
    row.refresh_from_db(fields=["checks", "lease_until"])
    return CreationInHand(row, tried_before=row.checks > 1)


def due_creations(now: datetime) -> list[uuid.UUID]:
    """Types that wait for their call, or whose process died."""
    return list(_due(now).filter(account__archived_at=None, account__is_enabled=True).values_list("pk", flat=True))


def record_type_created(
    *, actor: Actor, type_id: uuid.UUID, seen: SeenType, aws: Mapping[str, Any] | None = None
) -> QualificationType:
    """Amazon created the type, or it was found there after a call without a clear answer."""
    with audit.transaction(actor.context) as tx:
        row = locked(QualificationType.objects.select_related("account"), type_id)
        if row.state == State.LIVE and row.mturk_id == seen.mturk_id:
            return row  # the task ran twice
        entry = tx.record(
            "qtype.create.finished",
            target=type_target(row),
            stream=row.account.stream,
            changes={"state": [row.state, str(State.LIVE)], "mturk_id": [None, seen.mturk_id]},
            aws=aws,
        )
        move(
            QualificationType.objects.filter(pk=row.pk, state=State.REQUESTED),
            entry=entry,
            state=State.LIVE,
            failure="",
            lease_until=None,
            **facts_of(seen),
        )
        keep_test(row, seen.test, entry=entry)
    return QualificationType.objects.select_related("account").get(pk=type_id)


def record_type_refused(
    *, actor: Actor, type_id: uuid.UUID, message: str, words: str = "", aws: Mapping[str, Any] | None = None
) -> QualificationType:
    """Amazon said no for good. `message` is for people, `words` are Amazon's own."""
    with audit.transaction(actor.context) as tx:
        row = locked(QualificationType.objects.select_related("account"), type_id)
        if row.state == State.REFUSED:
            return row
        entry = tx.record(
            "qtype.create.finished",
            target=type_target(row),
            stream=row.account.stream,
            outcome="failed",
            changes={"state": [row.state, str(State.REFUSED)]},
            payload=detail(words),
            aws=aws,
        )
        move(
            QualificationType.objects.filter(pk=row.pk, state=State.REQUESTED),
            entry=entry,
            state=State.REFUSED,
            failure=message,
            failure_detail=escaped(words, DETAIL_KEPT),
            lease_until=None,
        )
    return QualificationType.objects.get(pk=type_id)


def record_type_unknown(
    *, actor: Actor, type_id: uuid.UUID, message: str, words: str = "", aws: Mapping[str, Any] | None = None
) -> QualificationType:
    """No clear answer. The type stays wished-for; the next try looks for it at Amazon before anything else."""
    with audit.transaction(actor.context) as tx:
        row = locked(QualificationType.objects.select_related("account"), type_id)
        entry = tx.record(
            "qtype.create.finished",
            target=type_target(row),
            stream=row.account.stream,
            outcome="unknown",
            changes={"state": [row.state, row.state]},
            payload=detail(words),
            aws=aws,
        )
        move(
            QualificationType.objects.filter(pk=row.pk, state=State.REQUESTED),
            entry=entry,
            failure=message,
            lease_until=timezone.now() + wait(row.checks),
        )
    return QualificationType.objects.get(pk=type_id)


def put_type_back(*, type_id: uuid.UUID, reached: bool) -> None:
    """Nothing happened at Amazon this time: try again later. `reached` says if an earlier call may have.

    Nothing changed that anybody else could see, so there is no entry.
    """
    row = QualificationType.objects.get(pk=type_id)
    QualificationType.objects.filter(pk=type_id, state=State.REQUESTED).update(
        lease_until=timezone.now() + wait(max(row.checks, 1)), checks=row.checks if reached else 0
    )


def facts_of(seen: SeenType) -> dict[str, Any]:
    """The columns that Amazon decides, all but name and state."""
    return {
        "mturk_id": seen.mturk_id,
        "description": seen.description,
        "keywords": seen.keywords,
        "status": seen.status,
        "auto_granted": seen.auto_granted,
        "auto_granted_value": seen.auto_granted_value,
        "retry_delay_seconds": seen.retry_delay_seconds,
        "has_test": seen.test is not None,
        "test_digest": digest_of(seen.test),
        "is_requestable": seen.is_requestable,
        "creation_time": seen.creation_time,
    }


def _due(now: datetime) -> "QuerySet[QualificationType]":
    return QualificationType.objects.filter(free(now), state=State.REQUESTED)
