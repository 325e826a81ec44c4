"""The errors of the API in Amazon's words, message by message. Their form is in `qualadmin.wire.errors`."""

from __future__ import annotations

from collections.abc import Iterable

from qualadmin.wire.errors import (
    TURK as TURK,
)
from qualadmin.wire.errors import (
    ApiError as ApiError,
)
from qualadmin.wire.errors import (
    Environment as Environment,
)
from qualadmin.wire.errors import (
    MarkupError as MarkupError,
)
from qualadmin.wire.errors import (
    framework_error as framework_error,
)
from qualadmin.wire.errors import name_taken as name_taken
from qualadmin.wire.errors import (
    not_granted as not_granted,
)
from qualadmin.wire.errors import (
    qualification_missing as qualification_missing,
)
from qualadmin.wire.errors import request_decided as request_decided
from qualadmin.wire.errors import (
    request_error as request_error,
)
from qualadmin.wire.errors import request_missing as request_missing
from qualadmin.wire.errors import (
    serialization_error as serialization_error,
)
from qualadmin.wire.errors import (
    throttled as throttled,
)
from qualadmin.wire.errors import (
    type_missing as type_missing,
)


def invalid_value(value: object, parameter: str) -> ApiError:
    """The service's refusal of one parameter; it echoes the whole value, as Amazon does."""
    shown = ("true" if value else "false") if isinstance(value, bool) else value
    return bad_parameter(f'The value "{shown}" is not valid for the parameter {parameter}.')


def invalid_document(value: str, parameter: str, faults: Iterable[tuple[int, int, str]]) -> ApiError:
    return bad_parameter(f'The value "{value}" is not valid for the parameter {parameter}. {_details(faults)}')


def bad_xml(faults: Iterable[tuple[int, int, str]]) -> ApiError:
    """The older words for a document that breaks its schema; they do not echo it."""
    return ApiError(
        "ParameterValidationError",
        "There was an error parsing the XML question or answer data in your request.  Please make sure the data "
        f"is well-formed and validates against the appropriate schema. {_details(faults)}",
        code=f"{TURK}XMLParseError",
    )


def _details(faults: Iterable[tuple[int, int, str]]) -> str:
    """[line,column] and a sentence each, in the form Amazon gives the faults of an HTMLQuestion."""
    return "Details: Errors: " + " ".join(f"<! [{line},{column}] {text} !>" for line, column, text in faults)


def bad_parameter(message: str) -> ApiError:
    return ApiError("ParameterValidationError", message, code=f"{TURK}InvalidParameterValue")


def type_disposing() -> ApiError:
    return request_error(
        "InvalidQualificationTypeState", "This operation can be called with a status of: Active,Inactive"
    )


def type_inactive() -> ApiError:
    return request_error("InvalidQualificationTypeState", "This operation can be called with a status of: Active")


def permission_denied() -> ApiError:
    return request_error("PermissionDenied", "This user is not authorized to perform the requested operation.")


def account_not_linked(environment: Environment) -> ApiError:
    host = "requestersandbox.mturk.com" if environment == "sandbox" else "requester.mturk.com"
    return ApiError(
        "RequestError",
        "To use the MTurk API, you will need an Amazon Web Services (AWS) Account. Your AWS account must "
        f"be linked to your Amazon Mechanical Turk Account. Visit https://{host}/developer to get started.",
        code="AWS.AccountNotLinked",
        stamped=False,
    )
