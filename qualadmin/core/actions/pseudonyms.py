"""Whose pseudonym it is: asked by somebody with the right, with a reason and the password, and on record."""

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Final

from django.contrib.auth.hashers import check_password
from django.db.models import Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import (
    Change,
    Qualification,
    QualificationRequest,
    RequesterAccount,
    Study,
    User,
    Worker,
)
from qualadmin.core.permissions import Permission, Role, allowed, require
from qualadmin.core.pseudonyms import PSEUDONYM, pseudonym

from .sign_in import record_wrong_password
from .texts import clean_text
from .workers import workers_visible_to

REASON_LIMIT: Final = 2_000  # characters
REASON_LEAST: Final = 10
HOURLY_LIMIT: Final = 200  # questions of one person
CHUNK: Final = 10_000  # rows of one reading
SYSTEM: Final = "system"
ACTION: Final = "worker.revealed"


def streams_with_pseudonyms(actor: Actor) -> list[tuple[str, str]]:
    """Studies and accounts whose pseudonyms the person may ask about: stream, and what people call it."""
    grants = [one for one in actor.roles if one.role in {Role.PI, Role.MANAGER}]
    studies = Study.objects.all()
    if not any(one.role == Role.MANAGER and one.account_id is None for one in grants):
        studies = studies.filter(pk__in=actor.study_ids)
    accounts = [
        one
        for one in RequesterAccount.objects.visible_to(actor)
        if allowed(actor, Permission.REIDENTIFY, str(one.pk))
    ]
    return [
        *((one.stream, f"Study: {one.title}") for one in studies if grants),
        *((one.stream, f"Account: {one.name}") for one in accounts),
        *([(SYSTEM, "The whole installation")] if any(one.account_id is None for one in grants) else []),
    ]


def reidentify_worker(*, actor: Actor, stream: str, given: str, reason: str, password: str) -> Worker:
    """The worker who goes by the pseudonym `given` in that study or account.

    The question is an entry of the study or account, also where nobody goes by it. Raises ActionError for
    text that is no pseudonym, a reason too short, a wrong password (code `wrong_password`), too many questions
    within an hour, and a pseudonym that nobody has there.
    """
    require(actor, Permission.REIDENTIFY)
    if stream not in dict(streams_with_pseudonyms(actor)):
        raise NotVisible
    wanted = given.strip().upper()
    if not PSEUDONYM.fullmatch(wanted):
        raise ActionError(
            "This is no pseudonym. One looks like W-ABCDEFGHIJ: ten letters, or digits from 2 to 7, after W-. "
            "Nothing was looked up.",
            field="pseudonym",
        )
    why = clean_text(reason, field="reason", label="The reason", limit=REASON_LIMIT)
    if len(why) < REASON_LEAST:
        raise ActionError(
            f"Give a reason of at least {REASON_LEAST} characters. Nothing was looked up.", field="reason"
        )
    _check_password(actor, password)
    keys = _workers_in(actor, stream).values_list("pk", flat=True)
    key = next((one for one in keys.iterator(chunk_size=CHUNK) if pseudonym(one, stream) == wanted), None)
    found = Worker.objects.get(pk=key) if key else None
    with audit.transaction(actor.context) as tx:
        _check_rate(actor)
        tx.record(
            ACTION,
            stream=stream,
            subject=found.pk if found else None,
            changes={"found": [None, found is not None]},
            payload={"reason": why},
        )
    if found is None:
        raise ActionError(
            "Nobody you may see goes by this pseudonym there. Each study and account has pseudonyms of its own: "
            "choose where you read it. That you asked is in the audit log.",
            field="pseudonym",
            code="nobody",
        )
    return found


def _check_password(actor: Actor, password: str) -> None:
    if not check_password(password, User.objects.get(pk=actor.person_id).password):
        record_wrong_password(actor=actor)
        raise ActionError(
            "The password is not right. Nothing was looked up.", field="password", code="wrong_password"
        )


def _check_rate(actor: Actor) -> None:
    asked = AuditEntry.objects.filter(
        action=ACTION, actor_id=str(actor.person_id), recorded_at__gt=timezone.now() - timedelta(hours=1)
    )
    if asked.count() >= HOURLY_LIMIT:
        raise ActionError(
            f"You asked {HOURLY_LIMIT} times within an hour. Nothing was looked up. Try again later.",
            code="too_often",
        )


def _workers_in(actor: Actor, stream: str) -> "QuerySet[Worker]":
    """Whom pages and files call by a pseudonym of this stream, as far as the person's accounts have met them.

    A pseudonym cannot be turned round: all of them are tried, some 10 to 40 microseconds each.
    """
    workers = workers_visible_to(actor)
    kind, _, slug = stream.partition(":")
    if kind == "study":
        workers = workers.filter(pk__in=Change.objects.filter(job__study__slug=slug).values("worker"))
    elif kind == "account":
        met = (Qualification.objects, QualificationRequest.objects, Change.objects)
        workers = workers.filter(
            reduce(or_, (Q(pk__in=rows.filter(type__account__slug=slug).values("worker")) for rows in met))
        )
    return workers.order_by()
