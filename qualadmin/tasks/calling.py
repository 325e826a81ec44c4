"""Calling Amazon from many threads, with no database in sight. Imports no Django: the calling process runs it.

Work comes in as plain values, replies go out as plain values; both travel as JSON between processes.
"""

import queue
import threading
import time
from dataclasses import dataclass
from typing import Final, Literal

from qualadmin.mturk.errors import (
    CredentialsMissing,
    MTurkError,
    QualificationNotHeld,
    QualificationRevoked,
    RequestGone,
)
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import CallRecord

Kind = Literal[
    "done",
    "not_held",
    "request_gone",
    "failed",
    "throttled",
    "refused_account",
    "not_sent",
    "unknown",
    "not_in_time",
]
Verb = Literal["grant", "revoke", "accept", "reject"]


@dataclass(frozen=True, slots=True)
class Work:
    """One call to make. Times are seconds since 1970: not before `at`, not at all after `until`."""

    number: int  # the change's id: the reply carries it back
    verb: Verb
    type_id: str
    worker_id: str
    value: int | None
    notify: bool
    reason: str | None  # the worker reads it; none: taken away or rejected silently
    at: float
    until: float
    request_id: str = ""  # Amazon's id of the request that is accepted or rejected


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call came to. `message` is for people; `detail` are Amazon's own words and may name the worker."""

    number: int
    kind: Kind
    at: float  # when it was known, seconds since 1970
    request_id: str | None = None
    http_status: int | None = None
    code: str | None = None
    turk_code: str | None = None
    attempts: int = 0  # requests that went out
    milliseconds: int = 0
    message: str = ""
    detail: str = ""


_KINDS: Final[dict[str, Kind]] = {
    "refused": "failed",
    "throttled": "throttled",
    "account": "refused_account",
    "not_sent": "not_sent",
    "unknown": "unknown",
}


def call(gateway: QualificationGateway, work: Work) -> Reply:
    """Send the call once. Never raises for anything Amazon or the network does."""
    if time.time() > work.until:
        return Reply(work.number, "not_in_time", time.time())
    try:
        record = _send(gateway, work)
    except MTurkError as error:
        return _reply(work, kind_of(work, error), error.call, error.for_people, error.message)
    except Exception as error:
        # A mistake of ours. Whether the call had left is not known, and a thread that dies would answer nobody.
        code = type(error).__name__
        words = "This program failed during the call. We do not know yet whether it was done; we will check."
        return Reply(work.number, "unknown", time.time(), code=code, message=words)
    return _reply(work, "done", record)


def _send(gateway: QualificationGateway, work: Work) -> CallRecord:
    if work.verb == "revoke":
        return gateway.disassociate(work.type_id, work.worker_id, work.reason)
    if work.verb == "reject":
        return gateway.reject_request(work.request_id, work.reason)
    if work.value is None:
        raise ValueError("A grant without a score must not be planned.")
    if work.verb == "accept":
        return gateway.accept_request(work.request_id, work.value)
    return gateway.associate(work.type_id, work.worker_id, work.value, work.notify)


def kind_of(work: Work, error: MTurkError) -> Kind:
    """What an error means for the change that was carried."""
    if work.verb == "revoke" and isinstance(error, QualificationNotHeld | QualificationRevoked):
        return "not_held"
    if isinstance(error, RequestGone):
        return "request_gone"
    if isinstance(error, CredentialsMissing):
        return "refused_account"
    if error.permanent:
        return "failed"  # also what botocore itself refused to send: it would refuse it for ever
    return _KINDS[error.outcome]


def _reply(work: Work, kind: Kind, call: CallRecord, message: str = "", detail: str = "") -> Reply:
    return Reply(
        work.number,
        kind,
        time.time(),
        call.aws_request_id,
        call.http_status,
        call.code,
        call.turk_code,
        call.attempts,
        call.milliseconds,
        message,
        detail,
    )


class Pool:
    """Threads that make calls. `send` work, `receive` replies; `close` drops what has not left yet."""

    def __init__(self, gateway: QualificationGateway, threads: int) -> None:
        self._gateway = gateway
        self._todo: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._closed = False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def send(self, work: list[Work]) -> None:
        for one in work:
            self._todo.put(one)

    def receive(self, seconds: float, limit: int) -> list[Reply]:
        """What came back, waiting at most `seconds` for up to `limit` replies."""
        replies: list[Reply] = []
        until = time.monotonic() + seconds
        while len(replies) < limit and (left := until - time.monotonic()) > 0:
            try:
                replies.append(self._replies.get(timeout=left))
            except queue.Empty:
                break
        return replies

    def close(self) -> None:
        """Finish the calls that are out; the rest gets no reply. Blocks until the threads have ended."""
        self._closed = True
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (work := self._todo.get()) is not None:
            wait = work.at - time.time()
            if wait > 0:
                time.sleep(wait)
            if not self._closed:
                self._replies.put(call(self._gateway, work))
