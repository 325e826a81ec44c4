"""Answering workers' own requests: an answer is a change like any other, and the call waits for Amazon's."""

from typing import Any

from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.programs import answer_without_waiting
from qualadmin.core.actions.requests import request_reading
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Change, QualificationRequest, RequesterAccount, Verb
from qualadmin.core.permissions import Permission, require
from qualadmin.wire.errors import ApiError, request_decided, request_missing

from .call import Call
from .changes import AMAZONS_SCORE, outcome, study_of
from .finding import found_or_made, name_of

State = QualificationRequest.State


def accept(call: Call) -> dict[str, Any]:
    """Grant what the worker asked for."""
    score = call.parameters.get("IntegerValue", AMAZONS_SCORE)
    return _answered(call, Verb.ACCEPT, {"score": score})


def reject(call: Call) -> dict[str, Any]:
    """Turn the request down. The worker can read the reason."""
    return _answered(call, Verb.REJECT, {"revoke_reason": call.parameters.get("Reason", "")})


def _answered(call: Call, verb: Verb, wishes: dict[str, Any]) -> dict[str, Any]:
    account = call.key.account
    require(call.actor, Permission.GRANT, str(account.pk), production=account.is_production)
    number: str = call.parameters["QualificationRequestId"]
    name = name_of(call, number, wishes)
    wanted = Wishes(study=study_of(call), reason=call.reason, **wishes)
    reading = _Reading(call)

    def make() -> str | None:
        row = QualificationRequest.objects.filter(type__account=account, mturk_id=number).first()
        if row is None:
            reading.ask_or_refuse(request_missing(number))
            return None
        try:
            change = answer_without_waiting(actor=call.actor, request_id=row.pk, verb=verb, wishes=wanted)
        except ActionError as error:
            if error.code not in ("request_ended", "being_answered"):
                raise
            open_one = Change.objects.filter(
                request=row, verb=verb, state__in=Change.OPEN, job__created_by=call.actor.person_id
            ).first()
            if open_one is None:
                raise request_decided() from None
            return str(open_one.pk)
        return str(change.pk)

    return outcome(call, int(found_or_made(call, name, make)), name)


class _Reading:
    """Requests are read every few minutes; one we do not know may be newer than that."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._before = self._read_at()
        self._asked = False

    def _read_at(self) -> Any:
        rows = RequesterAccount.objects.filter(pk=self._call.key.account_id)
        return rows.values_list("requests_read_at", flat=True).get()

    def ask_or_refuse(self, refusal: ApiError) -> None:
        """Have Amazon's list read, once; raise the refusal when that was done."""
        if not self._asked:
            request_reading(actor=self._call.actor, account=self._call.key.account)
            self._asked = True
        elif self._read_at() != self._before:
            raise refusal
