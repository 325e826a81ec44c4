"""Which jobs a second person must approve, and why: the limits, and how they are said."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from django.conf import settings
from django.db.models import Count, F, Q

from qualadmin.core.models import Change, Environment, Job, Preview, PreviewRow, RequesterAccount, Verb

from .previews import ACTIONABLE


class Rule(StrEnum):
    """What makes a job one that needs a second person."""

    WORKERS = "workers"  # reaches more workers than the limit
    REVOKES = "revokes"  # takes away from more workers than the limit
    LOWERS = "lowers"  # lowers any score
    EMAILS = "emails"  # lets Amazon write to any worker


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that a job breaks: how many there are, and how many are allowed without approval."""

    rule: Rule
    count: int
    limit: int

    @property
    def sentence(self) -> str:
        """What the job does, as the end of a sentence that begins with “It”."""
        workers = f"{self.count:,} worker{'s' if self.count != 1 else ''}"
        match self.rule:
            case Rule.WORKERS:
                return f"reaches {workers}, more than {self.limit:,}"
            case Rule.REVOKES:
                return f"takes away from {workers}, more than {self.limit:,}"
            case Rule.LOWERS:
                return f"lowers {self.count:,} score{'s' if self.count != 1 else ''}"
            case Rule.EMAILS:
                return f"lets Amazon e-mail {workers}"

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(Rule(stored["rule"]), stored["count"], stored["limit"])

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "rule": self.rule.value}


def asks_for_approval(account: RequesterAccount) -> bool:
    """Whether the rules hold in this account: in production, and in the emulator where a lab rehearses."""
    rehearses = settings.APPROVAL_REHEARSE and account.environment == Environment.EMULATOR
    return account.is_production or rehearses


def limits() -> dict[Rule, int]:
    """How many are allowed without a second person."""
    return {
        Rule.WORKERS: settings.APPROVAL_WORKERS,
        Rule.REVOKES: settings.APPROVAL_REVOKES,
        Rule.LOWERS: 0,
        Rule.EMAILS: 0,
    }


def reasons_of(preview: Preview) -> list[Reason]:
    """Why what this preview shows would wait for approval; empty where it would not (at most one query)."""
    return _broken(preview.account, _shown(preview)) if asks_for_approval(preview.account) else []


def reasons_for(job: Job) -> list[Reason]:
    """The same for the job just made of the preview. A score that rose meanwhile may now be lowered."""
    if not asks_for_approval(job.account):
        return []
    found = _shown(job.preview)
    lowered = Change.objects.filter(
        job=job, state=Change.State.PLANNED, status_before="Granted", value__lt=F("value_before")
    )
    found[Rule.LOWERS] = max(found[Rule.LOWERS], lowered.count())
    return _broken(job.account, found)


def _broken(account: RequesterAccount, found: dict[Rule, int]) -> list[Reason]:
    allowed = limits()
    return [Reason(rule, found[rule], allowed[rule]) for rule in Rule if found[rule] > allowed[rule]]


def _shown(preview: Preview) -> dict[Rule, int]:
    """What the preview would do, counted in workers (lowered scores: in scores)."""
    grants, revokes = Q(verb=Verb.GRANT), Q(group=PreviewRow.Group.REVOKE)
    lowers = Q(group=PreviewRow.Group.SCORE, value__lt=F("value_before"))
    rows = PreviewRow.objects.filter(preview=preview, group__in=ACTIONABLE).order_by()
    found = rows.aggregate(
        workers=Count("worker_id", distinct=True),
        revokes=Count("worker_id", distinct=True, filter=revokes),
        lowers=Count("pk", filter=lowers),
        told=Count("worker_id", distinct=True, filter=_told(preview, grants, revokes)),
    )
    return {
        Rule.WORKERS: found["workers"],
        Rule.REVOKES: found["revokes"],
        Rule.LOWERS: found["lowers"],
        Rule.EMAILS: found["told"],
    }


def _told(preview: Preview, grants: Q, revokes: Q) -> Q:
    """The rows whose workers get an e-mail of Amazon."""
    told = Q(pk__in=[])
    if preview.notify:
        told |= grants
    if preview.revoke_reason:
        told |= revokes
    return told
