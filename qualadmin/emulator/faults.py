"""Misbehaviour on purpose: rules that say which calls go wrong, and how."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from qualadmin.emulator.errors import TURK, ApiError, framework_error
from qualadmin.emulator.operations import OPERATIONS

KINDS = {
    "error": "an error answer; code, message and status can be given (default ServiceFault, 500)",
    "reset": "the connection is reset, no answer",
    "delay": "the call (before) or the answer (after) waits delay_ms",
    "html": "HTTP 200 with an HTML page, as a proxy would send",
    "truncate": "the answer's body ends early and the connection closes",
    "no_request_id": "a right answer without the x-amzn-RequestId header",
}
MOMENTS = ("before", "after")
_ALWAYS_AFTER = {"truncate", "no_request_id"}
_STATUS = {
    "ServiceFault": 500,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
}
_MESSAGES = {
    "ServiceFault": "Amazon Mechanical Turk is temporarily unable to process your request. Please try again.",
    "ThrottlingException": "Rate exceeded",
    "AccessDeniedException": "User: arn:aws:iam::000000000000:user/demo is not authorized to perform: "
    "mechanicalturk:{operation}",
    "ExpiredTokenException": "The security token included in the request is expired",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "InvalidSignatureException": "The request signature we calculated does not match the one you provided.",
    "RequestError": "There was an error with this request.",
}


class BadFault(ValueError):
    """A fault rule that cannot be; the text says why."""


@dataclass(slots=True)
class Fault:
    """One rule: which calls it strikes, and how.

    It fires for calls that match operation and worker, counted from 1: each `every`-th after `skip`
    matches, at most `times` times (0 = without end). `when` says whether the change has happened by then.
    """

    kind: str
    when: str = ""
    operation: str | None = None
    worker_id: str | None = None
    every: int = 1
    skip: int = 0
    times: int = 0
    delay_ms: float = 0.0
    code: str = "ServiceFault"
    turk_error_code: str | None = None
    message: str | None = None
    status: int | None = None
    matched: int = 0
    fired: int = 0

    def fires(self, operation: str, worker_id: str | None) -> bool:
        """Count this call and say whether the rule strikes it."""
        if self.operation not in (None, operation) or self.worker_id not in (None, worker_id):
            return False
        self.matched += 1
        due = self.matched > self.skip and (self.matched - self.skip) % self.every == 0
        if not due or (self.times and self.fired >= self.times):
            return False
        self.fired += 1
        return True

    @property
    def label(self) -> str:
        return f"{self.kind}_{self.when}"

    def error(self, operation: str) -> ApiError:
        text = self.message or _MESSAGES.get(self.code, "The request failed.").format(operation=operation)
        status = self.status or _STATUS.get(self.code, 400)
        if self.code in {"RequestError", "ServiceFault"}:
            code = self.turk_error_code
            if code is None and self.code == "ServiceFault":
                code = f"{TURK}ServiceUnavailable"
            return ApiError(self.code, text, code=code, status=status)
        return framework_error(self.code, text, status)


def parse_fault(content: dict[str, Any]) -> Fault:
    """A rule from its JSON form. Raises BadFault."""
    known = {f.name for f in dataclasses.fields(Fault)} - {"matched", "fired"}
    if unknown := set(content) - known:
        raise BadFault(f"A fault has no field called {sorted(unknown)[0]}.")
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadFault(f"kind must be one of: {', '.join(KINDS)}.")
    _check_texts(content)
    fault = Fault(**content)
    fault.when = fault.when or ("after" if kind in _ALWAYS_AFTER else "before")
    if fault.when not in MOMENTS or (kind in _ALWAYS_AFTER and fault.when != "after"):
        raise BadFault(f"when must be before or after; {', '.join(sorted(_ALWAYS_AFTER))} are always after.")
    if fault.operation not in {None, *OPERATIONS}:
        raise BadFault(f"There is no operation called {fault.operation} here.")
    _check_numbers(fault)
    return fault


def _check_texts(content: dict[str, Any]) -> None:
    for name in ("when", "operation", "worker_id", "code", "turk_error_code", "message"):
        if not isinstance(content.get(name, ""), str):
            raise BadFault(f"{name} must be a text.")
    status = content.get("status", 200)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise BadFault("status must be an HTTP status between 200 and 599.")


def _check_numbers(fault: Fault) -> None:
    for name, least in (("every", 1), ("skip", 0), ("times", 0), ("delay_ms", 0)):
        value = getattr(fault, name)
        kinds = (int, float) if name == "delay_ms" else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds) or value < least:
            raise BadFault(f"{name} must be a number, {least} or more.")
    if fault.kind == "delay" and not fault.delay_ms:
        raise BadFault("A delay needs delay_ms.")


@dataclass(slots=True)
class Plan:
    """What will go wrong with one call: all delays that apply, and at most one other fault."""

    delay_before_ms: float = 0.0
    delay_after_ms: float = 0.0
    fault: Fault | None = None


@dataclass(slots=True)
class Faults:
    """The rules in force, in the order they were added; the first that fires wins, delays add up."""

    rules: list[Fault] = field(default_factory=list)

    def plan(self, operation: str, worker_id: str | None) -> Plan:
        plan = Plan()
        for rule in self.rules:
            if not (rule.kind == "delay" or plan.fault is None) or not rule.fires(operation, worker_id):
                continue
            if rule.when == "before":
                plan.delay_before_ms += rule.delay_ms
            else:
                plan.delay_after_ms += rule.delay_ms
            if rule.kind != "delay":
                plan.fault = rule
        return plan
