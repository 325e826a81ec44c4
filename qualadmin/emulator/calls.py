"""The call log: every API call that arrived, in the order its effect happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from qualadmin.emulator.packed import Look, PackedRows, look


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
        self._calls = PackedRows(Call)
        self.last = 0

    def add(self, call: Call) -> None:
        self._calls.append(call)
        self.last = call.sequence

    def forget(self) -> None:
        self._calls.clear()

    @property
    def first(self) -> int:
        """Number of the oldest call that is not forgotten."""
        return self.last - len(self._calls) + 1

    def since(self, sequence: int) -> Iterator[Call]:
        """Calls with a number above `sequence`, oldest first."""
        return self._calls.since(max(0, sequence - self.first + 1))

    def newest_first(self) -> Iterator[Call]:
        return self._calls.newest_first()

    def look(
        self, wanted: Callable[[Call], bool], most: int, *, since: int | None = None, before: int | None = None
    ) -> Look[Call]:
        """See `packed.look`; calls have their own numbers."""
        return look(self._calls, wanted, most, first=self.first, since=since, before=before)

    def packed(self) -> list[bytes]:
        """For a snapshot."""
        return self._calls.packed()

    def take(self, block: bytes) -> None:
        self._calls.take(block)
