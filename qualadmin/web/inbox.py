"""What the inbox shows: which requests wait, what was answered a moment ago, and for what it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from qualadmin.core.models import (
    Change,
    Job,
    Preview,
    QualificationRequest,
    RequesterAccount,
    Study,
)

from .answers import answer_of, outcome_word
from .http import Request

SHOWN_FOR: Final = timedelta(minutes=2)
SHOWN: Final = 6
SESSION_PURPOSE: Final = "answers_for"
State = QualificationRequest.State


def requests_of(account: RequesterAccount) -> QuerySet[QualificationRequest]:
    return QualificationRequest.objects.filter(type__account=account).select_related("worker", "type")


def open_answer() -> Exists:
    """Whether somebody is answering a request: planned, on its way, or waiting for approval."""
    return Exists(Change.objects.filter(request=OuterRef("pk"), state__in=Change.OPEN))


def unanswered(account: RequesterAccount) -> QuerySet[QualificationRequest]:
    """Those that wait and that nobody is answering."""
    return requests_of(account).filter(~open_answer(), state=State.WAITING)


def neighbours(account: RequesterAccount) -> dict[str, Subquery]:
    """Of each request, the unanswered one before and after it, oldest first: what a query is annotated with."""
    rows, moment = unanswered(account).select_related(None), OuterRef("submitted_at")
    # `<=` first and the exact condition within it lets both databases enter the index there.
    before = Q(submitted_at__lte=moment) & (Q(submitted_at__lt=moment) | Q(pk__lt=OuterRef("pk")))
    after = Q(submitted_at__gte=moment) & (Q(submitted_at__gt=moment) | Q(pk__gt=OuterRef("pk")))
    return {
        "before": Subquery(rows.filter(before).order_by("-submitted_at", "-pk").values("pk")[:1]),
        "after": Subquery(rows.filter(after).order_by("submitted_at", "pk").values("pk")[:1]),
    }


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer given a moment ago. `seconds` are left to take it back; 0: too late."""

    change: Change
    seconds: int
    word: str
    text: str

    @property
    def is_open(self) -> bool:
        return self.change.state in Change.OPEN and self.change.job.state == Job.State.RUNNING  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Lately:
    """What was answered a moment ago, newest first."""

    rows: tuple[Answered, ...] = ()

    @property
    def polls(self) -> bool:
        """Whether more will become of one of them by itself."""
        return any(one.is_open for one in self.rows)

    @property
    def newest(self) -> int | None:
        """The newest one that can be taken back."""
        return next((one.change.pk for one in self.rows if one.seconds), None)


def answered_lately(request: Request, now: datetime | None = None) -> Lately:
    """The person's own single answers of the last minutes (one query)."""
    moment = now or timezone.now()
    rows = Change.objects.filter(
        job__created_by=request.user,
        job__account=request.account_in_use,
        job__source=Preview.Source.INBOX,
        job__created_at__gt=moment - SHOWN_FOR,
    )
    found = rows.select_related("job", "worker", "type").order_by("-job__created_at")[:SHOWN]
    return Lately(tuple(_answered(one, moment) for one in found))


def _answered(one: Change, now: datetime) -> Answered:
    left = 0
    waits = one.job is not None and one.job.state == Job.State.WAITING
    if one.state == Change.State.PLANNED and one.attempt == 0:
        left = max(0, round((one.due_at - now).total_seconds()))
    word = outcome_word(one)
    text = "Waits for approval." if waits else answer_of(one)
    if left and not waits:
        text = f"Is sent in {left} second{'s' if left != 1 else ''}."
    return Answered(one, left, word, text)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What answers are given for, as kept in the session: study and reason for the log."""

    study: Study | None = None
    reason: str = ""

    def is_enough(self, account: RequesterAccount) -> bool:
        """Whether the account takes answers with it."""
        named = self.study is not None or not account.is_production
        return named and bool(self.reason or not account.reason_required)


def purpose_of(request: Request, studies: Sequence[Study]) -> Purpose:
    """What was said last in this account; a study that was closed since no longer counts."""
    kept: dict[str, Any] = request.session.get(SESSION_PURPOSE, {}).get(str(request.account_in_use.pk), {})
    study = next((one for one in studies if str(one.pk) == kept.get("study")), None)
    return Purpose(study, str(kept.get("reason", "")))


def keep_purpose(request: Request, study: Study | None, reason: str) -> None:
    kept = dict(request.session.get(SESSION_PURPOSE, {}))
    kept[str(request.account_in_use.pk)] = {"study": str(study.pk) if study else "", "reason": reason}
    request.session[SESSION_PURPOSE] = kept
