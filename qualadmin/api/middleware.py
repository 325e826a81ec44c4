"""Answers everything below /api/ before sessions, cookies, form tokens and pages come into play."""

import logging
from collections.abc import Callable
from typing import Final

from django.core.exceptions import DisallowedHost
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from qualadmin.audit.types import EntryRefused
from qualadmin.core.actions.access import record_bad_host
from qualadmin.web.peers import number, request_info

from .answers import Code, Refused, refusal
from .views import not_found

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]
PREFIX: Final = "/api/"
NO_DATABASE: Final = (OperationalError, InterfaceError)
_AGAIN: Final = "Send it again later with the same Idempotency-Key: then nothing is done twice."


class ApiMiddleware:
    """Sits outside of all that knows sessions. Whatever happens, the answer is JSON in the envelope."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        request_id = number(request)
        try:
            response = _answer(request)
        except NO_DATABASE:
            logger.exception("The database did not answer request %s", request_id)
            response = refusal(Refused(Code.UNAVAILABLE, 503, f"The database does not answer just now. {_AGAIN}"))
        except EntryRefused:
            logger.critical("The audit log refused the entries of request %s", request_id, exc_info=True)
            text = f"The audit log did not take the entry, so nothing was done. Tell a manager. {_AGAIN}"
            response = refusal(Refused(Code.UNAVAILABLE, 503, text))
        except Exception as error:
            logger.exception("Request %s failed", request_id)
            got_request_exception.send(sender=type(self), request=request, exception=error)
            text = f"Something went wrong here. It is our fault, not yours. {_AGAIN} Our number: {request_id[:12]}"
            response = refusal(Refused(Code.UNAVAILABLE, 500, text))
        response.headers["X-Request-ID"] = request_id
        return response


def _answer(request: HttpRequest) -> HttpResponseBase:
    try:
        request.get_host()
    except DisallowedHost:
        return _foreign_host(request)
    if not str(request.META.get("RAW_URI", "/")).startswith("/"):  # a whole address in the request line
        return _foreign_host(request)
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return not_found(request)
    request.resolver_match = match
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


def _foreign_host(request: HttpRequest) -> HttpResponseBase:
    record_bad_host(request=request_info(request))
    text = "This site is not known under that name. Nothing was done."
    return refusal(Refused(Code.VALIDATION_ERROR, 400, text))
