"""Previews: a list comes in, is read, and becomes the check page. Nothing of it reaches Amazon."""

import hashlib
import uuid
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import date
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Self

from django.db import connection, transaction
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.prepared import in_one_go
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.days import MOST_DAYS, day_of
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import (
    Preview,
    PreviewRow,
    QualificationType,
    RequesterAccount,
    Study,
    Verb,
)
from qualadmin.core.permissions import Permission, require
from qualadmin.core.reading import Plan, lines_of, table_of
from qualadmin.csvio import InputRefused

from . import parts
from ._sql import db_uuid, insert_row, insert_rows
from .diff import ERASED_BEFORE, Row, compare
from .leftovers import drop_part, forget
from .texts import clean_text

TEXT_LIMIT: Final = 2000  # characters
Group = PreviewRow.Group
DEALT_WITH: Final = "This list was already dealt with. Nothing was changed. Start again with a new list."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person wants to happen to the workers of the list."""

    score: int | None = None
    study: Study | None = None
    reason: str = ""
    notify: bool = False
    revoke_reason: str = ""
    until: date | None = None  # held through this day
    days: int | None = None  # or so many days after the day of the grant


def start_preview(
    *,
    actor: Actor,
    account: RequesterAccount,
    source: Preview.Source,
    content: bytes,
    file_name: str = "",
    verb: Verb = Verb.GRANT,
    header: bool | None = None,
) -> Preview:
    """Take in a list. Raises ActionError with the place and the cure if it can't be read at all.

    `header` says whether the first line has the names of the columns, None that it is to be found out.
    """
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    digest = hashlib.sha256(content).hexdigest()
    preview = Preview(
        account=account,
        created_by_id=actor.person_id,
        source=source,
        content=content,
        file_name=file_name[:120],
        file_size=len(content),
        file_sha256=digest,
        verb=verb,
    )
    try:
        # Nothing else of it is kept: saving the bytes takes room too.
        rows = len(table_of(preview, Plan(header=header)).rows)
    except InputRefused as refusal:
        _record_refusal(actor, preview, refusal)
        raise ActionError(refusal.message, field="list", code=refusal.code) from refusal
    with audit.transaction(actor.context) as tx:
        tx.record(
            "file.uploaded",
            target=Target("preview", str(preview.pk), preview.get_source_display()),
            stream=account.stream,
            changes={
                "sha256": [None, digest],
                "bytes": [None, len(content)],
                "rows": [None, rows],
                "source": [None, preview.source],
            },
            payload={"file_name": file_name[:120]} if file_name else None,
        )
        preview.save(force_insert=True)
    return preview


def _record_refusal(actor: Actor, preview: Preview, refusal: InputRefused) -> None:
    audit.record_now(
        actor.context,
        "file.rejected",
        outcome="denied",
        target=Target("preview", str(preview.pk), preview.get_source_display()),
        stream=preview.account.stream,
        changes={
            "sha256": [None, preview.file_sha256],
            "bytes": [None, preview.file_size],
            "code": [None, refusal.code],
        },
        payload={"file_name": preview.file_name, "detail": refusal.message},
    )


def plan_preview(*, actor: Actor, preview: Preview, plan: Plan, wishes: Wishes) -> Preview:
    """Work out line by line what would happen, and store exactly that. May be done again until confirmed.

    Raises ActionError for wishes that can't be (a score outside the type's range, a missing study); faults
    of single lines become rows of the group "cannot be done", all of them at once.
    """
    _require_own(actor, preview)
    types = _types_of(preview, plan)
    take_wishes(preview, types, wishes)
    preview.options = plan.as_json()
    preview.type = types.get("")
    try:
        table, _, reading = lines_of(preview, plan, types.values())
    except InputRefused as refusal:
        raise ActionError(refusal.message, field="list", code=refusal.code) from refusal
    preview.notes = [*table.notes, *reading.notes]
    table.rows.clear()  # the lines are read: of a large file both would be more than a process should hold
    keep_rows(preview, compare(reading, types, Verb(preview.verb), ends=has_end(preview)))
    return preview


def _require_own(actor: Actor, preview: Preview) -> None:
    account = preview.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    if preview.created_by_id != actor.user_id:
        raise NotVisible
    if preview.state in (Preview.State.CONFIRMED, Preview.State.DISCARDED):
        raise Conflict(DEALT_WITH)


def _types_of(preview: Preview, plan: Plan) -> dict[str, QualificationType]:
    """The chosen types, each of them grantable in this account."""
    found = {
        str(one.pk): one
        for one in QualificationType.objects.filter(pk__in=_ids(plan.types.values()), account=preview.account_id)
    }
    types = {}
    for name, pk in plan.types.items():
        one = found.get(pk)
        if one is None:
            raise ActionError(
                "This qualification type does not belong to the account in use. Choose another one.",
                field="type",
                code="foreign_type",
            )
        check_type(one, Verb(preview.verb))
        types[name] = one
    if not types:
        raise ActionError("Choose a qualification type.", field="type", code="no_type")
    return types


def _ids(texts: Iterable[str]) -> list[uuid.UUID]:
    """Those that are ids at all; they come from a form."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(uuid.UUID(text))
    return found


def check_type(qualification_type: QualificationType, verb: Verb) -> None:
    """Raise ActionError unless the type can be given (or taken away) now."""
    name = qualification_type.name
    if qualification_type.state != QualificationType.State.LIVE:
        raise ActionError(
            f"“{name}” is not at Amazon ({qualification_type.get_state_display().lower()}). Choose another type.",
            field="type",
            code="type_not_live",
        )
    if not qualification_type.is_requestable:
        raise ActionError(
            f"“{name}” is one of Amazon’s own types. Amazon alone gives it. Choose another type.",
            field="type",
            code="system_type",
        )
    if verb == Verb.GRANT and qualification_type.status == QualificationType.Status.INACTIVE:
        raise ActionError(
            f"“{name}” is inactive at Amazon. Choose another type, or have a manager make it active.",
            field="type",
            code="inactive_type",
        )


def take_wishes(preview: Preview, types: dict[str, QualificationType], wishes: Wishes) -> None:
    """Put what the person wants into the preview, unsaved. Raises ActionError for what can't be."""
    _check_wishes(preview, types, wishes)
    preview.score, preview.study, preview.notify = wishes.score, wishes.study, wishes.notify
    preview.hold_until, preview.hold_days = wishes.until, wishes.days
    preview.reason = clean_text(
        wishes.reason,
        field="reason",
        label="The reason",
        limit=TEXT_LIMIT,
        required=preview.account.reason_required,
    )
    preview.revoke_reason = clean_text(
        wishes.revoke_reason, field="revoke_reason", label="The reason", limit=TEXT_LIMIT, required=False
    )


def has_end(preview: Preview) -> bool:
    """Whether what is granted is held for a time only."""
    return preview.hold_until is not None or preview.hold_days is not None


def check_end(until: date | None, days: int | None) -> None:
    """Raise ActionError for an end that is over, out of range, or said twice."""
    if until is not None and days is not None:
        raise ActionError("Give a day or a number of days, not both.", field="days", code="two_ends")
    if until is not None and until < day_of(timezone.now()):
        raise ActionError("This day is over. Choose today or a later one.", field="until", code="past_day")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise ActionError(f"Give a number of days from 1 to {MOST_DAYS:,}.", field="days", code="days_range")


def _check_wishes(preview: Preview, types: dict[str, QualificationType], wishes: Wishes) -> None:
    account = preview.account
    check_end(wishes.until, wishes.days)
    if account.is_production and wishes.study is None:
        raise ActionError(
            "Name the study this is for. Every change in production belongs to one.",
            field="study",
            code="no_study",
        )
    if wishes.study is not None and not wishes.study.is_open:
        raise ActionError("This study is closed. Choose another one.", field="study", code="closed_study")
    if account.reason_required and not wishes.reason.strip():
        raise ActionError("Say why, for the audit log.", field="reason", code="no_reason")
    if wishes.score is not None:
        for one in types.values():
            if not one.min_score <= wishes.score <= one.max_score:
                raise ActionError(
                    f"The score of “{one.name}” is a whole number from {one.min_score} to {one.max_score}.",
                    field="score",
                    code="score_range",
                )


ACTIONABLE: Final = (Group.NEW, Group.SCORE, Group.REVOKE, Group.REJECT)


class Sum:
    """What the rows come to: lines per group, corrections that wait to be accepted, and one digest."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(PreviewRow.Group.values, 0)
        self.counts.update(proposed=0, corrected=0, requests=0)
        self.erased = 0  # lines with somebody who was erased here and would be known again
        self._digest = hashlib.sha256()

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        total = cls()
        for row in rows:
            total.add(row)
        return total

    def add(self, row: Row) -> None:
        actionable = row.group in ACTIONABLE
        self.counts[row.group] += 1
        self.erased += row.code == ERASED_BEFORE
        self.counts["proposed"] += bool(row.proposal and not row.worker_id)
        self.counts["corrected"] += bool(row.proposal and row.worker_id)
        self.counts["requests"] += row.has_request and actionable
        if actionable:
            answers = f" {uuid.UUID(str(row.request_id))}" if row.request_id else ""
            self._digest.update(f"{row.type_id} {row.worker_id} {row.verb} {row.value}{answers}\n".encode())

    @property
    def digest(self) -> str:
        """SHA-256 over what would be done, line by line: what was shown is what runs."""
        return self._digest.hexdigest()


def keep_rows(preview: Preview, rows: Iterable[Row]) -> None:
    """Replace the rows in small transactions; the preview is ready only when all of them are there."""
    preview.state = Preview.State.UPLOADED
    _save(preview)
    while drop_part(preview.pk):
        pass  # each part is a transaction of its own, unless the caller has one
    total, remaining = Sum(), iter(rows)
    while part := list(islice(remaining, parts.LINES)):
        for row in part:
            total.add(row)
        values = [_values(preview, row) for row in part]  # outside: nobody waits for it
        with transaction.atomic():
            _hold(preview)
            insert_rows("core_previewrow", _COLUMNS, values)
    preview.counts, preview.rows_sha256 = total.counts, total.digest
    if total.erased:
        preview.counts["erased"] = total.erased
        preview.notes = [
            _erased_note(total.erased),
            *preview.notes,
        ]  # the page shows the first one above all lines
    preview.state = Preview.State.READY
    _save(preview)


def _erased_note(lines: int) -> str:
    """Whoever grants to somebody who wanted to be forgotten must mean it."""
    told = "One line names a worker" if lines == 1 else f"{lines:,} lines name workers"
    return (
        f"{told} who had been erased here, as people are who withdraw from a study or ask to be forgotten. "
        "Leave them out, unless they came back themselves: granting stores the ID again, as somebody new."
    )


def _hold(preview: Preview) -> None:
    """Hold the preview's row: a list that was discarded and emptied meanwhile must not get lines again."""
    held = Preview.objects.select_for_update(no_key=True).filter(pk=preview.pk, state=Preview.State.UPLOADED)
    if held.values_list("pk", flat=True).first() is None:
        raise Conflict(DEALT_WITH)


def insert_ready(preview: Preview, rows: list[Row], *, state: Preview.State = Preview.State.READY) -> None:
    """Store a new preview with its few rows, ready to confirm. Call in a transaction."""
    total = Sum.of(rows)
    preview.counts, preview.rows_sha256, preview.state = total.counts, total.digest, state
    values = [_values(preview, row) for row in rows]
    with in_one_go(connection) if len(rows) == 1 else nullcontext():  # COPY goes by itself
        insert_row(preview)
        insert_rows("core_previewrow", _COLUMNS, values)


# bulk_create would take ten times as long, most of it with the database locked.
_FIELDS: Final = [field for field in PreviewRow._meta.concrete_fields if not field.primary_key]
_COLUMNS: Final = ", ".join(f'"{field.column}"' for field in _FIELDS)
_NAMES: Final = [field.attname for field in _FIELDS]
_UUIDS: Final = [_NAMES.index(name) for name in ("preview_id", "type_id", "known_id", "request_id")]
_take: Final = attrgetter(*_NAMES)


def _values(preview: Preview, row: Row) -> list[Any]:
    """The row in the order of _COLUMNS."""
    row.preview_id = preview.pk
    values = list(_take(row))
    for place in _UUIDS:
        if isinstance(values[place], uuid.UUID):
            values[place] = db_uuid(values[place])
    return values


def _save(preview: Preview) -> None:
    open_states = [Preview.State.UPLOADED, Preview.State.READY]
    moved = Preview.objects.filter(pk=preview.pk, state__in=open_states).update(
        **{
            name: getattr(preview, name)
            for name in (
                "state", "score", "study", "reason", "notify", "revoke_reason", "options", "type",
                "hold_until", "hold_days", "notes", "counts", "rows_sha256",
            )
        }
    )  # fmt: skip
    if moved != 1:
        raise Conflict(DEALT_WITH)


def discard_preview(*, actor: Actor, preview_id: uuid.UUID) -> None:
    """Forget a list that was not confirmed, with its bytes and rows; of a large one a task deletes the rows."""
    with transaction.atomic():
        preview = (
            Preview.objects.select_for_update(of=("self",), no_key=True)
            .select_related("account")
            .filter(pk=preview_id)
            .first()
        )
        if preview is None:
            raise NotVisible
        _require_own(actor, preview)
        forget(preview)
