"""One call to Amazon for one claimed change, and what its answer means for the change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from qualadmin.core.actions.claims import Claim
from qualadmin.core.actions.outcomes import Outcome, Result
from qualadmin.mturk.errors import (
    MTurkError,
    QualificationNotHeld,
    QualificationRevoked,
)
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import CallRecord

THROTTLED_WAIT: Final = timedelta(seconds=1)  # the pace does the real slowing down
FIRST_WAIT: Final = 5.0  # seconds, doubled with each attempt
LONGEST_WAIT: Final = 600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome with what the drain learns from it.

    `sent`: the call reached Amazon. `trouble`: no clear answer (counts for the breaker). `refusal`: the
    account's credentials were refused, in words.
    """

    outcome: Outcome
    epoch: int
    sent: bool = True
    trouble: bool = False
    refusal: str = ""


def call_amazon(
    gateway: QualificationGateway,
    claim: Claim,
    epoch: int,
    *,
    too_late: bool,
    clock: Callable[[], datetime],
) -> Answer:
    """Send the call once. Never raises for anything Amazon or the network does."""
    if too_late:
        outcome = Outcome(claim, Result.PUT_BACK, clock(), code="not_in_time", cause="not sent in time")
        return Answer(outcome, epoch, sent=False)
    try:
        record = _send(gateway, claim)
    except MTurkError as error:
        return _failure(claim, epoch, error, clock())
    return Answer(Outcome(claim, Result.DONE, clock(), aws=evidence(claim, record)), epoch)


def _send(gateway: QualificationGateway, claim: Claim) -> CallRecord:
    if claim.verb == "revoke":
        return gateway.disassociate(claim.mturk_type_id, claim.worker_id, claim.job.revoke_reason or None)
    if claim.value is None:
        raise ValueError("A grant without a score must not be planned.")
    return gateway.associate(claim.mturk_type_id, claim.worker_id, claim.value, claim.job.notify)


OPERATIONS: Final = {
    "grant": "AssociateQualificationWithWorker",
    "revoke": "DisassociateQualificationFromWorker",
    "check": "GetQualificationScore",
}


def evidence(claim: Claim, call: CallRecord, verb: str | None = None) -> dict[str, Any]:
    """What the audit entry keeps of a call."""
    return {
        "env": claim.job.environment,
        "op": OPERATIONS[verb or claim.verb],
        "request_id": call.aws_request_id,
        "http": call.http_status,
        "code": call.code,
        "turk_code": call.turk_code,
        "sdk_attempts": call.attempts,
        "ms": call.milliseconds,
    }


def _failure(claim: Claim, epoch: int, error: MTurkError, now: datetime) -> Answer:
    code = error.turk_code or error.code or type(error).__name__
    aws = evidence(claim, error.call)

    def outcome(result: Result, wait: timedelta = timedelta(0), **more: Any) -> Outcome:
        return Outcome(
            claim,
            result,
            now,
            code=code,
            message=error.for_people,
            detail=error.message,
            aws=aws,
            wait=wait,
            **more,
        )

    if claim.verb == "revoke" and isinstance(error, QualificationNotHeld | QualificationRevoked):
        return Answer(outcome(Result.SKIPPED), epoch)
    if error.outcome == "refused" or error.permanent:
        return Answer(outcome(Result.FAILED), epoch, sent=error.outcome == "refused")
    if error.outcome == "throttled":
        return Answer(outcome(Result.PUT_BACK, THROTTLED_WAIT, throttled=True, cause="throttled"), epoch)
    if error.outcome == "account":
        put_back = outcome(Result.PUT_BACK, cause="credentials refused")
        return Answer(put_back, epoch, sent=False, refusal=error.for_people)
    if error.outcome == "not_sent":
        wait = timedelta(seconds=min(FIRST_WAIT * 2 ** (claim.attempt - 1), LONGEST_WAIT))
        return Answer(outcome(Result.PUT_BACK, wait, cause="not sent"), epoch, sent=False, trouble=True)
    settle = timedelta(seconds=settings.SETTLE_SECONDS)
    return Answer(outcome(Result.UNKNOWN, settle), epoch, trouble=True)
