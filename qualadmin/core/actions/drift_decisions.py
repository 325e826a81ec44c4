"""What people decide about differences with Amazon: taken over as the truth, or put right by a job."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Drift, Preview, PreviewRow, QualificationType, RequesterAccount, Study, Verb
from qualadmin.core.models.drift import still_so
from qualadmin.core.permissions import Permission, require

from ._sql import db_uuid, from_uuid, marks, update_rows
from .diff import Row
from .previews import TEXT_LIMIT, Wishes, check_type, keep_rows, take_wishes
from .texts import clean_text
from .types import type_target
from .undo import ERASED, NO_SCORE, plan_of

PART: Final = 400  # rows decided about in one transaction
AT_ONCE: Final = 2_000  # rows that one click takes over
IN_LIST: Final = 400
GRANTED: Final = "Granted"
NOBODY: Final = "Nothing was selected, so nothing was done. Tick at least one difference, or all that match."
Group = PreviewRow.Group


@dataclass(frozen=True, slots=True)
class Taken:
    """How many differences were taken over; `left`: more match, and another click takes them."""

    number: int
    left: bool


def take_over(*, actor: Actor, account: RequesterAccount, rows: QuerySet[Drift], reason: str) -> Taken:
    """Accept what Amazon has as the truth, with who and why. What no longer stands is passed over.

    At most AT_ONCE rows, part by part, each with an entry of its own. Differences of workers need the right to
    grant, those of types the right to ask Amazon. Raises ActionError without a reason, or if nothing is left.
    """
    standing = rows.filter(still_so(), account=account).order_by("-pk")
    chosen = list(standing.values_list("pk", "worker")[: AT_ONCE + 1])
    if any(worker for _, worker in chosen) or not chosen:
        require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    else:
        require(actor, Permission.SYNC, str(account.pk))
    why = clean_text(reason, field="reason", label="The reason", limit=TEXT_LIMIT)
    number = 0
    keys = [pk for pk, _ in chosen[:AT_ONCE]]
    for start in range(0, len(keys), PART):
        with audit.transaction(actor.context) as tx:
            number += _take_part(tx, actor, keys[start : start + PART], why)
    if not number:
        raise ActionError(NOBODY, code="nobody")
    return Taken(number, len(chosen) > AT_ONCE)


def _take_part(tx: Transaction, actor: Actor, keys: list[int], why: str) -> int:
    """In the order of their keys, as all lock them; somebody else may have decided meanwhile."""
    locked = Drift.objects.select_for_update(of=("self",), no_key=True).filter(still_so(), pk__in=keys)
    standing = locked.select_related("type__account").order_by("pk")
    now, decided = timezone.now(), []
    for one in standing:
        entry = tx.record(
            "drift.taken_over",
            target=type_target(one.type),
            stream=one.type.account.stream,
            subject=one.worker_id,
            changes=_changes(one),
            payload={"reason": why},
        )
        decided.append((one.pk, actor.user_id, why, db_uuid(entry)))
    update_rows(Drift, ["decided_by_id", "reason", "audit_id"], decided)
    taken = Drift.objects.filter(pk__in=[row[0] for row in decided])
    taken.update(closed_at=now, closed_as=Drift.Closed.TAKEN_OVER)
    return len(decided)


def _changes(one: Drift) -> dict[str, list[object]]:
    if one.worker_id is None:
        return {"difference": [None, one.kind]}
    changes: dict[str, list[object]] = {"status": [one.held_status or None, one.seen_status]}
    if one.seen_status == GRANTED:
        changes["value"] = [one.held_value, one.seen_value]
    return changes


def prepare_putting_right(
    *, actor: Actor, account: RequesterAccount, rows: QuerySet[Drift], study: Study | None, reason: str
) -> Preview:
    """Make the check page of a job that gives these workers back what qualadmin had. Nothing reaches Amazon yet.

    It goes the way of an undo: what anybody changes after this is left alone, at confirming and at each call.
    Raises ActionError if nothing stands, for too many rows, and for wishes that can't be.
    """
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    limit = settings.UPLOAD_MAX_ROWS
    chosen = rows.filter(still_so(), account=account, worker__isnull=False).order_by("-pk")
    keys = list(chosen.values_list("pk", flat=True)[: limit + 1])
    if not keys:
        raise ActionError(
            "None of these can be put right by a job: a difference of a type itself can only be taken over, and "
            "one that no longer stands is gone. Nothing was done.",
            code="nobody",
        )
    if len(keys) > limit:
        raise ActionError(
            f"More than {limit:,} differences were selected. One job takes at most {limit:,}. Nothing was done. "
            "Filter the list further.",
            code="too_many_rows",
        )
    found = list(_found(keys))
    types = QualificationType.objects.in_bulk({one.type_id for one in found})
    preview = Preview(
        account=account,
        created_by_id=actor.person_id,
        source=Preview.Source.DRIFT,
        origin=_origin(len(found), list(types.values())),
        options=plan_of(types.values()).as_json(),
        type=next(iter(types.values())) if len(types) == 1 else None,
    )
    take_wishes(preview, {}, Wishes(study=study, reason=reason))
    lines = list(_lines(found, types, account.stream))
    if all(line.verb == Verb.REVOKE for line in lines):
        preview.verb = Verb.REVOKE
    with audit.transaction(actor.context) as tx:
        tx.record(
            "drift.put_right.prepared",
            target=Target("account", str(account.pk), account.name),
            stream=account.stream,
            changes={"rows": [None, len(lines)]},
        )
        preview.save(force_insert=True)
    keep_rows(preview, lines)
    return preview


def _origin(count: int, types: list[QualificationType]) -> str:
    where = f"“{types[0].name}”" if len(types) == 1 else f"{len(types):,} types"
    return f"Put right: {count:,} difference{'s' if count != 1 else ''} of {where}"[:400]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A difference with the change that was seen: taking that one back puts it right."""

    type_id: uuid.UUID
    worker: uuid.UUID
    worker_id: str | None
    held_status: str
    held_value: int | None
    seen_status: str
    seen_value: int | None
    change_id: int


_SELECT: Final = """
SELECT d.type_id, d.worker_id, w.worker_id, d.held_status, d.held_value, d.seen_status, d.seen_value, c.id
  FROM core_drift d
  JOIN core_worker w ON w.id = d.worker_id
  JOIN core_change c ON c.worker_id = d.worker_id AND c.type_id = d.type_id AND c.audit_id = d.seen_entry
 WHERE d.id IN ({ids})
 ORDER BY d.id DESC"""


def _found(keys: Sequence[int]) -> Iterator[_Standing]:
    with connection.cursor() as cursor:
        for start in range(0, len(keys), IN_LIST):
            part = keys[start : start + IN_LIST]
            cursor.execute(_SELECT.format(ids=marks(part)), list(part))
            for type_id, worker, *rest in cursor.fetchall():
                yield _Standing(from_uuid(type_id), from_uuid(worker), *rest)


def _lines(found: list[_Standing], types: dict[Any, QualificationType], stream: str) -> Iterator[Row]:
    refusals = {(pk, verb): _refusal(one, verb) for pk, one in types.items() for verb in Verb}
    for number, one in enumerate(found, start=1):
        verb = Verb.GRANT if one.held_status == GRANTED else Verb.REVOKE
        row = Row(
            n=number,
            line=number,
            type_id=one.type_id,
            given=one.worker_id or "erased worker",
            worker_id=one.worker_id or "",
            known_id=one.worker,
            verb=verb,
            status_before=one.seen_status,
            value_before=one.seen_value,
            value=one.held_value if verb == Verb.GRANT else None,
            undoes_id=one.change_id,
        )
        row.group, row.code, row.why = _group(one, verb, refusals[one.type_id, verb])
        yield row


def _group(one: _Standing, verb: Verb, refusal: str) -> tuple[PreviewRow.Group, str, str]:
    if one.worker_id is None:
        return Group.PROBLEM, "erased", ERASED
    if refusal:
        return Group.PROBLEM, "type", refusal
    if verb == Verb.REVOKE:
        return Group.REVOKE, "", "qualadmin had it as taken away." if one.held_status else "Never granted here."
    if one.held_value is None:
        return Group.PROBLEM, "no_score", NO_SCORE
    if one.seen_status == GRANTED:
        return Group.SCORE, "", "Back to the score that qualadmin had."
    return Group.NEW, "", "Held it, as far as qualadmin knew."


def _refusal(qualification_type: QualificationType, verb: Verb) -> str:
    try:
        check_type(qualification_type, verb)
    except ActionError as error:
        return error.message
    return ""
