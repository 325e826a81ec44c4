"""What can be asked of a job that is on its way: pause, resume, stop, and send again what failed."""

import uuid
from typing import Final, Protocol

from qualadmin.api.operation import Answer, Call, Operation, Repeats
from qualadmin.core.actions.approvals import withdraw_job
from qualadmin.core.actions.control import pause_job, resume_job, retry_failed, stop_job
from qualadmin.core.actor import Actor
from qualadmin.core.models import Job
from qualadmin.core.permissions import Permission, Scope

from .jobs import JOB, JOB_ID, find_job, shown

#: Who started the job, or who may stop those of everybody; the action looks at whose it is.
_OWN: Final = (Permission.CONTROL_OWN_JOBS,)
_ANY: Final = (*_OWN, Permission.STOP_JOBS)


class _Action(Protocol):
    def __call__(self, *, actor: Actor, job_id: uuid.UUID) -> Job: ...


def _operation(name: str, about: str, needs: tuple[Permission, ...], action: _Action) -> Operation:
    def act(call: Call) -> Answer:
        action(actor=call.actor, job_id=find_job(call).pk)
        return Answer(shown(find_job(call)))

    return Operation(
        name=name,
        about=f"{about} The answer is the job as it is then.",
        scope=Scope.GRANT,
        needs=needs,
        parameters=(JOB_ID,),
        data=JOB,
        act=act,
        repeats=Repeats.ONCE,
    )


OPERATIONS: Final = (
    _operation("PauseJob", "Hold a job back; calls in hand are finished.", _ANY, pause_job),
    _operation("ResumeJob", "Let a paused job go on.", _OWN, resume_job),
    _operation("StopJob", "End a job for good; calls in hand are finished.", _ANY, stop_job),
    _operation("RetryJob", "Send again what failed.", _OWN, retry_failed),
    _operation("WithdrawJob", "Take one’s own job back that waits for approval.", _OWN, withdraw_job),
)
