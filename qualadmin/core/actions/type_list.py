"""Amazon's list of an account's types, compared with ours: new ones come in, changed ones follow, lost ones go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.models import Drift, QualificationType, RequesterAccount

from .creation import facts_of
from .drift import note_type, type_is_back
from .rows import differences
from .seen import SeenType
from .type_tests import keep_test
from .types import type_target

State = QualificationType.State
#: What an entry says about a type that differs at Amazon.
TOLD: Final = frozenset(
    {
        "status",
        "auto_granted",
        "auto_granted_value",
        "retry_delay_seconds",
        "has_test",
        "test_digest",
    }
)
#: Free text: it stands beside the entry, from where it can be erased.
WORDS: Final = frozenset({"description", "keywords"})
_WHICH: Final = ("_before", "")
COMPARED: Final = TOLD | WORDS | {"is_requestable"}


@dataclass(slots=True)
class TypeCounts:
    """What a comparison came to. `waiting`: names that a wished-for type of ours has, settled by its own task."""

    imported: list[QualificationType] = field(default_factory=list)
    changed: int = 0
    gone: int = 0
    waiting: int = 0


def import_types(
    *, actor: Actor, account: RequesterAccount, remote: Sequence[SeenType]
) -> list[QualificationType]:
    """Bring in types of the account that Amazon has and we do not. Returns the new rows."""
    return apply_type_list(actor=actor, account=account, remote=remote).imported


def apply_type_list(
    *, actor: Actor, account: RequesterAccount, remote: Sequence[SeenType], gone: Collection[str] = ()
) -> TypeCounts:
    """Bring our types in line with Amazon's. Nothing is written for a type that is the same.

    `gone`: Amazon's ids of types that Amazon no longer knows, each asked for by itself; that a type is not in the
    list proves nothing, because the list lags up to a minute behind.
    """
    counts = TypeCounts()
    with audit.transaction(actor.context) as tx:
        rows = list(
            QualificationType.objects.select_for_update(of=("self",), no_key=True)
            .select_related("account")
            .filter(account=account)
            .order_by("pk")
        )
        known = {row.mturk_id: row for row in rows if row.mturk_id}
        for mturk_id in gone:
            row = known.get(mturk_id)
            if row is not None and row.state == State.LIVE:
                _lose(tx, row)
                counts.gone += 1
        taken = {row.name: row for row in rows if row.state in QualificationType.NAMED}
        for seen in remote:
            _apply_one(tx, account, seen, known, taken, counts)
    return counts


def _apply_one(
    tx: Transaction,
    account: RequesterAccount,
    seen: SeenType,
    known: dict[str, QualificationType],
    taken: dict[str, QualificationType],
    counts: TypeCounts,
) -> None:
    row = known.get(seen.mturk_id)
    if row is not None:
        counts.changed += _follow(tx, row, seen, taken)
        return
    namesake = taken.get(seen.name)
    if namesake is not None and namesake.state == State.REQUESTED:
        counts.waiting += 1
        return
    if namesake is not None:
        # Amazon allows a name once, so the type that had it is being deleted there.
        _lose(tx, namesake)
        counts.gone += 1
    new = _import(tx, account, seen)
    taken[new.name] = known[seen.mturk_id] = new
    counts.imported.append(new)


def _import(tx: Transaction, account: RequesterAccount, seen: SeenType) -> QualificationType:
    row = QualificationType(account=account, name=seen.name, state=State.LIVE, **facts_of(seen))
    row.audit_id = tx.record(
        "qtype.imported",
        target=type_target(row),
        stream=account.stream,
        changes={"mturk_id": [None, seen.mturk_id], "status": [None, seen.status]},
    )
    row.save(force_insert=True)
    keep_test(row, seen.test, entry=row.audit_id)
    if account.synced_at is not None:  # the first list brings in what was there before us
        note_type(row, Drift.Kind.NEW_TYPE, row.audit_id, timezone.now())
    return row


def _follow(tx: Transaction, row: QualificationType, seen: SeenType, taken: dict[str, QualificationType]) -> bool:
    """Take over what differs. Returns whether something did."""
    wanted = {name: value for name, value in facts_of(seen).items() if name in COMPARED}
    changed = differences(row, wanted)
    back = row.state == State.GONE and seen.name not in taken
    if not changed and not back:
        return False
    told: dict[str, tuple[object, object]] = {name: pair for name, pair in changed.items() if name in TOLD}
    words = {
        f"{name}{which}": str(text)
        for name in WORDS & changed.keys()
        for which, text in zip(_WHICH, changed[name], strict=True)
    }
    if back:
        told["state"] = (str(State.GONE), str(State.LIVE))
        wanted["state"] = State.LIVE
        taken[row.name] = row
    entry = tx.record(
        "qtype.seen_changed",
        target=type_target(row),
        stream=row.account.stream,
        changes=told,
        payload=words or None,
    )
    QualificationType.objects.filter(pk=row.pk).update(audit_id=entry, **wanted)
    if "test_digest" in changed:
        keep_test(row, seen.test, entry=entry)
    if back:
        type_is_back(row, timezone.now())
    return True


def _lose(tx: Transaction, row: QualificationType) -> None:
    entry = tx.record(
        "qtype.seen_changed",
        target=type_target(row),
        stream=row.account.stream,
        changes={"state": [row.state, str(State.GONE)]},
    )
    QualificationType.objects.filter(pk=row.pk).update(audit_id=entry, state=State.GONE)
    if row.state == State.LIVE:  # one that was deleted from here is meant to go
        note_type(row, Drift.Kind.GONE_TYPE, entry, timezone.now())
    row.state = State.GONE
