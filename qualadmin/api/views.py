"""From a request to an answer: one view for all operations, and the OpenAPI document."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from qualadmin.core.actions.access import record_denied
from qualadmin.core.actions.repeats import Repeat, answer_first, answer_once
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.permissions import Permission, require
from qualadmin.web.peers import request_info

from .answers import Code, Refused, invalid, refusal, refused_by, success
from .body import check_headers, read_object
from .door import person_of
from .operation import Answer, Call, Operation, Repeats
from .parameters import taken

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

View = Callable[[HttpRequest], HttpResponseBase]


def view_of(operation: Operation) -> View:
    """The view of one operation. The doors in their order: method, token, right, headers, body, parameters."""

    def view(request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST":
            return method_not_allowed("POST")
        try:
            actor = person_of(request, request_info(request))
            return _answered(request, operation, actor)
        except Refused as refused:
            return refusal(refused)

    return view


def _answered(request: HttpRequest, operation: Operation, actor: Actor) -> HttpResponseBase:
    try:
        _require_one(actor, operation.needs)
        check_headers(request, operation.limit)
        key = _key(request)
        given = read_object(request, operation.limit)
        values = taken(operation.parameters, given)
        answer = _acted(operation, Call(actor, values), key, given)
    except ActionError as error:
        if error.status in {403, 404} and error.code != "approval_required":
            record_denied(actor=actor, what=operation.name, detail=error.code)
        return refusal(refused_by(error, operation.fields))
    if answer.file is not None:
        return answer.file.response()
    status = 202 if operation.accepted else 200
    return success(answer.data, status=status, next=answer.next, is_list=operation.is_list)


def _acted(operation: Operation, call: Call, key: str, given: Mapping[str, Any]) -> Answer:
    """What the operation answers; with a key, what it answered the first time, whatever has changed since."""
    if not key or operation.repeats is Repeats.READS:
        return operation.act(call)
    repeat = Repeat.of(key, f"{operation.name} {json.dumps(given, sort_keys=True)}")
    keep = answer_once if operation.repeats is Repeats.ONCE else answer_first
    return Answer(keep(actor=call.actor, repeat=repeat, act=lambda: operation.act(call).data))


def _require_one(actor: Actor, needs: tuple[Permission, ...]) -> None:
    """Whichever role and scope allow; else raise the refusal of the last one."""
    for one in needs[:-1]:
        with suppress(NotAllowed):
            require(actor, one)
            return
    require(actor, needs[-1])


def _key(request: HttpRequest) -> str:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise invalid({IDEMPOTENCY_KEY: ["Must have 1 to 255 visible ASCII characters, without blanks."]})
    return key


def method_not_allowed(accepted: str) -> HttpResponse:
    """405 in the envelope. `accepted`: the methods there are, with commas."""
    response = refusal(Refused(Code.VALIDATION_ERROR, 405, f"Use {accepted}. Nothing was done."))
    response.headers["Allow"] = accepted
    return response


def not_found(request: HttpRequest) -> HttpResponse:
    """404 in the envelope, for paths that are no operation."""
    return refusal(Refused(Code.NOT_FOUND, 404, "There is no such operation. See /api/v1/openapi.json."))
