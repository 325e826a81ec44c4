"""One environment at work: takes a call, decides what becomes of it, keeps log and journal.

`receive` happens when the call arrives (throttling, fault rules), `execute` when its effect is due. The
carrier in between, a server or a test in process, only waits and sends bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from qualadmin.emulator import errors
from qualadmin.emulator.calls import Call, CallLog
from qualadmin.emulator.errors import ApiError, Environment, framework_error
from qualadmin.emulator.faults import Faults, Plan
from qualadmin.emulator.journal import Journal
from qualadmin.emulator.operations import NOT_YET, OPERATIONS
from qualadmin.emulator.operations.shapes import check
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.throttle import Throttle
from qualadmin.emulator.world import World

TARGET_PREFIX = "MTurkRequesterServiceV20170117."
_ANONYMOUS = {"no_request_id", "html"}
"""Faults whose answer carries no x-amzn-RequestId: a proxy's page knows nothing of Amazon's numbers."""
_HTML = b"<html><head><title>Sign in</title></head><body><h1>Please sign in to the network</h1></body></html>"


@dataclass(slots=True)
class Arrival:
    """A call that has been taken in and not yet carried out."""

    owner: str
    operation: str
    params: dict[str, Any]
    plan: Plan = field(default_factory=Plan)
    refusal: ApiError | None = None


@dataclass(slots=True)
class Reply:
    """What to send. `cut` = nothing at all, reset; `truncated` = promise more than is sent, then close."""

    status: int
    body: bytes
    content_type: str = "application/x-amz-json-1.1"
    request_id: str | None = None
    delay_ms: float = 0.0
    cut: bool = False
    truncated: bool = False


class Engine:
    """World, call log, faults and throttle of one environment. With a journal it continues where that ends."""

    def __init__(
        self, environment: Environment, settings: Settings | None = None, journal: Journal | None = None
    ) -> None:
        self.settings = settings or Settings()
        self.world = World(environment, self.settings)
        self.calls = CallLog()
        self.faults = Faults()
        self.throttle = Throttle(self.settings)
        self._journal = journal
        if journal is not None:
            self._load(journal)

    def _load(self, journal: Journal) -> None:
        for call, events in journal.replay():
            for event in events:
                self.world.apply(event)
                if event[0] == "reset":
                    self.calls.forget()
            if call is not None:
                self.calls.add(Call._make(call))

    # calls

    def receive(self, target: str, owner: str, body: bytes | str) -> Arrival:
        """Take a call in. `target` is the X-Amz-Target header, `owner` the account ("" = not signed)."""
        arrival = Arrival(owner, target.removeprefix(TARGET_PREFIX), {})
        try:
            self._admit(arrival, target, body)
        except ApiError as error:
            arrival.refusal = error
            return arrival
        arrival.plan = self.faults.plan(arrival.operation, self._text(arrival, "WorkerId"))
        return arrival

    def _admit(self, arrival: Arrival, target: str, body: bytes | str) -> None:
        known = target.startswith(TARGET_PREFIX)
        if not known or (arrival.operation not in OPERATIONS and arrival.operation not in NOT_YET):
            arrival.operation = arrival.operation[:100]
            raise framework_error("UnknownOperationException", "The operation does not exist.", 404)
        if not arrival.owner:
            raise framework_error("MissingAuthenticationTokenException", "Missing Authentication Token")
        try:
            params = json.loads(body or "{}")
        except (ValueError, RecursionError):
            params = None
        if not isinstance(params, dict):
            raise framework_error("SerializationException", "The body is not a JSON object.")
        arrival.params = params
        if not self.throttle.admits(arrival.owner):
            raise errors.throttled()
        if arrival.owner in self.settings.unlinked_accounts:
            raise errors.account_not_linked(self.world.environment)
        if arrival.operation in NOT_YET:
            text = f"{arrival.operation} is a real operation that this emulator does not have yet."
            raise framework_error("NotAvailableInEmulator", text, 501)

    def execute(self, arrival: Arrival) -> Reply:
        """Carry the call out, log it and make the change last. Raises JournalError if it cannot be kept."""
        fault = arrival.plan.fault
        if fault is not None and fault.when == "before":
            self._log(arrival, f"fault:{fault.label}", applied=False)
            reply = self._faulty(arrival, Reply(200, b"{}"))
        else:
            reply, outcome = self._answer(arrival)
            applied = outcome == "ok" and OPERATIONS[arrival.operation].changes
            self._log(arrival, outcome if fault is None else f"fault:{fault.label}", applied=applied)
            if fault is not None:
                reply = self._faulty(arrival, reply)
        if fault is None or fault.kind not in _ANONYMOUS:
            reply.request_id = _request_id()
        reply.delay_ms = self.settings.latency_ms + arrival.plan.delay_after_ms
        return reply

    def _answer(self, arrival: Arrival) -> tuple[Reply, str]:
        try:
            if arrival.refusal is not None:
                raise arrival.refusal
            operation = OPERATIONS[arrival.operation]
            params = check(operation.shape, arrival.params)
            content = operation.run(self.world, arrival.owner, params)
        except ApiError as error:
            return self._error(error), error.outcome
        return Reply(200, json.dumps(content).encode() if content else b"{}"), "ok"

    def _error(self, error: ApiError) -> Reply:
        return Reply(error.status, error.body(self.world.environment, self.world.now()))

    def _faulty(self, arrival: Arrival, reply: Reply) -> Reply:
        """What the client sees of this call instead of the right answer."""
        fault = arrival.plan.fault
        if fault is None:
            return reply
        if fault.kind == "error":
            return self._error(fault.error(arrival.operation))
        if fault.kind == "html":
            return Reply(fault.status or 200, _HTML, content_type="text/html; charset=utf-8")
        reply.cut = fault.kind == "reset"
        reply.truncated = fault.kind == "truncate"
        return reply

    # keeping

    def keep(self) -> None:
        """Write what was changed outside of a call (worker side, seed)."""
        events = self.world.take_fresh()
        if self._journal is not None and events:
            self._journal.write(None, events)

    def reset(self) -> None:
        """Empty world, log, faults and buckets; the settings stay."""
        self.world.record(["reset"])
        self.calls.forget()
        self.faults.rules.clear()
        self.throttle.refill()
        self.keep()

    def _log(self, arrival: Arrival, outcome: str, *, applied: bool) -> None:
        request = self.world.requests.get(self._text(arrival, "QualificationRequestId") or "")
        value = arrival.params.get("IntegerValue")
        notify = arrival.params.get("SendNotification")
        call = Call(
            self.calls.last + 1,
            round(self.world.now(), 6),
            arrival.owner,
            arrival.operation,
            request.worker_id if request else self._text(arrival, "WorkerId"),
            request.type_id if request else self._text(arrival, "QualificationTypeId"),
            self._text(arrival, "QualificationRequestId"),
            value if type(value) is int else None,
            notify if isinstance(notify, bool) else None,
            outcome,
            applied,
        )
        self.calls.add(call)
        events = self.world.take_fresh()
        if self._journal is not None:
            self._journal.write(list(call), events)

    @staticmethod
    def _text(arrival: Arrival, name: str) -> str | None:
        value = arrival.params.get(name)
        return value if isinstance(value, str) else None


def _request_id() -> str:
    hexes = os.urandom(16).hex()
    return f"{hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:]}"
