"""Qualification types: asking Amazon for a new one, and our own settings for those that exist.

A type is a row before it is anything at Amazon: the wish is committed first, the task cluster makes the call.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import QualificationType, RequesterAccount
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import CREATE_TYPE, SYNC_ACCOUNT, SYNC_TYPE, ring

from .rows import differences, locked, locked_unchanged, move
from .seen import WorkerTest
from .texts import without_ids
from .type_rules import clean_auto, clean_delay, clean_lab_name, clean_scores, clean_settings
from .type_tests import clean_test, digest_of, keep_test

NAME_HELD: Final = timedelta(hours=48)  # Amazon may keep the name of a deleted type as long as that
REQUESTED: Final = ("name", "status", "auto_granted", "auto_granted_value", "retry_delay_seconds")


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
    lab_name: str = "",
    test: WorkerTest | None = None,
) -> QualificationType:
    """Ask for a new type. Name and keywords can never be changed later; a test can, but not be taken away.

    `retry_delay_seconds`: how long after a request a worker may ask again; None means never, 0 at once. Raises
    ActionError with the field at fault; a name that the account has already is one of those faults.
    """
    require(actor, Permission.MANAGE_TYPES, str(account.pk), production=account.is_production)
    settings = clean_settings(name, description, keywords, status) | {
        **clean_auto(auto_granted, auto_granted_value),
        "retry_delay_seconds": clean_delay(retry_delay_seconds),
        "lab_name": clean_lab_name(lab_name),
        "test_digest": digest_of(test),
        "has_test": test is not None,
    }
    if test is not None:
        clean_test(test, auto_granted=auto_granted)
    scores = clean_scores(default_score, min_score, max_score)
    row = QualificationType(account=account, created_by_id=actor.user_id, **settings, **scores)
    try:
        with audit.transaction(actor.context) as tx:
            check_open(account)
            if same_name(account, row.name):
                raise _name_taken(row.name)
            row.audit_id = tx.record(
                "qtype.create.requested",
                target=type_target(row),
                stream=account.stream,
                outcome="started",
                changes={
                    field: [None, settings[field]] for field in (*REQUESTED, *(("test_digest",) if test else ()))
                },
                payload={
                    "description": row.description,
                    "keywords": row.keywords,
                    **({"lab_name": row.lab_name} if row.lab_name else {}),
                },
            )
            row.save(force_insert=True)
            keep_test(row, test, entry=row.audit_id)
            ring(CREATE_TYPE, str(row.pk))
    except IntegrityError:
        raise _name_taken(row.name) from None
    return row


def update_type_settings(
    *,
    actor: Actor,
    type: QualificationType,
    default_score: int,
    min_score: int,
    max_score: int,
    lab_name: str | None = None,
) -> QualificationType:
    """Change which scores may be given here, and what the lab calls the type (None: as it is).

    Amazon is not told and nobody's score changes.
    """
    require(actor, Permission.MANAGE_TYPES, str(type.account_id))
    wanted: dict[str, object] = {**clean_scores(default_score, min_score, max_score)}
    if lab_name is not None:
        wanted["lab_name"] = clean_lab_name(lab_name)
    with audit.transaction(actor.context) as tx:
        row = locked_unchanged(QualificationType.objects.select_related("account"), type)
        changed = differences(row, wanted)
        if changed:
            entry = tx.record(
                "qtype.updated",
                target=type_target(row),
                stream=row.account.stream,
                changes={field: pair for field, pair in changed.items() if field != "lab_name"},
                payload={"lab_name": str(wanted["lab_name"])} if "lab_name" in changed else None,
            )
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


def held_name(account: RequesterAccount, name: str, now: datetime) -> QualificationType | None:
    """A type of this name that was deleted so lately that Amazon may still keep the name."""
    gone = QualificationType.objects.filter(account=account, name=name.strip(), state=QualificationType.State.GONE)
    return gone.filter(deleted_at__gt=now - NAME_HELD).order_by("-deleted_at").first()


def type_target(row: QualificationType) -> Target:
    """How entries name a type."""
    return Target("qtype", str(row.pk), without_ids(row.name))


def _named(account: RequesterAccount) -> "QuerySet[QualificationType]":
    return QualificationType.objects.filter(account=account, state__in=QualificationType.NAMED)


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


def check_open(account: RequesterAccount) -> None:
    """Raises Conflict if nothing may be sent for the account now."""
    current = RequesterAccount.objects.get(pk=account.pk)
    if not current.is_open:
        raise Conflict(
            f"The account {current.name} is switched off or paused. Nothing was created. "
            "A manager can switch it on.",
            code="account_closed",
        )
