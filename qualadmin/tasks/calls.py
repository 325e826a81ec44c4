"""What a reply of Amazon means for the claimed change."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings

from qualadmin.core.actions.claims import Claim
from qualadmin.core.actions.outcomes import Outcome, Result
from qualadmin.mturk.types import CallRecord

from .calling import Reply, Verb, Work

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


def work_of(claim: Claim, at: float, until: float) -> Work:
    """The call that carries out a claim."""
    return Work(
        number=claim.change_id,
        verb=cast("Verb", claim.verb),
        type_id=claim.mturk_type_id,
        worker_id=claim.worker_id,
        value=claim.value,
        notify=claim.job.notify,
        reason=claim.job.revoke_reason or None,
        at=at,
        until=until,
        request_id=claim.mturk_request_id,
    )


OPERATIONS: Final = {
    "grant": "AssociateQualificationWithWorker",
    "revoke": "DisassociateQualificationFromWorker",
    "accept": "AcceptQualificationRequest",
    "reject": "RejectQualificationRequest",
    "check": "GetQualificationScore",
    "list": "ListQualificationRequests",
}


def evidence(claim: Claim, call: CallRecord, verb: str) -> dict[str, Any]:
    """What the audit entry keeps of a call."""
    return {
        "env": claim.job.environment,
        "op": OPERATIONS[verb],
        "request_id": call.aws_request_id,
        "http": call.http_status,
        "code": call.code,
        "turk_code": call.turk_code,
        "sdk_attempts": call.attempts,
        "ms": call.milliseconds,
    }


def answer_of(claim: Claim, epoch: int, reply: Reply) -> Answer:
    """The outcome of one reply."""
    match reply.kind:
        case "done":
            return Answer(_outcome(claim, reply, Result.DONE), epoch)
        case "not_held":
            return Answer(_outcome(claim, reply, Result.SKIPPED), epoch)
        case "request_gone" if claim.real_attempts > 1:
            # It may have ended by the call before this one, whose answer was lost: look again.
            settle = timedelta(seconds=settings.SETTLE_SECONDS)
            return Answer(_outcome(claim, reply, Result.UNKNOWN, settle), epoch)
        case "request_gone":
            return Answer(replace(_outcome(claim, reply, Result.FAILED), request_ended=True), epoch)
        case "failed":
            return Answer(_outcome(claim, reply, Result.FAILED), epoch, sent=reply.attempts > 0)
        case "throttled":
            return Answer(_outcome(claim, reply, Result.PUT_BACK, THROTTLED_WAIT, "throttled"), epoch)
        case "refused_account":
            put_back = _outcome(claim, reply, Result.PUT_BACK, cause="credentials refused")
            return Answer(put_back, epoch, sent=False, refusal=reply.message)
        case "not_sent":
            wait = timedelta(seconds=min(FIRST_WAIT * 2 ** (claim.attempt - 1), LONGEST_WAIT))
            put_back = _outcome(claim, reply, Result.PUT_BACK, wait, "not sent")
            return Answer(put_back, epoch, sent=False, trouble=True)
        case "not_in_time":
            put_back = _outcome(claim, reply, Result.PUT_BACK, cause="not sent in time")
            return Answer(put_back, epoch, sent=False)
        case "unknown":
            settle = timedelta(seconds=settings.SETTLE_SECONDS)
            return Answer(_outcome(claim, reply, Result.UNKNOWN, settle), epoch, trouble=True)


def lost(claim: Claim, epoch: int) -> Answer:
    """The calling process ended with this claim in hand."""
    words = "The process that made this call ended before it could tell the answer."
    reply = Reply(claim.change_id, "unknown", datetime.now(UTC).timestamp(), message=words)
    return answer_of(claim, epoch, reply)


def _outcome(
    claim: Claim, reply: Reply, result: Result, wait: timedelta = timedelta(0), cause: str = ""
) -> Outcome:
    call = CallRecord(
        reply.request_id, reply.http_status, reply.code, reply.turk_code, reply.attempts, reply.milliseconds
    )
    return Outcome(
        claim,
        result,
        datetime.fromtimestamp(reply.at, UTC),
        code="" if result is Result.DONE else reply.turk_code or reply.code or reply.kind,
        message=reply.message,
        detail=reply.detail,
        aws=evidence(claim, call, claim.verb) if reply.attempts else None,
        wait=wait,
        throttled=reply.kind == "throttled",
        cause=cause,
    )
