"""Misbehaviour on purpose: rules that say which calls go wrong, and how."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from qualadmin.emulator.chance import Dice, duration_ms
from qualadmin.emulator.errors import TURK, ApiError, framework_error

KINDS = {
    "error": "an error answer; code, message and status can be given (default ServiceFault, 500)",
    "reset": "the connection is reset, no answer",
    "lost": "no answer ever comes; the connection stays open until the client gives up",
    "delay": "the call (before) or the answer (after) waits delay_ms, spread as the distribution says",
    "html": "HTTP 200 with an HTML page, as a proxy would send",
    "wrong_json": "HTTP 200 with another body, by default one that is not JSON",
    "truncate": "the answer's body ends early and the connection closes",
    "no_request_id": "a right answer without the x-amzn-RequestId header",
}
MOMENTS = ("before", "after")
ALWAYS_AFTER = {"truncate", "no_request_id"}
_STATUS = {
    "ServiceFault": 500,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
}
MESSAGES = {
    "ServiceFault": "Amazon Mechanical Turk is temporarily unable to process your request. Please try again.",
    "ThrottlingException": "Rate exceeded",
    "AccessDeniedException": "User: arn:aws:iam::000000000000:user/demo is not authorized to perform: "
    "mechanicalturk:{operation}",
    "ExpiredTokenException": "The security token included in the request is expired",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "InvalidSignatureException": "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    "RequestError": "There was an error with this request.",
}


@dataclass(slots=True)
class Fault:
    """One rule: which calls it strikes, and how.

    It fires for calls that match operation and worker, counted from 1: each `every`-th after `skip`
    matches, with `probability`, at most `times` times (0 = without end). `when` says whether the change
    has happened by then. Durations are in milliseconds.
    """

    kind: str
    when: str = ""
    operation: str | None = None
    worker_id: str | None = None
    every: int = 1
    skip: int = 0
    times: int = 0
    probability: float = 1.0
    seed: int | None = None
    """Repeats the same chance; rules without one are given one, so that any run can be repeated."""
    delay_ms: float = 0.0
    distribution: str = "fixed"
    spread_ms: float = 0.0
    code: str = "ServiceFault"
    turk_error_code: str | None = None
    message: str | None = None
    status: int | None = None
    body: str = '{"Answer": '
    number: int = 0
    matched: int = 0
    fired: int = 0
    _dice: Dice | None = field(default=None, init=False, repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        names = (each.name for each in dataclasses.fields(self) if not each.name.startswith("_"))
        return {name: getattr(self, name) for name in names}

    @property
    def is_spent(self) -> bool:
        return bool(self.times) and self.fired >= self.times

    def fires(self, operation: str, worker_id: str | None) -> float | None:
        """Count this call. If the rule strikes it: by how many milliseconds it is late (0.0 = not), else None."""
        if self.operation not in (None, operation) or self.worker_id not in (None, worker_id):
            return None
        self.matched += 1
        due = self.matched > self.skip and (self.matched - self.skip) % self.every == 0
        if not due or self.is_spent:
            return None
        if self._dice is None:
            self._dice = Dice(self.seed or 0)
        chance = self._dice.roll(operation, worker_id)
        if chance.random() >= self.probability:
            return None
        self.fired += 1
        if self.kind != "delay":
            return 0.0
        return duration_ms(self.distribution, self.delay_ms, self.spread_ms, chance)

    @property
    def label(self) -> str:
        return f"{self.kind}_{self.when}"

    def error(self, operation: str) -> ApiError:
        text = self.message or MESSAGES.get(self.code, "The request failed.").format(operation=operation)
        status = self.status or _STATUS.get(self.code, 400)
        if self.code in {"RequestError", "ServiceFault"}:
            code = self.turk_error_code
            if code is None and self.code == "ServiceFault":
                code = f"{TURK}ServiceUnavailable"
            return ApiError(self.code, text, code=code, status=status)
        return framework_error(self.code, text, status)


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
    last: int = 0
    """Number of the newest rule; numbers are not used again."""

    def add(self, rule: Fault) -> Fault:
        self.last += 1
        rule.number = self.last
        self.rules.append(rule)
        return rule

    def remove(self, number: int | None = None) -> int:
        """Remove one rule, or all. Returns how many are gone."""
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if number is not None and rule.number != number]
        return before - len(self.rules)

    def plan(self, operation: str, worker_id: str | None) -> Plan:
        plan = Plan()
        for rule in self.rules:
            if rule.kind != "delay" and plan.fault is not None:
                continue
            late = rule.fires(operation, worker_id)
            if late is None:
                continue
            if rule.when == "before":
                plan.delay_before_ms += late
            else:
                plan.delay_after_ms += late
            if rule.kind != "delay":
                plan.fault = rule
        return plan
