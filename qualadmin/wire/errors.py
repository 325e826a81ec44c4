"""Refusals in Amazon's wire form. Which words are said when is up to who answers.

Two families exist. Service errors (RequestError, ParameterValidationError) carry a capital `Message` that
ends with a time stamp; framework errors (ValidationException, ThrottlingException and the sign-in errors)
carry a lower-case `message` without one. Before a call is understood at all the answer is a bare `__type`.
"""

from __future__ import annotations

import json
from typing import Literal

Environment = Literal["sandbox", "production"]

TURK = "AWS.MechanicalTurk."
_CAPITAL = {"RequestError", "ServiceFault", "SerializationException"}
"""Errors whose body spells it `Message`."""


class ApiError(Exception):
    """An answer that is not a success. `kind` is the wire's `__type`; `code` the TurkErrorCode, if any."""

    content_type = "application/x-amz-json-1.1"

    def __init__(
        self, kind: str, message: str, *, code: str | None = None, status: int = 400, stamped: bool = True
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.code = code
        self.status = status
        self.stamped = stamped

    @property
    def outcome(self) -> str:
        """The most specific name of this error, as the call log shows it."""
        return self.code or self.kind

    def body(self, environment: Environment, now: float) -> bytes:
        """JSON body; the sandbox marks its stamp (epoch milliseconds) with an `s`, production does not."""
        if not self.message:
            return json.dumps({"__type": self.kind}).encode()
        if self.code is None and self.kind not in _CAPITAL:
            return json.dumps({"__type": self.kind, "message": self.message}).encode()
        message = self.message
        if self.stamped:
            message += f" ({int(now * 1000)}{' s' if environment == 'sandbox' else ''})"
        content = {"__type": self.kind, "Message": message}
        if self.code is not None:
            content["TurkErrorCode"] = self.code
        return json.dumps(content).encode()


class MarkupError(ApiError):
    """An answer in XML, as to a request of which not even the protocol is clear."""

    content_type = "application/xml"

    def body(self, environment: Environment, now: float) -> bytes:
        if not self.message:
            return f"<{self.kind}/>\n".encode()
        return f"<{self.kind}>\n  <Message>{self.message}</Message>\n</{self.kind}>\n".encode()


def framework_error(kind: str, message: str, status: int = 400) -> ApiError:
    return ApiError(kind, message, status=status, stamped=False)


def serialization_error(message: str = "") -> ApiError:
    """The body, or a value in it, has the wrong form. JSON that cannot be read has no message at Amazon."""
    return framework_error("SerializationException", message)


def request_error(code: str, message: str) -> ApiError:
    return ApiError("RequestError", message, code=TURK + code)


def type_missing(type_id: str) -> ApiError:
    return request_error("QualificationTypeDoesNotExist", f"QualificationType [{type_id}] does not exist.")


def qualification_missing() -> ApiError:
    return request_error("QualificationDoesNotExist", "You requested a Qualification that does not exist.")


def not_granted() -> ApiError:
    """What Amazon says about a revoked qualification, in words different from one that never was."""
    return request_error("InvalidQualificationState", "This operation can be called with a status of: Granted")


def name_taken() -> ApiError:
    return request_error(
        "QualificationTypeAlreadyExists",
        "You have already created a QualificationType with this name. "
        "A QualificationType's name must be unique among all of the QualificationTypes created by the "
        "same user.",
    )


def request_missing(request_id: str) -> ApiError:
    return request_error(
        "QualificationRequestDoesNotExist", f"QualificationRequest [{request_id}] does not exist."
    )


def request_decided() -> ApiError:
    return request_error(
        "InvalidQualificationRequestState", "This operation can be called with a status of: Submitted"
    )


def throttled() -> ApiError:
    return framework_error("ThrottlingException", "Rate exceeded")
