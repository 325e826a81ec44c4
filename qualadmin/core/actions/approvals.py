"""The second person: a job above a limit waits until a PI of its study approves it or sends it back."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Who
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    INTEGER_MAX,
    Approval,
    Change,
    Environment,
    Job,
    Letter,
    Qualification,
    RequesterAccount,
    Study,
    StudyInvestigator,
    User,
    Verb,
)
from qualadmin.core.permissions import PERMISSIONS, Permission, allowed
from qualadmin.core.queue import DRAIN, GIVE_UP, PREPARE, ring

from . import parts
from .endings import GIVES_UP, finish_job, job_target
from .letters import write_letters
from .rows import locked, move
from .texts import clean_text
from .thresholds import Reason

WORDS_LIMIT: Final = 2000  # characters
_AFTER: Final = {
    Approval.Decision.GRANTED: ("job.approval.granted", Job.State.RUNNING),
    Approval.Decision.DECLINED: ("job.approval.declined", Job.State.DECLINED),
    Approval.Decision.WITHDRAWN: ("job.approval.withdrawn", Job.State.WITHDRAWN),
}


def may_decide(actor: Actor, job: Job) -> bool:
    """Whether the person may approve the job or send it back: a PI of its study who did not ask for it."""
    return job.created_by_id != actor.user_id and may_approve_in(actor, job.account, str(job.study_id))


def may_approve_in(actor: Actor, account: RequesterAccount, study_id: str) -> bool:
    """Whether the person is a PI of the study who may approve what is sent in the account."""
    return study_id in actor.study_ids and allowed(
        actor, Permission.APPROVE_JOBS, str(account.pk), production=account.is_production
    )


def may_withdraw(actor: Actor, job: Job) -> bool:
    """Whoever asked may withdraw it, even after losing the role: less will happen, not more."""
    return job.created_by_id == actor.user_id


def approvers_of(account: RequesterAccount, study: Study | None, *, asked_by: int) -> list[User]:
    """The people who could approve a job of `asked_by` for this study, by name (two queries a PI at most)."""
    if study is None:
        return []
    named = StudyInvestigator.objects.filter(study=study, ended_at=None, user__is_active=True)
    people = User.objects.filter(pk__in=named.values("user")).exclude(pk=asked_by)
    return [one for one in people if may_approve_in(one.as_actor(), account, str(study.pk))]


def refuse_without_approver(account: RequesterAccount, study: Study | None, *, asked_by: int) -> list[User]:
    """The approvers. Raises ActionError if there is nobody: the job would wait for ever."""
    people = approvers_of(account, study, asked_by=asked_by)
    if study is None:
        raise ActionError("Name the study this is for. One of its PIs must approve it.", code="no_study")
    if not people:
        real = " that reaches real workers" if account.is_production else ""
        raise ActionError(
            f"A second person must approve this, and the study “{study.title}” has no other PI with a role{real}. "
            "Nothing was done; your list is kept. A manager can name a PI or give that right.",
            code="nobody_approves",
        )
    return people


def waiting_for(actor: Actor) -> QuerySet[Job]:
    """Jobs that this very person can decide on, in all accounts in scope, the oldest first."""
    if not actor.study_ids or not allowed(actor, Permission.APPROVE_JOBS):
        return Job.objects.none()
    mine = Q(study__in=actor.study_ids) & ~Q(created_by=actor.user_id)
    return Job.objects.filter(mine, where_approving(actor), state=Job.State.WAITING).order_by("created_at")


def where_approving(actor: Actor) -> Q:
    """The accounts in which the person may approve, as a condition: every page of a PI asks."""
    places = Q(pk__in=[])
    for grant in actor.roles:
        if Permission.APPROVE_JOBS in PERMISSIONS[grant.role]:
            # Not an empty Q(): combined with “or” it would be left out, and the place with it.
            place = Q(account__isnull=False) if grant.account_id is None else Q(account=grant.account_id)
            places |= place if grant.can_production else place & ~Q(account__environment=Environment.PRODUCTION)
    return places & Q(account__archived_at=None)


def ask_for_approval(tx: Transaction, job: Job, reasons: Sequence[Reason]) -> None:
    """Let a job that was just made wait, inside the caller's transaction.

    Also where nobody could approve it at the moment: whoever confirmed it was told so then, but a large job is
    written down first, and its only PI may have lost the right meanwhile. Its page says so, and it waits for a
    manager to name one.
    """
    people = approvers_of(job.account, job.study, asked_by=job.created_by_id)
    entry = tx.record(
        "job.approval.requested",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={
            "state": [None, Job.State.WAITING.value],
            **{reason.rule.value: [reason.limit, reason.count] for reason in reasons},
        },
    )
    Approval(job=job, reasons=[one.as_json() for one in reasons], audit_id=entry).save(force_insert=True)
    move(Job.objects.filter(pk=job.pk), entry=entry, state=Job.State.WAITING)
    job.state = Job.State.WAITING
    write_letters(job, people, Letter.Kind.ASKED)


def approve_job(*, actor: Actor, job_id: uuid.UUID, words: str = "") -> Job:
    """Release the job as it was confirmed. What has come true meanwhile is left out, as when confirming.

    A large job is gone through part by part (preparing.py) and then runs.
    Raises NotAllowed for anybody but another PI of the study, Conflict if it no longer waits.
    """
    words = _clean(words)
    with audit.transaction(actor.context) as tx:
        job = _waiting(actor, job_id)
        _require_decide(actor, job)
        entry = _decide(tx, actor, job, Approval.Decision.GRANTED, words)
        write_letters(job, [job.created_by], Letter.Kind.GRANTED)
        if job.state == Job.State.PREPARING:
            ring(PREPARE, str(job.pk))
        elif bring_up_to_date(job, entry, timezone.now()):
            ring(DRAIN, str(job.account_id))
        else:
            finish_job(tx, job.pk)
    job.refresh_from_db()
    return job


def send_back_job(*, actor: Actor, job_id: uuid.UUID, words: str) -> Job:
    """Refuse the job, with words for the person who asked. Nothing of it is ever sent. Raises as approve_job."""
    words = _clean(words)
    if not words:
        raise ActionError("Say why you send it back: who asked must know what to change.", field="words")
    with audit.transaction(actor.context) as tx:
        job = _waiting(actor, job_id)
        _require_decide(actor, job)
        entry = _decide(tx, actor, job, Approval.Decision.DECLINED, words)
        _cancel(job, entry)
        write_letters(job, [job.created_by], Letter.Kind.DECLINED)
    job.refresh_from_db()
    return job


def withdraw_job(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """Take one's own request back before anybody decided. Raises NotAllowed for others, Conflict if decided."""
    with audit.transaction(actor.context) as tx:
        job = _waiting(actor, job_id)
        if not may_withdraw(actor, job):
            raise NotAllowed("Only who asked for this job can withdraw it. Nothing was done.")
        entry = _decide(tx, actor, job, Approval.Decision.WITHDRAWN, "")
        _cancel(job, entry)
    job.refresh_from_db()
    return job


def held_otherwise(job: Job) -> int:
    """How many workers of the job hold something else now than when it was confirmed (one query)."""
    held = Qualification.objects.filter(type=OuterRef("type"), worker=OuterRef("worker"))
    granted = held.filter(status=Qualification.Status.GRANTED)
    as_before = Q(Exists(granted.filter(value=OuterRef("value_before"))), status_before="Granted")
    none_before = ~Q(status_before="Granted") & Q(~Exists(granted))
    planned = Change.objects.filter(job=job, state=Change.State.PLANNED)
    return planned.exclude(as_before | none_before).count()


def still_approved(job: Job) -> bool:
    """Whether nobody had to approve the job, or who did still may. Asked whenever changes are taken in hand."""
    approval: Approval | None = getattr(job, "approval", None)
    if approval is None:
        return True
    person = approval.decided_by
    if approval.decision != Approval.Decision.GRANTED or person is None or not person.is_active:
        return False
    return may_decide(person.as_actor(), job)


def approver_of(job: Job) -> Who | None:
    """Who released the job, as entries of its calls name them; None if nobody had to. Asks nothing if loaded."""
    approval: Approval | None = getattr(job, "approval", None)
    if approval is None or approval.decision != Approval.Decision.GRANTED:
        return None
    return approval.decided_by.as_who() if approval.decided_by else None


def _clean(words: str) -> str:
    return clean_text(words, field="words", label="The text", limit=WORDS_LIMIT, required=False)


def _waiting(actor: Actor, job_id: uuid.UUID) -> Job:
    """The job, locked. Raises NotVisible, and Conflict if it does not wait any more."""
    rows = Job.objects.visible_to(actor).select_related("account", "study", "created_by")
    try:
        job = locked(rows, job_id)
    except Job.DoesNotExist:
        raise NotVisible from None
    if job.state == Job.State.WAITING:
        return job
    approval = Approval.objects.filter(job=job).first()
    if approval is None:
        raise Conflict("This job does not wait for approval. Nothing was done.", code="not_waiting")
    raise Conflict(
        f"Somebody was faster: this job was {approval.get_decision_display().lower()} meanwhile. "
        "What you wanted was not done. Look at the job again.",
        code="decided_meanwhile",
    )


def _require_decide(actor: Actor, job: Job) -> None:
    if may_decide(actor, job):
        return
    if job.created_by_id == actor.user_id:
        raise NotAllowed(
            "You asked for this job yourself, so somebody else must decide. Nothing was done.", code="oneself"
        )
    raise NotAllowed("A PI of the study decides on this job. Nothing was done.", code="not_its_pi")


def _decide(tx: Transaction, actor: Actor, job: Job, decision: Approval.Decision, words: str) -> uuid.UUID:
    """Write decision and state, each on the condition that nobody else did."""
    action, to = _AFTER[decision]
    moved: dict[str, Any] = {"state": to}
    given_up = {}
    now = timezone.now()
    if to != Job.State.RUNNING:
        moved["finished_at"] = now
        given_up = {"given_up": [None, job.planned]}
    elif job.planned > parts.AT_ONCE:
        moved |= {"state": Job.State.PREPARING, "prepares": Job.Prepares.APPROVED, "prepared_to": 0}
    entry = tx.record(
        action,
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={"state": [job.state, moved["state"].value], **given_up},
        payload={"words": words} if words else None,
    )
    undecided = Approval.objects.filter(job=job, decision="")
    move(undecided, entry=entry, decision=decision, decided_by_id=actor.person_id, decided_at=now, words=words)
    move(Job.objects.filter(pk=job.pk, state=Job.State.WAITING), entry=entry, **moved)
    job.state = moved["state"]
    return entry


def _cancel(job: Job, entry: uuid.UUID) -> None:
    """Give up what waited; of a large job the task goes on with it (giving_up.py)."""
    if job.planned > parts.AT_ONCE:
        ring(GIVE_UP, str(job.pk))
        return
    _, code, _ = GIVES_UP[Job.State(job.state)]
    planned = Change.objects.filter(job=job, state=Change.State.PLANNED)
    count = planned.update(
        state=Change.State.CANCELLED, code=code, finished_at=timezone.now(), audit_id=entry
    )  # fmt: skip
    Job.objects.filter(pk=job.pk).update(planned=F("planned") - count, cancelled=F("cancelled") + count)


def bring_up_to_date(job: Job, entry: uuid.UUID, now: datetime, *, after: int = 0, to: int = INTEGER_MAX) -> int:
    """Days may have passed: leave out what is so already, and take down what each other worker holds now.

    From the change after number `after` up to number `to`. Returns how many of the job are left to be sent.
    """
    held = Qualification.objects.filter(type=OuterRef("type"), worker=OuterRef("worker"))
    granted = Exists(held.filter(status=Qualification.Status.GRANTED))
    same = held.filter(status=Qualification.Status.GRANTED, value=OuterRef("value"), expires_at=None)
    as_asked = Exists(same) if not job.has_end else Q(pk=None)
    planned = Change.objects.filter(job=job, state=Change.State.PLANNED, n__gt=after, n__lte=to)
    count = planned.filter(Q(as_asked, verb=Verb.GRANT) | Q(~granted, verb=Verb.REVOKE)).update(
        state=Change.State.SKIPPED, code="already_so", finished_at=now, audit_id=entry
    )
    planned.update(
        status_before=Coalesce(Subquery(held.values("status")[:1]), Value("")),
        value_before=Subquery(held.values("value")[:1]),
        due_at=now,
        audit_id=entry,
    )
    job.planned -= count
    Job.objects.filter(pk=job.pk).update(planned=F("planned") - count, skipped=F("skipped") + count)
    return job.planned
