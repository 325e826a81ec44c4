"""Who holds a type: Amazon's list compared with our rows.

What differs was changed by somebody else. Amazon's word is taken at once, since it is what is so: each such change
becomes a row in the history (a Change without a job) and, once the type has been read before, an entry of its own
and a difference (drift.py) that stands until somebody decides about it.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db import IntegrityError, OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.models import WORKER_ID, Change, Qualification, QualificationType, Verb, Worker

from ._sql import db_time, db_uuid, insert_rows
from .drift import Found, note_drift
from .holder_looks import agreeing, note_checked
from .seen import SeenHolder
from .types import type_target
from .workers import erased_among, insert_workers

CHUNK: Final = 1000  # holders in one transaction: short enough that nobody waits for it
IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999
TRIES: Final = 3
GRANTED: Final = "Granted"
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class HolderCounts:
    """What a comparison came to. `left_alone`: a change of ours was under way, or our row was newer."""

    seen: int = 0
    granted: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    left_alone: int = 0
    strange: int = 0  # worker ids that Amazon itself would not accept
    erased: int = 0  # whom we were to forget: Amazon lists them still

    @property
    def differences(self) -> int:
        return self.new + self.changed

    def add(self, other: "HolderCounts") -> None:
        for name in HolderCounts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Held:
    """Our row, as it stands. `id` None: there is none."""

    status: str = ""
    value: int | None = None
    checked_at: datetime | None = None
    entry: uuid.UUID | None = None  # that made it so

    def agrees(self, seen: SeenHolder) -> bool:
        """Scores count only where the qualification is held: a revoked one is not given with any."""
        return self.status == seen.status and (seen.status != GRANTED or self.value == seen.value)


@dataclass(slots=True)
class Difference:
    """What a row has and what Amazon says of one worker, where the two differ."""

    worker: uuid.UUID
    seen: SeenHolder
    held: Held
    entry: uuid.UUID | None = field(default=None)


def apply_holders(
    *, actor: Actor, type: QualificationType, holders: Iterable[SeenHolder], as_of: datetime | None = None
) -> HolderCounts:
    """Bring our rows in line with Amazon's whole list, Granted and Revoked.

    `as_of` is when the reading of the list began: rows that we changed later are newer and stay. `holders` may
    be a generator that calls Amazon; it is read outside of transactions, and the first difference it can tell is
    kept even if it fails later. A worker who comes twice is taken as seen last.
    """
    moment = as_of or timezone.now()
    first_time = type.holders_synced_at is None
    counts = HolderCounts()
    stream = iter(holders)
    while chunk := list(islice(stream, CHUNK)):
        counts.add(apply_chunk(actor, type, chunk, moment, first_time))
    finish_holders(actor, type, moment, counts)
    return counts


def unlisted_holders(*, type: QualificationType, as_of: datetime, limit: int) -> list[Qualification]:
    """Our rows that no list read at `as_of` named, though nothing of ours is under way for them.

    A list that is read page by page can miss somebody, so these are asked about one by one; those that were not
    looked at for longest first, since whom Amazon does not know at all is never listed.
    """
    rows = (
        Qualification.objects.filter(type=type, checked_at__lt=as_of)
        .exclude(worker__in=_in_flight(type))
        .exclude(worker__worker_id=None)  # erased: there is nobody to ask about
        .order_by("checked_at", "pk")
        .select_related("worker")[:limit]
    )
    return list(rows)


def apply_worker_check(
    *, actor: Actor, type: QualificationType, worker: Worker, seen: SeenHolder | None, as_of: datetime
) -> HolderCounts:
    """Keep what Amazon answered about one worker. `seen` None: the worker never held the type.

    Where Amazon says "revoked" it does not tell the score; ours is kept then.
    """
    counts = HolderCounts()
    if seen is None:
        held = Qualification.objects.filter(type=type, worker=worker, checked_at__lte=as_of)
        if not held.exists():
            return counts
        seen = SeenHolder(worker.worker_id or "", "Revoked", None, None, never_held=True)
    counts.add(apply_chunk(actor, type, [seen], as_of, first_time=False))
    return counts


def apply_chunk(
    actor: Actor,
    type: QualificationType,
    chunk: list[SeenHolder],
    as_of: datetime,
    first_time: bool,
    keep: Callable[[HolderCounts], None] | None = None,
) -> HolderCounts:
    """Bring these rows in line, in one transaction; `keep` is called in it with what it came to.

    The drain may write the same rows at the same time; whoever loses looks again.
    """
    for left in reversed(range(TRIES)):
        try:
            with audit.transaction(actor.context) as tx:
                result = _apply_chunk(tx, type, chunk, as_of, first_time)
                if keep is not None:
                    keep(result)
        except (IntegrityError, OperationalError):
            if not left:
                raise
            continue
        return result
    raise AssertionError("The last try returns or raises.")


def _apply_chunk(
    tx: Transaction, type: QualificationType, chunk: list[SeenHolder], as_of: datetime, first_time: bool
) -> HolderCounts:
    counts = HolderCounts()
    wanted = _by_worker_id(chunk, counts)
    busy = set(_in_flight(type))
    same, workers = agreeing(type, wanted, busy, as_of)
    for worker_id in erased_among([one for one, pk in workers.items() if pk is None]):
        del workers[worker_id]  # Amazon's list shall not bring them back
        counts.erased += 1
    note_checked(same, as_of)
    counts.unchanged = len(same)
    held = _held(type, [pk for pk in workers.values() if pk is not None and pk not in busy])
    differences: list[Difference] = []
    for worker_id, pk in workers.items():
        seen = wanted[worker_id]
        row = held.get(pk, Held()) if pk else Held()
        if pk in busy or (row.checked_at is not None and row.checked_at > as_of):
            counts.left_alone += 1
        elif pk is not None and row.agrees(seen):  # the drain wrote it since we looked
            counts.unchanged += 1
        else:
            differences.append(Difference(pk or uuid.uuid4(), seen, row))
    counts.new = sum(not one.held.status for one in differences)
    counts.changed = len(differences) - counts.new
    if differences:
        _record(tx, type, differences, first_time)
        _write(
            type, differences, {one.worker for one in differences} - {pk for pk in workers.values() if pk}, as_of
        )
        note_drift(type, _found(type, differences, first_time), as_of)
    return counts


def _by_worker_id(chunk: list[SeenHolder], counts: HolderCounts) -> dict[str, SeenHolder]:
    wanted = {}
    for seen in chunk:
        if WORKER_ID.fullmatch(seen.worker_id):
            wanted[seen.worker_id] = seen
        else:
            counts.strange += 1
    if counts.strange:
        logger.warning("Amazon listed %d holders with ids of no known form; they were left out", counts.strange)
    counts.seen = len(wanted)
    counts.granted = sum(seen.status == GRANTED for seen in wanted.values())
    return wanted


def _in_flight(type: QualificationType) -> "QuerySet[Change, uuid.UUID]":
    """Workers with a call of ours under way, which may or may not be in Amazon's list already."""
    return Change.objects.in_flight().filter(type=type).values_list("worker_id", flat=True)


def _held(type: QualificationType, workers: list[uuid.UUID]) -> dict[uuid.UUID, Held]:
    """Our rows, locked until the transaction ends so that the drain's newer word always comes last."""
    found: dict[uuid.UUID, Held] = {}
    for part in _parts(sorted(workers)):
        rows = (
            Qualification.objects.select_for_update(no_key=True)
            .filter(type=type, worker__in=part)
            .order_by("worker")
        )
        columns: Iterable[Any] = rows.values_list("worker_id", "status", "value", "checked_at", "audit_id")
        found.update((worker, Held(*values)) for worker, *values in columns)
    return found


def _found(type: QualificationType, differences: list[Difference], first_time: bool) -> list[Found]:
    """What was changed elsewhere. The first list differs from nothing, nor does a worker met before it."""
    if first_time:
        return []
    return [
        Found(
            worker=one.worker,
            held=(one.held.status, one.held.value),
            held_entry=one.held.entry,
            seen=(one.seen.status, one.seen.value if one.seen.status == GRANTED else None),
            never_held=one.seen.never_held,
            entry=_entry(one),
        )
        for one in differences
        if one.held.status or type.holders_synced_at is not None
    ]


def _record(tx: Transaction, type: QualificationType, differences: list[Difference], first_time: bool) -> None:
    """One entry for each change that somebody made elsewhere; one for all when we look for the first time."""
    stream, target = type.account.stream, type_target(type)
    if first_time:
        entry = tx.record(
            "qtype.synced",
            target=target,
            stream=stream,
            changes={"holders": [None, len(differences)], "differences": [None, len(differences)]},
        )
        for one in differences:
            one.entry = entry
        return
    for one in differences:
        changes: dict[str, list[object]] = {"status": [one.held.status or None, one.seen.status]}
        if one.seen.status == GRANTED:
            changes["value"] = [one.held.value, one.seen.value]
        one.entry = tx.record(
            "mturk.drift.detected", target=target, stream=stream, subject=one.worker, changes=changes
        )


# A revoked qualification keeps the score it had, for undoing; Amazon tells it only in its list. What somebody
# changed elsewhere is the newer wish: the end that a grant of ours had is forgotten.
_OVERWRITE: Final = """
ON CONFLICT (type_id, worker_id) DO UPDATE SET
  status = excluded.status,
  value = COALESCE(excluded.value, core_qualification.value),
  grant_time = COALESCE(excluded.grant_time, core_qualification.grant_time),
  checked_at = excluded.checked_at,
  expires_at = NULL,
  audit_id = excluded.audit_id"""


def _write(type: QualificationType, differences: list[Difference], new: set[uuid.UUID], as_of: datetime) -> None:
    moment, type_id = db_time(as_of), db_uuid(type.pk)
    insert_workers(
        {one.seen.worker_id: one.worker for one in differences if one.worker in new}, _entries(differences)
    )
    insert_rows(
        "core_qualification",
        "type_id, worker_id, status, value, grant_time, checked_at, audit_id",
        (_qualification_row(type_id, one, moment) for one in differences),
        _OVERWRITE,
    )
    insert_rows(
        "core_change",
        "job_id, n, line, type_id, worker_id, verb, status_before, value_before, value, state, attempt, code,"
        " message, aws_request_id, created_at, finished_at, due_at, lease_by, checks, throttles, audit_id",
        (_history_row(type_id, one, moment) for one in differences),
    )


def _qualification_row(type_id: object, one: Difference, moment: object) -> tuple[object, ...]:
    seen = one.seen
    entry = db_uuid(_entry(one))
    return (type_id, db_uuid(one.worker), seen.status, seen.value, db_time(seen.grant_time), moment, entry)


def _history_row(type_id: object, one: Difference, moment: object) -> tuple[object, ...]:
    """A change without a job: somebody else made it, and it is done."""
    granted = one.seen.status == GRANTED
    verb = Verb.GRANT if granted else Verb.REVOKE
    before = (one.held.status, one.held.value)
    after = (one.seen.value if granted else None, "done", 0, "", "", "")
    times = (moment, moment, moment, "", 0, 0, db_uuid(_entry(one)))
    return (None, 0, 0, type_id, db_uuid(one.worker), verb.value, *before, *after, *times)


def _entries(differences: list[Difference]) -> Mapping[uuid.UUID, uuid.UUID]:
    return {one.worker: _entry(one) for one in differences}


def _entry(one: Difference) -> uuid.UUID:
    if one.entry is None:
        raise AssertionError("A difference is written only after it was recorded.")
    return one.entry


def finish_holders(actor: Actor, type: QualificationType, as_of: datetime, counts: HolderCounts) -> None:
    """Note when the type was last read. An entry only if there is something to tell or somebody asked."""
    with audit.transaction(actor.context) as tx:
        asked, synced = (
            QualificationType.objects.filter(pk=type.pk).values_list("sync_asked_at", "holders_synced_at").get()
        )
        answers_somebody = asked is not None and (synced is None or synced < asked <= as_of)
        if (counts.differences and synced is not None) or answers_somebody:
            tx.record(
                "qtype.synced",
                target=type_target(type),
                stream=type.account.stream,
                changes={"holders": [None, counts.granted], "differences": [None, counts.differences]},
            )
        QualificationType.objects.filter(pk=type.pk).update(holders_synced_at=as_of)
    type.holders_synced_at = as_of


def record_sync_failed(*, actor: Actor, type: QualificationType, detail: str) -> None:
    """Amazon's list could not be read. Kept where somebody had asked; else it is tried again soon."""
    with audit.transaction(actor.context) as tx:
        row = QualificationType.objects.select_related("account").get(pk=type.pk)
        asked, synced = row.sync_asked_at, row.holders_synced_at
        if asked is not None and (synced is None or synced < asked):
            tx.record(
                "qtype.synced",
                target=type_target(row),
                stream=row.account.stream,
                outcome="failed",
                payload={"detail": detail},
            )
            QualificationType.objects.filter(pk=type.pk).update(sync_asked_at=None)


def _parts(values: list[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    for start in range(0, len(values), IN_LIST):
        yield values[start : start + IN_LIST]
