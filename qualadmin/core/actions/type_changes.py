"""Changing and deleting types that exist: the wish, checked and written down. What became of it: type_outcomes.py.

What was shown is what is sent: the wish keeps the values before and after, and is carried out only if Amazon still
holds those before. One change of a type at a time.
"""

import uuid
from typing import Any, Final

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import Change, Job, QualificationType, RequesterAccount, TypeChange
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import CHANGE_TYPE, LOOK_FOR_HITS, ring

from .rows import locked, locked_unchanged, move
from .seen import WorkerTest
from .type_rules import clean_auto, clean_delay, clean_description
from .type_tests import clean_test, digest_of, worker_test
from .types import check_open, type_target

State, Status = QualificationType.State, QualificationType.Status
DOCUMENTS: Final = ("question_form", "answer_key", "test_duration_seconds")
#: What an entry of a change names with before and after; documents are named by their digest.
TOLD: Final = ("status", "auto_granted", "auto_granted_value", "retry_delay_seconds", "has_test", "test_digest")
HITS_PATIENCE: Final = 60  # seconds in which a second wish for the same reading does nothing


def request_type_update(
    *,
    actor: Actor,
    type: QualificationType,
    description: str | None = None,
    status: str | None = None,
    auto_granted: bool | None = None,
    auto_granted_value: int | None = None,
    retry_delay_seconds: int | None = None,
    test: WorkerTest | None = None,
) -> TypeChange:
    """Ask Amazon to change a type; what is None stays. Test, key and time to take it go together.

    A delay between requests can be set and changed, never taken away; so can a test. Raises ActionError with the
    field at fault, or with `unchanged` if nothing would change, and Conflict if the type changed since `type` was
    read or another change of it is in hand.
    """
    _require(actor, type)
    current = worker_test(type)
    before, after = _differences(
        type,
        current,
        description=None if description is None else clean_description(description),
        status=status,
        auto=None if auto_granted is None else clean_auto(auto_granted, auto_granted_value),
        delay=clean_delay(retry_delay_seconds),
        test=test,
    )
    granted = after.get("auto_granted", type.auto_granted)
    wanted = test if "question_form" in after else current
    if wanted is not None and (granted or "question_form" in after):
        clean_test(wanted, auto_granted=granted)
    if not after:
        raise ActionError("Nothing would change. Nothing was sent.", code="unchanged")
    with audit.transaction(actor.context) as tx:
        row = _usable(type)
        entry = tx.record(
            "qtype.change.requested",
            target=type_target(row),
            stream=row.account.stream,
            outcome="started",
            changes=told(row, before, after),
            payload={"description": after["description"]} if "description" in after else None,
        )
        return _wish(TypeChange.Kind.UPDATE, row, actor, entry, before, after)


def request_type_delete(*, actor: Actor, type: QualificationType, name: str) -> TypeChange:
    """Ask Amazon to delete a type for good. `name`: the public name once more, as the person typed it.

    Who holds it keeps it; requests that wait are turned down by Amazon; the name stays taken for up to two days.
    Raises ActionError for another name, or while a job still has changes of this type to send.
    """
    _require(actor, type)
    if name.strip() != type.name:
        raise ActionError(
            f"To delete the type, write its name exactly: {type.name}. Nothing was deleted.", field="name"
        )
    with audit.transaction(actor.context) as tx:
        row = _usable(type)
        if has_open_changes(row):
            raise ActionError(
                "A job still has changes of this type to send. Stop the job or wait until it has ended. "
                "Nothing was deleted.",
                code="in_use",
            )
        entry = tx.record(
            "qtype.delete.requested",
            target=type_target(row),
            stream=row.account.stream,
            outcome="started",
            changes={"state": [row.state, str(State.DELETING)]},
        )
        move(QualificationType.objects.filter(pk=row.pk, state=State.LIVE), entry=entry, state=State.DELETING)
        return _wish(TypeChange.Kind.DELETE, row, actor, entry, {}, {})


def request_hits(*, actor: Actor, type: QualificationType) -> QualificationType:
    """Ask Amazon which HITs require this type. Asked again while the first is under way, it does nothing."""
    require(actor, Permission.SYNC, str(type.account_id))
    if type.state not in (State.LIVE, State.DELETING):
        raise ActionError(f"Amazon does not know the type {type.name}. Nothing was asked.", code="not_live")
    now = timezone.now()
    with audit.transaction(actor.context) as tx:
        account = RequesterAccount.objects.get(pk=type.account_id)
        check_open(account)
        row = locked(QualificationType.objects.all(), type.pk)
        asked, seen = row.hits_asked_at, row.hits_seen_at
        waits = asked is not None and (seen is None or seen < asked)
        if not (waits and asked and (now - asked).total_seconds() < HITS_PATIENCE):
            tx.record("qtype.hits.requested", target=type_target(row), stream=account.stream)
            QualificationType.objects.filter(pk=row.pk).update(hits_asked_at=now)
            ring(LOOK_FOR_HITS, str(row.pk))
    type.refresh_from_db()
    return type


def note_hits(*, type_id: uuid.UUID, counts: dict[str, int] | None, failure: str = "") -> None:
    """What Amazon answered: HITs by status, or None and why not. The asking is the audit entry."""
    QualificationType.objects.filter(pk=type_id).update(
        hits=counts, hits_failure=failure, hits_seen_at=timezone.now()
    )


def has_open_changes(row: QualificationType) -> bool:
    """Whether a job will still send a change of this type."""
    return (
        Change.objects.open().filter(type=row).exclude(job__state__in=Job.GIVEN_UP).exists()
        or Change.objects.in_flight().filter(type=row).exists()
    )


def told(row: QualificationType, before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Before and after as an entry carries them. Documents are named by their digest."""
    pairs: dict[str, list[Any]] = {field: [before[field], after[field]] for field in TOLD if field in after}
    if "question_form" in after:
        pairs["test_digest"] = [row.test_digest, digest_of(_documents(after))]
        if not row.has_test:
            pairs["has_test"] = [False, True]
    return pairs


def _documents(values: dict[str, Any]) -> WorkerTest | None:
    if not values["question_form"]:
        return None
    return WorkerTest(*(values[field] for field in DOCUMENTS))


def _differences(
    row: QualificationType,
    current: WorkerTest | None,
    *,
    description: str | None,
    status: str | None,
    auto: dict[str, Any] | None,
    delay: int | None,
    test: WorkerTest | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that would change, as they are and as they would be."""
    if status is not None and status not in Status.values:
        raise ActionError("A type is Active or Inactive.", field="status")
    wanted: dict[str, Any] = {
        **({} if description is None else {"description": description}),
        **({} if status is None else {"status": str(status)}),
        **(auto or {}),
        **({} if delay is None else {"retry_delay_seconds": delay}),
    }
    if auto is not None and not auto["auto_granted"]:
        wanted.pop("auto_granted_value")  # it counts for nothing then, and Amazon may keep it
    pairs = {field: (getattr(row, field), value) for field, value in wanted.items()}
    if auto is not None and auto["auto_granted"] and not row.auto_granted:
        pairs["auto_granted_value"] = (row.auto_granted_value, auto["auto_granted_value"])
    if test is not None and test != current:
        old = current or WorkerTest("", "", 0)
        pairs["question_form"] = (old.question_form, test.question_form)
        pairs["answer_key"] = (old.answer_key, test.answer_key)
        pairs["test_duration_seconds"] = (old.seconds, test.seconds)
    changed = {
        field: pair
        for field, pair in pairs.items()
        if pair[0] != pair[1] or ("question_form" in pairs and field in DOCUMENTS)
    }
    return {field: pair[0] for field, pair in changed.items()}, {field: pair[1] for field, pair in changed.items()}


def _require(actor: Actor, type: QualificationType) -> None:
    require(actor, Permission.MANAGE_TYPES, str(type.account_id), production=type.account.is_production)


def _usable(type: QualificationType) -> QualificationType:
    """The row under its lock, unchanged since it was read, known to Amazon and ours to change."""
    check_open(type.account)
    row = locked_unchanged(QualificationType.objects.select_related("account"), type)
    if row.state != State.LIVE or not row.mturk_id:
        raise ActionError(
            f"The type {row.name} is {row.get_state_display().lower()}. Nothing was sent.", code="not_live"
        )
    if not row.is_requestable:
        raise ActionError(f"{row.name} is one of Amazon’s own types. Nothing was sent.", code="not_ours")
    if TypeChange.objects.filter(type=row, state__in=TypeChange.OPEN).exists():
        raise Conflict(
            f"Another change of {row.name} is being sent to Amazon. Nothing was sent. "
            "Wait until it is done, then open the page again.",
            code="change_in_hand",
        )
    return row


def _wish(
    kind: TypeChange.Kind,
    row: QualificationType,
    actor: Actor,
    entry: uuid.UUID,
    before: dict[str, Any],
    after: dict[str, Any],
) -> TypeChange:
    change = TypeChange(
        type=row, kind=kind, before=before, after=after, created_by_id=actor.person_id, audit_id=entry
    )
    change.save(force_insert=True)
    ring(CHANGE_TYPE, str(change.pk))
    return change
