"""One environment at work: takes a call, decides what becomes of it, keeps log and journal.

`receive` happens when the call arrives (throttling, fault rules), `execute` when its effect is due. The
carrier in between, a server or a test in process, only waits and sends bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from qualadmin.emulator import errors, snapshot
from qualadmin.emulator.calls import Call, CallLog
from qualadmin.emulator.errors import ApiError, Environment, framework_error
from qualadmin.emulator.faults import Faults, Plan
from qualadmin.emulator.hits import life
from qualadmin.emulator.journal import Journal
from qualadmin.emulator.operations import OPERATIONS
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.signers import Verifier
from qualadmin.emulator.throttle import Throttle
from qualadmin.emulator.world import World
from qualadmin.wire.protocol import CONTENT_TYPE, TARGET_PREFIX, Incoming, read
from qualadmin.wire.signature import access_key_id
from qualadmin.wire.validation import check

_ANONYMOUS = {"no_request_id", "html"}
"""Faults whose answer carries no x-amzn-RequestId: a proxy's page knows nothing of Amazon's numbers."""
_HTML = b"<html><head><title>Sign in</title></head><body><h1>Please sign in to the network</h1></body></html>"


@dataclass(slots=True)
class Arrival:
    """A call that has been taken in and not yet carried out."""

    operation: str
    access_key: str
    """The access key id it claims."""
    owner: str = ""
    """The account it was let in for, "" if it was not."""
    params: dict[str, Any] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    refusal: ApiError | None = None


@dataclass(slots=True)
class Reply:
    """What to send. `cut` = nothing at all, reset; `lost` = nothing at all, silence; `truncated` = promise more
    than is sent, then close."""

    status: int
    body: bytes
    content_type: str = CONTENT_TYPE
    request_id: str | None = None
    delay_ms: float = 0.0
    cut: bool = False
    lost: bool = False
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
        self._verifier = Verifier(self.world.accounts)
        self._journal = journal
        if journal is not None:
            self._load(journal)

    def _load(self, journal: Journal) -> None:
        journal.restore(lambda sections: snapshot.thaw(self.world, self.calls, sections))
        for call, events in journal.replay():
            for event in events:
                self.world.apply(event)
                if event[0] == "reset":
                    self.calls.forget()
            if call is not None:
                self.calls.add(Call._make(call))
        if journal.is_worth_a_snapshot(at_start=True):
            self.write_snapshot()

    # calls

    def receive(self, call: Incoming) -> Arrival:
        """Take a call in: what it is, who sent it, what will go wrong with it."""
        arrival = Arrival(call.operation, access_key_id(call.headers))
        try:
            self._admit(arrival, call)
        except ApiError as error:
            arrival.refusal = error
            return arrival
        arrival.plan = self.faults.plan(arrival.operation, self._concerned(arrival)[0])
        return arrival

    def _admit(self, arrival: Arrival, call: Incoming) -> None:
        arrival.params = read(call)
        if (
            call.headers.get("x-amz-target") != TARGET_PREFIX + arrival.operation
            or arrival.operation not in OPERATIONS
        ):
            raise framework_error("UnknownOperationException", "")
        arrival.owner = self._account(arrival, call)
        if not self.throttle.admits(arrival.owner):
            raise errors.throttled()
        if arrival.owner in self.settings.unlinked_accounts:
            raise errors.account_not_linked(self.world.environment)

    def _account(self, arrival: Arrival, call: Incoming) -> str:
        if self.settings.signatures == "checked":
            return self._verifier.account(call, self.world.now())
        account = call.account or self.world.accounts.account_of(arrival.access_key)
        if not account:
            raise framework_error("MissingAuthenticationTokenException", "Missing Authentication Token")
        return account

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
            life.settle(self.world)
            operation = OPERATIONS[arrival.operation]
            params = check(arrival.operation, arrival.params)
            content = operation.run(self.world, arrival.owner, params)
        except ApiError as error:
            return self._error(error), error.outcome
        return Reply(200, json.dumps(content).encode() if content else b"{}"), "ok"

    def _error(self, error: ApiError) -> Reply:
        body = error.body(self.world.environment, self.world.now())
        return Reply(error.status, body, content_type=error.content_type)

    def _faulty(self, arrival: Arrival, reply: Reply) -> Reply:
        """What the client sees of this call instead of the right answer."""
        fault = arrival.plan.fault
        if fault is None:
            return reply
        if fault.kind == "error":
            return self._error(fault.error(arrival.operation))
        if fault.kind == "html":
            return Reply(fault.status or 200, _HTML, content_type="text/html; charset=utf-8")
        if fault.kind == "wrong_json":
            return Reply(fault.status or 200, fault.body.encode(errors="replace"))
        reply.cut = fault.kind == "reset"
        reply.lost = fault.kind == "lost"
        reply.truncated = fault.kind == "truncate"
        return reply

    # keeping

    def keep(self) -> None:
        """Write what was changed outside of a call (worker side, seed)."""
        events = self.world.take_fresh()
        if events:
            self._write(None, events)

    def _write(self, call: list[Any] | None, events: list[list[Any]]) -> None:
        if self._journal is None:
            return
        self._journal.write(call, events)
        if self._journal.is_worth_a_snapshot():
            self.write_snapshot()

    def write_snapshot(self) -> None:
        """Begin to write what is now beside the journal; calls go on meanwhile."""
        if self._journal is not None:
            self._journal.snapshot(snapshot.freeze(self.world, self.calls))

    def reset(self) -> None:
        """Empty world, log, faults and buckets; the settings stay."""
        self.world.record(["reset"])
        self.calls.forget()
        self.faults.remove()
        self.throttle.refill()
        self.keep()

    def _log(self, arrival: Arrival, outcome: str, *, applied: bool) -> None:
        worker_id, type_id = self._concerned(arrival)
        value = arrival.params.get("IntegerValue")
        notify = arrival.params.get("SendNotification")
        call = Call(
            self.calls.last + 1,
            round(self.world.now(), 6),
            arrival.access_key or arrival.owner,
            arrival.operation,
            worker_id,
            type_id,
            self._text(arrival, "QualificationRequestId"),
            value if type(value) is int else None,
            notify if isinstance(notify, bool) else None,
            outcome,
            applied,
        )
        self.calls.add(call)
        self._write(list(call), self.world.take_fresh())

    def _concerned(self, arrival: Arrival) -> tuple[str | None, str | None]:
        """Worker and qualification type a call is about, also where it only names their request."""
        request = self.world.requests.get(self._text(arrival, "QualificationRequestId") or "")
        if request is not None:
            return request.worker_id, request.type_id
        return self._text(arrival, "WorkerId"), self._text(arrival, "QualificationTypeId")

    @staticmethod
    def _text(arrival: Arrival, name: str) -> str | None:
        value = arrival.params.get(name)
        return value if isinstance(value, str) else None


def _request_id() -> str:
    hexes = os.urandom(16).hex()
    return f"{hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:]}"
