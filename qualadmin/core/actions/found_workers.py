"""Workers found by the beginning of their id or by a tag become a list to check. What was typed is written down
nowhere."""

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Preview, RequesterAccount, Verb, Worker
from qualadmin.core.models.byte_order import Compared
from qualadmin.core.permissions import Permission, require

from .hits import account_target
from .selections import NOBODY, list_to_check
from .workers import sought, workers_visible_to

PART: Final = 900  # workers looked at in one statement; SQLite's oldest limit of parameters is 999


@dataclass(frozen=True, slots=True)
class FoundSelection:
    """Some of those with the `tag`, or else of those whose id begins with `text`: the ticked `workers`, or all.

    Only workers that an account in the actor's scope has met count.
    """

    text: str = ""
    tag: str = ""
    workers: Collection[uuid.UUID] | None = None

    def read(self, actor: Actor, limit: int) -> dict[uuid.UUID, str]:
        """The ids by worker, in their order; more than `limit` where there are more, but not all of them.

        Raises NotVisible for a ticked one who is not the actor's to see, or not among those found.
        """
        require(actor, Permission.FIND_WORKERS)
        rows = sought(text=self.text, tag=self.tag)
        return _all(actor, rows, limit) if self.workers is None else _ticked(actor, rows, set(self.workers))

    def origin(self, count: int) -> str:
        """Where the workers come from, in words that hold nothing that was typed."""
        way, alike = ("a tag", "with it") if self.tag else ("their ID", "whose ID begins alike")
        which = f"all {count:,} {alike}" if self.workers is None else f"{count:,} ticked"
        return f"Workers found by {way}: {which}"


def select_found(*, actor: Actor, account: RequesterAccount, selection: FoundSelection, verb: Verb) -> Preview:
    """Take in the selected workers, in the order of their ids.

    Raises NotVisible as the selection does; ActionError for nobody, and for more than one job takes
    (`UPLOAD_MAX_ROWS`).
    """
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    limit = settings.UPLOAD_MAX_ROWS
    ids = list(selection.read(actor, limit).values())
    if len(ids) > limit:
        so = "this tag" if selection.tag else "an ID that begins so"
        instead = "Tick single workers." if selection.tag else "Enter more of the ID, or tick single workers."
        raise ActionError(
            f"More than {limit:,} workers have {so}. One job takes at most {limit:,}. Nothing was done. {instead}",
            code="too_many_rows",
        )
    if not ids:
        raise ActionError(NOBODY, code="nobody")
    origin = selection.origin(len(ids))
    preview = list_to_check(actor=actor, account=account, ids=ids, origin=origin, verb=verb)
    with audit.transaction(actor.context) as tx:
        tx.record(
            "list.found",
            target=account_target(account),
            stream=account.stream,
            changes={
                "sha256": [None, preview.file_sha256],
                "rows": [None, len(ids)],
                "matching": [None, selection.workers is None],
                "verb": [None, verb.value],
            },
            payload={"origin": preview.origin},
        )
        preview.save(force_insert=True)
    return preview


def _ticked(actor: Actor, rows: "QuerySet[Worker]", wanted: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    there = rows.filter(pk__in=wanted).values_list("pk", "worker_id")
    visible = set(workers_visible_to(actor).filter(pk__in=wanted).order_by().values_list("pk", flat=True))
    ids = {pk: worker_id for pk, worker_id in there if worker_id is not None and pk in visible}
    if len(ids) != len(wanted):
        raise NotVisible
    return ids


def _all(actor: Actor, rows: "QuerySet[Worker]", limit: int) -> dict[uuid.UUID, str]:
    ids = dict[uuid.UUID, str]()
    for part in _parts(rows):
        # Not in an order: to save the sorting, SQLite would read all ids in theirs.
        visible = set(workers_visible_to(actor).filter(pk__in=part).order_by().values_list("pk", flat=True))
        ids |= {pk: worker_id for pk, worker_id in part.items() if pk in visible}
        if len(ids) > limit:
            break
    return ids


def _parts(rows: "QuerySet[Worker]") -> Iterator[dict[uuid.UUID, str]]:
    """All of them, visible or not, in the order of their ids."""
    left = rows
    while part := dict(left.values_list("pk", "worker_id")[:PART]):
        yield {pk: one for pk, one in part.items() if one is not None}
        left = rows.filter(Compared("worker_id", ">", list(part.values())[-1] or ""))
