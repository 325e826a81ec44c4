"""The call log: every API call that arrived, in the order its effect happened."""

from __future__ import annotations

from typing import Any, NamedTuple


class Call(NamedTuple):
    """One call. `applied` says whether the world changed as asked, whatever the client was told."""

    sequence: int
    at: float
    """Epoch seconds at which the effect happened."""
    access_key: str
    operation: str
    worker_id: str | None
    qualification_type_id: str | None
    qualification_request_id: str | None
    value: int | None
    """IntegerValue as sent."""
    send_notification: bool | None
    """As sent; None means Amazon's default, which is to mail the worker."""
    outcome: str
    """`ok`, or the answer's error code, or `fault:<kind>_<when>` if a fault decided what the client saw."""
    applied: bool

    def as_dict(self) -> dict[str, Any]:
        return self._asdict()


class CallLog:
    """Calls numbered from 1 without gaps; numbers go on after a reset, so `since` stays meaningful."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self.last = 0

    def add(self, call: Call) -> None:
        self._calls.append(call)
        self.last = call.sequence

    def forget(self) -> None:
        self._calls.clear()

    def since(self, sequence: int, limit: int | None = None) -> list[Call]:
        """Calls with a number above `sequence`, oldest first."""
        first = self.last - len(self._calls) + 1
        start = max(0, sequence - first + 1)
        return self._calls[start : None if limit is None else start + limit]
