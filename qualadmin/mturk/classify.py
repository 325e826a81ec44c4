"""From what botocore raised to what it means for the change that was being made.

The rule behind the tables: nothing is called "not sent" or "refused" unless that is certain. Everything else
is ``Unknown``, because reading back costs one call and a wrong guess costs a worker's qualification.
"""

import re
import ssl
from collections.abc import Mapping
from typing import Any

from botocore import exceptions as boto

from qualadmin.mturk.errors import (
    AccessRefused,
    AccountNotLinked,
    CredentialsMissing,
    HitNotFound,
    InvalidInput,
    InvalidParameters,
    MTurkError,
    NoAnswer,
    NotOwner,
    NotSent,
    QualificationNotHeld,
    QualificationRevoked,
    Refused,
    RequestGone,
    Throttled,
    TypeAlreadyExists,
    TypeBeingDeleted,
    TypeNotFound,
    Unknown,
    WorkerNotKnown,
)
from qualadmin.mturk.types import CallRecord

TURK_CODES: dict[str, type[MTurkError]] = {
    "QualificationDoesNotExist": QualificationNotHeld,
    "QualificationTypeDoesNotExist": TypeNotFound,
    "QualificationTypeAlreadyExists": TypeAlreadyExists,
    "InvalidQualificationTypeState": TypeBeingDeleted,
    "QualificationRequestDoesNotExist": RequestGone,
    "InvalidQualificationRequestState": RequestGone,
    "HITDoesNotExist": HitNotFound,
    "PermissionDenied": NotOwner,
    "AccountNotLinked": AccountNotLinked,
    "NotAuthorized": AccessRefused,
    "BadCredentialSupplied": AccessRefused,
    "BadClaimsSupplied": AccessRefused,
}
"""``TurkErrorCode`` without its ``AWS.`` or ``AWS.MechanicalTurk.`` in front and ``Exception`` behind."""

CODES: dict[str, type[MTurkError]] = {
    "ParameterValidationError": InvalidInput,
    "ValidationException": InvalidInput,
    **dict.fromkeys(
        (
            "BandwidthLimitExceeded",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ),
        Throttled,
    ),
    **dict.fromkeys(
        (
            "AccessDenied",
            "AccessDeniedException",
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "OptInRequired",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "UnauthorizedOperation",
            "UnrecognizedClientException",
        ),
        AccessRefused,
    ),
    **dict.fromkeys(
        (
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "RequestTimeout",
            "RequestTimeoutException",
            "ServiceFault",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ),
        Unknown,
    ),
}
"""``__type`` of the answer's body."""

MESSAGES: tuple[tuple[re.Pattern[str], type[MTurkError]], ...] = (
    (re.compile(r"operation can be called with a status of: Granted"), QualificationRevoked),
    (re.compile(r"^QualificationType \[[A-Z0-9]{1,64}\] does not exist"), TypeNotFound),
    (re.compile(r"^You have already created a QualificationType with this name"), TypeAlreadyExists),
    (re.compile(r"^You requested a Qualification that does not exist"), QualificationNotHeld),
    (re.compile(r'^The value "[^"]{0,200}" is not valid for the parameter WorkerId\.'), WorkerNotKnown),
    (re.compile(r"^To use the MTurk API, you will need"), AccountNotLinked),
)
"""Amazon's sentences that say more than the code beside them. Real clients rely on these very words.

The revoked one matters most: Amazon answers "revoked" with another error than "never granted", and its code
is not documented (https://github.com/Dallinger/Dallinger/pull/1048).
"""

EXCEPTIONS: tuple[tuple[type[Exception], type[MTurkError]], ...] = (
    (boto.ParamValidationError, InvalidParameters),
    (boto.NoCredentialsError, CredentialsMissing),
    (boto.PartialCredentialsError, CredentialsMissing),
    (boto.CredentialRetrievalError, CredentialsMissing),
    (boto.TokenRetrievalError, CredentialsMissing),
    (boto.NoAuthTokenError, CredentialsMissing),
    (boto.UnknownCredentialError, CredentialsMissing),
    (boto.RefreshWithMFAUnsupportedError, CredentialsMissing),
    (boto.MetadataRetrievalError, CredentialsMissing),
    (boto.SSOError, CredentialsMissing),
    (boto.ProfileNotFound, CredentialsMissing),
    (boto.ConfigParseError, CredentialsMissing),
    (boto.ConfigNotFound, CredentialsMissing),
    (boto.InvalidConfigError, CredentialsMissing),
    (boto.EndpointConnectionError, NotSent),
    (boto.ConnectTimeoutError, NotSent),
    (boto.ProxyConnectionError, NotSent),
)
"""Failures that are certain to come before the request left. First match wins."""

CREDENTIAL_OPERATIONS = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetRoleCredentials", "CreateToken"}
)
"""Calls botocore makes on its own, to sign ours. When one of them fails, ours was not sent."""

HANDSHAKE_FAILURES = (
    "CERTIFICATE_VERIFY_FAILED",
    "HANDSHAKE_FAILURE",
    "HTTP_REQUEST",
    "NO_PROTOCOLS_AVAILABLE",
    "PROTOCOL_VERSION",
    "UNRECOGNIZED_NAME",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
)
"""OpenSSL's reasons that only occur before a request is sent. Others can occur while the answer is read."""


class UnclearAnswer(Exception):
    """A 2xx that is no answer of Amazon's: no request id, a cut body, or a body that is no JSON object."""

    def __init__(self, code: str, http_status: int, request_id: str | None) -> None:
        self.code = code
        self.http_status = http_status
        self.request_id = request_id
        super().__init__(code, http_status, request_id)


def classify(
    exception: Exception, mutating: bool, *, attempts: int | None = None, milliseconds: int = 0
) -> MTurkError:
    """Return the typed error for what a call of boto3 raised. Never raises.

    ``attempts`` is how many requests were handed to the network, if that was counted; 0 proves that nothing
    was sent.
    """
    found, message = _find(exception, attempts)
    if found is Unknown and not mutating:
        found = NoAnswer
    return found(_record(exception, attempts, milliseconds, found), message)


def _find(exception: Exception, attempts: int | None) -> tuple[type[MTurkError], str]:
    if isinstance(exception, boto.ClientError):
        response: Mapping[str, Any] = exception.response
        message = _text(response.get("Error", {}).get("Message"))
        if exception.operation_name in CREDENTIAL_OPERATIONS:
            return _from_credential_call(response), message
        return _from_answer(response, message), message
    if isinstance(exception, UnclearAnswer):
        return Unknown, exception.code
    for kind, found in EXCEPTIONS:
        if isinstance(exception, kind):
            return found, str(exception)
    if attempts == 0 or (isinstance(exception, boto.SSLError) and _failed_in_handshake(exception)):
        return NotSent, str(exception)
    return Unknown, str(exception)


def _from_answer(response: Mapping[str, Any], message: str) -> type[MTurkError]:
    metadata = response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    code = _text(response.get("Error", {}).get("Code"))
    found = CODES.get(code)
    if found is not None and found is not InvalidInput:
        return found
    if status == 429:
        return Throttled
    # A 4xx without Amazon's own error type comes from something in between, which cannot say what Amazon did.
    if not 400 <= status < 500 or (code in ("", str(status)) and not metadata.get("RequestId")):
        return Unknown
    return _from_turk_code(response) or _from_message(message) or found or _by_status(status)


def _from_turk_code(response: Mapping[str, Any]) -> type[MTurkError] | None:
    turk_code = _text(response.get("TurkErrorCode"))
    return TURK_CODES.get(turk_code.rsplit(".", 1)[-1].removesuffix("Exception"))


def _from_message(message: str) -> type[MTurkError] | None:
    head = message[:2_000]
    return next((found for pattern, found in MESSAGES if pattern.search(head)), None)


def _by_status(status: int) -> type[MTurkError]:
    return AccessRefused if status in (401, 403) else Refused


def _from_credential_call(response: Mapping[str, Any]) -> type[MTurkError]:
    """A 4xx of STS comes again until somebody mends the role; too fast, or a fault of theirs, will pass."""
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = _text(response.get("Error", {}).get("Code"))
    passing = CODES.get(code) in (Throttled, Unknown) or not 400 <= status < 500
    return NotSent if passing else AccessRefused


def _failed_in_handshake(exception: boto.SSLError) -> bool:
    inner: object = exception.kwargs.get("error")
    while isinstance(inner, Exception) and inner.args and isinstance(inner.args[0], Exception):
        inner = inner.args[0]  # urllib3 wraps the error of the ssl module
    if isinstance(inner, OSError) and not isinstance(inner, ssl.SSLError):
        return True  # the list of trusted certificates could not be read
    return any(reason in str(exception) for reason in HANDSHAKE_FAILURES)


def _record(exception: Exception, attempts: int | None, milliseconds: int, found: type[MTurkError]) -> CallRecord:
    if isinstance(exception, boto.ClientError):
        response: Mapping[str, Any] = exception.response
        metadata = response.get("ResponseMetadata", {})
        counted = attempts if attempts is not None else 1 + metadata.get("RetryAttempts", 0)
        return CallRecord(
            aws_request_id=metadata.get("RequestId"),
            http_status=metadata.get("HTTPStatusCode"),
            code=_text(response.get("Error", {}).get("Code")) or None,
            turk_code=_text(response.get("TurkErrorCode")) or None,
            attempts=counted,
            milliseconds=milliseconds,
        )
    unclear = exception if isinstance(exception, UnclearAnswer) else None
    sure = 0 if issubclass(found, NotSent) else 1
    return CallRecord(
        aws_request_id=unclear.request_id if unclear else None,
        http_status=unclear.http_status if unclear else None,
        code=unclear.code if unclear else type(exception).__name__,
        turk_code=None,
        attempts=attempts if attempts is not None else sure,
        milliseconds=milliseconds,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
