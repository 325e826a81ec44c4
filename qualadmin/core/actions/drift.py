"""Differences with Amazon: noted when they are found, closed when they no longer stand. See drift_decisions.py.

Nothing here decides what is so: the rows of who holds what follow Amazon at once. A difference keeps what
qualadmin had before, so that somebody can say which of the two it should be.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from qualadmin.core.models import Drift, QualificationType

from ._sql import db_time, db_uuid, insert_rows

IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999
GRANTED: Final = "Granted"
SETTLED_AT_ONCE: Final = 500  # rows closed in one transaction
Kind = Drift.Kind
Closed = Drift.Closed
State = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Found:
    """One change that somebody made elsewhere: what was held here by which entry, what Amazon says, its entry."""

    worker: uuid.UUID
    held: State
    held_entry: uuid.UUID | None
    seen: State
    never_held: bool
    entry: uuid.UUID


def kind_of(held: State, seen: State, *, never_held: bool = False) -> Drift.Kind:
    """How people call the difference between these two."""
    if seen[0] == GRANTED:
        return Kind.SCORE if held[0] == GRANTED else Kind.GRANTED
    return Kind.MISSING if never_held else Kind.REVOKED


def same(one: State, other: State) -> bool:
    """Whether both hold it with the same score, or neither holds it: never held and taken away are alike."""
    if one[0] == GRANTED or other[0] == GRANTED:
        return one == other
    return True


def note_drift(type: QualificationType, found: Sequence[Found], as_of: datetime) -> None:
    """Keep what was found. Call in the transaction of its entries, after the rows of who holds what.

    A worker has at most one open difference of a type. Changed elsewhere once more it stays the same one, against
    what qualadmin had; if Amazon is back at that, it is closed; if a job came between, a new one begins.
    """
    standing = _open_of(type, [one.worker for one in found])
    fresh = []
    for one in found:
        old = standing.get(one.worker)
        if old is not None and old.seen_entry != one.held_entry:
            _close([old.pk], _outcome(old, one.held), as_of)  # a job came between
            old = None
        if old is None:
            if not same(one.held, one.seen):
                fresh.append(one)
            continue
        back = same(old.held, one.seen)
        Drift.objects.filter(pk=old.pk).update(
            kind=old.kind if back else kind_of(old.held, one.seen, never_held=one.never_held),
            seen_status=one.seen[0],
            seen_value=one.seen[1],
            seen_at=as_of,
            seen_entry=one.entry,
            times=old.times + 1,
            audit_id=one.entry,
            closed_at=as_of if back else None,
            closed_as=Closed.BACK if back else "",
        )
    insert_rows("core_drift", _COLUMNS, (_row(type, one, as_of) for one in fresh))


_COLUMNS: Final = (
    "account_id, type_id, worker_id, kind, held_status, held_value, held_entry, seen_status, seen_value, seen_at,"
    " seen_entry, found_at, times, decided_by_id, reason, closed_at, closed_as, audit_id"
)


def _row(type: QualificationType, one: Found, as_of: datetime) -> tuple[object, ...]:
    moment, entry = db_time(as_of), db_uuid(one.entry)
    held_entry = db_uuid(one.held_entry) if one.held_entry else None
    kind = kind_of(one.held, one.seen, never_held=one.never_held).value
    names = (db_uuid(type.account_id), db_uuid(type.pk), db_uuid(one.worker), kind)
    return (*names, *one.held, held_entry, *one.seen, moment, entry, moment, 1, None, "", None, "", entry)


def _open_of(type: QualificationType, workers: Sequence[uuid.UUID]) -> dict[uuid.UUID | None, Drift]:
    found: dict[uuid.UUID | None, Drift] = {}
    for start in range(0, len(workers), IN_LIST):
        part = workers[start : start + IN_LIST]
        rows = Drift.objects.select_for_update(no_key=True).filter(type=type, worker__in=part, closed_at=None)
        found.update((row.worker_id, row) for row in rows.order_by("pk"))
    return found


def _outcome(drift: Drift, now: State) -> Drift.Closed:
    return Closed.PUT_RIGHT if same(drift.held, now) else Closed.CHANGED


def _close(keys: Collection[int], how: Drift.Closed, at: datetime) -> None:
    Drift.objects.filter(pk__in=keys, closed_at=None).update(closed_at=at, closed_as=how)


_OVERTAKEN: Final = """
SELECT d.id, q.status, q.value, d.held_status, d.held_value
  FROM core_drift d
  JOIN core_qualification q ON q.type_id = d.type_id AND q.worker_id = d.worker_id
 WHERE d.closed_at IS NULL AND q.audit_id <> d.seen_entry
 LIMIT %s"""


def settle_drift() -> int:
    """Close open differences that no longer stand because a job changed the worker since. Returns how many.

    Pages need not wait for it: they ask the same question (`standing`). What made them so has entries of its own.
    """
    return sum(iter(_settle_part, 0))


def _settle_part() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_OVERTAKEN, [SETTLED_AT_ONCE])
        rows = cursor.fetchall()
    right: list[int] = []
    since: list[int] = []
    for key, status, value, held_status, held_value in rows:
        (right if same((held_status, held_value), (status, value)) else since).append(key)
    now = timezone.now()
    with transaction.atomic():
        _close(right, Closed.PUT_RIGHT, now)
        _close(since, Closed.CHANGED, now)
    return len(rows)


def note_type(type: QualificationType, kind: Drift.Kind, entry: uuid.UUID, at: datetime) -> None:
    """Keep that a type came up, or went, without us. Call in the transaction of its entry."""
    standing = Drift.objects.filter(type=type, worker=None, closed_at=None).first()
    if standing is not None:
        if standing.kind != kind:  # it came and went: nothing is left to decide
            _close([standing.pk], Closed.BACK, at)
        return
    Drift.objects.create(
        account_id=type.account_id,
        type=type,
        kind=kind,
        seen_at=at,
        found_at=at,
        seen_entry=entry,
        audit_id=entry,
    )


def type_is_back(type: QualificationType, at: datetime) -> None:
    """The type is at Amazon again: that it was gone no longer stands."""
    gone = Drift.objects.filter(type=type, worker=None, kind=Kind.GONE_TYPE, closed_at=None)
    gone.update(closed_at=at, closed_as=Closed.BACK)
