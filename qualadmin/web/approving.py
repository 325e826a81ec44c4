"""What a page says about the second person a job needs: beforehand, while it waits, and ever after."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from qualadmin.core.actions.approvals import approvers_of, held_otherwise, may_decide, may_withdraw, waiting_for
from qualadmin.core.actions.erasures import waiting_erasures
from qualadmin.core.actions.message_control import messages_waiting_for
from qualadmin.core.actions.thresholds import Reason
from qualadmin.core.actor import Actor
from qualadmin.core.models import Approval, Job, Letter, Message, RequesterAccount, Study, User

from .forms.approvals import DecisionForm
from .http import Request


def waiting_lists(actor: Actor) -> list[QuerySet[Any]]:
    """Jobs, messages and erasures that wait for this very person, in all accounts; none where none ever can."""
    lists: tuple[QuerySet[Any], ...] = (waiting_for(actor), messages_waiting_for(actor), waiting_erasures(actor))
    return [rows for rows in lists if not rows.query.is_empty()]


def joined(parts: list[str], word: str) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {word} ".join([*([", ".join(parts[:-1])] if parts[:-1] else []), *parts[-1:]])


def because(reasons: list[Reason]) -> str:
    """`reaches 412 workers, more than 200; and lets Amazon e-mail 412 workers`."""
    return "; and ".join(reason.sentence for reason in reasons)


def who_may_approve(account: RequesterAccount, study: Study | None, *, asked_by: int) -> str:
    """`Ada Person or Ben Person`; "" where there is nobody."""
    people = approvers_of(account, study, asked_by=asked_by)
    return joined([one.full_name for one in people], "or")


class Mails:
    """The mails that asked for the approval of a job or a message, and how they went."""

    def __init__(self, about: Job | Message) -> None:
        self.about = about

    @cached_property
    def letters(self) -> list[Letter]:
        """One to each who could decide then."""
        return list(self.about.letters.filter(kind=Letter.Kind.ASKED).select_related("to"))

    @property
    def told(self) -> str:
        """Who got the mail."""
        return joined([one.to.full_name for one in self.letters if one.state == Letter.State.SENT], "and")

    @property
    def untold(self) -> list[tuple[User, str]]:
        """Who did not get it, and why. Somebody should tell them."""
        return [(one.to, one.problem) for one in self.letters if one.problem and one.state != Letter.State.SENT]


class ApprovalCard:
    """The part of a job's page about its approval. `form` is a decision that was not accepted."""

    def __init__(self, request: Request, job: Job, approval: Approval, form: DecisionForm | None = None) -> None:
        self.job, self.approval = job, approval
        self.waits = job.state == Job.State.WAITING
        self.may_decide = self.waits and may_decide(request.actor, job)
        self.may_withdraw = self.waits and may_withdraw(request.actor, job)
        self.is_own = job.created_by_id == request.actor.user_id
        self.form = form or DecisionForm()
        self.mails = Mails(job)

    @property
    def because(self) -> str:
        return because([Reason.from_json(one) for one in self.approval.reasons])

    @cached_property
    def people(self) -> str:
        """Who may decide."""
        return who_may_approve(self.job.account, self.job.study, asked_by=self.job.created_by_id)

    @property
    def moved(self) -> int:
        """Workers who hold something else than when the job was confirmed."""
        return held_otherwise(self.job)

    @property
    def effects(self) -> list[tuple[str, int]]:
        """How many of what, as the check page counted them."""
        counts = self.job.preview.counts
        words = (("new", "New"), ("score", "Score changes"), ("revoke", "Taken away"), ("reject", "Rejected"))
        return [(word, counts[key]) for key, word in words if counts.get(key)]


def card_of(request: Request, job: Job, form: DecisionForm | None = None) -> ApprovalCard | None:
    """None for a job that needed nobody's approval."""
    approval: Approval | None = getattr(job, "approval", None)
    return None if approval is None else ApprovalCard(request, job, approval, form)
