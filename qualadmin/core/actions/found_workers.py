"""Workers found by the beginning of their id become a list to check. The id typed is written down nowhere."""

import uuid
from collections.abc import Collection, Iterator
from typing import Final

from django.conf import settings

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Preview, RequesterAccount, Verb, Worker
from qualadmin.core.models.byte_order import Compared
from qualadmin.core.permissions import Permission, require

from .hits import account_target
from .selections import NOBODY, list_to_check
from .workers import can_begin, workers_visible_to

PART: Final = 900  # workers looked at in one statement; SQLite's oldest limit of parameters is 999


def select_found(
    *,
    actor: Actor,
    account: RequesterAccount,
    text: str,
    workers: Collection[uuid.UUID] | None,
    verb: Verb,
) -> Preview:
    """Take in the ticked `workers`, or with None all whose id begins with `text`, in the order of their ids.

    Only workers that an account in the actor's scope has met count. Raises NotVisible for a ticked one who is not,
    or whose id begins otherwise; ActionError for nobody, and for more than one job takes (`UPLOAD_MAX_ROWS`).
    """
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    require(actor, Permission.FIND_WORKERS)
    prefix = text.strip().upper()
    ids = _all(actor, prefix) if workers is None else _ticked(actor, prefix, set(workers))
    if not ids:
        raise ActionError(NOBODY, code="nobody")
    which = f"all {len(ids):,} whose ID begins alike" if workers is None else f"{len(ids):,} ticked"
    origin = f"Workers found by their ID: {which}"
    preview = list_to_check(actor=actor, account=account, ids=ids, origin=origin, verb=verb)
    with audit.transaction(actor.context) as tx:
        tx.record(
            "list.found",
            target=account_target(account),
            stream=account.stream,
            changes={
                "sha256": [None, preview.file_sha256],
                "rows": [None, len(ids)],
                "matching": [None, workers is None],
                "verb": [None, verb.value],
            },
            payload={"origin": preview.origin},
        )
        preview.save(force_insert=True)
    return preview


def _ticked(actor: Actor, prefix: str, wanted: set[uuid.UUID]) -> list[str]:
    rows = workers_visible_to(actor).filter(pk__in=wanted).order_by().values_list("worker_id", flat=True)
    ids = sorted(one for one in rows if one is not None and can_begin(prefix) and one.startswith(prefix))
    if len(ids) != len(wanted):
        raise NotVisible
    return ids


def _all(actor: Actor, prefix: str) -> list[str]:
    limit, ids = settings.UPLOAD_MAX_ROWS, list[str]()
    for part in _parts(prefix) if can_begin(prefix) else ():
        # Not in an order: to save the sorting, SQLite would read all ids in theirs.
        visible = set(workers_visible_to(actor).filter(pk__in=part).order_by().values_list("pk", flat=True))
        ids += [worker_id for pk, worker_id in part.items() if pk in visible]
        if len(ids) > limit:
            raise ActionError(
                f"More than {limit:,} workers have an ID that begins so. One job takes at most {limit:,}. Nothing "
                "was done. Enter more of the ID, or tick single workers.",
                code="too_many_rows",
            )
    return ids


def _parts(prefix: str) -> Iterator[dict[uuid.UUID, str]]:
    """All whose id begins so, visible or not, in the order of their ids."""
    rows = Worker.objects.with_prefix(prefix)
    while part := dict(rows.values_list("pk", "worker_id")[:PART]):
        yield {pk: one for pk, one in part.items() if one is not None}
        rows = Worker.objects.with_prefix(prefix).filter(Compared("worker_id", ">", list(part.values())[-1] or ""))
