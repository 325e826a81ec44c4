"""Rows selected on a list become a list of workers to check. Nothing of it reaches Amazon."""

import hashlib
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Preview, Qualification, QualificationType, Verb
from qualadmin.core.permissions import Permission, require

from .previews import check_type
from .types import type_target

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


def select_holders(*, actor: Actor, type: QualificationType, selection: Selection, verb: Verb) -> Preview:
    """Take in the selected workers as a list, in the order of the page: it stays as it is, whatever changes later.

    Raises ActionError if the type can't be given (or taken away) now, if nobody was selected, or more than one job
    takes (`UPLOAD_MAX_ROWS`). Workers who were erased have no id any more and are left out; the origin says so.
    """
    account = type.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    check_type(type, verb)
    ids, erased = _worker_ids(type, selection)
    content = "\n".join(ids).encode()
    preview = Preview(
        account=account,
        created_by_id=actor.person_id,
        source=Preview.Source.LIST,
        origin=_origin(type, selection, len(ids), erased),
        content=content,
        file_size=len(content),
        file_sha256=hashlib.sha256(content).hexdigest(),
        verb=verb,
        type=type,
    )
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
    return f"Holders of “{type.name}”: {which}{left_out}"[:400]
