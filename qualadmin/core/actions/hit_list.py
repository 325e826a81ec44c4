"""An account's HITs, copied so that people can choose from them, and the workers of chosen ones as a list."""

import uuid
from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import Hit, HitList, HitReading, HitWork, Preview, RequesterAccount, Verb
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import LIST_HITS, ring

from . import readings
from ._sql import db_time, db_uuid, insert_rows
from .hits import account_target
from .readings import Turn
from .seen import SeenHit
from .selections import list_to_check

TITLE: Final = 255  # characters kept; Amazon allows 128
PART: Final = 500  # rows forgotten in one transaction


def request_hit_list(*, actor: Actor, account: RequesterAccount) -> HitList:
    """Ask Amazon for the account's HITs. Asked again while the first is under way, it does nothing more."""
    require(actor, Permission.SYNC, str(account.pk))
    with audit.transaction(actor.context) as tx:
        locked = RequesterAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        if locked.archived_at is not None:
            raise ActionError(f"{account.name} is archived. Nothing was asked.", code="archived")
        row = HitList.objects.filter(pk=account.pk).first() or HitList(account=account)
        if not row.is_open:
            tx.record("hits.list.requested", target=account_target(account), stream=account.stream)
            row.asked_at, row.began_at, row.failure = timezone.now(), None, ""
            row.token, row.calls, row.tries, row.restarts, row.due_at = "", 0, 0, 0, None
            row.save()
        ring(LIST_HITS, str(account.pk))
    return row


def take_hit_list(account_id: uuid.UUID) -> tuple[HitList, Turn] | None:
    """The reading of the list, to go on with; None if nobody waits for it or another task has it."""
    turn = readings.take_turn(_open(), account_id)
    if turn is None:
        return None
    row = HitList.objects.select_related("account").get(pk=account_id)
    if row.began_at is None:
        row.began_at = timezone.now()
        HitList.objects.filter(pk=account_id, lease_by=turn.by).update(began_at=row.began_at)
    return row, turn


_AGAIN: Final = """
ON CONFLICT (account_id, hit_id) DO UPDATE SET
  title = excluded.title, status = excluded.status, max_assignments = excluded.max_assignments,
  available = excluded.available, pending = excluded.pending, completed = excluded.completed,
  seen_at = excluded.seen_at"""


def keep_hits(*, turn: Turn, row: HitList, seen: Iterable[SeenHit], token: str | None) -> bool:
    """Keep a page of HITs, and where the next one begins. False: another task reads on. Twice is once."""
    now = timezone.now()
    account = db_uuid(row.account_id)
    values = [
        (
            account, one.hit_id, one.title[:TITLE], one.status[:20], db_time(one.created_at or now),
            one.max_assignments, one.available, one.pending, one.completed, db_time(now),
        )
        for one in {one.hit_id: one for one in seen}.values()
    ]  # fmt: skip
    row.token = token or ""
    with transaction.atomic():
        if not readings.keep_place(_open(), turn, token=row.token, calls=F("calls") + 1):
            return False
        insert_rows(
            "core_hit",
            "account_id, hit_id, title, status, created_at, max_assignments, available, pending, completed,"
            " seen_at",
            values,
            _AGAIN,
        )
    return True


def begin_hit_list_again(*, turn: Turn, row: HitList) -> bool:
    """Amazon refused the token: read from the first page. False if that happened too often already."""
    if row.restarts >= readings.RESTARTS:
        return False
    row.token, row.restarts, row.began_at = "", row.restarts + 1, timezone.now()
    return readings.keep_place(_open(), turn, token="", restarts=row.restarts, began_at=row.began_at)


def finish_hit_list(*, turn: Turn, row: HitList) -> None:
    """The list was read to its end: HITs that were not in it are no longer at Amazon."""
    if not readings.let_go(_open(), turn, asked_at=None, token="", listed_at=row.began_at):
        return
    gone = Hit.objects.filter(account=row.account_id, seen_at__lt=row.began_at).order_by("pk")
    while part := list(gone.values_list("pk", flat=True)[:PART]):
        Hit.objects.filter(pk__in=part).delete()


def fail_hit_list(*, turn: Turn, why: str) -> None:
    """It can't be read to its end. What was copied stays."""
    readings.let_go(_open(), turn, asked_at=None, token="", failure=why)


def retry_hit_list_later(*, turn: Turn, why: str) -> None:
    """No answer came. It is tried again after a while, and given up after several tries."""
    if not readings.try_again_later(_open(), turn):
        fail_hit_list(turn=turn, why=f"{readings.GAVE_UP} {why}")


def release_hit_list(*, turn: Turn) -> None:
    """The slice of time is over: another task goes on."""
    readings.let_go(_open(), turn)


def hit_lists_to_go_on() -> list[uuid.UUID]:
    """Accounts whose list waits for a task."""
    return list(readings.due(_open()).values_list("pk", flat=True)[:50])


def _open() -> QuerySet[HitList]:
    return HitList.objects.filter(asked_at__isnull=False)


# --- into a preview -------------------------------------------------------------------------------------------


def select_hit_workers(*, actor: Actor, reading: HitReading, verb: Verb) -> Preview:
    """Take in the workers of a reading as a list, each once, in the order in which they first handed in.

    Raises Conflict while it is being read, ActionError if it found nobody or more than one job takes
    (`UPLOAD_MAX_ROWS`).
    """
    account = reading.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    if reading.state != HitReading.State.DONE:
        raise Conflict("Amazon's answer is not there yet, so there is no list. Nothing was done.", code="not_read")
    ids = _worker_ids(reading)
    origin = origin_of(reading, len(ids))
    preview = list_to_check(actor=actor, account=account, ids=ids, origin=origin, verb=verb)
    with audit.transaction(actor.context) as tx:
        tx.record(
            "hits.workers.selected",
            target=account_target(account),
            stream=account.stream,
            changes={
                "reading": [None, str(reading.pk)],
                "sha256": [None, preview.file_sha256],
                "rows": [None, len(ids)],
                "verb": [None, verb.value],
            },
            payload={"origin": preview.origin},
        )
        preview.save(force_insert=True)
    return preview


def _worker_ids(reading: HitReading) -> list[str]:
    limit = settings.UPLOAD_MAX_ROWS
    work = HitWork.objects.filter(reading=reading).order_by().values("worker_id")
    rows = work.annotate(first=Min("submitted_at"), row=Min("pk")).order_by("first", "row")
    ids = list(rows.values_list("worker_id", flat=True)[: limit + 1])
    if not ids:
        raise ActionError("Nobody handed in such work, so there is no list. Nothing was done.", code="nobody")
    if len(ids) > limit:
        raise ActionError(
            f"More than {limit:,} workers did these HITs. One job takes at most {limit:,}. Nothing was done. "
            "Ask about fewer HITs at once.",
            code="too_many_rows",
        )
    return ids


def origin_of(reading: HitReading, count: int) -> str:
    """`Workers who did 2 HITs (work approved or rejected): 14`, with a HIT that is alone by its id."""
    hits = reading.hit_ids
    which = f"the HIT {hits[0]}" if len(hits) == 1 else f"{len(hits):,} HITs"
    words = "" if len(reading.statuses) == 3 else f" (work {' or '.join(reading.statuses).lower()})"
    missing = f"; {len(reading.unread):,} HITs could not be read" if reading.unread else ""
    return f"Workers who did {which}{words}: {count:,}{missing}"[:400]
