"""Calls to Amazon with different effects, as the log has them when they ended."""

from typing import Any

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.types import Target
from qualadmin.core.models import Change, Job, RequesterAccount
from tests.factories import ChangeFactory, JobFactory, TypeFactory, WorkerFactory
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
    }
