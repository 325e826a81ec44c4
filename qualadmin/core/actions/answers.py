"""Workers' answers to qualification tests: kept while their requests wait, forgotten some time after.

They are personal data. The lab's own keys to score them are kept here too.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import (
    AskedTest,
    QualificationRequest,
    QualificationType,
    RequestAnswers,
    ScoringKey,
    Worker,
)
from qualadmin.core.permissions import Permission, require
from qualadmin.core.scoring import faults_of

from .seen import SeenRequest
from .types import type_target

AT_ONCE: Final = 500
KEY_LIMIT: Final = 65_535  # characters, as Amazon's
State = QualificationRequest.State


def keep_answers(seen: Iterable[SeenRequest], rows: Iterable[QualificationRequest]) -> None:
    """Keep what came with these requests, where it is not kept yet. Call in a transaction."""
    waiting = {row.mturk_id: row for row in rows if row.state == State.WAITING}
    told = {one.mturk_id: one for one in seen if (one.answers or one.test) and one.mturk_id in waiting}
    wanted = [waiting[name] for name in told]
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        kept = set(RequestAnswers.objects.filter(request__in=part).values_list("pk", flat=True))
        erased = Worker.objects.filter(pk__in=[row.worker_id for row in part], erased_at__isnull=False)
        forgotten = set(erased.values_list("pk", flat=True))
        missing = [row for row in part if row.pk not in kept and row.worker_id not in forgotten]
        tests = _tests({(row.type_id, told[row.mturk_id].test) for row in missing})
        RequestAnswers.objects.bulk_create(
            RequestAnswers(
                request=row,
                test_id=tests.get((row.type_id, told[row.mturk_id].test)),
                text=told[row.mturk_id].answers,
            )
            for row in missing
        )


def _tests(wanted: set[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
    """The keys of these tests, each kept once for its type."""
    found = {}
    for type_id, text in wanted:
        if text:
            digest = hashlib.sha256(text.encode()).hexdigest()
            test, _ = AskedTest.objects.get_or_create(type_id=type_id, sha256=digest, defaults={"text": text})
            found[type_id, text] = test.pk
    return found


def forget_answers(*, actor: Actor, before: datetime) -> int:
    """Forget the answers of requests that ended before then. Returns how many there were.

    Part by part, each with its entry; that of a person who is asked for it again is at Amazon, or nowhere.
    """
    count = 0
    while part := _forget_part(actor, before):
        count += part
    with transaction.atomic():
        AskedTest.objects.filter(answers=None).delete()
    return count


def _forget_part(actor: Actor, before: datetime) -> int:
    with audit.transaction(actor.context) as tx:
        old = RequestAnswers.objects.exclude(request__state=State.WAITING).filter(request__closed_at__lt=before)
        ids = list(old.order_by().values_list("pk", flat=True)[:AT_ONCE])
        if ids:
            RequestAnswers.objects.filter(pk__in=ids).delete()
            tx.record("request.answers.forgotten", changes={"count": [None, len(ids)]})
    return len(ids)


def change_scoring_key(*, actor: Actor, type: QualificationType, text: str, test: str = "") -> None:
    """Keep the lab's own AnswerKey for a type, or take it away (""). Amazon is not told and no score changes.

    `test` is the QuestionForm that it must fit. Raises ActionError with line and column of what is wrong.
    """
    require(actor, Permission.GRANT, str(type.account_id), production=type.account.is_production)
    text = text.strip()
    if len(text) > KEY_LIMIT:
        raise ActionError(f"A key has at most {KEY_LIMIT:,} characters.", field="text", code="too_long")
    faults = faults_of(text, test) if text else []
    if faults:
        raise ActionError(" ".join(faults[:5]), field="text", code="bad_key")
    with audit.transaction(actor.context) as tx:
        QualificationType.objects.select_for_update(no_key=True).get(pk=type.pk)
        old = ScoringKey.objects.filter(type=type).first()
        if (old.text if old else "") == text:
            return
        entry = tx.record(
            "qtype.key.changed",
            target=type_target(type),
            stream=type.account.stream,
            changes={"sha256": [_digest(old.text if old else ""), _digest(text)]},
        )
        key = old or ScoringKey(type=type)
        key.text, key.changed_by_id, key.audit_id = text, actor.person_id, entry
        key.save(force_insert=old is None, force_update=old is not None)


def _digest(text: str) -> str | None:
    return hashlib.sha256(text.encode()).hexdigest() if text else None
