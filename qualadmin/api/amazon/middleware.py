"""Answers everything at /mturk/ before sessions, cookies, form tokens and pages come into play.

The doors in their order: form of the call, signature, operation, parameters, rights. No answer of ours is a 5xx:
client libraries would take it for Amazon's and repeat the call blindly.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from qualadmin.audit.types import EntryRefused
from qualadmin.core.actions.access import record_bad_host, record_denied
from qualadmin.core.errors import ActionError
from qualadmin.core.models import AccessKey, Environment
from qualadmin.web.peers import number, request_info
from qualadmin.wire import protocol
from qualadmin.wire.errors import ApiError, MarkupError, framework_error, serialization_error
from qualadmin.wire.protocol import Incoming
from qualadmin.wire.validation import OPERATION_NAMES, check

from .call import Again, Call, denied, ends_at, seat
from .door import Caller, caller_of
from .operations import CHANGES
from .reading import READING, read

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
PATHS: Final = frozenset({"/mturk", "/mturk/"})
BELOW: Final = "/mturk/"
REASON, STUDY = "x-qualadmin-reason", "x-qualadmin-study"
HEADER_LIMIT: Final = 2000
NO_DATABASE: Final = (OperationalError, InterfaceError)


class AmazonMiddleware:
    """Sits outside of all that knows sessions. Whatever happens, the answer has the form of Amazon's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in PATHS and not request.path_info.startswith(BELOW):
            return self.get_response(request)
        number(request)
        exchange = _Exchange(request)
        try:
            return _answer(json.dumps(exchange.content()).encode())
        except ApiError as error:
            return exchange.refusal(error)
        except NO_DATABASE:
            logger.exception("The database did not answer call %s", exchange.number)
            return exchange.refusal(Again("qualadmin’s database does not answer just now. Send the call again."))
        except EntryRefused:
            logger.critical("The audit log refused the entries of call %s", exchange.number, exc_info=True)
            text = "The audit log of qualadmin did not take the entry, so nothing was done. Tell a manager."
            return exchange.refusal(framework_error("InternalFailure", text))
        except Exception as error:
            logger.exception("Call %s failed", exchange.number)
            got_request_exception.send(sender=type(self), request=request, exception=error)
            text = f"Something went wrong in qualadmin. Our number: {exchange.number[:12]}"
            return exchange.refusal(framework_error("InternalFailure", text))


class _Exchange:
    """One request on its way through the doors."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.number: str = request.request_id  # type: ignore[attr-defined]
        self._key: AccessKey | None = None
        self._caller: Caller | None = None

    def content(self) -> dict[str, Any]:
        """The body of a success. Raises ApiError."""
        ends = ends_at()
        self._check_place()
        incoming = self._incoming()
        given = protocol.read(incoming)
        operation = incoming.operation
        if (
            operation not in OPERATION_NAMES
            or incoming.headers.get("x-amz-target") != protocol.TARGET_PREFIX + operation
        ):
            raise framework_error("UnknownOperationException", "")
        info = replace(request_info(self.request), route="mturk/")
        caller = self._caller = caller_of(incoming, info)
        self._key = caller.key
        call = Call(
            actor=caller.actor,
            key=caller.key,
            operation=operation,
            parameters=check(operation, given),
            reason=_said(incoming, caller, REASON) or caller.key.reason,
            study=_said(incoming, caller, STUDY) or (caller.key.study.slug if caller.key.study else ""),
            ends=ends,
        )
        try:
            with seat():
                return _carry_out(call)
        except ActionError as error:
            if error.status in {403, 404} and error.code != "approval_required":
                record_denied(actor=caller.actor, what=operation, detail=error.code)
            raise denied(error.message) from None

    def _check_place(self) -> None:
        try:
            self.request.get_host()
        except DisallowedHost:
            record_bad_host(request=request_info(self.request))
            raise denied("This site is not known under that name. Nothing was done.") from None
        if settings.HTTPS and not self.request.is_secure():
            raise denied("Use https. Nothing was done. Make a new access key: this call was readable on its way.")
        if self.request.method != "POST" or self.request.path_info not in PATHS:
            raise MarkupError("UnknownOperationException", "", status=404)

    def _incoming(self) -> Incoming:
        """The call as the wire modules know it. Raises ApiError for a body that is too large or was cut."""
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        length = headers.get("content-length", "") or "0"
        if not length.isascii() or not length.isdigit() or len(length) > 12:
            raise serialization_error()
        if int(length) > protocol.MAX_BODY:
            raise framework_error("RequestEntityTooLargeException", "", 413)
        try:
            body = self.request.body
        except RequestDataTooBig:
            raise framework_error("RequestEntityTooLargeException", "", 413) from None
        except UnreadablePostError:
            raise serialization_error() from None
        return Incoming(headers, body, path=self.request.path_info)

    def refusal(self, error: ApiError) -> HttpResponse:
        """The answer to somebody who is refused."""
        if self._caller is not None and error.kind == "ThrottlingException":
            self._caller.forget()  # sent again within the same second, it has the same signature
        real = self._key is not None and self._key.account.environment == Environment.PRODUCTION
        body = error.body("production" if real else "sandbox", time.time())
        return _answer(body, status=error.status, content_type=error.content_type)


def _carry_out(call: Call) -> dict[str, Any]:
    if call.operation in READING:
        return read(call)
    if act := CHANGES.get(call.operation):
        return act(call)
    raise denied(f"qualadmin does not offer {call.operation} to programs. Nothing was done.")


def _said(incoming: Incoming, caller: Caller, name: str) -> str:
    """What a header of ours says. It must be signed: else anybody on the way could write into the log."""
    text = incoming.headers.get(name, "").strip()
    if text and name not in caller.signed_headers:
        raise denied(f"The header {name} is not signed. Nothing was done. Set it before the call is signed.")
    if len(text) > HEADER_LIMIT:
        raise denied(f"The header {name} has more than {HEADER_LIMIT:,} characters. Nothing was done.")
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _answer(body: bytes, *, status: int = 200, content_type: str = protocol.CONTENT_TYPE) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type=content_type)
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response
