"""Errors of the operations on HITs, assignments and bonuses. Texts of ours are marked as such."""

from __future__ import annotations

from qualadmin.emulator.errors import ApiError, request_error

_CALLED_WITH = "This operation can be called with a status of:"


def hit_missing(hit_id: str) -> ApiError:
    return request_error("HITDoesNotExist", f"Hit {hit_id} does not exist.")


def hit_type_missing(hit_type_id: str) -> ApiError:
    """The code is in Amazon's old SDKs, the text is built like that for a HIT."""
    return request_error("HITTypeDoesNotExist", f"HIT Type {hit_type_id} does not exist.")


def assignment_missing(assignment_id: str) -> ApiError:
    return request_error("AssignmentDoesNotExist", f"Assignment {assignment_id} does not exist.")


def hit_state(current: str, *expected: str) -> ApiError:
    states = ", ".join(expected)
    # The two blanks are Amazon's.
    text = (
        f"This HIT is currently in the state '{current}'.  This operation can be called with a status of: {states}"
    )
    return request_error("InvalidHITState", text)


def assignment_state(expected: str) -> ApiError:
    return request_error("InvalidAssignmentState", f"{_CALLED_WITH} {expected}")


def out_of_range(value: int, parameter: str, low: int, high: int) -> ApiError:
    text = f"The value {value} is invalid for {parameter}. Valid values range from {low} to {high}."
    return ApiError("ParameterValidationError", text, code="AWS.ParameterOutOfRange")


def insufficient_funds() -> ApiError:
    return request_error(
        "InsufficientFunds",
        "This Requester has insufficient funds in their account to complete this transaction. "
        "Please visit https://requester.mturk.com/prepayments/new to purchase Prepaid HITs.",
    )


def hit_exists(token: str, hit_id: str) -> ApiError:
    """Documented: this code, and a message that contains the HITId. The text around it is not known."""
    text = f'The idempotency token "{token}" has already been processed. The HIT {hit_id} already exists.'
    return request_error("HitAlreadyExists", text)


def token_used(token: str, request_id: str) -> ApiError:
    """Documented: an error whose message contains the request id. The first sentence is Amazon's, the code is
    not known."""
    text = f'The idempotency token "{token}" has already been processed. Request ID: {request_id}'
    return request_error("DuplicateRequest", text)


def too_many_more() -> ApiError:
    """The code is documented, the text is not."""
    return request_error(
        "InvalidMaximumAssignmentsIncrease",
        "HITs created with fewer than 10 assignments cannot be extended to have 10 or more assignments.",
    )


def requirement_refused(type_id: str, reason: str) -> ApiError:
    """Amazon's texts for bad requirements are not known."""
    text = f"The QualificationRequirement for [{type_id}] is not valid: {reason}"
    return ApiError("ParameterValidationError", text, code="AWS.MechanicalTurk.InvalidParameterValue")
