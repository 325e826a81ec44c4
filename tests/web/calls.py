"""Calls to Amazon with different effects, as the log has them when they ended; jobs and approvals of set times."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.types import Target
from qualadmin.core.models import Approval, Change, Job, MessageRecipient, RequesterAccount
from tests.factories import (
    ChangeFactory,
    JobFactory,
    MessageFactory,
    RecipientFactory,
    TypeFactory,
    WorkerFactory,
)
from tests.web.lab import Lab


def finish(lab: Lab, job: Job, *, outcome: str = "ok", **fields: Any) -> int:
    """A change of the job with the entry that finished it. Returns the entry's number."""
    kind = TypeFactory(account=job.account)
    state = Change.State.DONE if outcome == "ok" else Change.State.FAILED
    change = ChangeFactory(type=kind, worker=WorkerFactory(), job=job, state=state, **fields)
    with audit.transaction(lab.cast.actor("granter").context) as tx:
        entry = tx.record(
            "mturk.call.finished",
            outcome=outcome,
            target=Target("qtype", str(kind.pk), kind.name),
            stream=job.stream,
            subject=change.worker_id,
            job=str(job.pk),
            changes={"state": ["sending", state.value]},
        )
        Change.objects.filter(pk=change.pk).update(audit_id=entry)
    return AuditEntry.objects.get(id=entry).seq


def mail(lab: Lab, *, outcome: str = "ok") -> int:
    """Somebody's mail of a message, for the PI's study, with the entry that finished it. Returns its number."""
    message = MessageFactory(account=lab.cast.account, study=lab.cast.study, created_by=lab.cast.granter, total=1)
    state = MessageRecipient.State.DONE if outcome == "ok" else MessageRecipient.State.FAILED
    one = RecipientFactory(message=message, worker=WorkerFactory())
    with audit.transaction(lab.cast.actor("granter").context) as tx:
        entry = tx.record(
            "message.mail.finished",
            outcome=outcome,
            target=Target("message", str(message.pk), "a message to 1 worker"),
            stream=lab.cast.study.stream,
            subject=one.worker_id,
        )
        MessageRecipient.objects.filter(pk=one.pk).update(state=state, audit_id=entry)
    return AuditEntry.objects.get(id=entry).seq


def make_calls(lab: Lab, production_account: RequesterAccount) -> dict[str, int]:
    """Calls with different effects, each by the number of its entry."""
    study, person = lab.cast.study, lab.cast.granter
    practice = JobFactory(account=lab.cast.account, study=study, created_by=person)
    real = JobFactory(account=production_account, study=study, created_by=person)
    telling = JobFactory(account=lab.cast.account, study=study, created_by=person, notify=True)
    saying = JobFactory(
        account=lab.cast.account, study=study, created_by=person, revoke_reason="The study is over."
    )
    held: dict[str, Any] = {"status_before": "Granted"}
    revoke: dict[str, Any] = {"verb": "revoke", "value": None}
    return {
        "practice": finish(lab, practice, value=80),
        "real": finish(lab, real, value=80),
        "real revoke": finish(lab, real, **revoke),
        "real refused": finish(lab, real, outcome="failed", value=80),
        "lowered": finish(lab, practice, value=10, value_before=80, **held),
        "raised": finish(lab, practice, value=90, value_before=80, **held),
        "told": finish(lab, telling, value=80),
        "told nothing": finish(lab, telling, **revoke),
        "said why": finish(lab, saying, **revoke),
        "not told": finish(lab, saying, value=80),
        "mailed": mail(lab),
        "not mailed": mail(lab, outcome="failed"),
    }


def job_at(lab: Lab, moment: datetime, **fields: Any) -> Job:
    """A job of the PI's study that began then."""
    job: Job = JobFactory(account=lab.cast.account, study=lab.cast.study, created_by=lab.cast.granter, **fields)
    with audit.transaction(lab.cast.actor("granter").context) as tx:
        entry = tx.record("job.created", target=Target("job", str(job.pk), job.title), job=str(job.pk),
                          stream=job.stream)  # fmt: skip
        Job.objects.filter(pk=job.pk).update(audit_id=entry, created_at=moment)
    return job


def last(weekday: int, hour: int) -> datetime:
    """The newest such moment, at least a day ago; Monday is 1."""
    day = timezone.now().astimezone(UTC).replace(hour=hour, minute=30) - timedelta(days=2)
    return day - timedelta(days=(day.isoweekday() - weekday) % 7)


def approve_after(lab: Lab, job: Job, time: timedelta) -> None:
    """The PI approved the job that long after it was asked for."""
    with audit.transaction(lab.cast.actor("pi").context) as tx:
        entry = tx.record("job.approval.granted", target=Target("job", str(job.pk), job.title), job=str(job.pk),
                          stream=job.stream)  # fmt: skip
        approval = Approval(job=job, decision="granted", decided_by=lab.cast.pi, audit_id=entry)
        approval.decided_at = timezone.now() + time
        approval.save(force_insert=True)
