"""Mails to our own people: written with the deed they tell of, sent by the task cluster when it gets to it.

A letter that cannot be sent never undoes what was done. It is tried a few times, and the page of the job or
message says how it went.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Job, Letter, Message, Study, StudyInvestigator, User
from qualadmin.core.months import Month
from qualadmin.core.queue import MAIL, ring

TRIES: Final = 5
IN_HAND: Final = timedelta(minutes=5)  # then the process that was sending it is taken for dead
NO_ADDRESS: Final = "no e-mail address is known here"
_UNDER_WAY: Final = (Letter.State.WAITING, Letter.State.SENDING)


def write_letters(about: Job | Message, people: Iterable[User], kind: Letter.Kind) -> None:
    """One letter to each, inside the caller's transaction. None where this installation sends no mail."""
    if not settings.EMAIL_ON:
        return
    now = timezone.now()
    named = {"job": about} if isinstance(about, Job) else {"message": about}
    letters = [_letter(person, kind, now, **named) for person in people]
    Letter.objects.bulk_create(letters)
    if any(one.state == Letter.State.WAITING for one in letters):
        ring(MAIL)


def write_month_letters(*, month: Month) -> None:
    """Tell the PIs of each study that its month is over, once, however often this is called.

    A study that is closed is told of only if something happened.
    """
    if not settings.EMAIL_ON:
        return
    now = timezone.now()
    named = StudyInvestigator.objects.filter(
        ended_at=None, user__is_active=True, study__created_at__lt=month.end
    ).select_related("study", "user")
    told = Letter.objects.filter(kind=Letter.Kind.MONTH, month=str(month)).values_list("study_id", "to_id")
    known = set(told)
    letters = [
        _letter(one.user, Letter.Kind.MONTH, now, study=one.study, month=str(month))
        for one in named
        if (one.study_id, one.user_id) not in known
        and (one.study.is_open or entries_of(one.study, month).exists())
    ]
    # Another process may be doing the same at this moment.
    with transaction.atomic():
        Letter.objects.bulk_create(letters, ignore_conflicts=True)
        if letters:
            ring(MAIL)


def entries_of(study: Study, month: Month) -> "QuerySet[AuditEntry]":
    """What the log has of the study in this month."""
    rows = AuditEntry.objects.filter(recorded_at__gte=month.begin, recorded_at__lt=month.end, stream=study.stream)
    return rows.order_by()


def _letter(person: User, kind: Letter.Kind, now: datetime, **about: Any) -> Letter:
    return Letter(
        to=person,
        kind=kind,
        due_at=now,
        state=Letter.State.WAITING if person.email else Letter.State.FAILED,
        problem="" if person.email else NO_ADDRESS,
        **about,
    )


def letters_are_due(*, now: datetime) -> bool:
    """Whether a letter waits whose doorbell was lost, or that is to be tried again."""
    return Letter.objects.filter(state__in=_UNDER_WAY, due_at__lte=now).exists()


def claim_letter(*, now: datetime) -> Letter | None:
    """Take the next letter in hand, if one is due. Two processes never get the same one at the same time."""
    while True:
        due = Letter.objects.filter(state__in=_UNDER_WAY, due_at__lte=now).order_by("due_at", "pk")
        about = ("job__account", "job__created_by", "message__account", "message__created_by", "study")
        letter = due.select_related(*about, "to").first()
        if letter is None:
            return None
        taken = Letter.objects.filter(pk=letter.pk, state=letter.state, tries=letter.tries).update(
            state=Letter.State.SENDING, tries=F("tries") + 1, due_at=now + IN_HAND
        )
        if taken:
            letter.tries += 1
            return letter


def record_letter(*, letter: Letter, problem: str = "") -> None:
    """Keep how the sending went. With a `problem` it is tried again later, each time after a longer wait."""
    now = timezone.now()
    rows = Letter.objects.filter(pk=letter.pk, state=Letter.State.SENDING, tries=letter.tries)
    if not problem:
        rows.update(state=Letter.State.SENT, sent_at=now, problem="")
        return
    state = Letter.State.WAITING if letter.tries < TRIES else Letter.State.FAILED
    rows.update(state=state, problem=problem[:200], due_at=now + timedelta(minutes=3**letter.tries))
