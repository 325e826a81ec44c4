"""The envelope of every answer, and which code and status a failure has."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from django.http import JsonResponse

from qualadmin.core.errors import ActionError

Details = Mapping[str, list[str]]


class Code(StrEnum):
    """What `error.code` may say. Programs decide by this; the message is for people."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    AUTHENTICATION_REQUIRED = "AUTHENTICATION_REQUIRED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    UNAVAILABLE = "UNAVAILABLE"


#: How expected failures of actions are said here. What is not listed follows from the status.
_BY_REASON: Final = {"approval_required": (Code.APPROVAL_REQUIRED, 403), "read_only": (Code.UNAVAILABLE, 503)}
_BY_STATUS: Final = {
    401: Code.AUTHENTICATION_REQUIRED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    409: Code.CONFLICT,
    422: Code.VALIDATION_ERROR,
}
RETRY_SECONDS: Final = 60


class Refused(Exception):
    """A request that is answered with an error before any action is asked. `details`: faults by parameter."""

    def __init__(
        self, code: Code, status: int, message: str, *, details: Details | None = None, retry_after: int = 0
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message
        self.details, self.retry_after = details, retry_after


def invalid(details: Details, message: str = "Invalid request parameters") -> Refused:
    """400 that names the parameters at fault, all of them at once."""
    return Refused(Code.VALIDATION_ERROR, 400, message, details=details)


def success(data: Any, *, status: int = 200, next: str | None = None, is_list: bool = False) -> JsonResponse:
    """`{"success": true, "data": …}`; lists have `next` too, null on the last page."""
    body: dict[str, Any] = {"success": True, "data": data}
    if is_list:
        body["next"] = next
    return JsonResponse(body, status=status)


def refusal(refused: Refused) -> JsonResponse:
    """`{"success": false, "error": {"code", "message"}}`, with `details` where a parameter is at fault."""
    error: dict[str, Any] = {"code": refused.code.value, "message": refused.message}
    if refused.details:
        error["details"] = dict(refused.details)
    response = JsonResponse({"success": False, "error": error}, status=refused.status)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="qualadmin"'
    if refused.retry_after or refused.status == 503:
        response.headers["Retry-After"] = str(refused.retry_after or RETRY_SECONDS)
    return response


def refused_by(error: ActionError, names: Mapping[str, str]) -> Refused:
    """What an action refused. `names` gives the parameter for each field of the action."""
    code, status = _BY_REASON.get(error.code, (_BY_STATUS[error.status], error.status))
    parameter = names.get(error.field or "")
    return Refused(code, status, error.message, details={parameter: [error.message]} if parameter else None)
