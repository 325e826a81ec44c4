"""Rows selected on a list, or the workers of a job, become a list to check. Nothing of it reaches Amazon."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Change, Job, Preview, Qualification, QualificationType, RequesterAccount, Verb
from qualadmin.core.permissions import Permission, require

from .endings import job_target
from .previews import check_type
from .types import type_target

#: Characters of `Preview.origin`.
ORIGIN_LIMIT: Final = 400
NOBODY: Final = "Nobody was selected, so nothing was done. Tick at least one worker, or all that match."


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of the list of holders of a type.

    `matching`: everything that the filter leaves, not single ticked rows. `filter` is that filter in words,
    without any worker id; "" where there is none.
    """

    rows: QuerySet[Qualification]
    matching: bool = False
    filter: str = ""


def list_to_check(
    *,
    actor: Actor,
    account: RequesterAccount,
    ids: Sequence[str],
    origin: str,
    verb: Verb,
    type: QualificationType | None = None,
) -> Preview:
    """The worker ids as a list, as if somebody had pasted them. Not saved: its entry comes first."""
    content = "\n".join(ids).encode()
    return Preview(
        account=account,
        created_by_id=actor.person_id,
        source=Preview.Source.LIST,
        origin=origin[:ORIGIN_LIMIT],
        content=content,
        file_size=len(content),
        file_sha256=hashlib.sha256(content).hexdigest(),
        verb=verb,
        type=type,
    )


def select_holders(*, actor: Actor, type: QualificationType, selection: Selection, verb: Verb) -> Preview:
    """Take in the selected workers as a list, in the order of the page: it stays as it is, whatever changes later.

    Raises ActionError if the type can't be given (or taken away) now, if nobody was selected, or more than one job
    takes (`UPLOAD_MAX_ROWS`). Workers who were erased have no id any more and are left out; the origin says so.
    """
    account = type.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    check_type(type, verb)
    ids, erased = _worker_ids(type, selection)
    origin = _origin(type, selection, len(ids), erased)
    preview = list_to_check(actor=actor, account=account, ids=ids, origin=origin, verb=verb, type=type)
    with audit.transaction(actor.context) as tx:
        tx.record(
            "list.selected",
            target=type_target(type),
            stream=account.stream,
            changes={
                "sha256": [None, preview.file_sha256],
                "rows": [None, len(ids)],
                "matching": [None, selection.matching],
                "verb": [None, verb.value],
            },
            payload={"origin": preview.origin},
        )
        preview.save(force_insert=True)
    return preview


def use_again(*, actor: Actor, job: Job, verb: Verb) -> Preview:
    """Take in the workers of a job as a new list, in its order and each once, whatever became of them.

    The job's type is chosen already where there is one and it can be given (or taken away) now. Raises ActionError
    while the job's lines are still being written down, and where none of its workers has an id any more: those who
    were erased are left out, and the origin says so.
    """
    account = job.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    if not Job.objects.visible_to(actor).filter(pk=job.pk).exists():
        raise NotVisible
    if job.prepares == Job.Prepares.LIST:
        raise ActionError(
            "This job is still being prepared, so its list is not whole yet. Nothing was done. Try again later.",
            code="preparing",
        )
    rows = dict(Change.objects.filter(job=job).order_by("n").values_list("worker", "worker__worker_id"))
    ids = [one for one in rows.values() if one is not None]
    if not ids:
        raise ActionError("No worker of this job has an ID any more, so there is no list. Nothing was done.")
    erased = f" ({len(rows) - len(ids):,} erased left out)" if len(rows) > len(ids) else ""
    preview = list_to_check(
        actor=actor,
        account=account,
        ids=ids,
        origin=f"Workers of the job “{job.title}”: {len(ids):,}{erased}",
        verb=verb,
        type=_usable(job.preview.type, verb),
    )
    with audit.transaction(actor.context) as tx:
        tx.record(
            "list.reused",
            target=job_target(job),
            stream=job.stream,
            job=str(job.pk),
            changes={"sha256": [None, preview.file_sha256], "rows": [None, len(ids)], "verb": [None, verb.value]},
            payload={"origin": preview.origin},
        )
        preview.save(force_insert=True)
    return preview


def _usable(type: QualificationType | None, verb: Verb) -> QualificationType | None:
    """The type, unless it cannot be used now: then another one is chosen on the next page."""
    if type is not None:
        try:
            check_type(type, verb)
        except ActionError:
            return None
    return type


def _worker_ids(type: QualificationType, selection: Selection) -> tuple[list[str], int]:
    """The ids, newest holder first as on the page, and how many rows have none any more."""
    limit = settings.UPLOAD_MAX_ROWS
    rows = selection.rows.filter(type=type).order_by("-pk").values_list("worker__worker_id", flat=True)
    found = list(rows[: limit + 1])  # never a count of everything: one more than the limit says enough
    if len(found) > limit:
        raise ActionError(
            f"More than {limit:,} workers were selected. One job takes at most {limit:,}. Nothing was done. "
            "Filter the list further, or tick single workers.",
            code="too_many_rows",
        )
    ids = [one for one in found if one is not None]
    if not ids:
        raise ActionError(NOBODY, code="nobody")
    return ids, len(found) - len(ids)


def _origin(type: QualificationType, selection: Selection, count: int, erased: int) -> str:
    """`Holders of “Wave 2”: all 471 with Status: Granted`, `Holders of “Wave 2”: 3 ticked`."""
    which = f"all {count:,}" if selection.matching else f"{count:,} ticked"
    if selection.matching and selection.filter:
        which += f" with {selection.filter}"
    left_out = f" ({erased:,} erased left out)" if erased else ""
    return f"Holders of “{type.name}”: {which}{left_out}"
