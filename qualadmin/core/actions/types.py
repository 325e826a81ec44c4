"""Qualification types: asking Amazon for a new one, and our own settings for those that exist.

A type is a row before it is anything at Amazon: the wish is committed first, the task cluster makes the call.
"""

from typing import Any, Final

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import INTEGER_MAX, INTEGER_MIN, QualificationType, RequesterAccount
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import CREATE_TYPE, SYNC_ACCOUNT, SYNC_TYPE, ring

from .rows import differences, locked, locked_unchanged, move
from .texts import clean_line, clean_text

NAME_LIMIT: Final = 200  # characters; Amazon documents none, so this is our own rule
DESCRIPTION_LIMIT: Final = 2000  # Amazon's
KEYWORDS_LIMIT: Final = 1000  # Amazon's, commas and blanks included
RETRY_LIMIT: Final = 10 * 365 * 86_400  # seconds


def request_type(
    *,
    actor: Actor,
    account: RequesterAccount,
    name: str,
    description: str,
    keywords: str = "",
    status: str = QualificationType.Status.ACTIVE,
    auto_granted: bool = False,
    auto_granted_value: int | None = None,
    retry_delay_seconds: int | None = None,
    default_score: int = 100,
    min_score: int = 0,
    max_score: int = 100,
) -> QualificationType:
    """Ask for a new type. Name and keywords can never be changed later.

    `retry_delay_seconds`: how long after a request a worker may ask again; None means never, 0 at once. Raises
    ActionError with the field at fault; a name that the account has already is one of those faults.
    """
    require(actor, Permission.MANAGE_TYPES, str(account.pk), production=account.is_production)
    settings = _clean_settings(name, description, keywords, status) | {
        **_clean_auto(auto_granted, auto_granted_value),
        "retry_delay_seconds": _clean_delay(retry_delay_seconds),
    }
    scores = _clean_scores(default_score, min_score, max_score)
    row = QualificationType(account=account, created_by_id=actor.user_id, **settings, **scores)
    try:
        with audit.transaction(actor.context) as tx:
            _check_open(account)
            if same_name(account, row.name):
                raise _name_taken(row.name)
            row.audit_id = tx.record(
                "qtype.create.requested",
                target=type_target(row),
                stream=account.stream,
                outcome="started",
                changes={
                    field: [None, settings[field]]
                    for field in ("name", "status", "auto_granted", "auto_granted_value", "retry_delay_seconds")
                },
                payload={"description": row.description, "keywords": row.keywords},
            )
            row.save(force_insert=True)
            ring(CREATE_TYPE, str(row.pk))
    except IntegrityError:
        raise _name_taken(row.name) from None
    return row


def update_type_settings(
    *, actor: Actor, type: QualificationType, default_score: int, min_score: int, max_score: int
) -> QualificationType:
    """Change which scores may be given here. Amazon is not told and nobody's score changes."""
    require(actor, Permission.MANAGE_TYPES, str(type.account_id))
    wanted = _clean_scores(default_score, min_score, max_score)
    with audit.transaction(actor.context) as tx:
        row = locked_unchanged(QualificationType.objects.select_related("account"), type)
        changed = differences(row, wanted)
        if changed:
            entry = tx.record("qtype.updated", target=type_target(row), stream=row.account.stream, changes=changed)
            move(QualificationType.objects.filter(pk=row.pk), entry=entry, **wanted)
    type.refresh_from_db()
    return type


def request_sync(*, actor: Actor, type: QualificationType) -> QualificationType:
    """Ask Amazon who holds this type. Asked again while the first is under way, it does nothing."""
    require(actor, Permission.SYNC, str(type.account_id))
    if type.state != QualificationType.State.LIVE:
        raise ActionError(f"Amazon does not know the type {type.name}. Nothing was asked.", code="not_live")
    now = timezone.now()
    with audit.transaction(actor.context) as tx:
        account = RequesterAccount.objects.get(pk=type.account_id)
        _check_not_archived(account)
        row = locked(QualificationType.objects.all(), type.pk)
        under_way = row.sync_asked_at is not None and (
            row.holders_synced_at is None or row.holders_synced_at < row.sync_asked_at
        )
        if not (under_way and row.sync_asked_at and (now - row.sync_asked_at).total_seconds() < 60):
            tx.record("qtype.sync.requested", target=type_target(row), stream=account.stream)
            QualificationType.objects.filter(pk=row.pk).update(sync_asked_at=now)
            ring(SYNC_TYPE, str(row.pk))
    type.refresh_from_db()
    return type


def request_sync_account(*, actor: Actor, account: RequesterAccount) -> None:
    """Ask Amazon for the account's types, the requests that wait, and who holds what."""
    require(actor, Permission.SYNC, str(account.pk))
    with audit.transaction(actor.context) as tx:
        _check_not_archived(RequesterAccount.objects.get(pk=account.pk))
        tx.record(
            "account.sync.requested",
            target=Target("account", str(account.pk), account.name),
            stream=account.stream,
        )
        ring(SYNC_ACCOUNT, str(account.pk))


def same_name(account: RequesterAccount, name: str) -> bool:
    """Whether Amazon would refuse this name, because the account has a type that is called exactly so."""
    return _named(account).filter(name=name.strip()).exists()


def similar_names(account: RequesterAccount, name: str) -> list[str]:
    """Types of the account whose names differ only in capitals and blanks: worth a warning before the call."""
    wanted = _folded(name)
    return [found for found in _named(account).values_list("name", flat=True) if _folded(found) == wanted]


def type_target(row: QualificationType) -> Target:
    """How entries name a type."""
    return Target("qtype", str(row.pk), row.name)


def _named(account: RequesterAccount) -> "QuerySet[QualificationType]":
    return QualificationType.objects.filter(
        account=account, state__in=[QualificationType.State.REQUESTED, QualificationType.State.LIVE]
    )


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _name_taken(name: str) -> ActionError:
    return ActionError(
        f"The account already has a type called {name}, and Amazon refuses a second one. "
        "Nothing was created. Choose another name.",
        field="name",
        code="duplicate",
    )


def _check_not_archived(account: RequesterAccount) -> None:
    if account.archived_at is not None:
        raise ActionError(f"{account.name} is archived. Nothing was done.", code="archived")


def _check_open(account: RequesterAccount) -> None:
    current = RequesterAccount.objects.get(pk=account.pk)
    if not current.is_open:
        raise Conflict(
            f"The account {current.name} is switched off or paused. Nothing was created. "
            "A manager can switch it on.",
            code="account_closed",
        )


def _clean_settings(name: str, description: str, keywords: str, status: str) -> dict[str, Any]:
    if status not in QualificationType.Status.values:
        raise ActionError("A type is Active or Inactive.", field="status")
    return {
        "name": clean_line(name, field="name", label="The name", limit=NAME_LIMIT),
        "description": clean_text(
            description, field="description", label="The description", limit=DESCRIPTION_LIMIT
        ),
        "keywords": clean_line(
            keywords, field="keywords", label="The keywords", limit=KEYWORDS_LIMIT, required=False
        ),
        "status": str(status),
    }


def _clean_auto(auto_granted: bool, value: int | None) -> dict[str, Any]:
    if not auto_granted:
        return {"auto_granted": False, "auto_granted_value": None}
    score = 1 if value is None else value  # Amazon's default
    if not INTEGER_MIN <= score <= INTEGER_MAX:
        raise ActionError(_range_text(), field="auto_granted_value")
    return {"auto_granted": True, "auto_granted_value": score}


def _clean_delay(seconds: int | None) -> int | None:
    if seconds is None:
        return None
    if not 0 <= seconds <= RETRY_LIMIT:
        raise ActionError("Workers may ask again after at most ten years.", field="retry_delay_seconds")
    return seconds


def _clean_scores(default_score: int, min_score: int, max_score: int) -> dict[str, int]:
    wanted = {"default_score": default_score, "min_score": min_score, "max_score": max_score}
    for field, value in wanted.items():
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise ActionError(_range_text(), field=field)
    if min_score > max_score:
        raise ActionError("The lowest score is above the highest. Nothing was saved.", field="min_score")
    if not min_score <= default_score <= max_score:
        raise ActionError(
            f"The usual score must be from {min_score} to {max_score}. Nothing was saved.", field="default_score"
        )
    return wanted


def _range_text() -> str:
    return f"Scores are whole numbers from {INTEGER_MIN:,} to {INTEGER_MAX:,}. Nothing was saved."
