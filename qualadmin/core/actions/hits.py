"""Who did a HIT: somebody asks, a task reads Amazon's lists page by page, the workers are kept for some days.

A reading is begun by `request_hit_reading` (a person, or the clock for a worker list) and is done when its state
says so; `work_of` then gives who handed in what and when.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import HIT_ID, WORKER_ID, HitReading, HitWork, ListSource, RequesterAccount
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import READ_HITS, ring

from . import readings
from ._sql import db_time, db_uuid, insert_rows
from .readings import Turn
from .seen import SeenWork
from .texts import escaped
from .workers import erased_among

MAX_HITS: Final = 1_000  # of one reading: two calls each, so some ten minutes at Amazon's pace
STATUSES: Final = ("Submitted", "Approved", "Rejected")
KEPT_DETAIL: Final = 2_000  # characters
NAMED: Final = 100  # HITs that the entry names, beside how many there are
PART: Final = 500  # rows forgotten in one transaction
State = HitReading.State


def hit_ids_of(text: str) -> list[str]:
    """The HIT ids of a pasted text, each once, in its order: between blanks, commas or line ends.

    Raises ActionError (field `hit_ids`) that names what can't be one.
    """
    found = list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
    wrong = [one for one in found if not HIT_ID.fullmatch(one)]
    if wrong:
        shown = ", ".join(f"“{escaped(one, 40)}”" for one in wrong[:5])
        more = f" and {len(wrong) - 5:,} more" if len(wrong) > 5 else ""
        raise ActionError(
            f"A HIT ID has capital letters and digits only. Not HIT IDs: {shown}{more}. Nothing was asked.",
            field="hit_ids",
            code="malformed",
        )
    return found


def request_hit_reading(
    *,
    actor: Actor,
    account: RequesterAccount,
    hit_ids: Collection[str],
    statuses: Collection[str] = STATUSES,
    source: ListSource | None = None,
) -> HitReading:
    """Ask Amazon who did these HITs. The row's `state` tells when the answer is there.

    `statuses`: which assignments count. `source`: of the list that goes by the answer. Raises ActionError for no
    HIT, for more than MAX_HITS, for ids that can't be, and for an archived account. The clock asks as a system
    actor; a person needs the right to ask Amazon.
    """
    if actor.kind != "system":
        require(actor, Permission.SYNC, str(account.pk))
    wanted, chosen = checked(hit_ids, statuses)
    with audit.transaction(actor.context) as tx:
        if RequesterAccount.objects.get(pk=account.pk).archived_at is not None:
            raise ActionError(f"{account.name} is archived. Nothing was asked.", code="archived")
        row = HitReading(
            account=account, source=source, asked_by_id=actor.user_id, hit_ids=wanted, statuses=chosen
        )
        tx.record(
            "hits.workers.requested",
            target=account_target(account),
            stream=account.stream,
            changes={
                "reading": [None, str(row.pk)],
                "hits": [None, len(wanted)],
                "statuses": [None, ", ".join(chosen)],
                **_of(source.pk if source else None),
            },
            payload={"hit_ids": " ".join(wanted[:NAMED])},
        )
        row.save(force_insert=True)
        ring(READ_HITS, str(row.pk))
    return row


def checked(hit_ids: Collection[str], statuses: Collection[str]) -> tuple[list[str], list[str]]:
    """The HIT ids, each once in their order, and the statuses in Amazon's order. Raises ActionError, as above."""
    wanted = hit_ids_of(" ".join(hit_ids))
    if not wanted:
        raise ActionError("No HIT was chosen. Nothing was asked.", field="hit_ids", code="no_hit")
    if len(wanted) > MAX_HITS:
        raise ActionError(
            f"At most {MAX_HITS:,} HITs can be read at once, and these are {len(wanted):,}. Nothing was asked. "
            "Ask in parts.",
            field="hit_ids",
            code="too_many",
        )
    chosen = [one for one in STATUSES if one in statuses]
    if not chosen or set(statuses) - set(STATUSES):
        raise ActionError("Choose which work counts.", field="statuses", code="no_status")
    return wanted, chosen


def _of(source_id: int | None) -> dict[str, list[object]]:
    """How entries name the source of a list."""
    return {} if source_id is None else {"source": [None, source_id]}


def account_target(account: RequesterAccount) -> Target:
    """How entries name an account."""
    return Target("account", str(account.pk), account.name)


# --- what the task does ---------------------------------------------------------------------------------------


def take_reading(reading_id: uuid.UUID) -> tuple[HitReading, Turn] | None:
    """The reading, to go on with; None if it is over or another task has it."""
    turn = readings.take_turn(_waiting(), reading_id)
    if turn is None:
        return None
    return HitReading.objects.select_related("account").get(pk=reading_id), turn


def keep_work(*, turn: Turn, reading: HitReading, seen: Iterable[SeenWork], token: str | None) -> bool:
    """Keep a page of work, and where the next one begins. False: another task reads on.

    `token` None: this HIT is read to its end, the next one comes. Read again, a page changes nothing.
    """
    rows = [one for one in seen if WORKER_ID.fullmatch(one.worker_id)]
    erased = set(erased_among({one.worker_id for one in rows}))
    rows = [one for one in rows if one.worker_id not in erased]
    with transaction.atomic():
        if not _go_on(turn, reading, token):
            return False
        _keep(reading, rows, "DO UPDATE SET status = excluded.status")
    return True


def _keep(reading: HitReading, rows: Iterable[SeenWork], again: str) -> None:
    insert_rows(
        "core_hitwork",
        "reading_id, assignment_id, hit_id, worker_id, status, submitted_at",
        (
            (
                db_uuid(reading.pk), one.assignment_id, one.hit_id, one.worker_id, one.status,
                db_time(one.submitted_at),
            )
            for one in rows
        ),
        f"ON CONFLICT (reading_id, assignment_id) {again}",
    )  # fmt: skip


def _go_on(turn: Turn, reading: HitReading, token: str | None) -> bool:
    if token is None:
        reading.place, reading.token, reading.restarts = reading.place + 1, "", 0
    else:
        reading.token = token
    return readings.keep_place(
        _waiting(),
        turn,
        place=reading.place,
        token=reading.token,
        restarts=reading.restarts,
        calls=F("calls") + 1,
    )


def begin_hit_again(*, turn: Turn, reading: HitReading) -> bool:
    """Amazon refused the token: read this HIT from its first page. False if that happened too often already."""
    if reading.restarts >= readings.RESTARTS:
        return False
    reading.token, reading.restarts = "", reading.restarts + 1
    return readings.keep_place(_waiting(), turn, token="", restarts=reading.restarts)


def skip_hit(*, turn: Turn, reading: HitReading, why: str) -> bool:
    """Amazon does not give this HIT, for good: note why, and go on with the next. False: another task reads on."""
    reading.unread = [*reading.unread, [reading.hit_ids[reading.place], why]]
    reading.place, reading.token, reading.restarts = reading.place + 1, "", 0
    return readings.keep_place(
        _waiting(), turn, place=reading.place, token="", restarts=0, unread=reading.unread, calls=F("calls") + 1
    )


def finish_reading(*, actor: Actor, turn: Turn, reading: HitReading) -> None:
    """Every HIT was read or skipped."""
    if len(reading.unread) == len(reading.hit_ids):
        _end(actor, turn, reading, State.FAILED, "Amazon gave none of these HITs.")
    elif _keep_earlier(turn, reading):
        work = HitWork.objects.filter(reading=reading)
        workers = work.order_by().values("worker_id").distinct().count()
        _end(actor, turn, reading, State.DONE, "", workers=workers, assignments=work.count())


def _keep_earlier(turn: Turn, reading: HitReading) -> bool:
    """HITs that Amazon did not give now (it deletes them in time) count as the source's last reading found them.

    False: another task has the turn. Done twice, it changes nothing.
    """
    gone = [one for one, _ in reading.unread]
    earlier = newest_answer(reading.source_id) if gone else None
    if earlier is None:
        return True
    fields = ("assignment_id", "hit_id", "worker_id", "status", "submitted_at")
    work = HitWork.objects.filter(reading=earlier, hit_id__in=gone).order_by("pk").values_list("pk", *fields)
    last = 0
    while part := list(work.filter(pk__gt=last)[:PART]):
        last = part[-1][0]
        with transaction.atomic():
            if not readings.keep_place(_waiting(), turn):
                return False
            _keep(reading, (SeenWork(*values) for _, *values in part), "DO NOTHING")
    return True


def newest_answer(source_id: int | None) -> HitReading | None:
    """The newest reading for this source of a list that Amazon answered."""
    done = HitReading.objects.filter(source=source_id, source__isnull=False, state=State.DONE)
    return done.order_by("-asked_at").first()


def fail_reading(*, actor: Actor, turn: Turn, reading: HitReading, why: str) -> None:
    """It can't be read to its end: what was read is of no use."""
    _end(actor, turn, reading, State.FAILED, why)


def _end(
    actor: Actor,
    turn: Turn,
    reading: HitReading,
    state: HitReading.State,
    why: str,
    workers: int = 0,
    assignments: int = 0,
) -> None:
    account = reading.account
    with audit.transaction(actor.context) as tx:
        if not readings.let_go(
            _waiting(), turn, state=state, failure=why, workers=workers, finished_at=timezone.now()
        ):
            return
        tx.record(
            "hits.workers.read",
            target=account_target(account),
            stream=account.stream,
            outcome="ok" if state == State.DONE else "failed",
            changes={
                "reading": [None, str(reading.pk)],
                "hits": [None, len(reading.hit_ids)],
                "workers": [None, workers],
                "assignments": [None, assignments],
                "unread": [None, len(reading.unread)],
                **_of(reading.source_id),
            },
            payload={"detail": escaped(why, KEPT_DETAIL)} if why else None,
        )


def release_reading(*, turn: Turn) -> None:
    """The slice of time is over, or the cluster ends: another task goes on from the page that was noted."""
    readings.let_go(_waiting(), turn)


def retry_reading_later(*, actor: Actor, turn: Turn, reading: HitReading, why: str) -> None:
    """No answer came. It is tried again after a while, and given up after several tries."""
    if not readings.try_again_later(_waiting(), turn):
        fail_reading(actor=actor, turn=turn, reading=reading, why=f"{readings.GAVE_UP} {why}")


def readings_to_go_on() -> list[uuid.UUID]:
    """Readings whose doorbell or process was lost, or whose time to try again has come."""
    return list(readings.due(_waiting()).values_list("pk", flat=True)[:50])


def _waiting() -> QuerySet[HitReading]:
    return HitReading.objects.filter(state=State.WAITING)


# --- what it came to ------------------------------------------------------------------------------------------


def work_of(reading: HitReading) -> Iterator[SeenWork]:
    """Who handed in what, by worker and in the order of time. A worker may come several times."""
    rows = HitWork.objects.filter(reading=reading).order_by("worker_id", "submitted_at", "pk")
    fields = ("assignment_id", "hit_id", "worker_id", "status", "submitted_at")
    for values in rows.values_list(*fields).iterator(chunk_size=2_000):
        yield SeenWork(*values)


def drop_old_readings(*, before: datetime) -> int:
    """Forget readings asked for before then, part by part: they hold worker ids. Returns how many went.

    What a list goes by stays as long as its source, and so does what was last heard for it.
    """
    same = HitReading.objects.filter(source=OuterRef("source"), asked_at__gt=OuterRef("asked_at"))
    followed = Q(source__dropped_at=None, source__list__archived_at=None, source__isnull=False)
    known = HitReading.objects.filter(asked_at__lt=before).exclude(followed & ~Exists(same))
    known = known.exclude(followed & Q(state=State.DONE) & ~Exists(same.filter(state=State.DONE)))
    old = list(known.order_by().values_list("pk", flat=True))
    for reading_id in old:
        rows = HitWork.objects.filter(reading=reading_id).order_by("pk")
        while part := list(rows.values_list("pk", flat=True)[:PART]):
            HitWork.objects.filter(pk__in=part).delete()
        HitReading.objects.filter(pk=reading_id).delete()
    return len(old)
