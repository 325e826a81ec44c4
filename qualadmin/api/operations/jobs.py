"""Jobs and changes: how far they are, and what became of each."""

import re
from typing import Any, Final

from django.db.models import QuerySet

from qualadmin.api import shapes
from qualadmin.api.answers import Code, Refused
from qualadmin.api.operation import Answer, Call, Operation
from qualadmin.api.pages import PAGING, page_of
from qualadmin.api.parameters import Text, Uuid
from qualadmin.core.actions.thresholds import Reason
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Job, Verb
from qualadmin.core.permissions import Permission, Scope, allowed
from qualadmin.web.answers import answer_of
from qualadmin.web.progress import Progress

JOB: Final = shapes.thing(
    id=shapes.TEXT,
    created_at=shapes.TIME,
    finished_at=shapes.TIME_OR_NULL,
    state=shapes.one_of(*(one.name.lower() for one in Job.State)),
    kind=shapes.one_of(*Job.Kind.values),
    title=shapes.TEXT,
    account=shapes.TEXT,
    study=shapes.TEXT_OR_NULL,
    reason=shapes.TEXT,
    created_by=shapes.TEXT,
    undoes=shapes.TEXT_OR_NULL,
    approval=shapes.many(shapes.TEXT),
    progress=shapes.thing(
        total=shapes.INTEGER,
        left=shapes.INTEGER,
        done=shapes.INTEGER,
        failed=shapes.INTEGER,
        already_so=shapes.INTEGER,
        not_done=shapes.INTEGER,
        needs_person=shapes.INTEGER,
        percent=shapes.INTEGER,
    ),
)
CHANGE: Final = shapes.thing(
    id=shapes.TEXT,
    created_at=shapes.TIME,
    finished_at=shapes.TIME_OR_NULL,
    job_id=shapes.TEXT,
    verb=shapes.one_of(*Verb.values),
    state=shapes.one_of(*(one.name.lower() for one in Change.State)),
    code=shapes.TEXT,
    message=shapes.TEXT,
    QualificationTypeId=shapes.TEXT_OR_NULL,
    WorkerId=shapes.TEXT_OR_NULL,
    IntegerValue=shapes.INTEGER_OR_NULL,
    aws_request_id=shapes.TEXT,
)
JOB_ID: Final = Uuid("JobId", "Of the job; see ListJobs, and job_id of a change.", required=True)


def shown(job: Job) -> dict[str, Any]:
    """The job as answers hold it."""
    progress = Progress(job)
    return {
        "id": str(job.pk),
        "created_at": shapes.time(job.created_at),
        "finished_at": shapes.time_or_none(job.finished_at),
        "state": Job.State(job.state).name.lower(),
        "kind": job.kind,
        "title": job.title,
        "account": job.account.slug,
        "study": job.study.slug if job.study else None,
        "reason": job.reason,
        "created_by": job.created_by.full_name,
        "undoes": str(job.undoes_id) if job.undoes_id else None,
        "approval": _waits_because(job),
        "progress": {
            "total": job.total,
            "left": progress.left,
            "done": job.done,
            "failed": job.failed,
            "already_so": job.skipped,
            "not_done": progress.not_done,
            "needs_person": job.needs_person,
            "percent": progress.percent,
        },
    }


def _waits_because(job: Job) -> list[str]:
    """Why the job waits for a second person; nothing where it does not wait."""
    if job.state != Job.State.WAITING:
        return []
    asked = getattr(job, "approval", None)
    return [f"It {Reason.from_json(one).sentence}." for one in asked.reasons] if asked else []


def _change(actor: Actor, change: Change) -> dict[str, Any]:
    """Who sees pseudonyms on the pages gets no worker ID here."""
    ids = allowed(actor, Permission.SEE_WORKER_IDS, str(change.type.account_id))
    return {
        "id": str(change.pk),
        "created_at": shapes.time(change.created_at),
        "finished_at": shapes.time_or_none(change.finished_at),
        "job_id": str(change.job_id),
        "verb": change.verb,
        "state": Change.State(change.state).name.lower(),
        "code": change.code,
        "message": answer_of(change),
        "QualificationTypeId": change.type.mturk_id,
        "WorkerId": change.worker.worker_id if ids else None,
        "IntegerValue": change.value,
        "aws_request_id": change.aws_request_id,
    }


def _jobs(actor: Actor) -> "QuerySet[Job]":
    return Job.objects.visible_to(actor).select_related("account", "study", "created_by", "approval")


def find_job(call: Call) -> Job:
    """The job of the parameter JobId. Raises Refused 404."""
    job = _jobs(call.actor).filter(pk=call.values["JobId"]).first()
    if job is None:
        raise Refused(Code.NOT_FOUND, 404, "There is no such job, or it is not yours to see.")
    return job


def _get_job(call: Call) -> Answer:
    return Answer(shown(find_job(call)))


def _list_jobs(call: Call) -> Answer:
    return page_of(call, _jobs(call.actor), ("created_at", "pk"), shown, backwards=True)


def _get_change(call: Call) -> Answer:
    changes = Change.objects.select_related("type", "worker").filter(pk=int(call.values["ChangeId"]))
    change = changes.filter(job__in=Job.objects.visible_to(call.actor)).first()
    if change is None:
        raise Refused(Code.NOT_FOUND, 404, "There is no such change, or it is not yours to see.")
    return Answer(_change(call.actor, change))


def _list_changes(call: Call) -> Answer:
    rows = Change.objects.filter(job=find_job(call)).select_related("type", "worker")
    return page_of(call, rows, ("n", "pk"), lambda row: _change(call.actor, row))


OPERATIONS: Final = (
    Operation(
        name="GetChange",
        about="What became of one change: the one that a grant was answered with, or one of a job.",
        scope=Scope.READ,
        needs=(Permission.VIEW,),
        parameters=(
            Text("ChangeId", "The id of the change.", required=True, longest=18, pattern=re.compile("[0-9]{1,18}"),
                 must_be="Must be the id of a change: digits."),
        ),
        data=CHANGE,
        act=_get_change,
    ),
    Operation(
        name="GetJob",
        about="How far a job is.",
        scope=Scope.READ,
        needs=(Permission.VIEW,),
        parameters=(JOB_ID,),
        data=JOB,
        act=_get_job,
    ),
    Operation(
        name="ListJobs",
        about="The jobs of the accounts in reach, newest first.",
        scope=Scope.READ,
        needs=(Permission.VIEW,),
        parameters=PAGING,
        data=JOB,
        act=_list_jobs,
        is_list=True,
    ),
    Operation(
        name="ListChanges",
        about="The changes of a job in the order of its list, with what became of each.",
        scope=Scope.READ,
        needs=(Permission.VIEW,),
        parameters=(JOB_ID, *PAGING),
        data=CHANGE,
        act=_list_changes,
        is_list=True,
    ),
)  # fmt: skip
